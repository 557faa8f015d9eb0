//! How deals move through the stages, and where they are lost.

use model::StageIndex;

use super::asked::Asked;
use super::books::{Ending, Fate, Left};
use super::money::Amounts;
use super::{Answer, Number, Part, count, ratio};

/// A sum by open stage.
pub(super) fn sum_by_stage(asked: &Asked<'_>, of: impl Fn(StageIndex) -> i128) -> Answer {
    let all: Vec<(StageIndex, i128)> = asked.open_stages().map(|stage| (stage, of(stage))).collect();
    let value = all.iter().map(|(_, value)| value).sum();
    let part = |(stage, value)| (Part::Stage(stage), Some(Number::Sum(value)));
    Answer { parts: all.into_iter().map(part).collect(), ..Answer::sum(value) }
}

/// A quotient by open stage; over all of them, that of the sums.
pub(super) fn ratio_by_stage(asked: &Asked<'_>, of: impl Fn(StageIndex) -> (i128, i128)) -> Answer {
    let all: Vec<(StageIndex, (i128, i128))> = asked.open_stages().map(|stage| (stage, of(stage))).collect();
    let sum = all.iter().fold((0, 0), |sum, (_, part)| (sum.0 + part.0, sum.1 + part.1));
    let parts = all.into_iter().map(|(stage, part)| (Part::Stage(stage), ratio(part.0, part.1))).collect();
    Answer { parts, ..Answer::ratio(sum.0, sum.1) }
}

/// The visits to a stage that began in the period.
pub(super) fn entered(asked: &Asked<'_>, stage: StageIndex) -> i128 {
    let visits = asked.books.deals.iter().flat_map(|deal| &deal.visits);
    count(visits.filter(|visit| visit.stage == stage && asked.has(&visit.entered)))
}

fn ended(asked: &Asked<'_>, stage: StageIndex, ending: Ending) -> i128 {
    count(asked.left(stage).filter(|left| left.ending == ending))
}

pub(super) fn stage_entered(asked: &Asked<'_>) -> Answer {
    sum_by_stage(asked, |stage| entered(asked, stage))
}

pub(super) fn stage_advanced(asked: &Asked<'_>) -> Answer {
    sum_by_stage(asked, |stage| ended(asked, stage, Ending::Advanced))
}

pub(super) fn stage_moved_back(asked: &Asked<'_>) -> Answer {
    sum_by_stage(asked, |stage| ended(asked, stage, Ending::MovedBack))
}

pub(super) fn stage_lost(asked: &Asked<'_>) -> Answer {
    sum_by_stage(asked, |stage| ended(asked, stage, Ending::Lost))
}

pub(super) fn stage_conversion(asked: &Asked<'_>) -> Answer {
    ratio_by_stage(asked, |stage| (ended(asked, stage, Ending::Advanced), entered(asked, stage)))
}

/// Names the part that is largest and above 0; of equal ones the first.
fn naming_largest(answer: Answer) -> Answer {
    let fraction = |number: &Option<Number>| match *number {
        Some(Number::Sum(sum)) => Some((sum, 1)),
        Some(Number::Ratio(numerator, denominator)) if denominator > 0 => Some((numerator, denominator)),
        _ => None,
    };
    let mut largest: Option<(&Part, (i128, i128))> = None;
    for (part, number) in &answer.parts {
        let Some(own) = fraction(number).filter(|own| own.0 > 0) else { continue };
        if largest.is_none_or(|(_, other)| own.0 * other.1 > other.0 * own.1) {
            largest = Some((part, own));
        }
    }
    Answer { named: largest.map(|(part, _)| part.clone()), ..answer }
}

pub(super) fn stage_leakage(asked: &Asked<'_>) -> Answer {
    naming_largest(ratio_by_stage(asked, |stage| {
        (ended(asked, stage, Ending::Lost), count(asked.left(stage)))
    }))
}

/// What the scope has of the amounts with which deals left a stage in the period, each at the rate of that day.
fn left_amounts(asked: &Asked<'_>, stage: StageIndex, counts: impl Fn(&Left) -> bool) -> Amounts {
    let left = asked.all_left().filter(|(of, left)| *of == stage && asked.is_in(left.mark.day));
    let left = left.map(|(_, left)| left).filter(|left| counts(left));
    left.flat_map(|left| asked.own(&left.shares, left.mark.day)).collect()
}

fn is_lost(left: &Left) -> bool {
    left.ending == Ending::Lost
}

/// The amounts of all open stages.
fn over_stages(asked: &Asked<'_>, of: impl Fn(StageIndex) -> Amounts) -> Amounts {
    asked.open_stages().flat_map(of).collect()
}

pub(super) fn stage_lost_amount(asked: &Asked<'_>) -> Answer {
    let lost = |stage| left_amounts(asked, stage, is_lost);
    let part = |stage| (Part::Stage(stage), asked.converted(&lost(stage)).map(Number::Sum));
    let parts = asked.open_stages().map(part).collect();
    let value = asked.converted(&over_stages(asked, lost)).map(Number::Sum);
    naming_largest(Answer { parts, ..Answer::of(value) })
}

pub(super) fn stage_amount_leakage(asked: &Asked<'_>) -> Answer {
    let share = |lost: &Amounts, left: &Amounts| {
        let (lost, left) = (asked.converted(lost)?, asked.converted(left)?);
        (left > 0).then_some(Number::Ratio(lost, left))
    };
    let lost = |stage| left_amounts(asked, stage, is_lost);
    let left = |stage| left_amounts(asked, stage, |_| true);
    let parts = asked.open_stages().map(|stage| (Part::Stage(stage), share(&lost(stage), &left(stage))));
    let value = share(&over_stages(asked, lost), &over_stages(asked, left));
    naming_largest(Answer { parts: parts.collect(), ..Answer::of(value) })
}

pub(super) fn reached_deals(asked: &Asked<'_>) -> Answer {
    let reached = |stage| count(asked.created().filter(|deal| deal.reached.contains(&stage)));
    let value = Some(Number::Sum(count(asked.created())));
    Answer { value, ..sum_by_stage(asked, reached) }
}

pub(super) fn cohort_conversion(asked: &Asked<'_>) -> Answer {
    let won = asked.created().filter(|deal| deal.closed.as_ref().is_some_and(|closed| closed.is_won));
    Answer::ratio(count(won), count(asked.created()))
}

/// The leads that qualified in the period.
fn leads(asked: &Asked<'_>) -> Vec<Fate> {
    let leads = asked.books.deals.iter().filter_map(|deal| deal.lead.as_ref());
    leads.filter(|(mark, _)| asked.has(mark)).map(|&(_, fate)| fate).collect()
}

pub(super) fn mql_deals(asked: &Asked<'_>) -> Answer {
    Answer::sum(count(leads(asked)))
}

pub(super) fn mql_to_sql_drop_off(asked: &Asked<'_>) -> Answer {
    let leads = leads(asked);
    let with = |fate| count(leads.iter().filter(|&&of| of == fate));
    Answer::ratio(with(Fate::Dropped), with(Fate::Dropped) + with(Fate::Sql))
}
