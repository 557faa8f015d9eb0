//! The live feed: what comes, when, to whom, and what does not.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use board::Status;
use model::PartitionId;
use serde_json::{Value, json};
use tallyboard_serve::{ServeOptions, ServeState, router};
use tower::ServiceExt as _;

use crate::fixture::{board, get, now, state};
use crate::listener::{Floor, Listener, Message, request};

const DEALS: &str = "leaderboard?kpi=won_deals&group=rep&kind=day";
const OTHER: &str = "kpis?scope=rep&id=r2&kind=day";
const RECENT: &str = "2026-11-24T11:00:00Z";

fn encoded(watch: &str) -> String {
    format!("watch={}", tallyboard_serve::encode_value(watch))
}

fn floor() -> (ServeState, Router, Floor) {
    with(ServeOptions { live_interval_ms: 20, ..ServeOptions::default() })
}

fn with(options: ServeOptions) -> (ServeState, Router, Floor) {
    let state = ServeState { options, ..state(board()) };
    let floor = Floor::new(&state.board);
    (state.clone(), router(state), floor)
}

fn metric(state: &ServeState, name: &str) -> f64 {
    let families = state.registry.gather();
    let family = families.iter().find(|family| family.name() == name).unwrap();
    let metrics = family.get_metric().iter().map(|metric| {
        let histogram = metric.get_histogram().get_sample_count();
        metric.get_counter().get_value()
            + metric.get_gauge().get_value()
            + f64::from(u32::try_from(histogram).unwrap())
    });
    metrics.sum()
}

