//! Reading assigned partitions: messages of all of them, as they come, sorted into one batch a partition.
//!
//! What is assigned, and why, is the affair of the consumers that use this.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use super::batch::{BatchQueue, Message};
use super::connection::{Reports, retry, serve_events};
use super::options::KafkaOptions;
use crate::cursor::Cursor;
use crate::error::{LogError, OffsetProblem};
use crate::log::{RecordMark, StartPosition, TopicPartition};
use crate::record::{NewRecord, RecordBatch};

/// Messages that are taken from librdkafka with one call.
const FETCH_MESSAGES: usize = 512;
/// How often forwarding is renewed, see [`super::batch`].
const RENEW_INTERVAL: Duration = Duration::from_secs(1);

/// What was read.
#[derive(Debug)]
pub(super) enum Read {
    Records(RecordBatch),
    End(TopicPartition, Offset),
}

/// The partitions that are read.
pub(super) struct Reading<C: ConsumerContext + Reports + 'static> {
    // Before the client, which must outlive it.
    queue: BatchQueue<C>,
    consumer: Arc<BaseConsumer<C>>,
    sorter: Sorter,
    renewed_at: Instant,
}

/// One partition that is read.
struct Slot {
    partition: TopicPartition,
    cursor: Cursor,
    high: Offset,
    paused: bool,
    /// What has come since the last hand-over.
    pending: Option<RecordBatch>,
    end: Option<Offset>,
    touched: bool,
    /// Records and bytes of the last batch, for the memory of the next.
    usual: (usize, usize),
}

/// Sorts messages by partition.
struct Sorter {
    records_max: usize,
    bytes_max: usize,
    slots: Vec<Slot>,
    /// The slot of a topic's address and a partition's number.
    by_address: HashMap<(usize, i32), usize>,
    /// Address, partition and slot of the last message: the next one is most often of the same.
    last: (usize, i32, usize),
    ready: VecDeque<(usize, Read)>,
    touched: Vec<usize>,
    bytes: usize,
    /// Partitions whose position the log does not hold.
    lost: bool,
    /// An error with the code that librdkafka told.
    failure: Option<(RDKafkaErrorCode, TopicPartition, String)>,
    /// An error after which nothing is read any more.
    fatal: Option<LogError>,
}

