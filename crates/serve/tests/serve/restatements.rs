//! What changed after its month had ended: a golden answer, pages, and what is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use codec::{Carries, Decoder, Record};
use engine::{FoldConfig, PartitionState, RestatementRules};
use explain::{Evidence, Explainer};
use model::{Offset, PartitionId, Reference, Timestamp};
use serde_json::Value;
use tallyboard_serve::ServeState;

use crate::fixture::{board, empty_board, get, state};

/// The partition and the minute of the receipt of each event, the deal, its time, stage and amount, and who has it.
const EVENTS: &[(usize, u32, &str, &str, &str, &str, &str)] = &[
    (0, 0, "d1", "2026-08-14", "won", "100.00", "ann"),
    (0, 1, "d2", "2026-09-10", "won", "40.00", "bob"),
    (1, 2, "d3", "2026-09-11", "won", "7.50", "ann"),
    (0, 3, "d4", "2026-10-20", "lead", "1.00", "bob"),
    // Known to partition 1 no sooner than by the next but one: no restatement.
    (1, 4, "d3", "2026-10-21", "won", "8.50", "ann"),
    (0, 5, "d1", "2026-10-21", "won", "120.50", "ann"),
    (1, 6, "d3", "2026-10-22", "lost", "8.50", "ann"),
    (0, 7, "d2", "2026-10-22", "won", "39.00", "bob"),
    (0, 8, "d1", "2026-10-22", "won", "110.50", "ann"),
];

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A service that has folded [`EVENTS`] and that keeps so many restatements.
fn folded(kept_max: u32) -> ServeState {
    let board = empty_board();
    let config = Arc::new(FoldConfig {
        pipelines: board.pipelines().clone(),
        calendar: board.calendar().clone(),
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 86_400,
        restatements: RestatementRules { grace_days: 1, kept_max },
    });
    let mut partitions = [0, 1].map(|_| (PartitionState::new(config.clone()), 0));
    let mut decoder = Decoder::json(Carries::Deals);
    for &(number, minute, deal, day, stage, amount, rep) in EVENTS {
        let line = format!(
            r#"{{"type":"deal","event_id":"e{minute}","deal_id":"{deal}","occurred_at":"{day}T09:00:00Z","pipeline":"sales","stage":"{stage}","rep_id":"{rep}","territory_id":"oslo","amount":"{amount}","currency":"USD"}}"#
        );
        let Record::Event(event) = decoder.decode(line.as_bytes()).unwrap() else { unreachable!() };
        let (partition, offset) = &mut partitions[number];
        let received = moment(&format!("2026-10-22T10:{minute:02}:00Z"));
        partition.apply(&event, Offset(*offset), Some(received));
        *offset += 1;
    }
    let mut reference = Reference::default();
    let oslo = br#"{"type":"territory","territory_id":"oslo","name":"Oslo","parent_id":"nordics"}"#;
    if let Record::Reference(record) = Decoder::json(Carries::Anything).decode(oslo).unwrap() {
        reference.apply(record, board.calendar()).unwrap();
    }
    board.set_reference(Arc::new(reference));
    let mut evidence = Vec::new();
    for (number, (partition, next)) in (0..).zip(&mut partitions) {
        partition.settle();
        evidence.push(Evidence {
            partition: PartitionId(number),
            deals: "deals".into(),
            activities: "activities".into(),
            positions: vec![("deals".into(), Offset(*next))],
            frozen: partition.freeze(),
        });
        let cells = partition.take_changes();
        let stamp = board::Stamp { progress: 1, positions: Vec::new() };
        let (reps, territories) = (partition.reps().as_slice(), partition.territories().as_slice());
        board.writer(PartitionId(number)).publish(stamp, reps, territories, cells).unwrap();
    }
    let explainer = Explainer::new(config, Box::new(move |_| Ok(evidence.clone())));
    ServeState { explainer: Arc::new(explainer), ..state(board) }
}

