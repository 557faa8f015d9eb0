//! Whether the process lives, and whether its numbers are whole.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use board::PartitionReadiness;
use serde::Serialize;

use crate::router::Shared;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

#[derive(Serialize)]
struct Document {
    ready: bool,
    caught_up: bool,
    why: Vec<String>,
    partitions: Vec<PartitionDocument>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PartitionDocument {
    partition: i32,
    caught_up_once: bool,
    caught_up: bool,
    lag_records: Option<u64>,
    lag_seconds: Option<u64>,
    newest_event_at: Option<String>,
}

impl PartitionDocument {
    pub(crate) fn new(partition: &PartitionReadiness) -> Self {
        let PartitionReadiness { partition, caught_up_once, status, told_at: _ } = *partition;
        Self {
            partition: partition.0,
            caught_up_once,
            caught_up: status.is_some_and(|status| status.caught_up),
            lag_records: status.map(|status| status.lag_records),
            lag_seconds: status.map(|status| status.lag_seconds),
            newest_event_at: status.and_then(|status| status.newest_event_at).map(|at| at.to_string()),
        }
    }
}

pub(crate) async fn ready(State(shared): State<Shared>) -> Response {
    let readiness = shared.board().readiness();
    let partitions = readiness.partitions.iter().map(PartitionDocument::new);
    let document = Document {
        ready: readiness.ready,
        caught_up: readiness.caught_up,
        why: readiness.why.iter().map(ToString::to_string).collect(),
        partitions: partitions.collect(),
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(document)).into_response()
}