impl<C: ConsumerContext + Reports + 'static> Reading<C> {
    pub(super) fn new(options: &KafkaOptions, consumer: Arc<BaseConsumer<C>>) -> Result<Self, LogError> {
        let queue =
            BatchQueue::new(Arc::clone(&consumer), FETCH_MESSAGES).ok_or_else(|| LogError::Other {
                action: "read".to_owned(),
                detail: "librdkafka made no queue".to_owned(),
                retryable: false,
            })?;
        Ok(Self {
            queue,
            consumer,
            sorter: Sorter::new(options.batch_records_max, options.batch_bytes_max),
            renewed_at: Instant::now(),
        })
    }

    /// Assigns partitions in place of those before and reads each from its position.
    pub(super) fn begin(
        &mut self,
        options: &KafkaOptions,
        positions: &[(TopicPartition, StartPosition)],
    ) -> Result<(), LogError> {
        let mut slots = Vec::with_capacity(positions.len());
        for (partition, position) in positions {
            let (low, high) = self.watermarks(options, partition)?;
            slots.push(Slot::new(partition, Cursor::open(partition, *position, low, high)?, high));
        }
        self.assign(slots)
    }

    /// Assigns whole partitions, from the first offset that they hold.
    pub(super) fn begin_whole(
        &mut self,
        options: &KafkaOptions,
        partitions: &[TopicPartition],
    ) -> Result<(), LogError> {
        let mut slots = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let (low, high) = self.watermarks(options, partition)?;
            let cursor = Cursor::open(partition, StartPosition::at(low), low, high)?;
            slots.push(Slot::new(partition, cursor, high));
        }
        self.assign(slots)
    }

    /// The offsets `[low, high)` that a partition holds.
    fn watermarks(
        &self,
        options: &KafkaOptions,
        partition: &TopicPartition,
    ) -> Result<(Offset, Offset), LogError> {
        let reporter = self.consumer.client().context().reporter();
        retry(
            options,
            reporter,
            || (),
            |patience| {
                let number = partition.partition.0;
                let (low, high) = self
                    .consumer
                    .fetch_watermarks(&partition.topic, number, patience)
                    .map_err(|error| match error.rdkafka_error_code() {
                        Some(code) => {
                            reporter.error_of_code("read", Some(&partition.topic), code, &code.to_string())
                        }
                        None => reporter.error("read the offsets of", &error),
                    })?;
                Ok((Offset(low), Offset(high)))
            },
        )
    }

    fn assign(&mut self, slots: Vec<Slot>) -> Result<(), LogError> {
        let mut list = TopicPartitionList::with_capacity(slots.len());
        for slot in &slots {
            let offset = rdkafka::Offset::Offset(slot.cursor.read_from().0);
            list.add_partition_offset(&slot.partition.topic, slot.partition.partition.0, offset)
                .map_err(|error| self.error("assign", &error))?;
        }
        self.queue.forward(slots.iter().map(|slot| &slot.partition));
        self.sorter.restart(slots);
        self.consumer.assign(&list).map_err(|error| self.error("assign", &error))?;
        self.queue.renew();
        self.renewed_at = Instant::now();
        Ok(())
    }

    /// Reads nothing any more.
    pub(super) fn end(&mut self) -> Result<(), LogError> {
        self.sorter.restart(Vec::new());
        let done = self.consumer.unassign().map_err(|error| self.error("unassign", &error));
        self.queue.clear();
        done
    }

    /// Forgets what was read and is not yet taken.
    pub(super) fn discard(&mut self) {
        self.sorter.ready.clear();
    }

    /// Takes a message that came another way than by the batch.
    pub(super) fn accept(&mut self, message: &Message<'_>) {
        self.sorter.accept(message);
        self.sorter.hand_over();
    }

    /// Whether anything waits to be taken.
    pub(super) fn has_ready(&self) -> bool {
        !self.sorter.ready.is_empty()
    }

    /// What was read, oldest first, without paused partitions.
    pub(super) fn take(&mut self) -> Option<Read> {
        let Sorter { ready, slots, .. } = &mut self.sorter;
        let place = ready.iter().position(|&(index, _)| slots.get(index).is_some_and(|slot| !slot.paused))?;
        ready.remove(place).map(|(_, read)| read)
    }

    /// Waits up to `wait` for records; [`take`](Self::take) gives them.
    ///
    /// # Errors
    /// What came instead. What was read before stays to be taken, if the error is retryable.
    pub(super) fn fetch(&mut self, options: &KafkaOptions, wait: Duration) -> Result<(), LogError> {
        if self.renewed_at.elapsed() >= RENEW_INTERVAL {
            self.queue.renew();
            self.renewed_at = Instant::now();
        }
        self.sorter.bytes = 0;
        let mut left = self.sorter.records_max;
        let (mut wait, mut most) = (wait, 1);
        while left > 0 && self.sorter.bytes < self.sorter.bytes_max {
            let sorter = &mut self.sorter;
            let count = self.queue.fetch(wait, most.min(left), |message| sorter.accept(message));
            if count == 0 {
                break;
            }
            left -= count;
            (wait, most) = (Duration::ZERO, FETCH_MESSAGES);
        }
        self.sorter.hand_over();
        self.raise(options)
    }

    fn raise(&mut self, options: &KafkaOptions) -> Result<(), LogError> {
        if let Some(fatal) = &self.sorter.fatal {
            return Err(fatal.clone());
        }
        if std::mem::take(&mut self.sorter.lost) {
            // The log may have lost the marked record between the check and the fetch, which is no harm.
            let positions: Vec<_> = self
                .sorter
                .slots
                .iter()
                .map(|slot| (slot.partition.clone(), slot.cursor.position()))
                .collect();
            let paused = self.paused();
            if let Err(error) = self.begin(options, &positions) {
                self.sorter.lost = true;
                self.sorter.stop_at(&error);
                return Err(error);
            }
            self.pause(&paused)?;
        }
        if let Some((code, partition, detail)) = self.sorter.failure.take() {
            let reporter = self.consumer.client().context().reporter();
            let error = reporter.error_of_code("read", Some(&partition.topic), code, &detail);
            self.sorter.stop_at(&error);
            return Err(error);
        }
        Ok(())
    }

    fn paused(&self) -> Vec<TopicPartition> {
        let paused = self.sorter.slots.iter().filter(|slot| slot.paused);
        paused.map(|slot| slot.partition.clone()).collect()
    }

    pub(super) fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for slot in self.sorter.slots_of(partitions, false) {
            slot.paused = true;
            list.add_partition(&slot.partition.topic, slot.partition.partition.0);
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.consumer.pause(&list).map_err(|error| self.error("pause", &error))
    }

    /// Goes on with paused partitions. librdkafka would go on behind its own idea of the last message, and counts the end of
    /// a partition as one: so each is set to where it really stands.
    pub(super) fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        let mut places = Vec::new();
        for slot in self.sorter.slots_of(partitions, true) {
            slot.paused = false;
            list.add_partition(&slot.partition.topic, slot.partition.partition.0);
            places.push((slot.partition.clone(), slot.cursor.read_from()));
        }
        if list.count() == 0 {
            return Ok(());
        }
        self.consumer.resume(&list).map_err(|error| self.error("resume", &error))?;
        for (partition, offset) in places {
            self.consumer
                .seek(
                    &partition.topic,
                    partition.partition.0,
                    rdkafka::Offset::Offset(offset.0),
                    Duration::ZERO,
                )
                .map_err(|error| self.error("resume", &error))?;
        }
        Ok(())
    }

    pub(super) fn high_offset(&self, partition: &TopicPartition) -> Option<Offset> {
        let slot = self.sorter.slots.iter().find(|slot| slot.partition == *partition)?;
        let fetched = self.queue.high_offset(partition).map_or(slot.high, Offset);
        Some(fetched.max(slot.high).max(slot.cursor.position().next))
    }

    fn error(&self, action: &str, error: &rdkafka::error::KafkaError) -> LogError {
        self.consumer.client().context().reporter().error(action, error)
    }

    /// Lets librdkafka's events come through before anything is assigned.
    pub(super) fn serve_events(&self) {
        serve_events(&self.consumer);
    }
}

