//! The API: golden answers, and what is refused.

use std::sync::Arc;

use axum::http::StatusCode;
use board::{Stamp, Status};
use model::{
    Category, CellKey, Day, Measure, Offset, PartitionId, RepIndex, TerritoryIndex, Timestamp, TypeIndex,
};
use tallyboard_serve::ServeState;

use crate::fixture::{board, empty_board, get, state};

#[tokio::test]
async fn answers_are_as_recorded() {
    let state = state(board());
    for (name, path) in [
        ("kpis_company", "/api/v1/kpis"),
        ("kpis_rep_week", "/api/v1/kpis?scope=rep&id=r1&kind=week"),
        ("kpis_region_previous", "/api/v1/kpis?scope=region&id=emea&period=2026-Q3"),
        ("leaderboard_won_amount", "/api/v1/leaderboard?kpi=won_amount"),
        (
            "leaderboard_win_rate",
            "/api/v1/leaderboard?kpi=win_rate&group=territory&kind=year&order=asc&limit=1",
        ),
        ("leaderboard_open_amount", "/api/v1/leaderboard?kpi=open_amount&group=team"),
        ("territory_balance", "/api/v1/territories/balance"),
        ("catalogue", "/api/v1/catalogue"),
        ("readyz", "/readyz"),
    ] {
        let answer = get(&state, path, &[]).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::OK, "application/json"),
            "{path}"
        );
        let (caching, tag) = (answer.header("cache-control"), answer.header("etag"));
        assert_eq!(
            (caching, tag.is_empty()),
            if path == "/readyz" { ("no-store", true) } else { ("no-cache", false) }
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        insta::assert_json_snapshot!(name, answer.json());
    }
}