async fn answer(state: &ServeState, query: &str) -> Value {
    let answer = get(state, &format!("/api/v1/restatements{query}"), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
    answer.json()
}

/// Each entry as `EVENT REP MONTH MEASURE OLD NEW`.
fn lines(answer: &Value) -> Vec<String> {
    let entries = answer["restatements"].as_array().unwrap().iter();
    let line = |entry: &Value| {
        let names = ["event_id", "rep_id", "month", "measure", "old", "new"];
        names.map(|name| entry[name].to_string().replace('"', "")).join(" ")
    };
    entries.map(line).collect()
}

#[tokio::test]
async fn restatements_are_as_recorded() {
    let state = folded(1_000);
    insta::assert_json_snapshot!("restatements", answer(&state, "").await);
    insta::assert_json_snapshot!(
        "restatements_of_rep",
        answer(&state, "?scope=rep&id=bob&kind=quarter&period=2026-Q3").await
    );
}

#[tokio::test]
async fn values_follow_each_other_down_to_the_sum_now() {
    let state = folded(1_000);
    let all = [
        "e8 ann 2026-08 won_amount 120.50 110.50",
        "e7 bob 2026-09 won_amount 40.00 39.00",
        "e6 ann 2026-09 won_amount 8.50 0.00",
        "e6 ann 2026-09 lost_deals 0 1",
        "e6 ann 2026-09 won_deals 1 0",
        "e5 ann 2026-08 won_amount 100.00 120.50",
    ];
    for (query, expected) in [
        ("", &all[..]),
        ("?scope=region&id=nordics", &all[..]),
        ("?scope=rep&id=bob", &all[1..2]),
        ("?period=2026-08", &["e8 ann 2026-08 won_amount 120.50 110.50", all[5]][..]),
        ("?kind=year&period=2025", &[][..]),
        ("?kind=quarter", &[][..]),
    ] {
        assert_eq!(lines(&answer(&state, query).await), expected, "{query}");
    }
    // The newest ends with what the API tells of the month.
    let kpis = get(&state, "/api/v1/kpis?scope=rep&id=ann&period=2026-08", &[]).await.json();
    let won = kpis["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == "won_amount").unwrap();
    assert_eq!(won["value"], "110.50");
}

#[tokio::test]
async fn pages_follow_each_other() {
    let state = folded(1_000);
    let whole = lines(&answer(&state, "").await);
    let (mut read, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = answer(&state, &format!("?limit=2{after}")).await;
        assert_eq!(page["restatements_total"], 6);
        read.extend(lines(&page));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!((read, pages), (whole, 3));
}

#[tokio::test]
async fn what_is_dropped_is_told_and_changes_no_value_that_is_kept() {
    let few = answer(&folded(1), "").await;
    let whole = lines(&answer(&folded(1_000), "").await);
    assert_eq!(lines(&few), [&whole[0][..], &whole[2]]);
    assert_eq!((&few["dropped"], &few["restatements_total"]), (&Value::from(4), &Value::from(2)));
    assert_eq!(few["months"][1]["old"], "120.50");
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem() {
    let folded = folded(1_000);
    let without_states = state(board());
    for (state, query, status, detail) in [
        (&folded, "kpi=won_amount", 400, r#"parameter "kpi" is not known"#),
        (&folded, "kind=week", 400, "parameter kind is \"week\"; expected one of month, quarter, year"),
        (&folded, "period=2026-10-20", 400, "expected a month, quarter or year"),
        (&folded, "limit=1001", 400, "a whole number from 1 to 1000"),
        (&folded, "after=7", 422, "the value of next of the page before"),
        (&folded, "scope=rep&id=nobody", 404, "there is no rep of that id"),
        (&without_states, "", 503, "no states here"),
    ] {
        let answer = get(state, &format!("/api/v1/restatements?{query}"), &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.text().contains(&detail.replace('"', "\\\"")), "{query}: {}", answer.text());
    }
}
