//! Topics and their records.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Offset, PartitionId, TopicName};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::group::GroupState;
use crate::cursor::Cursor;
use crate::error::LogError;
use crate::log::{RecordMark, TopicPartition};
use crate::record::{NewRecord, RecordBatch};
use crate::sink::RecordSink;

/// A log in memory. Clones are the same log.
#[derive(Clone, Default)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Everything, under one lock: a simulation has one thread, and tests few.
#[derive(Default)]
pub(super) struct State {
    topics: BTreeMap<TopicName, Vec<Partition>>,
    pub(super) groups: BTreeMap<String, GroupState>,
}

#[derive(Default)]
struct Partition {
    low: i64,
    records: VecDeque<Stored>,
}

struct Stored {
    timestamp_millis: Option<i64>,
    key: Option<Box<[u8]>>,
    value: Option<Box<[u8]>>,
    headers: Box<[Header]>,
}

type Header = (Box<str>, Option<Box<[u8]>>);

impl Partition {
    fn high(&self) -> i64 {
        self.low + i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }

    fn records_from(&self, offset: Offset) -> impl Iterator<Item = (Offset, &Stored)> {
        let skipped = usize::try_from(offset.0 - self.low).unwrap_or(0);
        let first = self.low.max(offset.0);
        (first..).map(Offset).zip(self.records.iter().skip(skipped))
    }
}

impl State {
    fn partition(&self, partition: &TopicPartition) -> Result<&Partition, LogError> {
        let number = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        self.topics
            .get(&partition.topic)
            .and_then(|partitions| partitions.get(number))
            .ok_or_else(|| LogError::UnknownTopic { topic: partition.topic.to_string() })
    }

    fn partition_mut(&mut self, partition: &TopicPartition) -> Result<&mut Partition, LogError> {
        self.partition(partition)?;
        let number = usize::try_from(partition.partition.0).unwrap_or(usize::MAX);
        self.topics
            .get_mut(&partition.topic)
            .and_then(|partitions| partitions.get_mut(number))
            .ok_or_else(|| LogError::UnknownTopic { topic: partition.topic.to_string() })
    }

    pub(super) fn partition_count(&self, topic: &TopicName) -> Option<usize> {
        self.topics.get(topic).map(Vec::len)
    }

    pub(super) fn offsets(&self, partition: &TopicPartition) -> Result<(Offset, Offset), LogError> {
        let found = self.partition(partition)?;
        Ok((Offset(found.low), Offset(found.high())))
    }

    /// The next records for a cursor, up to a number of them; none if it is at the end.
    pub(super) fn read(
        &self,
        partition: &TopicPartition,
        cursor: &mut Cursor,
        records_max: usize,
    ) -> Result<Option<RecordBatch>, LogError> {
        let (low, high) = self.offsets(partition)?;
        if cursor.read_from() < low || cursor.read_from() > high {
            // Just the expected record may have expired, which is no harm.
            *cursor = Cursor::open(partition, cursor.position(), low, high)?;
        }
        let mut batch = RecordBatch::new(partition.clone());
        for (offset, stored) in self.partition(partition)?.records_from(cursor.read_from()) {
            if batch.len() == records_max {
                break;
            }
            let record = NewRecord {
                timestamp_millis: stored.timestamp_millis,
                key: stored.key.as_deref(),
                value: stored.value.as_deref(),
                headers: &[],
            };
            let mark = || RecordMark::of_parts(offset, record.timestamp_millis, record.key, record.value);
            if cursor.admit(partition, offset, mark)? {
                batch.push_with(offset, record, |put| {
                    for (name, value) in &stored.headers {
                        put(name, value.as_deref());
                    }
                });
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

impl MemoryLog {
    /// A log without topics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a topic, in place of one of the same name: deleting and creating anew, as seen by those who read it.
    pub fn create_topic(&self, topic: impl Into<TopicName>, partitions: usize) {
        let partitions = std::iter::repeat_with(Partition::default).take(partitions).collect();
        self.lock().topics.insert(topic.into(), partitions);
        self.notify();
    }

    /// Appends a record; its offset.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] if there is no such partition.
    pub fn append(&self, partition: &TopicPartition, record: NewRecord<'_>) -> Result<Offset, LogError> {
        let mut state = self.lock();
        let found = state.partition_mut(partition)?;
        let offset = Offset(found.high());
        found.records.push_back(Stored {
            timestamp_millis: record.timestamp_millis,
            key: record.key.map(Into::into),
            value: record.value.map(Into::into),
            headers: record
                .headers
                .iter()
                .map(|&(name, value)| (name.into(), value.map(Into::into)))
                .collect(),
        });
        drop(state);
        self.notify();
        Ok(offset)
    }

    /// Removes all records below an offset, as retention does.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] if there is no such partition.
    pub fn delete_before(&self, partition: &TopicPartition, first_kept: Offset) -> Result<(), LogError> {
        let mut state = self.lock();
        let found = state.partition_mut(partition)?;
        while found.low < first_kept.0 && found.records.pop_front().is_some() {
            found.low += 1;
        }
        Ok(())
    }

    /// The offsets `[low, high)` that a partition holds.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] if there is no such partition.
    pub fn offsets(&self, partition: &TopicPartition) -> Result<(Offset, Offset), LogError> {
        self.lock().offsets(partition)
    }

    /// How many partitions a topic has; none if there is no such topic.
    #[must_use]
    pub fn partition_count(&self, topic: &TopicName) -> Option<usize> {
        self.lock().partition_count(topic)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Wakes those who wait for something to happen.
    pub(super) fn notify(&self) {
        self.shared.changed.notify_all();
    }

    /// Waits for something to happen; whether there is time left.
    pub(super) fn wait(&self, state: &mut MutexGuard<'_, State>, deadline: Instant) -> bool {
        Instant::now() < deadline && !self.shared.changed.wait_until(state, deadline).timed_out()
    }
}

impl RecordSink for MemoryLog {
    /// Appends at once. Without a partition: by the CRC-32 of the key, which is not where Kafka would put it.
    fn send(
        &self,
        topic: &TopicName,
        partition: Option<PartitionId>,
        record: NewRecord<'_>,
    ) -> Result<(), LogError> {
        let count = self
            .partition_count(topic)
            .filter(|&count| count > 0)
            .ok_or_else(|| LogError::UnknownTopic { topic: topic.to_string() })?;
        let partition = partition.unwrap_or_else(|| {
            let hash = u64::from(crc32fast::hash(record.key.unwrap_or_default()));
            let number = hash % u64::try_from(count).unwrap_or(1);
            PartitionId(i32::try_from(number).unwrap_or(0))
        });
        let topic = Arc::clone(topic);
        self.append(&TopicPartition { topic, partition }, record).map(|_| ())
    }

    fn flush(&self, _deadline: Duration) -> Result<(), LogError> {
        Ok(())
    }
}
