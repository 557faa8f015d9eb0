//! An event behind all others changes the cells as if the whole history were told anew, whatever the shape of the
//! pipelines: cell by cell, not only in what the cells tell together.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Calendar, Currency, DealEvent, Event, HeldKey, Money, Offset, Pipeline, Pipelines, Stage, StageKind,
    Timestamp,
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

/// The event of an hour of a deal.
fn event(
    hour: usize,
    (pipeline, stage, amount, deleted): (usize, usize, Option<i64>, bool),
) -> Event<'static> {
    let currency = Currency::from_code("USD").unwrap();
    let day = 1 + hour / 24;
    Event::Deal(DealEvent {
        event_id: hour.to_string().into(),
        deal_id: "d".into(),
        occurred_at: Timestamp::parse(&format!("2026-11-{day:02}T{:02}:00:00Z", hour % 24)).unwrap(),
        version: None,
        pipeline: PIPELINES[pipeline].into(),
        stage: STAGES[stage].0.into(),
        rep_id: "ann".into(),
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
    state.cells().iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_append_changes_what_a_retelling_would(
        states in prop::collection::vec((0..2_usize, 0..6_usize, prop::option::of(1..9_i64), prop::bool::weighted(0.05)), 1..8),
        hours_apart in 1..30_usize,
    ) {
        let events: Vec<_> = states.into_iter().enumerate().map(|(place, state)| event(place * hours_apart, state)).collect();
        prop_assert_eq!(cells(events.iter()), cells(events.iter().rev()));
    }
}