#[tokio::test]
async fn a_document_is_sent_again_only_if_it_says_something_else() {
    let state = state(board());
    for path in ["/api/v1/kpis", "/api/v1/leaderboard?kpi=won_amount", "/api/v1/status", "/api/v1/catalogue"]
    {
        let tag = get(&state, path, &[]).await.header("etag").to_owned();
        // Another time of asking alone is nothing new.
        let later = Timestamp::parse("2026-11-24T12:00:00.5Z").unwrap();
        let later = ServeState { clock: Arc::new(move || later), ..state.clone() };
        for known in [tag.clone(), format!("\"x\", {tag}"), tag[2..].to_owned(), "*".to_owned()] {
            // What depends on how much of the period has passed is something else half a second later.
            let asked = if path == "/api/v1/kpis" { &state } else { &later };
            let answer = get(asked, path, &[("if-none-match", &known)]).await;
            assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path} {known}");
            assert_eq!((answer.header("etag"), answer.header("cache-control")), (&*tag, "no-cache"));
        }
        assert_eq!(get(&state, path, &[("if-none-match", "W/\"0\"")]).await.status, StatusCode::OK);
    }
    let path = "/api/v1/leaderboard?kpi=won_deals&group=territory&kind=day";
    let tag = get(&state, path, &[]).await.header("etag").to_owned();
    let more = CellKey {
        rep: RepIndex(0),
        territory: TerritoryIndex(0),
        day: Day::parse("2026-11-24").unwrap(),
        measure: Measure::WonDeals,
    };
    let stamp = Stamp { progress: 1, positions: vec![("deals".into(), Offset(1))] };
    let mut writer = state.board.writer(PartitionId(1));
    writer.publish(stamp, &["r1"], &["oslo"], [(more, 1)]).unwrap();
    let answer = get(&state, path, &[("if-none-match", &tag)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(answer.header("etag"), tag);
    let problem = get(&state, "/api/v1/kpis?x=1", &[("if-none-match", "*")]).await;
    assert_eq!((problem.status, problem.header("cache-control")), (StatusCode::BAD_REQUEST, "no-store"));
    assert_eq!((problem.header("etag"), problem.header("content-type")), ("", "application/problem+json"));
}

#[tokio::test]
async fn rows_are_found_by_name_and_id_and_keep_their_ranks() {
    let state = state(board());
    let all = get(&state, "/api/v1/leaderboard?kpi=won_amount", &[]).await.json();
    let rows = all["rows"].as_array().unwrap();
    for (query, expected) in [
        ("search=bOB", vec!["r2"]),
        ("search=%C3%A5", vec!["r1"]),
        ("search=b&order=asc&limit=1", vec!["r2"]),
        ("search=r2", vec!["r2"]),
        // Of ids, only whole ones.
        ("search=R2", vec![]),
        ("search=nobody%26", vec![]),
    ] {
        let path = format!("/api/v1/leaderboard?kpi=won_amount&{query}");
        let found = get(&state, &path, &[]).await.json();
        let ids: Vec<&str> =
            found["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
        assert_eq!(found["total_rows"], all["total_rows"], "{query}");
        for row in found["rows"].as_array().unwrap().iter().filter(|_| !query.contains("asc")) {
            assert!(rows.contains(row), "{query}: {row} is another among all");
        }
    }
    let found = get(&state, "/api/v1/leaderboard?kpi=won_amount&search=", &[]).await.json();
    assert_eq!(found["rows"], all["rows"]);
}

#[tokio::test]
async fn scopes_and_periods_are_chosen() {
    let state = state(board());
    for (query, id, name, period, complete) in [
        ("", None, None, "2026-Q4", false),
        ("?scope=company&kind=day", None, None, "2026-11-24", false),
        ("?period=previous", None, None, "2026-Q3", true),
        ("?period=previous&kind=day", None, None, "2026-11-23", true),
        ("?period=2026-W45&scope=region&id=nordics", Some("nordics"), Some("NORDICS"), "2026-W45", true),
        ("?period=2026&kind=year&scope=rep&id=r9", Some("r9"), Some("r9"), "2026", false),
        ("?scope=territory&id=west", Some("west"), Some("west"), "2026-Q4", false),
        ("?scope=team&id=hunters", Some("hunters"), Some("hunters"), "2026-Q4", false),
        ("?scope=rep&id=r3", Some("r3"), Some("Cyd"), "2026-Q4", false),
    ] {
        let answer = get(&state, &format!("/api/v1/kpis{query}"), &[]).await;
        let json = answer.json();
        assert_eq!(answer.status, StatusCode::OK, "{query}: {json}");
        assert_eq!((json["id"].as_str(), json["name"].as_str()), (id, name), "{query}");
        assert_eq!(json["period"]["name"], period, "{query}");
        assert_eq!(json["complete"], complete, "{query}");
    }
    // A period is complete only while everything is counted.
    let behind = Status { caught_up: false, lag_records: 5, lag_seconds: 2, newest_event_at: None };
    state.board.set_status(PartitionId(1), behind);
    let json = get(&state, "/api/v1/kpis?period=previous", &[]).await.json();
    assert_eq!((&json["complete"], &json["caught_up"]), (&false.into(), &false.into()));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let state = state(board());
    let periods =
        "expected current, previous, or a name such as 2026-11-02, 2026-W45, 2026-11, 2026-Q4 or 2026";
    for (path, status, detail) in [
        (
            "/api/v1/kpis?scope=planet",
            400,
            "parameter scope is \"planet\"; expected one of company, region, territory, team, rep",
        ),
        ("/api/v1/kpis?scope=rep&id=%FF", 400, "the query is not made of name=value pairs in UTF-8"),
        ("/api/v1/kpis?scope=rep", 422, "parameter id is missing; expected the id of a rep"),
        ("/api/v1/kpis?id=r1", 422, "parameter id is \"r1\"; expected none for the scope company"),
        ("/api/v1/kpis?id=", 400, "parameter id is \"\"; expected an id, but it is empty"),
        ("/api/v1/kpis?scope=rep&id=", 400, "parameter id is \"\"; expected an id, but it is empty"),
        (
            "/api/v1/kpis?scope=rep&id=a%0Ab",
            400,
            "parameter id is \"a\\nb\"; expected an id, but it holds a control character",
        ),
        ("/api/v1/kpis?scope=rep&id=r8", 404, "parameter id is \"r8\"; there is no rep of that id"),
        ("/api/v1/kpis?period=2026-Q", 400, &format!("parameter period is \"2026-Q\"; {periods}")),
        ("/api/v1/kpis?scope=region&id=oslo", 404, "parameter id is \"oslo\"; there is no region of that id"),
        (
            "/api/v1/kpis?period=2026-Q5",
            422,
            "parameter period is \"2026-Q5\"; expected a period that there is, with days from 1970 to 2199",
        ),
        (
            "/api/v1/kpis?period=2026-Q4&kind=month",
            422,
            "parameter period is \"2026-Q4\"; expected a month, as parameter kind says, not a quarter",
        ),
        (
            "/api/v1/kpis?kind=hour",
            400,
            "parameter kind is \"hour\"; expected one of day, week, month, quarter, year",
        ),
        (
            "/api/v1/kpis?scoop=rep",
            400,
            "parameter \"scoop\" is not known; expected any of scope, id, period, kind",
        ),
        ("/api/v1/kpis?kind=day&kind=day", 400, "parameter kind is there twice; expected once"),
        (
            "/api/v1/leaderboard?kpi=won_amount&limit=0",
            400,
            "parameter limit is \"0\"; expected a whole number from 1 to 1000",
        ),
        (
            "/api/v1/leaderboard?kpi=won_amount&limit=1001",
            400,
            "parameter limit is \"1001\"; expected a whole number from 1 to 1000",
        ),
        (
            "/api/v1/leaderboard?kpi=won_amount&order=up",
            400,
            "parameter order is \"up\"; expected one of desc, asc",
        ),
        (
            "/api/v1/leaderboard?kpi=won_amount&group=company",
            400,
            "parameter group is \"company\"; expected one of rep, territory, region, team",
        ),
        (
            "/api/v1/leaderboard?kpi=open_deals&kind=day",
            422,
            "parameter kind is \"day\"; expected none, because open_deals tells what stands now",
        ),
        ("/api/v1/territories/balance?id=oslo", 400, "parameter \"id\" is not known; expected none"),
        ("/api/v1/nothing", 404, "there is nothing at \"/api/v1/nothing\"; see /api for what there is"),
    ] {
        let answer = get(&state, path, &[]).await;
        let json = answer.json();
        assert_eq!((answer.status.as_u16(), json["detail"].as_str()), (status, Some(detail)), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!((&json["status"], &json["type"]), (&status.into(), &"about:blank".into()), "{path}");
        assert_eq!(json["title"].as_str(), answer.status.canonical_reason(), "{path}");
    }
    for query in ["", "?kpi=luck"] {
        let answer = get(&state, &format!("/api/v1/leaderboard{query}"), &[]).await;
        let json = answer.json();
        let detail = json["detail"].as_str().unwrap();
        assert!(
            answer.status == StatusCode::BAD_REQUEST
                && detail.contains("expected one of created_deals, won_deals")
        );
    }
}

#[tokio::test]
async fn health_tells_why_not() {
    let state = state(empty_board());
    let alive = get(&state, "/healthz", &[]).await;
    assert_eq!((alive.status, alive.text()), (StatusCode::OK, "alive\n"));
    let answer = get(&state, "/readyz", &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let why = ["the reference records are not loaded yet", "no partitions were assigned yet"];
    assert_eq!(answer.json()["why"], serde_json::json!(why));
    state.board.set_reference(std::sync::Arc::default());
    state.board.set_assignment(&[PartitionId(3)]);
    let status = Status { caught_up: false, lag_records: 70, lag_seconds: 7, newest_event_at: None };
    state.board.set_status(PartitionId(3), status);
    let answer = get(&state, "/readyz", &[]).await;
    assert_eq!(
        (answer.header("content-type"), answer.header("retry-after")),
        ("application/problem+json", "1")
    );
    let expected = serde_json::json!({
        "type": "about:blank", "status": 503, "title": "Service Unavailable",
        "detail": "partition 3 has not caught up yet: 70 records, 7 seconds behind",
        "ready": false,
        "caught_up": false,
        "why": ["partition 3 has not caught up yet: 70 records, 7 seconds behind"],
        "partitions": [{
            "partition": 3, "caught_up_once": false, "caught_up": false, "lag_records": 70, "lag_seconds": 7,
            "newest_event_at": null,
        }],
    });
    assert_eq!((answer.status, answer.json()), (StatusCode::SERVICE_UNAVAILABLE, expected));
    state.board.set_status(PartitionId(3), Status { caught_up: true, ..status });
    assert_eq!(get(&state, "/readyz", &[]).await.status, StatusCode::OK);
}

/// Which type a board comes to know first is chance; the document is the same.
#[tokio::test]
async fn types_of_activities_are_in_the_order_of_their_names() {
    let orders = [["call", "mail"], ["mail", "call"]];
    let documents = orders.map(|names| {
        let board = empty_board();
        let mut writer = board.writer(PartitionId(0));
        writer.name_types(&names);
        let cell = |(of_type, name): (u16, &str)| {
            let measure = Measure::Activities(Category::Admin, TypeIndex(of_type));
            let day = Day::parse("2026-11-23").unwrap();
            let key = CellKey { rep: RepIndex(0), territory: TerritoryIndex(0), day, measure };
            (key, if name == "call" { 3 } else { 5 })
        };
        let stamp = Stamp { progress: 1, positions: Vec::new() };
        writer.publish(stamp, &["r1"], &["oslo"], (0..).zip(names).map(cell)).unwrap();
        serve_kpis(board)
    });
    let [one, other] = documents;
    let (one, other) = (one.await, other.await);
    assert_eq!(one, other);
    let by_type = one.as_array().unwrap().iter().find(|kpi| kpi["name"] == "activities_by_type").unwrap();
    let names = by_type["by"]["activity_type"].as_array().unwrap();
    assert_eq!((&names[0]["activity_type"], &names[0]["value"]), (&"call".into(), &3.into()));
}

async fn serve_kpis(board: std::sync::Arc<board::Board>) -> serde_json::Value {
    get(&state(board), "/api/v1/kpis?kind=month", &[]).await.json()["kpis"].take()
}
