//! The pipeline waterfall: how the open amount of each rep and territory came to be what it is, event by event.
//!
//! Whether an event within the history is deleted does not matter.

use std::collections::BTreeMap;

use model::{Calendar, Currency, Day, Flow, Measure, Money, Pipelines, StageKind};

use super::Cells;
use super::history::{DealState, Told, divide, known_amount};

/// What each rep has in a territory of an amount.
type Parts = BTreeMap<(String, String), i128>;

pub(super) fn count(history: &[Told], pipelines: &Pipelines, calendar: &Calendar, cells: &mut Cells) {
    for (place, told) in history.iter().enumerate() {
        let earlier = &history[..place];
        let mut waterfall = Waterfall { day: calendar.day_of(told.at), cells };
        let is_open = |state: &DealState| pipelines.kind(state.stage) == StageKind::Open;
        let amount = known_amount(&history[..=place]);
        match earlier.last() {
            // The first event: new if it is open.
            None if is_open(&told.state) => waterfall.whole(Flow::New, &told.state, amount),
            None => {}
            // Open again.
            Some(last) if !is_open(&last.state) && is_open(&told.state) => {
                waterfall.whole(Flow::Reopened, &told.state, amount);
            }
            // Closed and stays so.
            Some(last) if !is_open(&last.state) => {}
            // Open until now: it moves, then its amount changes, then it is closed if it is.
            Some(last) => {
                let before = known_amount(earlier);
                waterfall.moved(&last.state, &told.state, before);
                waterfall.amount_changed(&told.state, before, amount);
                match pipelines.kind(told.state.stage) {
                    StageKind::Open => {}
                    StageKind::Won => waterfall.whole(Flow::Won, &told.state, amount),
                    StageKind::Lost => waterfall.whole(Flow::Lost, &told.state, amount),
                }
            }
        }
    }
}

struct Waterfall<'c> {
    day: Day,
    cells: &'c mut Cells,
}

impl Waterfall<'_> {
    /// All of an amount, for those who have it by a state.
    fn whole(&mut self, flow: Flow, state: &DealState, amount: Option<Money>) {
        if let Some(Money { minor, currency }) = amount {
            self.cells.add_divided(state, Some(self.day), Measure::FlowAmount(flow, currency), minor);
        }
    }

    fn add(
        &mut self,
        (rep_id, territory_id): &(String, String),
        flow: Flow,
        currency: Currency,
        value: i128,
    ) {
        let measure = Measure::FlowAmount(flow, currency);
        self.cells.add(rep_id, territory_id, Some(self.day), measure, value);
    }

    /// Whoever has more of the amount than before has the difference moved in, whoever has less has it moved out.
    fn moved(&mut self, from: &DealState, to: &DealState, amount: Option<Money>) {
        let Some(amount) = amount else { return };
        for (who, difference) in difference(&parts(from, amount.minor), &parts(to, amount.minor)) {
            if difference > 0 {
                self.add(&who, Flow::MovedIn, amount.currency, difference);
            } else {
                self.add(&who, Flow::MovedOut, amount.currency, -difference);
            }
        }
    }

    /// Unknown is as good as 0, and 0 is in no currency. In another currency the old amount goes and the new one comes;
    /// else the deal has grown or shrunk as a whole, by each one's part.
    fn amount_changed(&mut self, state: &DealState, before: Option<Money>, after: Option<Money>) {
        let some = |amount: Option<Money>| amount.filter(|amount| amount.minor != 0);
        let (currency, old, new) = match (some(before), some(after)) {
            (None, None) => return,
            (Some(old), None) => (old.currency, old.minor, 0),
            (None, Some(new)) => (new.currency, 0, new.minor),
            (Some(old), Some(new)) if old.currency == new.currency => (new.currency, old.minor, new.minor),
            (Some(old), Some(new)) => {
                for (who, part) in parts(state, old.minor) {
                    self.add(&who, Flow::Exchanged, old.currency, -part);
                }
                return self.whole(Flow::Exchanged, state, Some(new));
            }
        };
        for (who, difference) in difference(&parts(state, old), &parts(state, new)) {
            if new > old {
                self.add(&who, Flow::Increased, currency, difference);
            } else {
                self.add(&who, Flow::Decreased, currency, -difference);
            }
        }
    }
}

fn parts(state: &DealState, minor: i64) -> Parts {
    let mut parts = Parts::new();
    for (rep_id, part) in divide(minor, state) {
        *parts.entry((rep_id.to_owned(), state.territory_id.clone())).or_insert(0) += part;
    }
    parts
}

/// What each has more in the second than in the first.
fn difference(first: &Parts, second: &Parts) -> Parts {
    let mut difference = second.clone();
    for (who, part) in first {
        *difference.entry(who.clone()).or_insert(0) -= part;
    }
    difference
}
