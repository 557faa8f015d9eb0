//! An event behind all others changes the cells as if the whole history were told anew, whatever the shape of the
//! pipelines: cell by cell, not only in what the cells tell together.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Ahead, Calendar, CohortOutcome, Currency, DealEvent, Departure, DurationBucket, Event, Flow, Held,
    HeldKey, Measure, Money, Offset, Pipeline, Pipelines, Stage, StageIndex, StageKind, Timestamp, counted,
};
use proptest::prelude::*;
use tallyboard_engine::{FoldConfig, PartitionState, RestatementRules};

/// Several stages to lose and to win in, some before the open ones.
const STAGES: [(&str, StageKind); 6] = [
    ("unfit", StageKind::Lost),
    ("gift", StageKind::Won),
    ("lead", StageKind::Open),
    ("offer", StageKind::Open),
    ("won", StageKind::Won),
    ("lost", StageKind::Lost),
];
const PIPELINES: [&str; 2] = ["new", "renewal"];

fn config() -> Arc<FoldConfig> {
    let stage =
        |(name, kind): (&str, StageKind)| Stage { name: name.to_owned(), kind, limit_days: None, role: None };
    let stages = STAGES.map(stage).to_vec();
    let pipelines = PIPELINES.map(|name| Pipeline { name: name.to_owned(), stages: stages.clone() });
    Arc::new(FoldConfig {
        pipelines: Pipelines::new(pipelines.to_vec()).unwrap(),
        calendar: Calendar::new("UTC", 1).unwrap(),
        deal_retention_days: 100_000,
        activity_horizon_days: 100_000,
        future_tolerance_seconds: 0,
        restatements: RestatementRules::default(),
    })
}

const REPS: [&str; 2] = ["ann", "ben"];

/// The event of an hour of a deal; one of that number, since several may be of one hour.
fn event(
    (number, hour): (usize, usize),
    (pipeline, stage, rep, amount, deleted): (usize, usize, usize, Option<i64>, bool),
) -> Event<'static> {
    let currency = Currency::from_code("USD").unwrap();
    let day = 1 + hour / 24;
    Event::Deal(DealEvent {
        event_id: number.to_string().into(),
        deal_id: "d".into(),
        occurred_at: Timestamp::parse(&format!("2026-11-{day:02}T{:02}:00:00Z", hour % 24)).unwrap(),
        version: None,
        pipeline: PIPELINES[pipeline].into(),
        stage: STAGES[stage].0.into(),
        rep_id: REPS[rep].into(),
        territory_id: "oslo".into(),
        amount: amount.map(|minor| Money { minor, currency }),
        expected_close: None,
        credits: Vec::new(),
        deleted,
    })
}

fn cells<'e>(events: impl Iterator<Item = &'e Event<'static>>) -> BTreeMap<HeldKey, i128> {
    let mut state = PartitionState::new(config());
    for (event, offset) in events.zip(0..) {
        state.apply(event, Offset(offset), None);
    }
    // As the reps are named, since they are numbered as they come.
    let by_name = |(mut key, sum): (HeldKey, i128)| {
        let name = state.reps().name(key.rep.0);
        key.rep.0 = u32::try_from(REPS.iter().position(|rep| *rep == name).unwrap()).unwrap();
        (key, sum)
    };
    state.cells().iter().map(by_name).collect()
}

/// What a deal leaves in the cells that goes through these stages, an hour in each, with these reps and amounts.
fn held(states: &[(usize, usize, i64)]) -> Vec<(u32, Held, i128)> {
    let states = states.iter().map(|&(stage, rep, amount)| (0, stage, rep, Some(amount), false));
    let events: Vec<_> = states.enumerate().map(|(place, state)| event((place, place), state)).collect();
    cells(events.iter()).into_iter().map(|(key, sum)| (key.rep.0, key.held, sum)).collect()
}

/// What is nearly always the same is one cell; where it is not, what the measures differ by is there, too.
#[test]
fn a_cell_tells_of_what_comes_together() {
    let usd = Currency::from_code("USD").unwrap();
    let (lead, offer, won) = (StageIndex(2), StageIndex(3), StageIndex(4));
    let [one_hour, two_hours] = [3_600, 7_200].map(DurationBucket::of);
    let ahead = Departure::AdvancedTo(Ahead::between(lead, offer).unwrap());
    let of_all = [
        (Held::Cohort(offer, CohortOutcome::Won, Some(lead)), 1),
        (Held::Plain(Measure::FlowAmount(Flow::New, usd)), 7),
        (Held::Plain(Measure::StageLeftAmount(lead, usd)), 7),
        (Held::WonAmount(offer, usd), 7),
        (Held::Won(won, two_hours), counted(1, 7_200)),
        (Held::Visit(lead, ahead, one_hour), counted(1, 3_600)),
        (Held::Visit(offer, Departure::Advanced, one_hour), counted(1, 3_600)),
    ];
    let sorted = |mut cells: Vec<(u32, Held, i128)>| {
        cells.sort_unstable();
        cells
    };
    let of_ann = |held: &[(Held, i128)]| held.iter().map(|&(held, sum)| (0, held, sum)).collect::<Vec<_>>();
    assert_eq!(sorted(held(&[(2, 0, 7), (3, 0, 7), (4, 0, 7)])), sorted(of_ann(&of_all)));
    // The amount is corrected after the close.
    let mut corrected = of_ann(&of_all);
    corrected.push((0, Held::Plain(Measure::WonAmount(usd)), 2));
    assert_eq!(sorted(held(&[(2, 0, 7), (3, 0, 7), (4, 0, 7), (4, 0, 9)])), sorted(corrected));
    // Another rep enters the second stage.
    let of_both = held(&[(2, 0, 7), (3, 1, 7)]);
    assert!(of_both.contains(&(0, Held::Visit(lead, Departure::Advanced, one_hour), counted(1, 3_600))));
    assert!(of_both.contains(&(1, Held::Plain(Measure::StageEntered(offer)), 1)));
    // Another rep loses what was one's: the visit is one's, the flow the other's.
    let of_both = held(&[(2, 0, 7), (5, 1, 7)]);
    let flow = Held::Plain(Measure::FlowAmount(Flow::Lost, usd));
    for cell in [(0, Held::LostAmount(lead, usd), 7), (0, flow, -7), (1, flow, 7)] {
        assert!(of_both.contains(&cell), "{of_both:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_append_changes_what_a_retelling_would(
        states in prop::collection::vec(
            (0..2_usize, 0..6_usize, 0..2_usize, prop::option::of(1..9_i64), prop::bool::weighted(0.05)),
            1..8,
        ),
        hours_apart in 0..30_usize,
    ) {
        let events: Vec<_> = states.into_iter().enumerate().map(|(place, state)| event((place, place * hours_apart), state)).collect();
        prop_assert_eq!(cells(events.iter()), cells(events.iter().rev()));
    }
}
