//! Numbers opened: a golden answer, parts that add up by JSON alone, and what is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use board::{Board, Contest, Group, Stamp};
use codec::{Carries, Decoder, Record};
use engine::{FoldConfig, PartitionState};
use explain::{Evidence, Explainer};
use model::{Day, Offset, PartitionId, Reference};
use serde_json::Value;
use tallyboard_serve::ServeState;

use crate::fixture::{board, empty_board, get, state};

const LINES: &[&str] = &[
    r#"{"type":"territory","territory_id":"oslo","name":"Oslo","parent_id":"nordics"}"#,
    r#"{"type":"fx_rate","currency":"EUR","rate":"1.085","effective_from":"2026-10-01"}"#,
    r#"{"type":"deal","event_id":"e1","deal_id":"d1","occurred_at":"2026-10-05T09:00:00Z","pipeline":"sales","stage":"lead","rep_id":"ann","territory_id":"oslo","amount":"100.00","currency":"USD"}"#,
    r#"{"type":"deal","event_id":"e2","deal_id":"d1","occurred_at":"2026-10-07T09:00:00Z","pipeline":"sales","stage":"proposal","rep_id":"ann","territory_id":"oslo"}"#,
    r#"{"type":"deal","event_id":"e3","deal_id":"d1","occurred_at":"2026-10-09T09:00:00Z","pipeline":"sales","stage":"won","rep_id":"ann","territory_id":"oslo","amount":"120.50","currency":"USD"}"#,
    r#"{"type":"deal","event_id":"e4","deal_id":"d2","occurred_at":"2026-11-02T09:00:00Z","pipeline":"sales","stage":"won","rep_id":"bob","territory_id":"oslo","amount":"333.33","currency":"EUR","credits":[{"rep_id":"bob","share_basis_points":5000,"overlay":false},{"rep_id":"ann","share_basis_points":5000,"overlay":false}]}"#,
    r#"{"type":"deal","event_id":"e5","deal_id":"d3","occurred_at":"2026-11-03T09:00:00Z","pipeline":"sales","stage":"lost","rep_id":"bob","territory_id":"oslo"}"#,
    r#"{"type":"activity","event_id":"e6","activity_id":"a1","occurred_at":"2026-11-03T10:00:00Z","rep_id":"bob","territory_id":"oslo","deal_id":"d3","category":"travel","kind":"train","duration_seconds":300}"#,
];

/// A service that has folded [`LINES`], each at the offset of its place.
pub(crate) fn folded() -> ServeState {
    let board = empty_board();
    let config = Arc::new(FoldConfig {
        pipelines: board.pipelines().clone(),
        calendar: board.calendar().clone(),
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 0,
        restatements: engine::RestatementRules::default(),
    });
    let mut partition = PartitionState::new(config.clone());
    let mut reference = Reference::default();
    let mut decoder = Decoder::json(Carries::Anything);
    for (line, offset) in LINES.iter().zip(0..) {
        match decoder.decode(line.as_bytes()).unwrap() {
            Record::Event(event) => drop(partition.apply(&event, Offset(offset), None)),
            Record::Reference(record) => reference.apply(record, board.calendar()).unwrap(),
        }
    }
    board.set_reference(Arc::new(reference));
    let evidence = Evidence {
        partition: PartitionId(0),
        deals: "deals".into(),
        activities: "activities".into(),
        positions: vec![("deals".into(), Offset(8))],
        frozen: partition.freeze(),
    };
    let cells = partition.take_changes();
    let stamp = Stamp { progress: 8, positions: Vec::new() };
    let (reps, territories) = (partition.reps().as_slice(), partition.territories().as_slice());
    let mut writer = board.writer(PartitionId(0));
    writer.name_types(partition.types().as_slice());
    writer.publish(stamp, reps, territories, cells).unwrap();
    let explainer = Explainer::new(config, Box::new(move |_| Ok(vec![evidence.clone()])));
    ServeState { explainer: Arc::new(explainer), ..state(board) }
}

