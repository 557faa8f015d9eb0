//! Restatements: cases worked out by hand, and against the naive oracle, which looks at all months around every event.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use model::{
    ActivityEvent, Calendar, Category, Currency, DealEvent, Event, Money, Offset, PeriodKind, Pipelines,
    Timestamp,
};
use proptest::prelude::*;
use salesfloor::{Floor, Scenario, disorder, oracle};
use tallyboard_engine::{
    FoldConfig, ImageError, PartitionState, RESTATED_MEASURES, RestatementRules, Section,
};

mod sales;

use sales::pipelines;

fn config(pipelines: Pipelines, zone: &str, grace_days: u32, kept_max: u32) -> Arc<FoldConfig> {
    sales::config(pipelines, zone, RestatementRules { grace_days, kept_max })
}

/// A deal's event of `TIME DEAL STAGE AMOUNT REP`; the amount 0 is none, the stage `deleted` is won and deleted.
fn deal(text: &str) -> Event<'static> {
    let [time, deal_id, stage, amount, rep_id] =
        text.split(' ').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    let minor: i64 = amount.parse().unwrap();
    Event::Deal(DealEvent {
        event_id: text.to_owned().into(),
        deal_id: deal_id.into(),
        occurred_at: Timestamp::parse(&format!("{time}:00Z")).unwrap(),
        version: None,
        pipeline: "sales".into(),
        deleted: stage == "deleted",
        stage: if stage == "deleted" { "won".into() } else { stage.into() },
        rep_id: rep_id.into(),
        territory_id: "oslo".into(),
        amount: (minor != 0).then(|| Money { minor, currency: Currency::from_code("USD").unwrap() }),
        expected_close: None,
        credits: Vec::new(),
    })
}

fn activity(at: &str) -> Event<'static> {
    Event::Activity(ActivityEvent {
        event_id: "a".into(),
        activity_id: "a".into(),
        occurred_at: Timestamp::parse(at).unwrap(),
        version: None,
        rep_id: "zoe".into(),
        territory_id: "bergen".into(),
        deal_id: None,
        category: Category::Travel,
        kind: "train".into(),
        duration_seconds: 60,
        retracted: false,
    })
}

