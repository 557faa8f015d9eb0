//! The words of reading the log: positions, deliveries, and the trait that every log's consumer has.
//!
//! The order of calls is the contract. [`LogConsumer::next`] tells of partitions that are given and taken; nothing is
//! read before [`LogConsumer::begin`] has answered the first and nobody else reads before
//! [`LogConsumer::release`] has answered the second.

use std::time::Duration;

use model::{LogPosition, Offset, PartitionId, TopicName};

use crate::error::LogError;
use crate::record::{RecordBatch, RecordRef};

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionId,
}

impl TopicPartition {
    /// The partition of this number of a topic.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self { topic: topic.into(), partition: PartitionId(partition) }
    }

    /// The place of one of its records.
    #[must_use]
    pub fn at(&self, offset: Offset) -> LogPosition {
        LogPosition { topic: self.topic.clone(), partition: self.partition, offset }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.topic, self.partition)
    }
}

/// What is remembered of a record to know it again: that a topic was not deleted and created anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordMark {
    /// The record's offset.
    pub offset: Offset,
    /// Its timestamp in milliseconds since 1970; -1 if it has none.
    pub appended_at_millis: i64,
    /// CRC-32 of the key's bytes followed by the value's.
    pub checksum: u32,
}

impl RecordMark {
    /// The mark of a record.
    #[must_use]
    pub fn of(record: &RecordRef<'_>) -> Self {
        Self::of_parts(record.offset, record.timestamp_millis(), record.key, record.value)
    }

    pub(crate) fn of_parts(
        offset: Offset,
        timestamp_millis: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Self {
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(key.unwrap_or_default());
        checksum.update(value.unwrap_or_default());
        Self { offset, appended_at_millis: timestamp_millis.unwrap_or(-1), checksum: checksum.finalize() }
    }
}

/// Where to begin reading a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartPosition {
    /// The offset of the first record to deliver.
    pub next: Offset,
    /// The last record that was folded before, if any; it must still be what it was. Its offset is below `next`.
    pub last: Option<RecordMark>,
}

impl StartPosition {
    /// At an offset, without a record to know again.
    #[must_use]
    pub const fn at(next: Offset) -> Self {
        Self { next, last: None }
    }
}

/// What [`LogConsumer::next`] tells.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// These partitions, and no others, are this consumer's: answer with [`LogConsumer::begin`], even if there are none.
    Assigned(Vec<TopicPartition>),
    /// These partitions, which are all that were assigned, go to other consumers: stop folding and publishing them, then
    /// answer with [`LogConsumer::release`].
    Revoked(Vec<TopicPartition>),
    /// Records of one partition; at least one.
    Records(RecordBatch),
    /// Everything up to this offset (exclusive) has been delivered, and the partition held no more when it was read. Told
    /// again each time that the end is reached anew. The offset is a position to go on from: it is behind transaction
    /// markers, which are never delivered.
    End(TopicPartition, Offset),
    /// Nothing came within the time.
    Idle,
}

/// A member of a group that reads the event topics.
///
/// Partitions of one number of all topics are assigned to the same member (`LOG-3`).
pub trait LogConsumer: Send {
    /// Waits up to `wait` for the next delivery. Call it at least once a minute while partitions are assigned: a member
    /// that stays silent for long (five minutes with Kafka's defaults) loses them.
    ///
    /// # Errors
    /// An error that [is retryable](LogError::is_retryable) leaves the consumer as it is: log it and call again. After
    /// any other one the consumer cannot go on.
    fn next(&mut self, wait: Duration) -> Result<Delivery, LogError>;

    /// Answers [`Delivery::Assigned`]: where to read each partition from. Partitions that are left out are not read.
    ///
    /// A position with `last` is read from that record on, which must be the one that the mark tells of; it is not
    /// delivered. If the log has lost just the records before `next`, that is accepted.
    ///
    /// # Errors
    /// [`LogError::OffsetExpired`] or [`LogError::LogChanged`] if the log does not hold a position any more; the mark of
    /// `last` is compared when the record is read, so that error may come from [`next`](Self::next). With a retryable
    /// error nothing is read yet: call again.
    fn begin(&mut self, positions: Vec<(TopicPartition, StartPosition)>) -> Result<(), LogError>;

    /// Answers [`Delivery::Revoked`]: nothing of these partitions is read any more.
    ///
    /// # Errors
    /// Those of the log; retryable.
    fn release(&mut self) -> Result<(), LogError>;

    /// Tells the group how far it has come, for tools that show lag: the offset of the next record to fold, a partition.
    /// The truth about positions is the caller's. Does not wait for an answer.
    ///
    /// # Errors
    /// Those of the log; retryable.
    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), LogError>;

    /// The identity of the cluster that holds the log, if it tells one.
    fn cluster_id(&self) -> Option<&str>;

    /// Stops deliveries of these partitions until [`resume`](Self::resume), for back-pressure; membership goes on.
    ///
    /// # Errors
    /// Those of the log; retryable.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// Goes on with partitions that were paused, at the record after the last delivered one.
    ///
    /// # Errors
    /// Those of the log; retryable.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// The end of a partition as far as it is known without asking: the offset that its next record will have. None
    /// before anything was read of it.
    fn high_offset(&self, partition: &TopicPartition) -> Option<Offset>;
}

/// What [`TopicReader::next`] tells.
#[derive(Debug, Clone)]
pub enum TopicRead {
    /// Records of one partition; at least one.
    Records(RecordBatch),
    /// All partitions have been read to the end that they had when reading began. Told once.
    CaughtUp,
    /// Nothing came within the time.
    Idle,
}

/// Reads one topic whole, all partitions from the start, and then follows it: for compacted topics that every instance
/// reads.
pub trait TopicReader: Send {
    /// Waits up to `wait` for what comes next.
    ///
    /// # Errors
    /// As [`LogConsumer::next`].
    fn next(&mut self, wait: Duration) -> Result<TopicRead, LogError>;
}
