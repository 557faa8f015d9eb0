//! The description of the API: what it says, that it has every path, and that answers are as it says.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use tallyboard_serve::{ServeOptions, ServeState, openapi_json, router};

use crate::explanation::folded;
use crate::fixture::{ask, board, get, state};

/// Pages for people, which no program asks for.
const PAGES: [&str; 3] = ["/", "/page/{*path}", "/api"];

fn paths(document: &Value) -> BTreeSet<String> {
    document["paths"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn the_description_is_as_recorded() {
    let answer = get(&state(board()), "/api/v1/openapi.json", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json(), openapi_json(&ServeOptions::default()));
    insta::assert_json_snapshot!("openapi", answer.json());
}

#[tokio::test]
async fn every_path_is_described_and_there() {
    let state = state(board());
    let described = paths(&openapi_json(&state.options));
    // The router does not tell its paths but to who debugs it.
    let told = format!("{:?}", router(state));
    let words = told.split('"').filter(|word| word.starts_with('/') && !word.contains("axum_fallback"));
    let routed: BTreeSet<String> = words.filter(|word| !PAGES.contains(word)).map(str::to_owned).collect();
    assert!(PAGES.iter().all(|page| told.contains(&format!("\"{page}\""))), "{told}");
    assert_eq!(routed, described);
    assert!(described.len() >= 14, "{described:?}");
}

/// Every reference leads somewhere, and what is there is referred to.
#[test]
fn references_are_whole() {
    fn references(json: &Value, found: &mut BTreeSet<String>) {
        match json {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = openapi_json(&ServeOptions::default());
    let mut referred = BTreeSet::new();
    references(&document, &mut referred);
    let mut there = BTreeSet::new();
    for (kind, components) in document["components"].as_object().unwrap() {
        there
            .extend(components.as_object().unwrap().keys().map(|name| format!("#/components/{kind}/{name}")));
    }
    assert_eq!(referred, there);
}

/// The bounds of parameters are those of the check, whatever the options.
#[tokio::test]
async fn bounds_are_those_that_are_checked() {
    let options = ServeOptions { leaderboard_rows_max: 7, ..ServeOptions::default() };
    let state = ServeState { options, ..folded() };
    let document = openapi_json(&state.options);
    let mut bounds = 0;
    for path in ["/api/v1/leaderboard", "/api/v1/series", "/api/v1/explain", "/api/v1/restatements"] {
        for parameter in document["paths"][path]["get"]["parameters"].as_array().unwrap() {
            let Some(max) = parameter["schema"]["maximum"].as_u64() else { continue };
            bounds += 1;
            let kpi = if path.ends_with("restatements") { "" } else { "kpi=won_amount&" };
            for (number, status) in [(0, 400), (1, 200), (max, 200), (max + 1, 400)] {
                let asked = format!("{path}?{kpi}{}={number}", parameter["name"].as_str().unwrap());
                let answer = get(&state, &asked, &[]).await;
                assert_eq!(answer.status.as_u16(), status, "{asked}: {}", answer.text());
            }
        }
    }
    assert_eq!(bounds, 4);
    assert_eq!(document["paths"]["/api/v1/leaderboard"]["get"]["parameters"][5]["schema"]["maximum"], 7);
}

#[tokio::test]
async fn the_page_for_people_leads_to_every_path() {
    let state = folded();
    state.board.set_assignment(&[]);
    let page = get(&state, "/api", &[]).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(!page.text().contains("<script") && !page.text().contains("http"), "{}", page.text());
    assert!(page.text().contains(" <small>(created_deals, won_deals, "), "which KPIs there are");
    let links: BTreeSet<&str> =
        page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let (own, links): (BTreeSet<&str>, BTreeSet<&str>) =
        links.into_iter().partition(|link| *link == "/" || link.starts_with("/page/"));
    for path in own {
        assert_eq!(get(&state, path, &[]).await.status.as_u16(), 200, "{path}");
    }
    let without_query = links.iter().map(|link| link.split('?').next().unwrap_or(link).to_owned());
    assert_eq!(without_query.collect::<BTreeSet<_>>(), paths(&openapi_json(&state.options)));
    for link in links {
        // Without the body, since one of them has no end.
        let head = ask(&state, Request::head(link).body(Body::empty()).unwrap()).await;
        assert_eq!(head.status.as_u16(), 200, "{link}");
    }
}
