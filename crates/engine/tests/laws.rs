//! The laws of the fold, against the naive oracle: permutation, repetition, contradiction, partitions, freezing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::sync::Arc;

use model::{
    Calendar, CellKey, CohortOutcome, Event, Held, Measure, Offset, RejectReason, StageIndex, Timestamp,
    TypeIndex,
};
use proptest::prelude::*;
use salesfloor::oracle::{self, OracleCells, OracleKey};
use salesfloor::{Floor, Scenario, disorder};
use tallyboard_engine::{self as engine, FoldConfig, Outcome, PartitionState, Section};

/// Longer than any scenario: nothing is late.
const FOR_EVER: u32 = 100_000;

fn config(
    floor: &Floor,
    zone: &str,
    deal_retention_days: u32,
    activity_horizon_days: u32,
) -> Arc<FoldConfig> {
    Arc::new(FoldConfig {
        pipelines: floor.pipelines().clone(),
        calendar: Calendar::new(zone, 1).unwrap(),
        deal_retention_days,
        activity_horizon_days,
        future_tolerance_seconds: 0,
        restatements: engine::RestatementRules::default(),
    })
}

fn tiny(seed: u64) -> (Floor, Vec<Event<'static>>) {
    let mut floor = Floor::new(&Scenario::tiny(seed)).unwrap();
    let events = std::iter::from_fn(|| floor.next_event()).collect();
    (floor, events)
}

fn apply(state: &mut PartitionState, events: &[Event<'_>]) -> Vec<Outcome> {
    events.iter().zip(0..).map(|(event, offset)| state.apply(event, Offset(offset), None)).collect()
}

fn by_name(state: &PartitionState) -> OracleCells {
    let named = |(key, value): (CellKey, i128)| {
        let key = OracleKey {
            rep_id: state.reps().as_slice()[key.rep.0 as usize].to_string(),
            territory_id: state.territories().as_slice()[key.territory.0 as usize].to_string(),
            day: (key.day != CellKey::STANDING).then_some(key.day),
            measure: key.measure.with_activity_type(TypeIndex(0)),
            activity_type: key
                .measure
                .activity_type()
                .map(|number| state.types().as_slice()[usize::from(number.0)].to_string()),
        };
        (key, value)
    };
    state.cells().told(state.pipelines()).into_iter().map(named).collect()
}

fn sum(states: &[PartitionState]) -> OracleCells {
    let mut cells = OracleCells::new();
    for state in states {
        for (key, value) in by_name(state) {
            *cells.entry(key).or_default() += value;
        }
    }
    cells.retain(|_, value| *value != 0);
    cells
}

/// The first few cells that are not as expected: found, expected.
fn differences(found: &OracleCells, expected: &OracleCells) -> Vec<String> {
    let keys: BTreeSet<&OracleKey> = found.keys().chain(expected.keys()).collect();
    let differ = keys.into_iter().filter(|key| found.get(key) != expected.get(key));
    differ.map(|key| format!("{key:?}: {:?} {:?}", found.get(key), expected.get(key))).take(5).collect()
}

fn sections(state: &PartitionState) -> BTreeMap<Section, Vec<u8>> {
    let frozen = state.freeze();
    let bytes = |section| {
        let mut bytes = Vec::new();
        frozen
            .write(section, &mut |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })
            .unwrap();
        (section, bytes)
    };
    Section::ALL.into_iter().map(bytes).collect()
}

