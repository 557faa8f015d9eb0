//! Series and contests: numbers of several periods, and of days that are no period.

use board::{Contest, Group};
use model::Day;
use serde_json::{Value, json};
use tallyboard_serve::ServeState;

use crate::fixture::{board, get, state};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[tokio::test]
async fn a_series_has_what_each_period_has_alone() {
    let state = state(board());
    for (kpi, scope, kind, is_told) in [
        ("won_amount", "scope=company", "month", true),
        ("won_deals", "scope=rep&id=r1", "week", true),
        ("win_rate", "scope=region&id=emea", "quarter", true),
        // Of these, a period needs more than its own sums.
        ("average_deal_size", "scope=company", "month", true),
        ("sales_cycle_mean", "scope=team&id=hunters", "day", true),
        ("pipeline_waterfall", "scope=territory&id=oslo", "month", true),
        ("stage_conversion", "scope=company", "year", false),
    ] {
        let path = format!("/api/v1/series?kpi={kpi}&{scope}&kind={kind}&count=5");
        let document = get(&state, &path, &[]).await.json();
        let values = document["values"].as_array().unwrap();
        assert_eq!(values.len(), 5, "{document}");
        let mut told = 0;
        for value in values {
            let name = value["period"]["name"].as_str().unwrap();
            let alone =
                get(&state, &format!("/api/v1/kpis?{scope}&kind={kind}&period={name}"), &[]).await.json();
            let figures = alone["kpis"].as_array().unwrap();
            let figure = figures.iter().find(|figure| figure["name"] == kpi).unwrap();
            for key in ["value", "numerator", "denominator", "currency", "absent_reason"] {
                assert_eq!(value[key], figure[key], "{kpi} {name} {key}");
            }
            assert_eq!((&value["period"], &value["complete"]), (&alone["period"], &alone["complete"]));
            told += usize::from(!value["value"].is_null());
        }
        assert_eq!(told > 0, is_told, "{kpi}");
        assert_eq!((&document["kpi"], &document["kind"]), (&json!(kpi), &json!(kind)));
        assert_eq!(values[4]["period"]["relative"], "current");
    }
}

