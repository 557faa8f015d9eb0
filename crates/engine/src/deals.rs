//! Deals: their histories, until they have been closed for longer than the retention.
//!
//! A record is the deal's id (see [`crate::index`]), 1 byte of form, and by form:
//!
//! | form | |
//! | --- | --- |
//! | 0 held | the activities that were for it (see [`crate::ties`]) with their length, then its history (see [`crate::history`]); a deal of which only activities are known has no history yet |
//! | 1 final, deleted | nothing: an event for it is late, an activity for it counts for nothing more than itself |
//! | 2 final, closed | rep, territory and day of the close as numbers, 1 byte (1 won), then the activities to the end, which may still change |

use std::cmp::Ordering;

use model::{Day, RepIndex, TerritoryIndex};

use crate::activities::Applied;
use crate::change::Change;
use crate::closings::Turn;
use crate::config::FoldConfig;
use crate::contribution;
use crate::encoding::{Reader, put_bytes, put_number, put_signed};
use crate::history::{History, MAX_EVENTS, Place, State};
use crate::horizon::{Horizon, utc_day};
use crate::index::{Index, after_id, id_of, put_id};
use crate::names::Names;
use crate::shelf::{Shelf, Slot};
use crate::story::{Close, Story};
use crate::ties::{Ties, Touch};

const HELD: u8 = 0;
const DELETED: u8 = 1;
const CLOSED: u8 = 2;

/// What is held of a deal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form<'a> {
    /// All of it.
    Whole(Ties<'a>, History<'a>),
    /// Final, and deleted.
    Deleted,
    /// Final, and closed.
    Closed(Close, Ties<'a>),
}

/// The deals of a partition.
#[derive(Debug)]
pub(crate) struct Deals {
    pub(crate) shelf: Shelf,
    pub(crate) index: Index,
    pub(crate) horizon: Horizon,
    pub(crate) finals: usize,
    /// Of how many only activities are known.
    pub(crate) unknown: usize,
    /// What the last event changed about whether its deal is won.
    pub(crate) turn: Option<Turn>,
    record: Vec<u8>,
    /// Where ties are put together.
    noted: Vec<u8>,
}

/// What a record holds behind the id; none if it has none of the forms. Histories and ties are not looked into.
pub(crate) fn form(record: &[u8]) -> Option<Form<'_>> {
    let mut reader = Reader::new(after_id(record));
    let held = match reader.byte()? {
        HELD => {
            let ties = Ties(reader.bytes()?);
            return Some(Form::Whole(ties, History(reader.rest())));
        }
        DELETED => Form::Deleted,
        CLOSED => {
            let rep = RepIndex(reader.small()?);
            let territory = TerritoryIndex(reader.small()?);
            let day = Day(i32::try_from(reader.signed()?).ok()?);
            let is_won = match reader.byte()? {
                0 => false,
                1 => true,
                _ => return None,
            };
            return Some(Form::Closed(Close { rep, territory, day, is_won }, Ties(reader.rest())));
        }
        _ => return None,
    };
    reader.is_at_end().then_some(held)
}

/// The history in a record and the ties; none if it is final.
pub(crate) fn whole(record: &[u8]) -> Option<(Ties<'_>, History<'_>)> {
    match form(record) {
        Some(Form::Whole(ties, history)) => Some((ties, history)),
        _ => None,
    }
}

fn put_closed(close: &Close, out: &mut Vec<u8>) {
    out.push(CLOSED);
    put_number(out, u64::from(close.rep.0));
    put_number(out, u64::from(close.territory.0));
    put_signed(out, close.day.0.into());
    out.push(u8::from(close.is_won));
}

impl Deals {
    pub(crate) fn new(horizon: Horizon) -> Self {
        Self {
            shelf: Shelf::default(),
            index: Index::default(),
            horizon,
            finals: 0,
            unknown: 0,
            turn: None,
            record: Vec::new(),
            noted: Vec::new(),
        }
    }

