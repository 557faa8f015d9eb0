//! What is appended to the log, and what the oracle says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use board::{Board, PeriodSlot};
use eventlog::TopicPartition;
use model::{Calendar, Event, Offset, PeriodKind, Pipelines, Tally, Timestamp};
use salesfloor::{Floor, Scenario, disorder, oracle};

/// An event where it stands in the log.
pub(crate) struct Appended {
    pub(crate) source: TopicPartition,
    pub(crate) offset: Offset,
    pub(crate) event: Event<'static>,
}

/// The events of a small company, a little out of order and with repetitions.
pub(crate) fn events(seed: u64) -> Vec<Event<'static>> {
    let told: Vec<_> = Floor::new(&Scenario::tiny(seed)).unwrap().collect();
    let repeated = told
        .iter()
        .enumerate()
        .flat_map(|(index, event)| std::iter::repeat_n(event.clone(), if index % 10 == 0 { 2 } else { 1 }));
    disorder::shuffle_within(repeated.collect(), 20, seed)
}

/// The same in two parts, since the events of two companies would share ids.
pub(crate) fn events_in_two(seed: u64) -> (Vec<Event<'static>>, Vec<Event<'static>>) {
    let mut first = events(seed);
    let second = first.split_off(first.len() / 2);
    (first, second)
}

pub(crate) fn pipelines() -> Pipelines {
    Scenario::tiny(0).pipelines().unwrap()
}

/// For whom a sum is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    Company,
    Rep(Arc<str>),
    Territory(Arc<str>),
}

/// All sums that are not 0.
pub(crate) type Sums = BTreeMap<(PeriodSlot, Whose), Tally>;

/// The sums that the oracle makes of events.
pub(crate) fn expected<'e>(
    events: impl IntoIterator<Item = &'e Event<'static>>,
    calendar: &Calendar,
) -> Sums {
    let cells = oracle::cells(events, &pipelines(), calendar);
    let mut sums = Sums::new();
    let mut add = |slot, rep: &str, territory: &str, measure, value| {
        for whose in [Whose::Company, Whose::Rep(rep.into()), Whose::Territory(territory.into())] {
            sums.entry((slot, whose)).or_default().add(measure, value);
        }
    };
    for (key, &value) in cells.iter().filter(|(key, _)| key.day.is_none()) {
        add(PeriodSlot::Standing, &key.rep_id, &key.territory_id, key.measure, value);
    }
    for kind in PeriodKind::ALL {
        for ((rep, territory, period, measure), value) in oracle::period(&cells, calendar, kind) {
            add(PeriodSlot::Period(period), &rep, &territory, measure, value);
        }
    }
    sums.retain(|_, tally| !tally.is_empty());
    sums
}

/// The sums that boards show together.
pub(crate) fn shown(boards: &[&Board], now: Timestamp) -> Sums {
    let mut sums = Sums::new();
    for board in boards {
        let periods =
            PeriodKind::ALL.into_iter().flat_map(|kind| board.periods(kind)).map(PeriodSlot::Period);
        for slot in periods.chain([PeriodSlot::Standing]) {
            let view = board.view(slot, now);
            let mut add = |whose, tally: &Tally| {
                sums.entry((slot, whose)).or_default().merge(&tally.of_any_type());
            };
            add(Whose::Company, &view.company.tally);
            view.reps.iter().for_each(|row| add(Whose::Rep(row.id.clone()), &row.sums.tally));
            view.territories.iter().for_each(|row| add(Whose::Territory(row.id.clone()), &row.sums.tally));
        }
    }
    sums.retain(|_, tally| !tally.is_empty());
    sums
}

/// The first sums that differ; one cause changes many.
pub(crate) fn differences(shown: &Sums, expected: &Sums) -> String {
    let keys: BTreeSet<_> = shown.keys().chain(expected.keys()).collect();
    let differ = keys.into_iter().filter(|key| shown.get(key) != expected.get(key));
    let lines = differ.map(|key| format!("{key:?}: {:?}, expected {:?}", shown.get(key), expected.get(key)));
    lines.take(3).collect::<Vec<_>>().join("; ")
}