fn restored(
    config: &Arc<FoldConfig>,
    sections: &BTreeMap<Section, Vec<u8>>,
) -> Result<PartitionState, engine::ImageError> {
    PartitionState::restore(config.clone(), |section| {
        Ok(Box::new(Cursor::new(sections[&section].clone())) as Box<dyn Read>)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any permutation, any repetition, any contradiction, any split over partitions: the oracle's cells, bit for bit.
    #[test]
    fn order_repetition_and_partitions_do_not_matter(
        seed in 0..1_000_u64,
        shuffled: u64,
        times in 1..4_usize,
        partitions in 1..5_usize,
        contradictions in 0..20_u32,
        zone in prop::sample::select(vec!["UTC", "America/New_York", "Asia/Kolkata"]),
    ) {
        let (floor, events) = tiny(seed);
        let config = config(&floor, zone, FOR_EVER, FOR_EVER);
        let events = disorder::contradict(events, contradictions, seed);
        let expected = oracle::cells(&events, &config.pipelines, &config.calendar);
        let events = disorder::shuffle(disorder::duplicate(&events, times), shuffled);
        let mut states = Vec::new();
        for events in disorder::partition(events, partitions) {
            let mut state = PartitionState::new(config.clone());
            for outcome in apply(&mut state, &events) {
                prop_assert!(!matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
            }
            states.push(state);
        }
        let differences = differences(&sum(&states), &expected);
        prop_assert!(differences.is_empty(), "{differences:#?}");
    }

    /// What came and went on all days is what is open now, for every rep, territory and currency.
    #[test]
    fn flows_add_up_to_what_is_open(seed in 0..1_000_u64, contradictions in 0..20_u32) {
        let (floor, events) = tiny(seed);
        let mut state = PartitionState::new(config(&floor, "UTC", FOR_EVER, FOR_EVER));
        apply(&mut state, &disorder::contradict(events, contradictions, seed));
        let mut sums = BTreeMap::new();
        for (key, value) in state.cells().told(state.pipelines()) {
            let (currency, value) = match key.measure {
                Measure::OpenAmount(_, currency) => (currency, -value),
                Measure::FlowAmount(flow, currency) => (currency, flow.sign() * value),
                _ => continue,
            };
            *sums.entry((key.rep, key.territory, currency)).or_insert(0) += value;
        }
        prop_assert!(!sums.is_empty());
        sums.retain(|_, sum| *sum != 0);
        prop_assert_eq!(sums, BTreeMap::new());
    }

    /// Frozen at any point, written, read back and folded on: the same as never frozen. And what is frozen stands still.
    #[test]
    fn freezing_at_any_point_changes_nothing(seed in 0..1_000_u64, at: prop::sample::Index, short: bool) {
        let (floor, events) = tiny(seed);
        let events = disorder::duplicate(&events, 2);
        // With short horizons, too: what is held and what is late must survive.
        let config = if short { config(&floor, "UTC", 5, 3) } else { config(&floor, "UTC", FOR_EVER, FOR_EVER) };
        let mut straight = PartitionState::new(config.clone());
        let (before, after) = events.split_at(at.index(events.len() + 1));
        apply(&mut straight, before);
        let image = sections(&straight);
        let frozen = straight.freeze();
        let outcomes = apply(&mut straight, after);

        let mut again = restored(&config, &image).unwrap();
        prop_assert_eq!(sections(&again)[&Section::Names].clone(), image[&Section::Names].clone());
        prop_assert!(again.newest().is_some() || before.is_empty());
        prop_assert_eq!(apply(&mut again, after), outcomes);
        prop_assert_eq!(by_name(&again), by_name(&straight));
        let (one, two) = (again.counts(), straight.counts());
        prop_assert_eq!((one.deals, one.deals_final, one.activities), (two.deals, two.deals_final, two.activities));

        let mut stood_still = Vec::new();
        frozen.write(Section::Deals, &mut |piece| { stood_still.extend_from_slice(piece); Ok(()) }).unwrap();
        prop_assert_eq!(&stood_still, &image[&Section::Deals]);
    }

    /// The second time, every event is a duplicate and no cell is told as changed.
    #[test]
    fn a_repetition_changes_no_cell(seed in 0..1_000_u64) {
        let (floor, events) = tiny(seed);
        let mut state = PartitionState::new(config(&floor, "UTC", FOR_EVER, FOR_EVER));
        apply(&mut state, &events);
        state.take_changes();
        for outcome in apply(&mut state, &events) {
            prop_assert_eq!(outcome, Outcome::Duplicate);
        }
        prop_assert!(!state.has_changes());
    }

    /// Within short horizons events may be late, but never counted twice: repeating the log as a whole adds nothing.
    #[test]
    fn what_left_the_horizon_is_never_counted_twice(seed in 0..1_000_u64) {
        let (floor, events) = tiny(seed);
        let mut state = PartitionState::new(config(&floor, "UTC", 2, 2));
        apply(&mut state, &events);
        let first = by_name(&state);
        for outcome in apply(&mut state, &events) {
            match outcome {
                Outcome::Rejected(reject) => prop_assert_eq!(reject.reason, RejectReason::Late),
                outcome => prop_assert_eq!(outcome, Outcome::Duplicate),
            }
        }
        prop_assert_eq!(by_name(&state), first);
    }

    /// A damaged image is an error or, at worst, another state: never a panic.
    #[test]
    fn damaged_images_do_not_panic(seed in 0..50_u64, section in 0..6_usize, at: prop::sample::Index, value: u8, cut: bool) {
        let (floor, events) = tiny(seed);
        let config = config(&floor, "UTC", FOR_EVER, FOR_EVER);
        let mut state = PartitionState::new(config.clone());
        apply(&mut state, &events[..events.len().min(60)]);
        let mut image = sections(&state);
        let bytes = image.get_mut(&Section::ALL[section]).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = value }
        if let Ok(mut state) = restored(&config, &image) {
            apply(&mut state, &events);
        }
    }
}

#[test]
fn the_scenarios_reach_finals_and_late_events() {
    let mut finals = 0;
    let mut late = 0;
    for seed in 0..20 {
        let (floor, events) = tiny(seed);
        let mut state = PartitionState::new(config(&floor, "UTC", 2, 2));
        late += apply(&mut state, &disorder::duplicate(&events, 1))
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Rejected(_)))
            .count();
        finals += state.counts().deals_final;
    }
    assert!(finals > 0 && late > 0, "{finals} {late}");
}