    /// Applies a state; appends what it takes from the cells (negated) and what it adds to them.
    pub(crate) fn apply(
        &mut self,
        id: &[u8],
        state: &State<'_>,
        config: &FoldConfig,
        (reps, territories): (&Names, &Names),
        changes: &mut Vec<Change>,
    ) -> Applied {
        self.turn = None;
        let found = self.index.find(id, &self.shelf);
        self.record.clear();
        put_id(&mut self.record, id);
        self.record.push(HELD);
        let mut applied = Applied::Taken;
        let settled_at = if let Some(slot) = found {
            let Some((ties, old)) = whole(self.shelf.get(slot)) else {
                return Applied::Late;
            };
            self.unknown -= usize::from(old.0.is_empty());
            put_bytes(&mut self.record, ties.0);
            let history_at = self.record.len();
            // In place from here on, since a story is large.
            let mut before = Story::of(old, config, &mut |_, _| ());
            if let Some(before) = &mut before {
                before.ties = ties;
            }
            // Most events come behind all others.
            let is_last =
                before.as_ref().is_some_and(|story| state.order(&story.latest) == Ordering::Greater);
            let place = if is_last { Place::Before(old.0.len()) } else { old.place(state) };
            if let Place::Taken(start, _) = place
                && let Some((stored, _, _)) = History(&old.0[start..]).iter().next()
            {
                match order_of_content(state, &stored, reps, territories) {
                    Ordering::Equal => return Applied::Known,
                    Ordering::Less => return Applied::Outdone,
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
            match &before {
                Some(before)
                    if is_last
                        && !before.latest.deleted
                        && !state.deleted
                        && before.can_append(state, config) =>
                {
                    let mut after = *before;
                    after.go_on(state, config);
                    contribution::of_append(before, &after, config, changes);
                    self.turn = Turn::between(Some(before), Some(&after), config);
                    after.settled_at()
                }
                _ => {
                    contribution::of_deal(old, ties, config, changes);
                    changes.iter_mut().for_each(Change::negate);
                    let new = History(&self.record[history_at..]);
                    let after = contribution::of_deal(new, ties, config, changes);
                    self.turn = Turn::between(before.as_ref(), after.as_ref(), config);
                    after.and_then(|story| story.settled_at())
                }
            }
        } else {
            put_bytes(&mut self.record, &[]);
            state.put(&mut self.record);
            let after = contribution::of_first(*state, config, changes);
            self.turn = Turn::between(None, Some(&after), config);
            after.settled_at()
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

    /// Notes one activity more for a deal, or one less; appends what that changes, which is nothing while the deal is open.
    /// The deal need not be known yet. Beyond the most entries that a deal may have, an activity is not noted.
    pub(crate) fn tie(
        &mut self,
        id: &[u8],
        touch: Touch,
        is_more: bool,
        config: &FoldConfig,
        changes: &mut Vec<Change>,
    ) {
        let found = self.index.find(id, &self.shelf);
        self.record.clear();
        put_id(&mut self.record, id);
        let start = changes.len();
        let held =
            found.map_or(Some(Form::Whole(Ties::default(), History(&[]))), |slot| form(self.shelf.get(slot)));
        let (close, ties_at) = match held {
            Some(Form::Whole(ties, history)) => {
                let close = Story::of(history, config, &mut |_, _| ()).and_then(|story| story.close(config));
                if let Some(close) = &close {
                    contribution::of_ties(close, ties, changes);
                }
                self.noted.clear();
                ties.put_with(touch, is_more, &mut self.noted);
                if history.0.is_empty() {
                    self.unknown += usize::from(found.is_none());
                    if self.noted.is_empty() {
                        self.forget_unknown(id, found);
                        return;
                    }
                }
                self.record.push(HELD);
                put_bytes(&mut self.record, &self.noted);
                self.record.extend_from_slice(history.0);
                (close, None)
            }
            Some(Form::Closed(close, ties)) => {
                contribution::of_ties(&close, ties, changes);
                put_closed(&close, &mut self.record);
                let ties_at = self.record.len();
                ties.put_with(touch, is_more, &mut self.record);
                (Some(close), Some(ties_at))
            }
            Some(Form::Deleted) | None => return,
        };
        changes[start..].iter_mut().for_each(Change::negate);
        if let Some(close) = close {
            let ties = ties_at.map_or(&self.noted[..], |at| &self.record[at..]);
            contribution::of_ties(&close, Ties(ties), changes);
        }
        self.index.keep(id, found, &self.record, &mut self.shelf);
    }

    /// Forgets a deal that no activity is for any more and that no event told of.
    fn forget_unknown(&mut self, id: &[u8], found: Option<Slot>) {
        self.unknown -= 1;
        if let Some(slot) = found {
            self.index.remove(id, slot);
            self.shelf.remove(slot);
        }
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
        let Some((ties, history)) = whole(record) else {
            return;
        };
        let Some(story) = Story::of(history, config, &mut |_, _| ()) else {
            return;
        };
        let is_before = |first| story.settled_at().is_some_and(|settled_at| utc_day(settled_at) < first);
        if self.horizon.first_day().is_some_and(is_before) {
            self.record.clear();
            put_id(&mut self.record, id_of(record));
            match story.close(config) {
                Some(close) => {
                    put_closed(&close, &mut self.record);
                    self.record.extend_from_slice(ties.0);
                }
                None => self.record.push(DELETED),
            }
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
