//! A consumer with the bookkeeping that its user is to do: answers, positions, what was seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::{Offset, TopicName};

use super::Harness;
use crate::error::LogError;
use crate::log::{Delivery, LogConsumer, RecordMark, StartPosition, TopicPartition};
use crate::record::{NewRecord, RecordBatch};

const STEP: Duration = Duration::from_millis(20);

/// A record that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) partition: TopicPartition,
    pub(super) offset: i64,
    pub(super) value: Vec<u8>,
    pub(super) mark: RecordMark,
}

/// Positions that members hand over to each other, as snapshots do.
pub(super) type Positions = BTreeMap<TopicPartition, StartPosition>;

pub(super) struct Member<C> {
    pub(super) consumer: C,
    /// What it has; none before the first assignment and after a revocation.
    pub(super) assigned: Option<Vec<TopicPartition>>,
    pub(super) seen: Vec<Seen>,
    pub(super) ends: BTreeMap<TopicPartition, Offset>,
    pub(super) batches: usize,
    left_out: Vec<TopicPartition>,
}

impl<C: LogConsumer> Member<C> {
    pub(super) fn join<H: Harness<Consumer = C>>(harness: &H, group: &str, topics: &[TopicName]) -> Self {
        Self {
            consumer: must(harness.consumer(group, topics)),
            assigned: None,
            seen: Vec::new(),
            ends: BTreeMap::new(),
            batches: 0,
            left_out: Vec::new(),
        }
    }

    pub(super) fn leaving_out(mut self, partition: &TopicPartition) -> Self {
        self.left_out.push(partition.clone());
        self
    }

    /// Takes one delivery and answers it; whether there was one.
    pub(super) fn step(&mut self, positions: &mut Positions) -> Result<bool, LogError> {
        match self.consumer.next(STEP)? {
            Delivery::Assigned(partitions) => {
                assert_eq!(self.assigned, None, "assigned twice without a revocation");
                let begin = partitions
                    .iter()
                    .filter(|partition| !self.left_out.contains(partition))
                    .map(|partition| {
                        let position = positions.get(partition).copied().unwrap_or_default();
                        (partition.clone(), position)
                    })
                    .collect();
                self.assigned = Some(partitions);
                self.consumer.begin(begin)?;
            }
            Delivery::Revoked(partitions) => {
                let had = self.assigned.take();
                assert_eq!(had, Some(partitions), "revoked is what was assigned");
                self.consumer.release()?;
            }
            Delivery::Records(batch) => self.take(&batch, positions),
            Delivery::End(partition, offset) => {
                assert!(self.has(&partition), "the end of {partition}, which is not assigned");
                self.ends.insert(partition, offset);
            }
            Delivery::Idle => return Ok(false),
        }
        Ok(true)
    }

    fn has(&self, partition: &TopicPartition) -> bool {
        self.assigned.as_ref().is_some_and(|assigned| assigned.contains(partition))
    }

    fn take(&mut self, batch: &RecordBatch, positions: &mut Positions) {
        let partition = batch.source();
        assert!(self.has(partition), "records of {partition}, which is not assigned");
        assert!(!batch.is_empty(), "a delivery without records");
        self.batches += 1;
        for record in batch.iter() {
            let position = positions.entry(partition.clone()).or_default();
            assert!(
                record.offset >= position.next,
                "{} came after {}",
                partition.at(record.offset),
                position.next
            );
            let mark = RecordMark::of(&record);
            *position = StartPosition { next: record.offset.next(), last: Some(mark) };
            self.seen.push(Seen {
                partition: partition.clone(),
                offset: record.offset.0,
                value: record.value.unwrap_or_default().to_vec(),
                mark,
            });
        }
        assert_eq!(Some(batch.next_offset()), positions.get(partition).map(|position| position.next));
    }

    /// Steps until something is so.
    pub(super) fn until<H: Harness>(
        &mut self,
        harness: &H,
        positions: &mut Positions,
        what: &str,
        mut so: impl FnMut(&Self) -> bool,
    ) {
        let deadline = Instant::now() + harness.patience();
        while !so(self) {
            assert!(Instant::now() < deadline, "waited too long for {what}: {}", self.summary());
            retryable(self.step(positions));
        }
    }

    /// Steps until all partitions that it reads have been read to their end.
    pub(super) fn until_ends<H: Harness>(&mut self, harness: &H, positions: &mut Positions) {
        self.until(harness, positions, "the ends of all partitions", |member| {
            member.assigned.as_ref().is_some_and(|assigned| {
                assigned
                    .iter()
                    .filter(|partition| !member.left_out.contains(partition))
                    .all(|partition| member.ends.contains_key(partition))
            })
        });
    }

    /// Steps until the first end.
    ///
    /// # Errors
    /// An error that is not to be retried, if one comes before.
    pub(super) fn until_end_or_error<H: Harness>(
        &mut self,
        harness: &H,
        positions: &mut Positions,
    ) -> Result<(), LogError> {
        let deadline = Instant::now() + harness.patience();
        while self.ends.is_empty() {
            assert!(Instant::now() < deadline, "waited too long: {}", self.summary());
            match self.step(positions) {
                Err(error) if !error.is_retryable() => return Err(error),
                outcome => retryable(outcome),
            }
        }
        Ok(())
    }

    /// The offsets seen of a partition, in order.
    pub(super) fn offsets(&self, partition: &TopicPartition) -> Vec<i64> {
        self.seen.iter().filter(|seen| seen.partition == *partition).map(|seen| seen.offset).collect()
    }

    fn summary(&self) -> String {
        format!(
            "assigned {:?}, {} records in {} deliveries, ends {:?}",
            self.assigned,
            self.seen.len(),
            self.batches,
            self.ends
        )
    }
}

fn retryable(outcome: Result<bool, LogError>) {
    if let Err(error) = outcome {
        assert!(error.is_retryable(), "{error}");
    }
}

/// The value, or a panic with the error's words.
pub(super) fn must<T>(outcome: Result<T, LogError>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}

/// Appends this many records whose values are a label and their number from `first` on.
pub(super) fn append_numbered<H: Harness>(
    harness: &H,
    partition: &TopicPartition,
    label: &str,
    numbers: std::ops::Range<usize>,
) {
    let values: Vec<_> = numbers.map(|number| format!("{label}-{number}")).collect();
    let records: Vec<_> = values
        .iter()
        .map(|value| NewRecord {
            timestamp_millis: Some(1_700_000_000_000),
            key: Some(b"key"),
            value: Some(value.as_bytes()),
            headers: &[],
        })
        .collect();
    harness.append(partition, &records);
}
