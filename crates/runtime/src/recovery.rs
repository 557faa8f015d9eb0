//! Where a partition goes on: the newest snapshot that fits, else the log's start. Never silently from its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{FoldConfig, PartitionState};
use eventlog::StartPosition;
use model::{PartitionId, TopicName};
use snapshot::{NotUsed, Refusal, RestoreError, SnapshotError, SnapshotStore};

use crate::error::ServiceError;
use crate::image;

/// A state and where each topic goes on.
#[derive(Debug)]
pub struct Recovered {
    /// The state.
    pub state: PartitionState,
    /// The positions, one for every topic that is read.
    pub positions: BTreeMap<TopicName, StartPosition>,
    /// Where it came from: `snapshot`, or `log` for its start.
    pub source: &'static str,
    /// The snapshots that are there and were passed over; none if there were none.
    pub passed_over: Vec<PassedOver>,
}

/// A snapshot that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Why, as a metric's label.
    pub reason: &'static str,
    /// Which, and why, in words.
    pub detail: String,
}

/// Why a partition is not recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The snapshot store does not answer. A retry is safe.
    #[error(transparent)]
    Store(SnapshotError),
    /// A person has to decide.
    #[error(transparent)]
    Decide(ServiceError),
}

/// Recovers a partition of a cluster's topics.
///
/// Snapshots shaped by another configuration or of other topics, and damaged ones, are passed over.
///
/// # Errors
/// [`RecoveryError::Store`] if the store does not answer; [`RecoveryError::Decide`] if the newest fitting snapshot is of
/// another cluster.
pub fn recover(
    store: &SnapshotStore,
    partition: PartitionId,
    cluster_id: &str,
    topics: &[TopicName],
    config: &Arc<FoldConfig>,
) -> Result<Recovered, RecoveryError> {
    let report = store.restore(partition, |header, sections| {
        if header.cluster_id != cluster_id {
            let (expected, found) = (header.cluster_id, cluster_id.to_owned());
            return Err(Refusal::Stop(Reason::AnotherCluster { expected, found }));
        }
        if header.fingerprint != config.fingerprint() {
            return Err(Refusal::TryOlder(Reason::AnotherConfiguration));
        }
        let positions = image::positions(&header);
        if !positions.keys().eq(topics.iter().collect::<std::collections::BTreeSet<_>>()) {
            return Err(Refusal::TryOlder(Reason::OtherTopics));
        }
        match image::restore(config.clone(), sections) {
            Ok(state) => Ok((state, positions)),
            Err(error) => Err(Refusal::TryOlder(Reason::Unreadable(error.to_string()))),
        }
    });
    let report = report.map_err(|error| match error {
        RestoreError::Store(error) => RecoveryError::Store(error),
        RestoreError::Stopped { reason: Reason::AnotherCluster { expected, found }, .. } => {
            RecoveryError::Decide(ServiceError::AnotherCluster { partition, expected, found })
        }
        RestoreError::Stopped { .. } => {
            RecoveryError::Decide(ServiceError::Died("the restore of a snapshot"))
        }
    })?;
    let passed_over = report.tried.iter().map(|tried| PassedOver {
        reason: label(&tried.reason),
        detail: format!("{}: {}", tried.name, tried.reason),
    });
    let passed_over = passed_over.collect();
    Ok(match report.restored {
        Some(restored) => {
            let (state, positions) = restored.value;
            Recovered { state, positions, source: "snapshot", passed_over }
        }
        None => Recovered { passed_over, ..from_start(topics, config) },
    })
}

/// The state before the first record of each topic.
pub fn from_start(topics: &[TopicName], config: &Arc<FoldConfig>) -> Recovered {
    Recovered {
        state: PartitionState::new(config.clone()),
        positions: topics.iter().map(|topic| (topic.clone(), StartPosition::default())).collect(),
        source: "log",
        passed_over: Vec::new(),
    }
}

fn label(reason: &NotUsed<Reason>) -> &'static str {
    match reason {
        NotUsed::Unreadable(SnapshotError::Damaged { .. }) => "damaged",
        NotUsed::Unreadable(SnapshotError::UnsupportedVersion { .. }) => "version",
        NotUsed::Unreadable(SnapshotError::NotFound { .. }) => "gone",
        NotUsed::Unreadable(_) | NotUsed::Refused(Reason::Unreadable(_)) => "unreadable",
        NotUsed::Refused(Reason::AnotherConfiguration) => "configuration",
        NotUsed::Refused(Reason::OtherTopics) => "topics",
        NotUsed::Refused(Reason::AnotherCluster { .. }) => "cluster",
    }
}

/// Why a snapshot that is whole is not used.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("it is of cluster {expected:?}, the log is cluster {found:?}")]
    AnotherCluster { expected: String, found: String },
    #[error("it was folded under another configuration of pipelines, time zone, horizons or restatements")]
    AnotherConfiguration,
    #[error("it was folded from other topics")]
    OtherTopics,
    #[error("its state cannot be read: {0}")]
    Unreadable(String),
}