impl Slot {
    fn new(partition: &TopicPartition, cursor: Cursor, high: Offset) -> Self {
        Self {
            partition: partition.clone(),
            cursor,
            high,
            paused: false,
            pending: None,
            end: None,
            touched: false,
            usual: (0, 0),
        }
    }
}

impl Sorter {
    fn new(records_max: usize, bytes_max: usize) -> Self {
        Self {
            records_max,
            bytes_max,
            slots: Vec::new(),
            by_address: HashMap::new(),
            last: (0, -1, 0),
            ready: VecDeque::new(),
            touched: Vec::new(),
            bytes: 0,
            lost: false,
            failure: None,
            fatal: None,
        }
    }

    fn restart(&mut self, slots: Vec<Slot>) {
        *self = Self { slots, ..Self::new(self.records_max, self.bytes_max) };
    }

    /// Remembers an error after which reading on would skip something.
    fn stop_at(&mut self, error: &LogError) {
        if !error.is_retryable() {
            self.fatal = Some(error.clone());
        }
    }

    fn slots_of<'a>(
        &'a mut self,
        partitions: &'a [TopicPartition],
        paused: bool,
    ) -> impl Iterator<Item = &'a mut Slot> {
        self.slots
            .iter_mut()
            .filter(move |slot| slot.paused == paused && partitions.contains(&slot.partition))
    }

    fn slot_of(&mut self, message: &Message<'_>) -> Option<usize> {
        let (address, partition) = (message.topic_address(), message.partition());
        if (address, partition) == (self.last.0, self.last.1) {
            return Some(self.last.2);
        }
        let index = match self.by_address.get(&(address, partition)) {
            Some(&index) => index,
            None => {
                let topic = message.topic();
                self.slots.iter().position(|slot| {
                    slot.partition.partition.0 == partition && *slot.partition.topic == *topic
                })?
            }
        };
        // Errors may carry a topic object of their own, which goes with them.
        if message.error().is_none() {
            self.by_address.insert((address, partition), index);
            self.last = (address, partition, index);
        }
        Some(index)
    }

    fn accept(&mut self, message: &Message<'_>) {
        if self.fatal.is_some() {
            return;
        }
        let Some(index) = self.slot_of(message) else {
            return;
        };
        let offset = Offset(message.offset());
        let outcome = match message.error() {
            None => self.accept_record(index, offset, message),
            Some(RDKafkaErrorCode::PartitionEOF) => self.accept_end(index, offset),
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                self.accept_lost(index, message)
            }
            Some(code) => {
                let partition = self.slots[index].partition.clone();
                self.failure = Some((code, partition, message.error_text()));
                Ok(())
            }
        };
        if let Err(error) = outcome {
            self.fatal = Some(error);
        }
    }

    fn accept_record(&mut self, index: usize, offset: Offset, message: &Message<'_>) -> Result<(), LogError> {
        let slot = &mut self.slots[index];
        let record = NewRecord {
            timestamp_millis: message.timestamp_millis(),
            key: message.key(),
            value: message.value(),
            headers: &[],
        };
        let mark = || RecordMark::of_parts(offset, record.timestamp_millis, record.key, record.value);
        if !slot.cursor.admit(&slot.partition, offset, mark)? {
            return Ok(());
        }
        slot.end = None;
        let bytes = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        self.bytes += bytes;
        if let Some(full) = slot.pending.take_if(|batch| batch.byte_count() + bytes > self.bytes_max) {
            self.ready.push_back((index, Read::Records(full)));
        }
        let batch = slot.pending.get_or_insert_with(|| {
            RecordBatch::with_capacity(slot.partition.clone(), slot.usual.0, slot.usual.1)
        });
        batch.push_with(offset, record, |put| message.headers(put));
        self.touch(index);
        Ok(())
    }

    fn accept_end(&mut self, index: usize, offset: Offset) -> Result<(), LogError> {
        let slot = &mut self.slots[index];
        slot.end = Some(slot.cursor.admit_end(&slot.partition, offset)?);
        self.touch(index);
        Ok(())
    }

    /// The log does not hold the offset that was asked for. Whether it matters is seen by asking for what it does hold,
    /// except where librdkafka has seen that the end was cut off: by now there may be other records.
    fn accept_lost(&mut self, index: usize, message: &Message<'_>) -> Result<(), LogError> {
        let text = message.error_text();
        tracing::warn!(partition = %self.slots[index].partition, "{text}");
        if text.to_lowercase().contains("truncation") {
            let slot = &self.slots[index];
            return Err(LogError::LogChanged {
                partition: slot.partition.clone(),
                needed: slot.cursor.position().next,
                problem: OffsetProblem::CutOff,
            });
        }
        self.lost = true;
        Ok(())
    }

    fn touch(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if !slot.touched {
            slot.touched = true;
            self.touched.push(index);
        }
    }

    /// Makes what has come ready to be taken.
    fn hand_over(&mut self) {
        for index in self.touched.drain(..) {
            let slot = &mut self.slots[index];
            slot.touched = false;
            if let Some(batch) = slot.pending.take() {
                slot.usual = (batch.len(), batch.byte_count());
                self.ready.push_back((index, Read::Records(batch)));
            }
            if let Some(end) = slot.end.take() {
                self.ready.push_back((index, Read::End(slot.partition.clone(), end)));
            }
        }
    }
}