#[tokio::test]
async fn a_series_ends_where_it_is_told_to_and_has_bounds() {
    let state = state(board());
    let names = async |query: &str| -> Vec<String> {
        let document = get(&state, &format!("/api/v1/series?kpi=won_deals&{query}"), &[]).await.json();
        let values = document["values"].as_array().unwrap();
        values.iter().map(|value| value["period"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("kind=quarter&count=3&until=2026-Q2").await, ["2025-Q4", "2026-Q1", "2026-Q2"]);
    assert_eq!(names("count=2&until=previous").await, ["2026-Q2", "2026-Q3"]);
    assert_eq!(names("kind=month").await.len(), 12);
    let years = names("kind=year&count=400").await;
    // In some time zones, the first moment of 1970 is in 1969.
    assert_eq!((years.len(), &*years[0]), (58, "1969"));
    for (query, status, expected) in [
        ("count=401", 400, "parameter count is \"401\"; expected a whole number from 1 to 400"),
        ("until=soon", 400, "parameter until is \"soon\"; expected current, previous, or a name"),
        ("until=2026-Q2&kind=month", 422, "parameter until is \"2026-Q2\"; expected a month"),
        ("scope=rep", 422, "parameter id is missing"),
        ("period=2026", 400, "parameter \"period\" is not known"),
    ] {
        let answer = get(&state, &format!("/api/v1/series?kpi=won_deals&{query}"), &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(expected), "{}", answer.text());
    }
    let standing = get(&state, "/api/v1/series?kpi=open_deals", &[]).await;
    assert_eq!(
        standing.json()["detail"],
        "parameter kpi is \"open_deals\", which is not told for quarter, but for what stands now"
    );
}

fn contest(name: &str, kpi: &str, group: Group, days: [&str; 2]) -> Contest {
    Contest {
        name: name.to_owned(),
        kpi: kpi::find(kpi).unwrap(),
        group,
        members: Default::default(),
        days: day(days[0])..day(days[1]),
        target: None,
    }
}

async fn contests(contests: Vec<Contest>) -> Vec<Value> {
    let state = ServeState { contests, ..state(board()) };
    get(&state, "/api/v1/contests", &[]).await.json()["contests"].as_array().unwrap().clone()
}

/// The fixture: on 2026-11-24 (today) r1 won a deal of 1250.50 USD in oslo, on 11-20 one of 333.33 EUR in west.
#[tokio::test]
async fn contests_stand_as_their_days_say() {
    let all = ["2026-11-20", "2026-11-25"];
    let told = contests(vec![
        Contest { target: Some(500_000), ..contest("amount", "won_amount", Group::Reps, all) },
        contest("day before", "won_deals", Group::Territories, ["2026-11-20", "2026-11-24"]),
        contest("coming", "won_deals", Group::Reps, ["2026-12-01", "2027-01-01"]),
        Contest {
            members: ["r2".to_owned(), "r9".to_owned()].into(),
            ..contest("without the best", "won_deals", Group::Reps, all)
        },
        contest("minutes", "activity_minutes", Group::Teams, ["2026-01-01", "2027-01-01"]),
    ])
    .await;

    // 333.33 EUR at 1.085 are 361.66 USD.
    let ann = json!({
        "rank": 1, "id": "r1", "name": "Ann \"the\\closer\" Å", "value": "1612.16", "currency": "USD",
        "target_share": 0.322_432,
    });
    assert_eq!(told[0]["rows"][0], ann);
    assert_eq!((&told[0]["rows"][1]["id"], &told[0]["rows"][1]["rank"]), (&json!("r2"), &json!(2)));
    assert_eq!(told[0]["leader"], json!({ "id": "r1", "name": "Ann \"the\\closer\" Å" }));
    let head = |contest: &Value| {
        ["start", "end", "state", "days_left", "complete", "target"].map(|key| contest[key].clone())
    };
    assert_eq!(
        head(&told[0]),
        [
            json!("2026-11-20"),
            json!("2026-11-24"),
            json!("running"),
            json!(1),
            json!(false),
            json!("5000.00")
        ]
    );
    assert_eq!(
        head(&told[1]),
        [json!("2026-11-20"), json!("2026-11-23"), json!("over"), json!(0), json!(true), Value::Null]
    );
    assert_eq!((&told[1]["leader"]["id"], &told[1]["rows"][0]["value"]), (&json!("west"), &json!(1)));
    assert_eq!(
        (&told[2]["state"], &told[2]["days_left"], &told[2]["leader"]),
        (&json!("coming"), &json!(31), &Value::Null)
    );
    // Equal values share a rank, and nobody leads with nothing.
    let rows = told[3]["rows"].as_array().unwrap();
    let ranks: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["rank"], &row["id"])).collect();
    assert_eq!((ranks, &told[3]["leader"]), (vec![(&json!(1), &json!("r2"))], &Value::Null));
    assert_eq!(
        (&told[4]["leader"]["id"], &told[4]["rows"][0]["target_share"]),
        (&json!("farmers"), &Value::Null)
    );
}

/// Days that are a period have the numbers of the period.
#[tokio::test]
async fn a_contest_over_a_period_is_its_leaderboard() {
    let state = state(board());
    for (name, group, named) in [
        ("won_amount", Group::Reps, "rep"),
        ("win_rate", Group::Territories, "territory"),
        ("created_deals", Group::Regions, "region"),
        ("activities", Group::Teams, "team"),
        ("selling_time_share", Group::Reps, "rep"),
    ] {
        let path = format!("/api/v1/leaderboard?kpi={name}&group={named}&limit=100");
        let mut expected = get(&state, &path, &[]).await.json()["rows"].as_array().unwrap().clone();
        expected.iter_mut().for_each(|row| row["target_share"] = Value::Null);
        let told = contests(vec![contest(name, name, group, ["2026-10-01", "2027-01-01"])]).await;
        assert_eq!(told[0]["rows"].as_array().unwrap(), &expected, "{name}");
    }
}
