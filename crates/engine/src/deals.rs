//! Deals: their histories, until they have been closed for longer than the retention.
//!
//! A record is the deal's id (see [`crate::index`]), 1 byte (0: held, 1: final) and, if held, its history (see
//! [`crate::history`]). Of a final deal only the id stays, so that an event for it is known to be late.

use std::cmp::Ordering;

use model::Contribution;

use crate::activities::Applied;
use crate::config::FoldConfig;
use crate::contribution;
use crate::history::{History, MAX_EVENTS, Place, State};
use crate::horizon::{Horizon, utc_day};
use crate::index::{Index, after_id, id_of, put_id};
use crate::names::Names;
use crate::shelf::{Shelf, Slot};
use crate::story::{self, Story};

const HELD: u8 = 0;
const FINAL: u8 = 1;

/// The deals of a partition.
#[derive(Debug)]
pub(crate) struct Deals {
    pub(crate) shelf: Shelf,
    pub(crate) index: Index,
    pub(crate) horizon: Horizon,
    pub(crate) finals: usize,
    record: Vec<u8>,
}

/// The history in a record; none if it is final.
pub(crate) fn history(record: &[u8]) -> Option<History<'_>> {
    match after_id(record).split_first() {
        Some((&HELD, history)) => Some(History(history)),
        _ => None,
    }
}

/// Whether a record is in one of the two forms, its history aside.
pub(crate) fn has_form(record: &[u8]) -> bool {
    !id_of(record).is_empty() && (history(record).is_some() || after_id(record) == [FINAL])
}

impl Deals {
    pub(crate) fn new(horizon: Horizon) -> Self {
        Self { shelf: Shelf::default(), index: Index::default(), horizon, finals: 0, record: Vec::new() }
    }

    /// Applies a state; appends what it takes from the cells (negated) and what it adds to them.
    pub(crate) fn apply(
        &mut self,
        id: &[u8],
        state: &State<'_>,
        config: &FoldConfig,
        (reps, territories): (&Names, &Names),
        changes: &mut Vec<Contribution>,
    ) -> Applied {
        let found = self.index.find(id, &self.shelf);
        self.record.clear();
        put_id(&mut self.record, id);
        self.record.push(HELD);
        let history_at = self.record.len();
        let mut applied = Applied::Taken;
        let settled_at = if let Some(slot) = found {
            let Some(old) = history(self.shelf.get(slot)) else {
                return Applied::Late;
            };
            let before = Story::of(old, config, |_, _| ());
            // Most events come behind all others.
            let is_last =
                before.as_ref().is_some_and(|story| state.order(&story.latest) == Ordering::Greater);
            let place = if is_last { Place::Before(old.0.len()) } else { old.place(state) };
            if let Place::Taken(start, _) = place
                && let Some((stored, _, _)) = History(&old.0[start..]).iter().next()
            {
                match order_of_content(state, &stored, reps, territories) {
                    Ordering::Equal => return Applied::Known,
                    Ordering::Less => return Applied::Conflict,
                    Ordering::Greater => applied = Applied::Conflict,
                }
            } else if old.0.len() > MAX_EVENTS && old.iter().count() >= MAX_EVENTS {
                return Applied::Full;
            }
            let (earlier, later) = match place {
                Place::Before(at) => old.0.split_at(at),
                Place::Taken(start, end) => (&old.0[..start], &old.0[end..]),
            };
            self.record.extend_from_slice(earlier);
            state.put(&mut self.record);
            self.record.extend_from_slice(later);
            match before {
                Some(before)
                    if is_last
                        && !before.latest.deleted
                        && !state.deleted
                        && before.can_append(state, config) =>
                {
                    let after = before.then(*state, config);
                    contribution::of_append(&before, &after, config, changes);
                    after.settled_at()
                }
                _ => {
                    contribution::of_deal(old, config, changes);
                    changes.iter_mut().for_each(|change| change.value = -change.value);
                    let new = History(&self.record[history_at..]);
                    contribution::of_deal(new, config, changes).and_then(|story| story.settled_at())
                }
            }
        } else {
            state.put(&mut self.record);
            let new = History(&self.record[history_at..]);
            contribution::of_deal(new, config, changes).and_then(|story| story.settled_at())
        };
        let slot = self.index.keep(id, found, &self.record, &mut self.shelf);
        if let Some(settled_at) = settled_at {
            self.horizon.note(utc_day(settled_at), slot);
        }
        if self.horizon.advance(state.occurred_at) {
            self.finish_due(config);
        }
        applied
    }

    /// Lets the histories go that have been settled for longer than the retention; what they contributed stays.
    fn finish_due(&mut self, config: &FoldConfig) {
        while let Some(slots) = self.horizon.take_due() {
            for slot in slots {
                self.finish_if_due(slot, config);
            }
        }
    }

    fn finish_if_due(&mut self, slot: Slot, config: &FoldConfig) {
        let record = self.shelf.get(slot);
        let Some(settled_at) = history(record).and_then(|history| story::settled_at(history, config)) else {
            return;
        };
        if self.horizon.first_day().is_some_and(|first| utc_day(settled_at) < first) {
            self.record.clear();
            put_id(&mut self.record, id_of(record));
            self.record.push(FINAL);
            self.shelf.replace(slot, &self.record);
            self.finals += 1;
        }
    }
}

/// Decides between two contents of the same event, by names, since numbers differ between partitions.
fn order_of_content(one: &State<'_>, two: &State<'_>, reps: &Names, territories: &Names) -> Ordering {
    let key = |state: &State<'_>| {
        let amount = (state.amount.map(|money| money.minor), state.amount.map(|money| money.currency.code()));
        (amount, state.expected_close)
    };
    let credits = |state: &State<'_>| -> Vec<(String, u32, bool)> {
        let credit = |credit: crate::credits::StoredCredit| {
            (reps.name(credit.rep.0).to_owned(), credit.share_basis_points, credit.overlay)
        };
        state.credits.iter().map(credit).collect()
    };
    one.stage
        .cmp(&two.stage)
        .then_with(|| reps.name(one.rep.0).cmp(reps.name(two.rep.0)))
        .then_with(|| territories.name(one.territory.0).cmp(territories.name(two.territory.0)))
        .then_with(|| key(one).cmp(&key(two)))
        .then_with(|| credits(one).cmp(&credits(two)))
        .then_with(|| one.deleted.cmp(&two.deleted))
}