fn apply(state: &mut PartitionState, events: &[Event<'_>], first: i64) {
    for (event, offset) in events.iter().zip(first..) {
        state.apply(event, Offset(offset), None);
    }
}

/// What is told, in names: `OFFSET MONTH REP MEASURE CHANGE`.
fn told(state: &PartitionState, calendar: &Calendar) -> Vec<String> {
    let entry = |entry: &tallyboard_engine::Restatement| {
        let (month, rep) = (calendar.name(entry.month), state.reps().name(entry.rep.0));
        format!("{} {month} {rep} {} {:+}", entry.offset.0, entry.measure.name(), entry.delta)
    };
    state.restatements().iter().map(entry).collect()
}

fn check(name: &str, events: &[&str], expected: &[&str]) {
    let config = config(pipelines(), "Europe/Berlin", 1, 1_000);
    let events: Vec<_> = events.iter().map(|text| deal(text)).collect();
    let mut state = PartitionState::new(config.clone());
    apply(&mut state, &events, 0);
    assert_eq!(told(&state, &config.calendar), expected, "{name}");
    assert_eq!(state.restatements().totals().iter().sum::<u64>(), expected.len() as u64, "{name}");
}

const WON: &str = "2026-03-20T09:00 d1 won 100 ann";

#[test]
fn changes_to_months_that_had_ended_are_told() {
    check(
        "an amount that changes after the quarter's end",
        &[WON, "2026-04-10T09:00 d2 lead 5 bob", "2026-04-11T09:00 d1 won 130 ann"],
        &["2 2026-03 ann won_amount +30"],
    );
    check(
        "a correction within the month",
        &[WON, "2026-03-30T09:00 d2 lead 5 bob", "2026-03-31T09:00 d1 won 130 ann"],
        &[],
    );
    check(
        "a reopened deal takes back",
        &[WON, "2026-05-10T09:00 d2 lead 5 bob", "2026-05-10T10:00 d1 lead 100 ann"],
        &["2 2026-03 ann won_deals -1", "2 2026-03 ann won_amount -100"],
    );
    check(
        "a deletion takes all back",
        &[WON, "2026-05-10T09:00 d2 lead 5 bob", "2026-05-10T10:00 d1 deleted 100 ann"],
        &["2 2026-03 ann created_deals -1", "2 2026-03 ann won_deals -1", "2 2026-03 ann won_amount -100"],
    );
    check(
        "a month that ended after another one of the deal's",
        &[
            "2026-02-10T09:00 d1 lead 0 zed",
            "2026-03-10T09:00 d1 lost 0 zed",
            "2026-04-10T09:00 d2 lead 0 bob",
            "2026-02-10T08:00 d1 lead 0 bob",
        ],
        &["3 2026-02 bob created_deals +1", "3 2026-02 zed created_deals -1"],
    );
    check(
        "a deal that moves out of the month to another rep",
        &[
            "2026-03-10T09:00 d1 won 100 ann",
            "2026-04-10T09:00 d2 lead 0 bob",
            "2026-03-09T09:00 d1 won 100 bob",
            "2026-02-09T09:00 d1 lead 100 bob",
        ],
        &[
            "2 2026-03 ann created_deals -1",
            "2 2026-03 bob created_deals +1",
            "2 2026-03 ann won_deals -1",
            "2 2026-03 bob won_deals +1",
            "2 2026-03 ann won_amount -100",
            "2 2026-03 bob won_amount +100",
            "3 2026-02 bob created_deals +1",
            "3 2026-03 bob created_deals -1",
        ],
    );
    check(
        "a repetition, and another day of the same month",
        &[WON, "2026-04-10T09:00 d2 lead 0 bob", WON, "2026-03-19T09:00 d1 won 100 ann"],
        &[],
    );
    check(
        "a load in the order of time",
        &[
            "2026-01-10T09:00 d1 lead 0 ann",
            "2026-02-10T09:00 d2 won 70 bob",
            "2026-03-10T09:00 d1 won 100 ann",
            "2026-05-10T09:00 d3 lost 0 ann",
        ],
        &[],
    );
    check(
        "an event does not itself end the month that it changes",
        &[WON, "2026-06-10T09:00 d1 won 120 ann", "2026-06-11T09:00 d1 won 150 ann"],
        &["2 2026-03 ann won_amount +30"],
    );
}

/// Berlin is two hours ahead in April: March ends at 22:00 UTC on the 31st, and the grace a day later.
#[test]
fn the_grace_begins_with_the_end_of_the_month() {
    for (grace_days, newest, is_told) in [
        (1, "2026-04-01T21:59", false),
        (1, "2026-04-01T22:00", true),
        (0, "2026-03-31T21:59", false),
        (0, "2026-03-31T22:00", true),
        (30, "2026-04-30T21:59", false),
        (30, "2026-04-30T22:00", true),
    ] {
        let config = config(pipelines(), "Europe/Berlin", grace_days, 1_000);
        let mut state = PartitionState::new(config.clone());
        let events = [WON, &format!("{newest} d2 lead 0 bob"), "2026-05-30T09:00 d1 won 130 ann"];
        apply(&mut state, &events.map(deal), 0);
        assert_eq!(state.restatements().iter().len() == 1, is_told, "{grace_days} {newest}");
    }
}

/// How far activities are read beside the deals differs from run to run: they must not decide.
#[test]
fn activities_end_no_month() {
    let config = config(pipelines(), "UTC", 1, 1_000);
    let late = activity("2026-06-01T09:00:00Z");
    let [won, other, changed] =
        [WON, "2026-04-10T09:00 d2 lead 5 bob", "2026-03-20T10:00 d1 won 130 ann"].map(deal);
    for (events, expected) in [
        (vec![late.clone(), won.clone(), changed.clone()], 0),
        (vec![won.clone(), late.clone(), changed.clone()], 0),
        (vec![won.clone(), other.clone(), changed.clone(), late.clone()], 1),
        (vec![won, other, late, changed], 1),
    ] {
        let mut state = PartitionState::new(config.clone());
        apply(&mut state, &events, 0);
        assert_eq!(state.restatements().iter().len(), expected, "{events:?}");
    }
}

#[test]
fn the_newest_are_kept_and_all_are_counted() {
    let config = config(pipelines(), "UTC", 1, 2);
    let mut state = PartitionState::new(config);
    let amounts = (1..=5).map(|minute| deal(&format!("2026-05-30T09:0{minute} d1 won {minute}00 ann")));
    let events = [deal(WON), deal("2026-05-10T09:00 d2 lead 0 bob")];
    apply(&mut state, &events.into_iter().chain(amounts).collect::<Vec<_>>(), 0);
    let restatements = state.restatements();
    assert_eq!(restatements.iter().map(|entry| entry.offset.0).collect::<Vec<_>>(), [5, 6]);
    // The first of them changed 100 to 100.
    assert_eq!((restatements.totals(), restatements.dropped()), ([0, 0, 0, 4], 2));
}

fn sections(state: &PartitionState) -> BTreeMap<Section, Vec<u8>> {
    let frozen = state.freeze();
    let mut sections = BTreeMap::new();
    for section in Section::ALL {
        let bytes: &mut Vec<u8> = sections.entry(section).or_default();
        let mut sink = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        frozen.write(section, &mut sink).unwrap();
    }
    sections
}

fn restored(
    config: &Arc<FoldConfig>,
    sections: &BTreeMap<Section, Vec<u8>>,
) -> Result<PartitionState, ImageError> {
    PartitionState::restore(config.clone(), |section| {
        Ok(Box::new(Cursor::new(sections[&section].clone())) as Box<dyn Read>)
    })
}

/// A floor over the end of a month, its events in disorder.
fn disordered(seed: u64) -> (Floor, Vec<Event<'static>>) {
    let mut floor = Floor::new(&Scenario { days: Some(12), ..Scenario::tiny(seed) }).unwrap();
    let events = std::iter::from_fn(|| floor.next_event()).collect();
    (floor, disorder::shuffle(disorder::contradict(events, 10, seed), seed))
}

/// By what each month's sums differ: month, measure, rep and territory.
type Change = (String, String, String, String, i128);

fn changes_of_months(
    config: &FoldConfig,
    events: &[Event<'static>],
    at: usize,
    grace_days: i32,
) -> Vec<Change> {
    let calendar = &config.calendar;
    let newest = events[..at].iter().map(|event| match event {
        Event::Deal(deal) => deal.occurred_at,
        Event::Activity(_) => unreachable!("there are deals only"),
    });
    let newest = newest.max();
    let mut sums: BTreeMap<_, i128> = BTreeMap::new();
    for (sign, events) in [(-1, &events[..at]), (1, &events[..=at])] {
        for (key, value) in oracle::cells(events, &config.pipelines, calendar) {
            let Some(day) = key.day.filter(|_| RESTATED_MEASURES.contains(&key.measure.name())) else {
                continue;
            };
            let month = calendar.period_of(PeriodKind::Month, day);
            let end = model::Day(calendar.days(month).end.0 + grace_days);
            if newest >= Some(calendar.start_of(end)) {
                *sums.entry((month, key.measure, key.rep_id, key.territory_id)).or_default() += sign * value;
            }
        }
    }
    let changed = sums.into_iter().filter(|&(_, delta)| delta != 0);
    let told = |((month, measure, rep, territory), delta): ((_, model::Measure, _, _), _)| {
        (calendar.name(month), format!("{measure:?}"), rep, territory, delta)
    };
    changed.map(told).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Event by event: the changes to months that had ended, all of them and nothing else.
    #[test]
    fn what_is_told_is_what_the_oracle_sees_change(
        seed in 0..1_000_u64,
        grace_days in 0..4_u32,
        zone in prop::sample::select(vec!["UTC", "America/New_York", "Asia/Kolkata"]),
    ) {
        let (floor, mut events) = disordered(seed);
        events.retain(|event| matches!(event, Event::Deal(_)));
        events.truncate(150);
        let config = config(floor.pipelines().clone(), zone, grace_days, 100_000);
        let mut state = PartitionState::new(config.clone());
        let mut seen = 0;
        for at in 0..events.len() {
            apply(&mut state, &events[at..=at], i64::try_from(at).unwrap());
            let told = state.restatements().iter().skip(seen).map(|entry| (
                config.calendar.name(entry.month),
                format!("{:?}", entry.measure),
                state.reps().name(entry.rep.0).to_owned(),
                state.territories().name(entry.territory.0).to_owned(),
                entry.delta,
            ));
            let told: Vec<Change> = told.collect();
            seen += told.len();
            let grace_days = i32::try_from(grace_days).unwrap();
            prop_assert_eq!(told, changes_of_months(&config, &events, at, grace_days));
        }
    }

    /// Frozen at any point, written, read back and folded on: the same list as never frozen, and what is frozen
    /// stands still.
    #[test]
    fn a_replay_from_a_snapshot_gives_the_same_list(
        seed in 0..1_000_u64,
        at: prop::sample::Index,
        kept_max in prop::sample::select(vec![1_u32, 7, 1_000]),
    ) {
        let (floor, events) = disordered(seed);
        let config = config(floor.pipelines().clone(), "Europe/Berlin", 1, kept_max);
        let (before, after) = events.split_at(at.index(events.len() + 1));
        let mut straight = PartitionState::new(config.clone());
        apply(&mut straight, before, 0);
        let frozen = straight.freeze();
        let image = sections(&straight);
        let count = straight.restatements().iter().len();
        let mut again = restored(&config, &image).unwrap();
        let first = i64::try_from(before.len()).unwrap();
        apply(&mut straight, after, first);
        apply(&mut again, after, first);
        let list = |state: &PartitionState| state.restatements().iter().cloned().collect::<Vec<_>>();
        prop_assert_eq!(list(&again), list(&straight));
        prop_assert_eq!(again.restatements().totals(), straight.restatements().totals());
        prop_assert_eq!(frozen.restatements().iter().len(), count);
        prop_assert_eq!(sections(&again).remove(&Section::Restatements), sections(&straight).remove(&Section::Restatements));
    }

    /// A damaged list is told or read as another one: never a panic.
    #[test]
    fn damaged_lists_do_not_panic(seed in 0..20_u64, at: prop::sample::Index, value: u8, cut: bool) {
        let (floor, events) = disordered(seed);
        let config = config(floor.pipelines().clone(), "UTC", 0, 1_000);
        let mut state = PartitionState::new(config.clone());
        apply(&mut state, &events, 0);
        prop_assert!(state.restatements().iter().len() > 0);
        let mut image = sections(&state);
        let bytes = image.get_mut(&Section::Restatements).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = value }
        let restored = restored(&config, &image);
        prop_assert!(!cut || restored.is_err());
    }
}
