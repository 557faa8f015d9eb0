//! A client of the live feed, which reads server-sent events as their standard has them.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode};
use board::{Board, PartitionWriter, Stamp};
use futures::StreamExt as _;
use model::{
    CellKey, Closing, Day, Measure, Money, Offset, PartitionId, RepIndex, TerritoryIndex, Timestamp, Win,
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::fixture::{currency, now};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) event: String,
    /// Empty if it has none.
    pub(crate) id: String,
    pub(crate) data: Value,
}

pub(crate) struct Listener {
    pub(crate) headers: HeaderMap,
    stream: BodyDataStream,
    text: String,
    pub(crate) heartbeats: usize,
}

pub(crate) async fn request(
    router: &Router,
    query: &str,
    headers: &[(&str, &str)],
) -> axum::response::Response {
    let mut request = Request::get(format!("/api/v1/live{query}"));
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

impl Listener {
    pub(crate) async fn join(router: &Router, query: &str, headers: &[(&str, &str)]) -> Self {
        let response = request(router, query, headers).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        let headers = response.headers().clone();
        Self { headers, stream: response.into_body().into_data_stream(), text: String::new(), heartbeats: 0 }
    }

    /// The next message; none when the stream ends.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                if block.starts_with(':') {
                    self.heartbeats += 1;
                    continue;
                }
                let field = |name: &str| {
                    let mut lines = block.lines().filter_map(|line| line.split_once(": "));
                    lines.find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
                };
                let data = serde_json::from_str(&field("data").unwrap()).unwrap();
                let (event, id) = (field("event").unwrap(), field("id").unwrap_or_default());
                return Some(Message { event, id, data });
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.stream.next()).await;
            let chunk = chunk.expect("a message within 20 seconds")?;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    pub(crate) async fn some(&mut self, count: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        for _ in 0..count {
            messages.push(self.next().await.expect("a message"));
        }
        messages
    }

    /// What comes within a while.
    pub(crate) async fn within(&mut self, millis: u64) -> Vec<Message> {
        let mut messages = Vec::new();
        let _ = tokio::time::timeout(Duration::from_millis(millis), async {
            while let Some(message) = self.next().await {
                messages.push(message);
            }
        })
        .await;
        messages
    }
}

/// Publishes to partition 1 that a rep won so many deals today, beside what the fixture has.
pub(crate) struct Floor {
    writer: PartitionWriter,
    progress: u64,
}

impl Floor {
    pub(crate) fn new(board: &std::sync::Arc<Board>) -> Self {
        Self { writer: board.writer(PartitionId(1)), progress: 0 }
    }

    pub(crate) fn won_deals(&mut self, count: i128) {
        self.progress += 1;
        let position = Offset(self.progress.cast_signed());
        let stamp = Stamp { progress: self.progress, positions: vec![("deals".into(), position)] };
        let day = Day::parse("2026-11-24").unwrap();
        let key = CellKey { rep: RepIndex(0), territory: TerritoryIndex(0), day, measure: Measure::WonDeals };
        let names: &[&str] = if self.progress == 1 { &["r1"] } else { &[] };
        let territories: &[&str] = if self.progress == 1 { &["oslo"] } else { &[] };
        self.writer.publish(stamp, names, territories, [(key, count)]).unwrap();
    }

    /// Tells that a deal was won before an event, or is so with it: by when it was closed.
    pub(crate) fn closing(&self, deal_id: &str, before: Option<&str>, after: Option<&str>) {
        let win = |closed_at: &str| Win {
            rep_id: "r1".to_owned(),
            territory_id: "oslo".to_owned(),
            amount: Some(Money { minor: 125_050, currency: currency("EUR") }),
            closed_at: Timestamp::parse(closed_at).unwrap(),
        };
        let closing = Closing {
            deal_id: deal_id.to_owned(),
            before: before.map(win),
            after: after.map(win),
            offset: Offset(7),
            appended_at: None,
        };
        self.writer.announce(PartitionId(1), &"deals".into(), [closing], now());
    }
}
