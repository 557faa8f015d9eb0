//! The log: a trait, Kafka behind it, an in-memory log, and one conformance suite for all.
//!
//! This room knows bytes and positions, never what is in the bytes. It must not know events, cells or snapshots; whoever
//! uses it decides where to begin reading and what to do with a record.
//!
//! - `LOG-1` Records of a partition are delivered in ascending offsets, each at most once between two `begin`s.
//! - `LOG-2` Nothing is skipped silently: a position that the log no longer holds, or holds with another record before
//!   it, is an error that a person decides about.
//! - `LOG-3` A partition is read only between `begin` and `release`; partitions of one number go to one member.
//! - `LOG-4` A dead letter is reported as written only when all in-sync replicas have it.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod cursor;
mod dead_letter;
mod error;
mod kafka;
mod log;
mod memory;
mod record;
pub mod registry;
mod sink;

pub use dead_letter::{DeadLetter, DeadLetterSink, MAX_DETAIL_BYTES};
pub use error::{LOST_LOG_FLAG, LogError, OffsetProblem};
pub use kafka::{
    CompactedReader, KafkaConsumer, KafkaDeadLetters, KafkaOptions, RecordProducer, SaslMechanism, Secret,
    SecurityProtocol, cluster_id, ensure_topic, topic_partitions,
};
pub use log::{Delivery, LogConsumer, RecordMark, StartPosition, TopicPartition, TopicRead, TopicReader};
pub use memory::{MemoryConsumer, MemoryDeadLetters, MemoryGroup, MemoryLog, MemoryReader};
pub use record::{Headers, NewRecord, RecordBatch, RecordRef};
pub use sink::RecordSink;
