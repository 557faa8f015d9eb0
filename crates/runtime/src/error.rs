//! Why the service stops by itself: always because a person has to decide.

use eventlog::{LOST_LOG_FLAG, LogError};
use model::PartitionId;
use thiserror::Error;

/// What ends the service.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The log does not hold what was folded, or not all that is to be folded.
    #[error("{source}{}", because.as_deref().map(|because| format!(" ({because})")).unwrap_or_default())]
    LostLog {
        /// What was found.
        source: LogError,
        /// Why these records are needed, where it is not plain.
        because: Option<String>,
    },
    /// The snapshots are of another cluster's log.
    #[error(
        "the newest snapshot of partition {partition} is of cluster {expected:?}, but the log is cluster {found:?}; point to the right cluster or snapshot store, or forget the snapshots and fold the new log from its start with {LOST_LOG_FLAG}"
    )]
    AnotherCluster {
        /// The partition.
        partition: PartitionId,
        /// The cluster in the snapshot.
        expected: String,
        /// The cluster of the log.
        found: String,
    },
    /// The log cannot be reached as it is configured, however often it is tried.
    #[error(transparent)]
    Configuration(LogError),
    /// A part of the service died: a defect.
    #[error("{0} ended unexpectedly, which is a defect; the log above says where")]
    Died(&'static str),
}

impl ServiceError {
    /// A stable name of the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LostLog { source, .. } => source.code(),
            Self::Configuration(error) => error.code(),
            Self::AnotherCluster { .. } => "log_another_cluster",
            Self::Died(_) => "died",
        }
    }
}