fn events(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| &*message.event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_at_first_and_whenever_they_say_something_else() {
    let (state, router, mut floor) = floor();
    let query = format!("?{}&{}", encoded(DEALS), encoded(OTHER));
    let mut listener = Listener::join(&router, &query, &[("accept-encoding", "gzip")]).await;
    let header = |name: &str| listener.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!((header("cache-control").as_deref(), header("content-encoding")), (Some("no-store"), None));

    let first = listener.some(3).await;
    assert_eq!(events(&first), ["status", "document", "document"]);
    assert_eq!(first[0].data, get(&state, "/api/v1/status", &[]).await.json());
    for (message, watch) in first[1..].iter().zip([DEALS, OTHER]) {
        let document = get(&state, &format!("/api/v1/{watch}"), &[]).await.json();
        assert_eq!(message.data, json!({ "watch": watch, "document": document }));
    }

    floor.won_deals(7);
    let next = listener.some(1).await;
    assert_eq!((&*next[0].event, &next[0].data["watch"]), ("document", &json!(DEALS)));
    assert_eq!(next[0].data["document"]["rows"][0]["value"], 8);
    // The same again moves nothing, and the other document says what it said.
    floor.won_deals(7);
    assert_eq!(listener.within(300).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_won_a_moment_ago_is_told_and_taken_back() {
    let (_, router, floor) = floor();
    floor.closing("before", None, Some(RECENT));
    let mut listener = Listener::join(&router, "", &[]).await;
    assert_eq!(events(&listener.some(1).await), ["status"]);
    let old = "2026-11-23T11:59:59Z";
    for (deal, before, after) in [
        ("old", None, Some(old)),
        ("won", None, Some(RECENT)),
        ("corrected", Some(RECENT), Some("2026-11-24T10:00:00Z")),
        ("won", Some(RECENT), None),
        ("old", Some(old), None),
        ("into", Some(old), Some(RECENT)),
        ("out of", Some(RECENT), Some(old)),
    ] {
        floor.closing(deal, before, after);
    }
    let messages = listener.some(4).await;
    let told: Vec<(&str, &str)> =
        messages.iter().map(|message| (&*message.event, message.data["deal_id"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [("won", "won"), ("won_retracted", "won"), ("won", "into"), ("won_retracted", "out of")]
    );
    let expected = json!({
        "deal_id": "won", "rep_id": "r1", "rep_name": "Ann \"the\\closer\" Å", "territory_id": "oslo",
        "territory_name": "OSLO",
        "amount": { "currency": "EUR", "minor_units": 125_050, "text": "1250.50" },
        "closed_at": RECENT, "closed_on": "2026-11-24", "known_at": "2026-11-24T12:00:00Z",
        "position": { "topic": "deals", "partition": 1, "offset": 7 },
    });
    assert_eq!((&messages[0].data, &messages[1].data), (&expected, &expected));
    assert_eq!(listener.within(200).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_gets_what_was_missed_and_no_more() {
    let (_, router, mut floor) = floor();
    let query = format!("?{}&{}", encoded(DEALS), encoded(OTHER));
    let mut listener = Listener::join(&router, &query, &[]).await;
    listener.some(3).await;
    floor.closing("seen", None, Some(RECENT));
    let seen = listener.some(1).await.remove(0);
    assert_eq!(seen.data["deal_id"], "seen");
    drop(listener);
    for deal in ["one", "two"] {
        floor.closing(deal, None, Some(RECENT));
    }
    floor.won_deals(3);
    // Documents are not written again at once.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let mut listener = Listener::join(&router, &query, &[("last-event-id", &seen.id)]).await;
    let messages = listener.some(4).await;
    assert_eq!(events(&messages), ["status", "document", "won", "won"]);
    let told = |key: &str| -> Vec<Value> { messages[1..].iter().map(|one| one.data[key].clone()).collect() };
    assert_eq!(told("watch")[0], DEALS);
    assert_eq!(told("deal_id")[1..], ["one", "two"]);
    // Whoever is cut off in between does not lose the rest: the ids go as far as what was told.
    assert_eq!(messages[1].id, seen.id);
    assert!(messages[2].id < messages[3].id);
    assert_eq!(listener.within(200).await, []);
    drop(listener);

    // A page that comes back by hand may watch something else: it gets all documents, and what was won since.
    let query = format!("{query}&last_event_id={}", messages[2].id);
    let messages = Listener::join(&router, &query, &[]).await.some(4).await;
    assert_eq!(events(&messages), ["status", "document", "document", "won"]);
    assert_eq!(messages[3].data["deal_id"], "two");

    for id in ["0-1", "x", &seen.id.replace('-', "-9999")] {
        let messages = Listener::join(&router, &query, &[("last-event-id", id)]).await.some(4).await;
        assert_eq!(events(&messages), ["reset", "status", "document", "document"], "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_amid_the_first_messages_gets_the_rest_after_all() {
    let (_, router, mut floor) = floor();
    let query = format!("?{}&{}", encoded(DEALS), encoded(OTHER));
    let first = Listener::join(&router, &query, &[]).await.some(3).await;
    let ids: Vec<bool> = first.iter().map(|message| message.id.is_empty()).collect();
    assert_eq!(ids, [true, true, false], "a browser that knows no id gets everything again");

    floor.won_deals(3);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut id = first[2].id.clone();
    for _ in 0..2 {
        let mut listener = Listener::join(&router, &query, &[("last-event-id", &id)]).await;
        let status = listener.some(1).await.remove(0);
        assert_eq!((&*status.event, &status.id), ("status", &id));
        // The connection breaks before the document is there.
        id = status.id;
    }
    let messages = Listener::join(&router, &query, &[("last-event-id", &id)]).await.some(2).await;
    assert_eq!((&messages[1].data["watch"], messages[1].id == id), (&json!(DEALS), false));
    let mut listener = Listener::join(&router, &query, &[("last-event-id", &messages[1].id)]).await;
    assert_eq!(events(&listener.within(200).await), ["status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_written_once_for_all_who_watch_it() {
    let (state, router, mut floor) = floor();
    let rendered = || metric(&state, "tallyboard_live_render_seconds");
    let mut listeners = Vec::new();
    for _ in 0..100 {
        listeners.push(Listener::join(&router, &format!("?{}", encoded(DEALS)), &[]).await);
    }
    assert_eq!((rendered(), metric(&state, "tallyboard_live_clients")), (1.0, 100.0));
    floor.won_deals(7);
    for listener in &mut listeners {
        let message = listener.some(3).await.remove(2);
        assert_eq!(message.data["document"]["rows"][0]["value"], 8);
    }
    assert_eq!(rendered(), 2.0);
    // Nobody watches, and nothing is written.
    listeners.clear();
    floor.won_deals(9);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((rendered(), metric(&state, "tallyboard_live_clients")), (2.0, 0.0));
    let last = Listener::join(&router, &format!("?{}", encoded(DEALS)), &[]).await.some(2).await.remove(1);
    assert_eq!((rendered(), &last.data["document"]["rows"][0]["value"]), (3.0, &json!(10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_the_documents_of_others() {
    let [is_armed, is_shut] = [(); 2].map(|()| Arc::new(AtomicBool::new(true)));
    let (armed, shut) = (Arc::clone(&is_armed), Arc::clone(&is_shut));
    // Whoever looks at the clock first stands still until it is opened.
    let clock = move || {
        let is_first = armed.swap(false, Relaxed);
        while is_first && shut.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        now()
    };
    let options = ServeOptions { concurrent_requests_max: 1, ..ServeOptions::default() };
    let router = router(ServeState { options, clock: Arc::new(clock), ..state(board()) });
    let get = |path: &str| {
        let answer = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
        tokio::spawn(async { answer.await.unwrap().status() })
    };
    let metrics = get("/metrics");
    while is_armed.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // No document can be written now: the only turn to work is taken.
    let waiting = get(&format!("/api/v1/live?{}", encoded(DEALS)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let joining = Listener::join(&router, "", &[]);
    let mut other = tokio::time::timeout(Duration::from_secs(5), joining).await.unwrap_or_else(|_| {
        is_shut.store(false, Relaxed);
        panic!("nobody holds up whoever wants other documents")
    });
    assert_eq!(events(&other.some(1).await), ["status"]);
    assert!(!waiting.is_finished());
    is_shut.store(false, Relaxed);
    assert_eq!((metrics.await.unwrap(), waiting.await.unwrap()), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_dropped_and_the_others_are_not() {
    let options = ServeOptions { live_backlog_max: 2, live_interval_ms: 20, ..ServeOptions::default() };
    let (state, router, floor) = with(options);
    let (mut slow, mut keen) =
        (Listener::join(&router, "", &[]).await, Listener::join(&router, "", &[]).await);
    assert_eq!(events(&keen.some(1).await), ["status"]);
    for deal in ["one", "two", "three"] {
        floor.closing(deal, None, Some(RECENT));
        assert_eq!(keen.some(1).await[0].data["deal_id"], deal);
    }
    // Told a moment after the message: it may have come sooner.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(metric(&state, "tallyboard_live_slow_clients_dropped_total"), 1.0);
    assert_eq!(metric(&state, "tallyboard_live_clients"), 1.0);
    assert_eq!(events(&slow.some(3).await), ["status", "won", "won"]);
    assert_eq!(slow.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_comes_when_it_changes_and_silence_has_heartbeats() {
    let options =
        ServeOptions { live_heartbeat_seconds: 1, stale_after_seconds: 5, ..ServeOptions::default() };
    let (state, router, _) = with(options);
    let mut listener = Listener::join(&router, "", &[]).await;
    let first = listener.some(1).await.remove(0).data;
    assert_eq!(
        (&first["state"], &first["progress"], &first["lag_records"]),
        (&json!("live"), &Value::Null, &json!(0))
    );
    let status = Status { caught_up: false, lag_records: 42, lag_seconds: 301, newest_event_at: None };
    state.board.set_status(PartitionId(0), status);
    let behind = listener.some(1).await.remove(0);
    assert_eq!((&*behind.event, &behind.data["state"]), ("status", &json!("stale")));
    state.board.set_status(PartitionId(0), Status { lag_seconds: 300, ..status });
    assert_eq!(listener.some(1).await[0].data["state"], "live");
    state.board.set_assignment(&[PartitionId(0), PartitionId(1), PartitionId(2)]);
    let new = listener.some(1).await.remove(0).data;
    assert_eq!((&new["state"], &new["progress"]), (&json!("catching_up"), &json!(0.5)));
    // Nobody says anything of the partitions any more.
    assert_eq!(listener.some(1).await[0].data["state"], "stale");
    let before = listener.heartbeats;
    assert_eq!(listener.within(2_500).await, []);
    assert_eq!(listener.heartbeats - before, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_watched_is_refused_before_the_stream_begins() {
    let options = ServeOptions {
        live_watches_max: 2,
        live_watches_per_client_max: 3,
        live_clients_max: 1,
        ..ServeOptions::default()
    };
    let (_, router, _) = with(options);
    for (query, status, detail) in [
        ("?watches=1", 400, "parameter \"watches\" is not known; expected any of watch, last_event_id"),
        (
            "?watch=explain%3Fkpi%3Dwon_deals",
            400,
            "parameter watch is \"explain?kpi=won_deals\"; expected one of kpis,",
        ),
        ("?watch=kpis&watch=kpis%3Fx%3D1", 400, "watch \"kpis?x=1\": parameter \"x\" is not known"),
        (
            "?watch=kpis%3Fscope%3Drep%26id%3Dnobody",
            400,
            "watch \"kpis?scope=rep&id=nobody\": parameter id is",
        ),
        (
            "?watch=kpis%3Fscope%3Drep%26id%3Dr1%232",
            400,
            "parameter watch is \"kpis?scope=rep&id=r1#2\"; expected a path and query",
        ),
        ("?watch=leaderboard", 400, "watch \"leaderboard\": parameter kpi is missing"),
        ("?watch=kpis%3Fa%20b", 400, "parameter watch is \"kpis?a b\"; expected a path and query"),
        (
            "?watch=kpis%3Fkind=day&watch=kpis%3Fkind=week&watch=kpis%3Fkind=month&watch=kpis%3Fkind=year",
            400,
            "there are 4 watches; expected at most 3",
        ),
        (
            "?watch=kpis%3Fkind=day&watch=kpis%3Fkind=week&watch=kpis%3Fkind=month",
            503,
            "2 different documents are watched already",
        ),
    ] {
        let response = request(&router, query, &[]).await;
        assert_eq!(response.status().as_u16(), status, "{query}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers().get("retry-after").is_some(), status == 503);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let document: Value = serde_json::from_slice(&body).unwrap();
        assert!(document["detail"].as_str().unwrap().starts_with(detail), "{document}");
    }
    // What nobody watches any more makes room.
    for kind in ["day", "week", "month", "quarter", "year"] {
        let query = format!("?{}", encoded(&format!("kpis?kind={kind}")));
        Listener::join(&router, &query, &[]).await.some(2).await;
    }
    let only = Listener::join(&router, "", &[]).await;
    let refused = request(&router, "", &[]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "10");
    drop(only);
    Listener::join(&router, "", &[]).await;
}

/// A panic inside the feed's own task, as of the clock: it is counted, and the feed goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_panics_is_counted_and_the_feed_goes_on() {
    let fails = Arc::new(AtomicBool::new(false));
    let clock = {
        let fails = Arc::clone(&fails);
        Arc::new(move || {
            assert!(!fails.swap(false, Relaxed), "the clock stands still");
            now()
        })
    };
    let options = ServeOptions { live_interval_ms: 20, ..ServeOptions::default() };
    let state = ServeState { options, clock, ..state(board()) };
    let mut floor = Floor::new(&state.board);
    let router = router(state.clone());
    let mut listener = Listener::join(&router, &format!("?{}", encoded(DEALS)), &[]).await;
    assert_eq!(events(&listener.some(2).await), ["status", "document"]);
    fails.store(true, Relaxed);
    while fails.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    floor.won_deals(9);
    let next = listener.some(1).await;
    assert_eq!((&*next[0].event, &next[0].data["document"]["rows"][0]["value"]), ("document", &json!(10)));
    assert!((metric(&state, "tallyboard_live_rounds_panicked_total") - 1.0).abs() < f64::EPSILON);
}
