//! What is open now.

use model::StageIndex;

use super::asked::Asked;
use super::funnel::sum_by_stage;
use super::money::{Amounts, PARTS, by_currency, rounded};
use super::{Answer, Number, Part, count};

fn deals(asked: &Asked<'_>, stage: StageIndex) -> i128 {
    count(asked.open().filter(|open| open.stage == stage))
}

pub(super) fn open_deals(asked: &Asked<'_>) -> Answer {
    sum_by_stage(asked, |stage| deals(asked, stage))
}

/// What the scope has of the open deals in a stage.
fn amounts(asked: &Asked<'_>, stage: StageIndex) -> Amounts {
    let open = asked.all_open().filter(|open| open.stage == stage);
    open.flat_map(|open| asked.own(&open.shares, asked.today())).collect()
}

/// What the scope has of all open deals.
pub(super) fn all_amounts(asked: &Asked<'_>) -> Amounts {
    asked.open_stages().flat_map(|stage| amounts(asked, stage)).collect()
}

pub(super) fn open_amount(asked: &Asked<'_>) -> Answer {
    let part = |stage| {
        let amount = asked.converted(&amounts(asked, stage));
        (Part::Stage(stage), amount.map(Number::Sum))
    };
    let parts = asked.open_stages().map(part).collect();
    Answer { parts, ..Answer::money(asked, &all_amounts(asked)) }
}

/// What the scope has of the open deals that are expected to close in the period.
pub(super) fn due_amount(asked: &Asked<'_>) -> Amounts {
    let due = asked.all_open().filter(|open| open.due.is_some_and(|due| asked.is_in(due)));
    due.flat_map(|open| asked.own(&open.shares, asked.today())).collect()
}

pub(super) fn open_amount_due(asked: &Asked<'_>) -> Answer {
    Answer::money(asked, &due_amount(asked))
}

/// What is open in a stage by the share of those won, of the scope's deals that had reached it and were closed in the two
/// years.
pub(super) fn weighted_pipeline(asked: &Asked<'_>) -> Answer {
    let two_years = asked.two_years();
    let weighted = |stage| {
        let closed = asked.all_closed().filter(|(deal, closed)| {
            deal.reached.contains(&stage)
                && two_years.contains(&closed.mark.day)
                && asked.covers(&closed.mark)
        });
        let closed: Vec<bool> = closed.map(|(_, closed)| closed.is_won).collect();
        let (won, all) = (count(closed.iter().filter(|is_won| **is_won)), count(&closed));
        let amount = asked.converted_exactly(&amounts(asked, stage))?;
        (all > 0).then(|| rounded(amount * won, PARTS * all))
    };
    let by_stage: Vec<(StageIndex, Option<i128>)> =
        asked.open_stages().map(|stage| (stage, weighted(stage))).collect();
    let has_amount = |stage| !by_currency(&amounts(asked, stage)).is_empty();
    let value = by_stage.iter().try_fold(0, |sum, &(stage, part)| match part {
        Some(part) => Some(sum + part),
        None if has_amount(stage) => None,
        None => Some(sum),
    });
    let parts = by_stage.into_iter().map(|(stage, part)| (Part::Stage(stage), part.map(Number::Sum)));
    Answer { parts: parts.collect(), ..Answer::of(value.map(Number::Sum)) }
}
