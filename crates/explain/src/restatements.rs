//! Restatements over all partitions: the changes to months that had ended, with what the months' sums were before and
//! after each, read as one reads a bank statement: from the sum now backwards.
//!
//! So RESTATE-1: of any rep, territory, month and measure, the newest entry ends with the sum now, each older one with
//! what the next begins with, and what it begins with at last is the sum as it stood when the month was closed, in each
//! partition by its own clock; or, where older entries are no longer kept, before the oldest that is.
//!
//! Partitions have no order among each other: theirs is that of receipt, where the log tells it. Changes to a month that
//! another partition did not know to have ended are no restatements: they are in all the values alike.
//!
//! Cost: a pass over the cells.

use std::collections::BTreeMap;

use board::{Board, Membership, Scope};
use engine::{Frozen, Restatement};
use model::{Day, Measure, Offset, PartitionId, Period, Timestamp, TopicName};

use crate::explanation::ExplainError;
use crate::filter::Evidence;

/// Which restatements are asked for.
#[derive(Debug, Clone)]
pub struct RestatementQuestion {
    /// For whom.
    pub scope: Scope,
    /// Of the months of this month, quarter or year; none: of all.
    pub period: Option<Period>,
    /// How many entries at most; above 0.
    pub limit: usize,
    /// Behind which entry the page begins.
    pub after: Option<RestatementPlace>,
}

/// The place of a restatement among all: by the latest receipt in its partition so far, in microseconds (0 where the
/// log does not tell it), then partition and number in it. As text it says where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestatementPlace {
    received: i64,
    partition: i32,
    number: u64,
}

/// One restatement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestatementEntry {
    /// What the engine tells.
    pub restatement: Restatement,
    /// Whose sum.
    pub rep: String,
    /// Where.
    pub territory: String,
    /// The month's sum for this rep and territory before it, in the measure's unit.
    pub old: i128,
    /// And behind it.
    pub new: i128,
    /// Where the causing event is.
    pub topic: TopicName,
    /// Of that topic.
    pub partition: PartitionId,
}

/// A month that was restated, for the whole scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestatedMonth {
    /// The month.
    pub month: Period,
    /// Of what.
    pub measure: Measure,
    /// The scope's sum before all restatements that are kept.
    pub old: i128,
    /// The scope's sum now.
    pub new: i128,
    /// How many restatements are kept.
    pub entries: usize,
}

/// A page of restatements.
#[derive(Debug, Clone)]
pub struct RestatementPage {
    /// Those of this page, the newest first.
    pub entries: Vec<RestatementEntry>,
    /// How many there are in all.
    pub total: usize,
    /// The months that all of them are about, the latest first.
    pub months: Vec<RestatedMonth>,
    /// How many there were, of any scope and period, before those that are kept.
    pub dropped: u64,
    /// Where the next page begins.
    pub next: Option<RestatementPlace>,
    /// How far the log was folded.
    pub positions: Vec<(PartitionId, TopicName, Offset)>,
}

/// A restatement as it stands in its partition.
struct Found<'e> {
    place: RestatementPlace,
    evidence: &'e Evidence,
    entry: &'e Restatement,
}

/// Whose sum, of what, in which month.
type Key<'e> = (Period, Measure, &'e str, &'e str);

impl<'e> Found<'e> {
    fn key(&self) -> Key<'e> {
        let Evidence { frozen, .. } = self.evidence;
        let Restatement { month, measure, rep, territory, .. } = *self.entry;
        (month, measure, frozen.reps().name(rep.0), frozen.territories().name(territory.0))
    }
}

/// Pages through the restatements of a scope.
///
/// # Errors
/// [`ExplainError::GivenUp`] once it is not wanted any more.
pub fn restatements(
    board: &Board,
    evidence: &[Evidence],
    question: &RestatementQuestion,
    is_wanted: &dyn Fn() -> bool,
) -> Result<RestatementPage, ExplainError> {
    let membership = board.membership(&question.scope);
    let found = found(board, evidence, question, &membership);
    let last = found.last().map(|found| found.place);
    let mut sums = Sums::of_now(board, evidence, &found, &membership, is_wanted)?;
    let months = months(&found, &sums);
    let total = found.len();
    let (mut entries, mut next) = (Vec::new(), None);
    for found in found {
        if entries.len() == question.limit {
            break;
        }
        let key = found.key();
        let Found { place, evidence, entry } = found;
        // From the sum now backwards: what is newer is already taken off.
        let sum = sums.of_each.entry(key).or_default();
        let new = *sum;
        *sum -= entry.delta;
        if question.after.is_some_and(|after| place >= after) {
            continue;
        }
        let (_, _, rep, territory) = key;
        next = Some(place).filter(|&place| Some(place) != last);
        entries.push(RestatementEntry {
            restatement: entry.clone(),
            rep: rep.to_owned(),
            territory: territory.to_owned(),
            old: *sum,
            new,
            topic: evidence.deals.clone(),
            partition: evidence.partition,
        });
    }
    let positions = evidence.iter().flat_map(|evidence| {
        evidence.positions.iter().map(|(topic, next)| (evidence.partition, topic.clone(), *next))
    });
    let dropped = evidence.iter().map(|evidence| evidence.frozen.restatements().dropped()).sum();
    Ok(RestatementPage { entries, total, months, dropped, next, positions: positions.collect() })
}

