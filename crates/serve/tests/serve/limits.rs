//! What a client may not do, and what it cannot break.

use std::sync::{Arc, mpsc};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use tallyboard_serve::{ServeOptions, ServeState};

use crate::fixture::{ask, board, get, now, state};

#[tokio::test]
async fn only_reading_is_allowed() {
    let state = state(board());
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        for path in ["/api/v1/kpis", "/metrics", "/nowhere"] {
            let request = Request::builder().method(method).uri(path).body(Body::from("x")).unwrap();
            let answer = ask(&state, request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(
                (answer.header("allow"), answer.header("content-type")),
                ("GET, HEAD", "application/problem+json")
            );
            assert_eq!(answer.header("access-control-allow-origin"), "");
            assert_eq!(answer.json()["detail"], format!("the method is {method}; expected GET or HEAD"));
        }
    }
    let head = ask(&state, Request::head("/api/v1/kpis").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn large_requests_are_refused() {
    let state = state(board());
    let ServeOptions { uri_bytes_max, header_bytes_max, .. } = state.options;
    let path = |bytes: usize| format!("/healthz?{}", "x".repeat(bytes - "/healthz?".len()));
    for (bytes, status) in [(uri_bytes_max, StatusCode::OK), (uri_bytes_max + 1, StatusCode::URI_TOO_LONG)] {
        assert_eq!(get(&state, &path(bytes), &[]).await.status, status);
    }
    let value = "x".repeat(header_bytes_max - "filler".len());
    assert_eq!(get(&state, "/healthz", &[("filler", &value)]).await.status, StatusCode::OK);
    let refused = get(&state, "/healthz", &[("filler", &value), ("a", "")]).await;
    assert_eq!(refused.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(refused.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn answers_are_compressed_where_that_is_accepted() {
    let state = state(board());
    let plain = get(&state, "/metrics", &[]).await;
    let compressed = get(&state, "/metrics", &[("accept-encoding", "gzip")]).await;
    assert_eq!((plain.header("content-encoding"), compressed.header("content-encoding")), ("", "gzip"));
    assert!(compressed.body.len() < plain.body.len() / 2);
    assert_eq!(compressed.body[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn a_panic_is_a_problem_document() {
    let state = ServeState { clock: Arc::new(|| panic!("the clock stopped")), ..state(board()) };
    let answer = get(&state, "/api/v1/kpis", &[]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(!answer.text().contains("clock"), "what happened inside is for the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_given_up() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let clock = move || {
        let _ = released.lock().map(|released| released.recv());
        now()
    };
    let options =
        ServeOptions { request_timeout_seconds: 1, concurrent_requests_max: 1, ..ServeOptions::default() };
    let state = ServeState { clock: Arc::new(clock), options, ..state(board()) };
    // The first holds the only turn, the second waits for it.
    let (first, second) = tokio::join!(get(&state, "/metrics", &[]), get(&state, "/api/v1/kpis", &[]));
    for answer in [first, second] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // What needs no turn is answered all the while.
    assert_eq!(get(&state, "/healthz", &[]).await.status, StatusCode::OK);
    drop(release);
    assert_eq!(get(&state, "/api/v1/kpis", &[]).await.status, StatusCode::OK);
}