#[tokio::test]
async fn explanations_are_as_recorded() {
    let state = folded();
    for (name, path) in [
        ("explain_won_amount", "/api/v1/explain?kpi=won_amount&scope=rep&id=ann"),
        ("explain_days", "/api/v1/explain?kpi=win_rate&days=2026-10-08/2026-11-02"),
        ("explain_travel", "/api/v1/explain?kpi=selling_time_share&kind=month&scope=region&id=nordics"),
    ] {
        let answer = get(&state, path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        insta::assert_json_snapshot!(name, answer.json());
    }
}

/// The number that is explained is the one that is served, and the parts are all of it.
#[tokio::test]
async fn parts_add_up_to_the_number_that_is_served() {
    let state = folded();
    let served = get(&state, "/api/v1/kpis", &[]).await.json();
    let mut added = 0;
    for kpi in served["kpis"].as_array().unwrap() {
        let name = kpi["name"].as_str().unwrap();
        let answer = get(&state, &format!("/api/v1/explain?kpi={name}"), &[]).await.json();
        assert_eq!(&answer["kpi"], kpi, "{name}");
        for sum in answer["sums"].as_array().unwrap() {
            let is_of_sum = |part: &&Value| {
                ["of", "measure", "pipeline", "stage", "category", "currency"]
                    .iter()
                    .all(|key| part[key] == sum[key])
            };
            let causes = answer["causes"].as_array().unwrap().iter();
            let parts = causes.flat_map(|cause| cause["parts"].as_array().unwrap());
            let hundredths = |value: &Value| match value {
                Value::String(text) => text.replace('.', "").parse::<i64>().unwrap(),
                value => value.as_i64().unwrap() * 100,
            };
            let all: i64 = parts.filter(is_of_sum).map(|part| hundredths(&part["value"])).sum();
            assert_eq!(all, hundredths(&sum["total"]), "{name} {sum}");
            added += 1;
        }
    }
    assert!(added > 20, "{added}");
}

/// Every standing, of everybody in each group, is the number that its days are explained by: as documents.
#[tokio::test]
async fn standings_of_contests_are_those_that_are_explained() {
    let contest = |(kpi, group, members): (&str, Group, &[&str])| Contest {
        name: format!("{kpi} {group:?}"),
        kpi: kpi::find(kpi).unwrap(),
        group,
        members: members.iter().map(|id| (*id).to_owned()).collect(),
        days: Day::parse("2026-10-08").unwrap()..Day::parse("2026-11-04").unwrap(),
        target: None,
    };
    let groups = [Group::Reps, Group::Territories, Group::Regions, Group::Teams];
    let mut contests: Vec<Contest> =
        kpi::OF_ANY_DAYS.iter().flat_map(|kpi| groups.map(|group| contest((*kpi, group, &[])))).collect();
    contests.push(contest(("won_amount", Group::Reps, &["bob"])));
    let state = ServeState { contests, ..folded() };
    let told = get(&state, "/api/v1/contests", &[]).await.json();
    let (mut compared, mut above_nothing) = (0, 0);
    for contest in told["contests"].as_array().unwrap() {
        let text = |key: &str| contest[key].as_str().unwrap();
        for row in contest["rows"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap();
            let (kpi, group, start, end) = (text("kpi"), text("group"), text("start"), text("end"));
            let path = format!("/api/v1/explain?kpi={kpi}&scope={group}&id={id}&days={start}/{end}");
            let explained = get(&state, &path, &[]).await.json();
            for key in ["value", "numerator", "denominator", "currency", "absent_reason"] {
                assert_eq!(explained["kpi"][key], row[key], "{path}: {key}");
            }
            assert_eq!(explained["days"], serde_json::json!({ "start": start, "end": end }));
            compared += 1;
            above_nothing += usize::from(explained["causes_total"].as_u64().unwrap() > 0);
        }
    }
    assert!(compared > 30 && above_nothing > 20, "{compared} {above_nothing}");
}

#[tokio::test]
async fn pages_follow_each_other() {
    let state = folded();
    let path = "/api/v1/explain?kpi=win_rate&limit=2";
    let first = get(&state, path, &[]).await.json();
    let next = first["next"].as_str().unwrap();
    let second = get(&state, &format!("{path}&after={next}"), &[]).await.json();
    let ids = |page: &Value| -> Vec<String> {
        page["causes"].as_array().unwrap().iter().map(|cause| cause["id"].to_string()).collect()
    };
    assert_eq!(
        (ids(&first), ids(&second)),
        (vec![r#""d1""#.into(), r#""d2""#.into()], vec![r#""d3""#.into()])
    );
    assert_eq!((&first["causes_total"], &second["next"]), (&Value::from(3), &Value::Null));
}

#[tokio::test]
async fn what_cannot_be_explained_is_a_problem() {
    let folded = folded();
    let without_states: Arc<Board> = board();
    for (state, query, status, detail) in [
        (&folded, "", 400, "parameter kpi is missing"),
        (&folded, "kpi=luck", 400, "parameter kpi is \"luck\"; expected one of created_deals"),
        (&folded, "kpi=open_deals&period=2026-11", 422, "open_deals tells what stands now"),
        (&folded, "kpi=goal_pace&kind=day", 422, "goal_pace is not told for this kind of period"),
        (
            &folded,
            "kpi=won_deals&days=2026-11",
            400,
            "the first and the last day, such as 2026-12-01/2026-12-24",
        ),
        (
            &folded,
            "kpi=won_deals&days=2026-11-02/2026-11-01",
            422,
            "expected the first day and then the last",
        ),
        (&folded, "kpi=won_deals&days=2020-01-01/2026-11-01", 422, "expected at most 732 days, not 2497"),
        (&folded, "kpi=won_deals&days=2026-11-01/2026-11-02&kind=day", 422, "none beside parameter kind"),
        (
            &folded,
            "kpi=won_deals&days=2026-11-01/2026-11-02&period=current",
            422,
            "none beside parameter period",
        ),
        (
            &folded,
            "kpi=open_deals&days=2026-11-01/2026-11-02",
            422,
            "open_deals is not told of any days; created_",
        ),
        (
            &folded,
            "kpi=goal_pace&days=2026-11-01/2026-11-02",
            422,
            "goal_pace is not told of any days; created_",
        ),
        (&folded, "kpi=won_deals&limit=0", 400, "a whole number from 1 to 1000"),
        (&folded, "kpi=won_deals&after=7", 422, "the value of next of the page before"),
        (&folded, "kpi=won_deals&scope=rep&id=nobody", 404, "there is no rep of that id"),
        (&state(without_states), "kpi=won_deals", 503, "cannot be explained now: no states here"),
    ] {
        let answer = get(state, &format!("/api/v1/explain?{query}"), &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.text().contains(&detail.replace('"', "\\\"")), "{query}: {}", answer.text());
    }
}
