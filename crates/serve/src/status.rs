//! `/api/v1/status`: whether the numbers are live, on their way there, or stale.

use std::time::Duration;

use board::{Board, PartitionReadiness, Readiness};
use model::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::health::PartitionDocument;
use crate::options::ServeOptions;

/// Whether the numbers are live, on their way there, or stale.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Status")]
pub(crate) struct StatusDocument {
    /// `live`, `catching_up` or `stale`.
    #[schemars(extend("enum" = ["live", "catching_up", "stale"]))]
    state: &'static str,
    caught_up: bool,
    ready: bool,
    /// Why it is not ready.
    why: Vec<String>,
    /// Of all partitions together.
    lag_records: u64,
    /// Of the partition that is furthest behind.
    lag_seconds: u64,
    /// While catching up: the share of the log that is counted, 0 to 1, by offsets; null if nothing is known of the log.
    progress: Option<f64>,
    #[schemars(extend("format" = "date-time"))]
    newest_event_at: Option<String>,
    /// When this was asked.
    #[schemars(extend("format" = "date-time"))]
    as_of: String,
    partitions: Vec<PartitionDocument>,
}

pub(crate) fn status(board: &Board, options: &ServeOptions, now: Timestamp) -> StatusDocument {
    let readiness = board.readiness();
    let statuses = || readiness.partitions.iter().filter_map(|partition| partition.status);
    let lag_records = statuses().map(|status| status.lag_records).sum();
    let lag_seconds = statuses().map(|status| status.lag_seconds).max().unwrap_or(0);
    let state = state(&readiness, lag_seconds, options);
    StatusDocument {
        state,
        caught_up: readiness.caught_up,
        ready: readiness.ready,
        why: readiness.why.iter().map(ToString::to_string).collect(),
        lag_records,
        lag_seconds,
        progress: if readiness.ready { None } else { progress(board, lag_records) },
        newest_event_at: readiness.newest_event_at().map(|at| at.to_string()),
        as_of: now.to_string(),
        partitions: readiness.partitions.iter().map(PartitionDocument::new).collect(),
    }
}

fn state(readiness: &Readiness, lag_seconds: u64, options: &ServeOptions) -> &'static str {
    let after = Duration::from_secs(options.stale_after_seconds);
    let is_silent = |partition: &PartitionReadiness| partition.told_at.is_some_and(|at| at.elapsed() > after);
    if readiness.partitions.iter().any(is_silent) {
        "stale"
    } else if !readiness.ready {
        "catching_up"
    } else if lag_seconds > options.stale_lag_seconds {
        "stale"
    } else {
        "live"
    }
}

/// What is counted of what there is. A log that does not begin at 0 seems further on than it is.
fn progress(board: &Board, lag_records: u64) -> Option<f64> {
    let counted: u64 = board.positions().iter().map(|(_, _, next)| next.0.max(0).cast_unsigned()).sum();
    let all = counted + lag_records;
    (all > 0).then(|| (1_000.0 * counted as f64 / all as f64).floor() / 1_000.0)
}