/// The restatements that are asked for, the newest first.
fn found<'e>(
    board: &Board,
    evidence: &'e [Evidence],
    question: &RestatementQuestion,
    membership: &Membership,
) -> Vec<Found<'e>> {
    let calendar = board.calendar();
    let days = question.period.map(|period| calendar.days(period));
    let mut all = Vec::new();
    for evidence in evidence {
        let restatements = evidence.frozen.restatements();
        let mut received = 0;
        for (number, entry) in (restatements.dropped()..).zip(restatements.iter()) {
            // The log's order counts, whatever the clocks of those who wrote to it.
            received = received.max(entry.appended_at.map_or(0, Timestamp::micros));
            let is_of_period =
                days.as_ref().is_none_or(|days| days.contains(&calendar.days(entry.month).start));
            let place = RestatementPlace { received, partition: evidence.partition.0, number };
            let found = Found { place, evidence, entry };
            let (_, _, rep, territory) = found.key();
            if is_of_period && is_inside(membership, rep, territory) {
                all.push(found);
            }
        }
    }
    all.sort_unstable_by_key(|found| std::cmp::Reverse(found.place));
    all
}

fn is_inside(membership: &Membership, rep: &str, territory: &str) -> bool {
    match membership {
        Membership::All => true,
        Membership::Reps(ids) => ids.contains(rep),
        Membership::Territories(ids) => ids.contains(territory),
    }
}

/// The sums of restated months over all partitions.
struct Sums<'e> {
    /// Of each that was restated.
    of_each: BTreeMap<Key<'e>, i128>,
    /// Of the whole scope.
    of_scope: BTreeMap<(Period, Measure), i128>,
}

impl<'e> Sums<'e> {
    /// As they stand.
    fn of_now(
        board: &Board,
        evidence: &'e [Evidence],
        found: &[Found<'e>],
        membership: &Membership,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Self, ExplainError> {
        const CELLS_BETWEEN_LOOKS: usize = 4_096;
        let of_each = found.iter().map(|found| (found.key(), 0)).collect();
        let of_scope = found.iter().map(|found| ((found.entry.month, found.entry.measure), 0)).collect();
        let mut sums = Self { of_each, of_scope };
        let mut measures: Vec<Measure> = sums.of_scope.keys().map(|&(_, measure)| measure).collect();
        measures.sort_unstable();
        measures.dedup();
        // By the first day behind the month.
        let months: BTreeMap<Day, Period> =
            sums.of_scope.keys().map(|&(month, _)| (board.calendar().days(month).end, month)).collect();
        for Evidence { frozen, .. } in evidence {
            for (number, (key, value)) in frozen.cells().iter().enumerate() {
                if number.is_multiple_of(CELLS_BETWEEN_LOOKS) && !is_wanted() {
                    return Err(ExplainError::GivenUp);
                }
                let behind = months.range(Day(key.day.0.saturating_add(1))..).next();
                let month = behind.map(|(_, &month)| month);
                let Some(month) = month.filter(|&month| board.calendar().days(month).start <= key.day) else {
                    continue;
                };
                key.held.tell(value, board.pipelines(), |measure, value| {
                    if measures.contains(&measure) {
                        let whose = (key.rep.0, key.territory.0);
                        sums.add(frozen, (month, measure), whose, value, membership);
                    }
                });
            }
        }
        Ok(sums)
    }

    fn add(
        &mut self,
        frozen: &'e Frozen,
        (month, measure): (Period, Measure),
        (rep, territory): (u32, u32),
        value: i128,
        membership: &Membership,
    ) {
        let (rep, territory) = (frozen.reps().name(rep), frozen.territories().name(territory));
        if let Some(sum) = self.of_each.get_mut(&(month, measure, rep, territory)) {
            *sum += value;
        }
        if let Some(sum) = self.of_scope.get_mut(&(month, measure))
            && is_inside(membership, rep, territory)
        {
            *sum += value;
        }
    }
}

/// What became of each month for the whole scope.
fn months(found: &[Found<'_>], sums: &Sums<'_>) -> Vec<RestatedMonth> {
    let restated = sums.of_scope.iter().map(|(&(month, measure), &new)| {
        let of_month =
            found.iter().filter(|found| (found.entry.month, found.entry.measure) == (month, measure));
        let deltas = of_month.map(|found| found.entry.delta);
        RestatedMonth {
            month,
            measure,
            old: new - deltas.clone().sum::<i128>(),
            new,
            entries: deltas.count(),
        }
    });
    let mut months: Vec<RestatedMonth> = restated.collect();
    months.sort_by_key(|restated| (std::cmp::Reverse(restated.month), restated.measure));
    months
}

impl RestatementPlace {
    /// The place of a text that [`Display`](std::fmt::Display) made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('.');
        let mut next = || fields.next();
        let place = Self {
            received: next()?.parse().ok()?,
            partition: next()?.parse().ok()?,
            number: next()?.parse().ok()?,
        };
        next().is_none().then_some(place)
    }
}

impl std::fmt::Display for RestatementPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { received, partition, number } = self;
        write!(formatter, "{received}.{partition}.{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_written() {
        for (received, partition, number) in [(0, 0, 0), (i64::MAX, i32::MAX, u64::MAX)] {
            let place = RestatementPlace { received, partition, number };
            assert_eq!(RestatementPlace::parse(&place.to_string()), Some(place));
        }
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.-3", "a.2.3", "1..3"] {
            assert_eq!(RestatementPlace::parse(text), None, "{text}");
        }
    }
}
