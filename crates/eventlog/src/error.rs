//! What can go wrong with the log, in words for the person who has to do something about it.
//!
//! No message holds a password. Codes are stable: they are labels of metrics and names of documentation pages.

use model::Offset;
use thiserror::Error;

use crate::log::TopicPartition;

/// The command line's flag by which a person decides that a changed log is to be folded anew.
pub const LOST_LOG_FLAG: &str = "--on-lost-log=rebuild";

/// How the log differs from what was folded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetProblem {
    /// The log ends before the position.
    EndsBefore {
        /// The log's end: the offset of its next record.
        end: Offset,
    },
    /// The log's end was cut off while it was read, as after the loss of a partition's leader.
    CutOff,
    /// The record before the position is another one than was folded.
    OtherRecord,
    /// There is no record at the place of the last one that was folded; the first one behind it has this offset, if any.
    NoRecord {
        /// The first record behind the place.
        found: Option<Offset>,
    },
}

impl std::fmt::Display for OffsetProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EndsBefore { end } => write!(formatter, "the log ends at offset {end}"),
            Self::CutOff => formatter.write_str("the log's end was cut off while it was read"),
            Self::OtherRecord => formatter.write_str("the record before it is another one than was folded"),
            Self::NoRecord { found: Some(found) } => {
                write!(formatter, "the record before it is gone, the next one has offset {found}")
            }
            Self::NoRecord { found: None } => formatter.write_str("the record before it is gone"),
        }
    }
}

/// Why the log cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// No broker answers.
    #[error(
        "no broker of {bootstrap_servers} answers: {detail}; check the address and the network, it is tried again"
    )]
    Unreachable {
        /// The addresses as configured.
        bootstrap_servers: String,
        /// What the last attempt met.
        detail: String,
    },
    /// A topic does not exist.
    #[error(
        "topic {topic:?} does not exist; create it, for example with `kafka-topics.sh --create --topic {topic} --partitions 6`"
    )]
    UnknownTopic {
        /// The topic.
        topic: String,
    },
    /// The event topics differ in their number of partitions, or a member was given unequal ones.
    #[error(
        "the event topics are not partitioned alike: {found}; expected the same partitions of each, since records of one deal must meet"
    )]
    PartitionsDiffer {
        /// Each topic with what was found.
        found: String,
    },
    /// The broker does not know who this is.
    #[error(
        "authentication with mechanism {mechanism} as user {user:?} failed: {detail}; check user, password and mechanism"
    )]
    Authentication {
        /// The SASL mechanism, or `TLS`.
        mechanism: String,
        /// The user, empty with TLS.
        user: String,
        /// The broker's words.
        detail: String,
    },
    /// The broker knows who this is, but does not allow it.
    #[error("not allowed: {detail}; grant the user the right to read, write or describe it")]
    Authorization {
        /// What was refused.
        detail: String,
    },
    /// The log's retention has removed records that are still needed.
    #[error(
        "{partition} is needed from offset {needed}, but the log begins at {low}: records in between have expired; restore a newer snapshot, or forget the snapshots and fold again from the log's start with {LOST_LOG_FLAG}"
    )]
    OffsetExpired {
        /// Where.
        partition: TopicPartition,
        /// The offset that is needed.
        needed: Offset,
        /// The first offset that the log holds.
        low: Offset,
    },
    /// The log is not the one that was folded: its topic was created anew, or its end was cut off.
    #[error(
        "{partition} is needed from offset {needed}, but {problem}: the topic was created anew or cut off; point to the right cluster and topic, or forget the snapshots and fold again from the log's start with {LOST_LOG_FLAG}"
    )]
    LogChanged {
        /// Where.
        partition: TopicPartition,
        /// The offset that is needed.
        needed: Offset,
        /// What was found.
        problem: OffsetProblem,
    },
    /// An option is wrong, or options contradict each other.
    #[error("{option}: {problem}")]
    Configuration {
        /// The option.
        option: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// Too many records wait for their acknowledgement.
    #[error(
        "{outstanding} records for {topic:?} wait to be acknowledged, and none was within {waited_ms} ms; it is tried again"
    )]
    Backlog {
        /// The topic.
        topic: String,
        /// How many wait.
        outstanding: usize,
        /// How long this one waited.
        waited_ms: u64,
    },
    /// A record was not written.
    #[error("{undelivered} records for {topic:?} are not written: {detail}")]
    Delivery {
        /// The topic, or several.
        topic: String,
        /// How many.
        undelivered: u64,
        /// What the last one met.
        detail: String,
        /// Whether it may work later.
        retryable: bool,
    },
    /// Anything else.
    #[error("the log failed to {action}: {detail}")]
    Other {
        /// What was attempted.
        action: String,
        /// What it met.
        detail: String,
        /// Whether it may work later.
        retryable: bool,
    },
}

impl LogError {
    /// Whether the same call may succeed later without a person's doing.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Backlog { .. } => true,
            Self::Delivery { retryable, .. } | Self::Other { retryable, .. } => *retryable,
            Self::UnknownTopic { .. }
            | Self::PartitionsDiffer { .. }
            | Self::Authentication { .. }
            | Self::Authorization { .. }
            | Self::OffsetExpired { .. }
            | Self::LogChanged { .. }
            | Self::Configuration { .. } => false,
        }
    }

    /// A stable name of the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "log_unreachable",
            Self::UnknownTopic { .. } => "log_unknown_topic",
            Self::PartitionsDiffer { .. } => "log_partitions_differ",
            Self::Authentication { .. } => "log_authentication",
            Self::Authorization { .. } => "log_authorization",
            Self::OffsetExpired { .. } => "log_offset_expired",
            Self::LogChanged { .. } => "log_changed",
            Self::Configuration { .. } => "log_configuration",
            Self::Backlog { .. } => "log_backlog",
            Self::Delivery { .. } => "log_delivery",
            Self::Other { .. } => "log_failure",
        }
    }

    /// Whether the log does not hold what was folded before, so that a person has to decide.
    #[must_use]
    pub fn is_lost_log(&self) -> bool {
        matches!(self, Self::OffsetExpired { .. } | Self::LogChanged { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_logs_name_the_flag_and_are_not_retried() {
        let partition = TopicPartition::new("deals", 3);
        for (error, expected) in [
            (
                LogError::OffsetExpired { partition: partition.clone(), needed: Offset(10), low: Offset(20) },
                "deals/3 is needed from offset 10, but the log begins at 20",
            ),
            (
                LogError::LogChanged {
                    partition,
                    needed: Offset(10),
                    problem: OffsetProblem::EndsBefore { end: Offset(4) },
                },
                "deals/3 is needed from offset 10, but the log ends at offset 4",
            ),
        ] {
            let message = error.to_string();
            assert!(message.starts_with(expected), "{message}");
            assert!(message.contains(LOST_LOG_FLAG), "{message}");
            assert!(!error.is_retryable());
            assert!(error.is_lost_log());
        }
    }
}