/// A cell that the board would not take is damage, told when it is read and not when it is published.
#[test]
fn a_cell_of_a_day_that_cannot_be_is_damage() {
    let (floor, events) = tiny(1);
    let config = config(&floor, "UTC", FOR_EVER, FOR_EVER);
    let mut state = PartitionState::new(config.clone());
    apply(&mut state, &events);
    let image = sections(&state);
    // Rep and territory come before the day of the first row.
    for (day, is_damage) in [(i32::MIN, true), (20_000, false), (-2, true), (90_000, true), (i32::MAX, true)]
    {
        let mut image = image.clone();
        image.get_mut(&Section::Cells).unwrap()[8..12].copy_from_slice(&day.to_le_bytes());
        let error = restored(&config, &image).err().map(|error| error.to_string());
        let told = error.is_some_and(|error| error.contains("on which no time falls"));
        assert_eq!(told, is_damage, "{day}");
    }
}

/// What no fold holds is damage: a measure that other cells tell of, and a sum that no cell has room for.
#[test]
fn a_cell_that_no_fold_holds_is_damage() {
    let (floor, events) = tiny(1);
    let config = config(&floor, "UTC", FOR_EVER, FOR_EVER);
    let mut state = PartitionState::new(config.clone());
    apply(&mut state, &events);
    let image = sections(&state);
    // Behind the head of the first row are the code and the sum of its first cell.
    let told = |place: std::ops::Range<usize>, bytes: &[u8]| {
        let mut image = image.clone();
        image.get_mut(&Section::Cells).unwrap()[place].copy_from_slice(bytes);
        restored(&config, &image).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let won = told(16..20, &Measure::WonDeals.code().to_le_bytes());
    assert!(won.contains("nothing that cells hold"), "{won}");
    let stage = StageIndex(0);
    let entered = Held::Cohort(stage, CohortOutcome::Open, Some(StageIndex(900)));
    let unknown = told(16..20, &entered.code().to_le_bytes());
    assert!(unknown.contains("no known stage"), "{unknown}");
    for sum in [1_i128 << 95, -(1 << 95) - 1] {
        let error = told(20..36, &sum.to_le_bytes());
        assert!(error.contains("larger than any sum"), "{sum}: {error}");
    }
    assert_eq!(told(20..36, &((1_i128 << 95) - 1).to_le_bytes()), "");
}

/// Of a deal that only an activity told of, nothing is left once the activity is for it no more; what comes then, comes
/// after a restart as it would have come without.
#[test]
fn a_deal_that_is_forgotten_leaves_a_snapshot_whole() {
    let (floor, events) = tiny(5);
    let config = config(&floor, "UTC", FOR_EVER, FOR_EVER);
    let Some(Event::Activity(one)) = events.iter().find(|event| matches!(event, Event::Activity(_))) else {
        unreachable!()
    };
    let version = |version, deal_id: Option<&str>| {
        let mut activity = one.clone();
        (activity.version, activity.retracted) = (Some(version), false);
        activity.event_id = format!("e{version}").into();
        activity.deal_id = deal_id.map(|deal_id| deal_id.to_owned().into());
        Event::Activity(activity)
    };
    let mut state = PartitionState::new(config.clone());
    apply(&mut state, &[version(1, Some("nobody's"))]);
    assert_eq!(state.counts().deals_unknown, 1);
    apply(&mut state, &[version(2, None)]);
    assert_eq!(state.counts().deals_unknown, 0);
    let mut again = restored(&config, &sections(&state)).unwrap();
    for state in [&mut state, &mut again] {
        apply(state, &events);
    }
    assert_eq!(sections(&again), sections(&state));
}

/// What is refused leaves nothing behind, not even the names in it.
#[test]
fn a_late_event_names_nobody() {
    let (floor, events) = tiny(3);
    let mut state = PartitionState::new(config(&floor, "UTC", 2, 2));
    apply(&mut state, &events);
    let named = (state.reps().as_slice().to_vec(), state.territories().as_slice().to_vec());
    let mut late = 0;
    for event in &events {
        let mut event = event.clone();
        if let Event::Activity(activity) = &mut event {
            (activity.rep_id, activity.activity_id) = ("a ghost".into(), "a ghost's".into());
            activity.occurred_at = Timestamp::from_micros(0).unwrap();
            late += 1;
            assert!(matches!(state.apply(&event, Offset(0), None), Outcome::Rejected(_)));
        }
    }
    assert!(late > 0);
    assert_eq!((state.reps().as_slice(), state.territories().as_slice()), (&*named.0, &*named.1));
}

#[test]
fn events_ahead_of_the_log_are_refused() {
    let (floor, events) = tiny(1);
    let config = config(&floor, "UTC", FOR_EVER, FOR_EVER);
    let event = &events[0];
    let occurred_at = match event {
        Event::Deal(deal) => deal.occurred_at,
        Event::Activity(activity) => activity.occurred_at,
    };
    for (ahead_micros, is_refused) in [(0, false), (1, true)] {
        let mut state = PartitionState::new(config.clone());
        let appended_at = Timestamp::from_micros(occurred_at.micros() - ahead_micros).unwrap();
        let outcome = state.apply(event, Offset(0), Some(appended_at));
        let refused =
            matches!(&outcome, Outcome::Rejected(reject) if reject.reason == RejectReason::InFuture);
        assert_eq!(refused, is_refused, "{outcome:?}");
    }
}

/// What is late follows from the newest event time, which is that of all events, whichever version of an activity counts.
#[test]
fn which_version_comes_first_does_not_decide_what_time_it_is() {
    let (floor, events) = tiny(5);
    let activity = |event: &&Event<'static>| matches!(event, Event::Activity(_));
    let Some(Event::Activity(first)) = events.iter().find(activity) else { unreachable!() };
    let mut later = first.clone();
    (later.version, later.event_id) = (Some(1), "later in time, lower in version".into());
    later.occurred_at = Timestamp::from_micros(first.occurred_at.micros() + 9 * 86_400_000_000).unwrap();
    let mut latest = first.clone();
    (latest.version, latest.event_id) = (Some(2), "the one that counts".into());
    let orders = [[later.clone(), latest.clone()], [latest, later]];
    let newest = orders.map(|events| {
        let mut state = PartitionState::new(config(&floor, "UTC", FOR_EVER, FOR_EVER));
        apply(&mut state, &events.map(Event::Activity));
        state.newest()
    });
    assert!(newest[0].is_some() && newest[0] == newest[1], "{newest:?}");
}

/// Types beyond those that are told apart count as one; the activity counts in any case.
#[test]
fn activities_of_too_many_types_count_all_the_same() {
    let (floor, events) = tiny(5);
    let activity = |event: &&Event<'static>| matches!(event, Event::Activity(_));
    let Some(Event::Activity(one)) = events.iter().find(activity) else { unreachable!() };
    let mut state = PartitionState::new(config(&floor, "UTC", FOR_EVER, FOR_EVER));
    let count = engine::Names::TYPES_MAX + 50;
    let all: Vec<Event<'_>> = (0..count)
        .map(|number| {
            let mut activity = one.clone();
            let name = |what: &str| format!("{what} {number}").into();
            (activity.activity_id, activity.event_id, activity.kind) = (name("a"), name("e"), name("k"));
            (activity.deal_id, activity.retracted) = (None, false);
            Event::Activity(activity)
        })
        .collect();
    assert!(apply(&mut state, &all).iter().all(|outcome| *outcome == Outcome::Applied));
    let counted: i128 = state
        .cells()
        .told(state.pipelines())
        .into_iter()
        .map(|(key, value)| if key.measure.name() == "activities" { value } else { 0 })
        .sum();
    assert_eq!(counted, i128::try_from(count).unwrap());
    assert_eq!(state.types().as_slice().len(), engine::Names::TYPES_MAX);
    assert_eq!(&**state.types().as_slice().last().unwrap(), "other types");
    let again = restored(&config(&floor, "UTC", FOR_EVER, FOR_EVER), &sections(&state)).unwrap();
    assert_eq!(by_name(&again), by_name(&state));
}
