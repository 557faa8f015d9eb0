//! Events of the live feed as the API's description has them: a stream without an end is nothing that Schemathesis asks for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use board::{Contest, Group};
use jsonschema::Validator;
use model::{Day, Reference};
use serde_json::{Value, json};
use tallyboard_serve::{ServeOptions, ServeState, openapi_json, router};

use crate::fixture::{board, state};
use crate::listener::{Floor, Listener, Message};

const WATCHES: [&str; 6] = [
    "kpis?kind=month",
    "leaderboard?kpi=won_amount&group=team",
    "territories/balance",
    "series?kpi=win_rate&kind=week&count=5",
    "contests",
    "status",
];
/// Of a rep who is named by reference records alone, and will not be.
const GONE: &str = "kpis?scope=rep&id=r3";
const RECENT: &str = "2026-11-24T11:00:00Z";

/// What judges the data of each event, by its name.
fn validators(description: &Value) -> BTreeMap<String, Validator> {
    let responses = &description["paths"]["/api/v1/live"]["get"]["responses"];
    let events = responses["200"]["content"]["text/event-stream"]["x-events"].as_object().unwrap();
    let validator = |data: &Value| {
        // References are from the root of the document.
        let schema = json!({ "allOf": [data], "components": description["components"] });
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    };
    events.iter().map(|(name, event)| (name.clone(), validator(&event["data"]))).collect()
}

/// At least one event of each kind, from real streams.
async fn heard() -> Vec<Message> {
    let contest = Contest {
        name: "Sprint".to_owned(),
        kpi: kpi::find("won_deals").unwrap(),
        group: Group::Reps,
        members: [].into(),
        days: Day::parse("2026-11-01").unwrap()..Day::parse("2026-12-01").unwrap(),
        target: Some(7),
    };
    let options = ServeOptions { live_interval_ms: 20, ..ServeOptions::default() };
    let state = ServeState { options, contests: vec![contest], ..state(board()) };
    let mut floor = Floor::new(&state.board);
    let router = router(state.clone());
    let watches: Vec<String> = WATCHES
        .into_iter()
        .chain([GONE])
        .map(|watch| format!("&watch={}", tallyboard_serve::encode_value(watch)))
        .collect();
    let query = format!("?last_event_id=of-another-7{}", watches.concat());
    let mut listener = Listener::join(&router, &query, &[]).await;
    let mut messages = listener.some(2 + WATCHES.len() + 1).await;
    floor.won_deals(5);
    floor.closing("D-1", None, Some(RECENT));
    floor.closing("D-1", Some(RECENT), None);
    state.board.set_reference(Arc::new(Reference::default()));
    messages.extend(listener.within(1_000).await);
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_as_described() {
    let description = openapi_json(&ServeOptions::default());
    let validators = validators(&description);
    let messages = heard().await;
    let mut judged: BTreeMap<&str, usize> = BTreeMap::new();
    for Message { event, data, .. } in &messages {
        let validator = validators.get(event).unwrap_or_else(|| panic!("{event} is not described"));
        let wrong: Vec<String> = validator.iter_errors(data).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{event}: {wrong:?}\n{data}");
        *judged.entry(event).or_default() += 1;
        // Each key is one that is needed, at one place at least: what lacks it is not such an event.
        for key in data.as_object().unwrap().keys() {
            let mut without = data.clone();
            without.as_object_mut().unwrap().remove(key);
            let is_optional = ["id", "name", "newest_event_at", "amount"].contains(&key.as_str());
            assert!(is_optional || !validator.is_valid(&without), "{event} without {key}");
        }
    }
    assert!(judged.keys().eq(validators.keys()), "{judged:?} of {:?}", validators.keys());
    let told = |watch: &str| messages.iter().any(|message| message.data["watch"] == watch);
    for watch in WATCHES {
        assert!(told(watch), "{watch}");
    }
}
