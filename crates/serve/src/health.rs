//! Whether the process lives, and whether its numbers are whole.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use board::PartitionReadiness;
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem::{Problem, ProblemDocument};
use crate::router::Shared;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether the numbers are whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Readiness")]
pub(crate) struct ReadinessDocument {
    ready: bool,
    /// Whether every partition is at the end of its log.
    caught_up: bool,
    /// Why it is not ready.
    why: Vec<String>,
    partitions: Vec<PartitionDocument>,
}

/// That the numbers are not whole, with what `/readyz` tells otherwise.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NotReady")]
pub(crate) struct NotReadyDocument<'a> {
    #[serde(flatten)]
    problem: ProblemDocument<'a>,
    #[serde(flatten)]
    readiness: ReadinessDocument,
}

/// How far a partition is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Partition")]
pub(crate) struct PartitionDocument {
    partition: i32,
    /// Whether it has been at the end of its log since the start.
    caught_up_once: bool,
    /// Whether it is at the end of its log.
    caught_up: bool,
    /// How many records wait; null if nothing is known of it.
    lag_records: Option<u64>,
    /// For how long the oldest of them has waited; null if nothing is known of it.
    lag_seconds: Option<u64>,
    /// The latest event time that was counted.
    #[schemars(extend("format" = "date-time"))]
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
    let document = ReadinessDocument {
        ready: readiness.ready,
        caught_up: readiness.caught_up,
        why: readiness.why.iter().map(ToString::to_string).collect(),
        partitions: partitions.collect(),
    };
    if readiness.ready {
        return Json(document).into_response();
    }
    let problem = Problem::unavailable(1, document.why.join("; "));
    problem.answer(&NotReadyDocument { problem: problem.document(), readiness: document })
}
