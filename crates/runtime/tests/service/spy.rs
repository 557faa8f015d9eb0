//! A consumer of the log in memory that does as a script says, and tells what was asked of it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventlog::{Delivery, LogConsumer, LogError, MemoryConsumer, MemoryGroup, StartPosition, TopicPartition};
use model::Offset;

/// What consumers are to do, and what they were told to.
pub(crate) struct Script {
    /// Errors of the next attempts to connect; the last one first.
    pub(crate) refusals: Mutex<Vec<LogError>>,
    /// Errors of the next calls of `next`; the last one first.
    pub(crate) failures: Mutex<Vec<LogError>>,
    /// The cluster that consumers find themselves in when they join.
    pub(crate) cluster_id: Mutex<&'static str>,
    /// The most records in a batch.
    pub(crate) batch_records_max: AtomicU64,
    /// How many records more there seem to be than there are.
    pub(crate) phantom_records: AtomicI64,
    pub(crate) pauses: AtomicU64,
    pub(crate) resumes: AtomicU64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            refusals: Mutex::default(),
            failures: Mutex::default(),
            cluster_id: Mutex::new("one"),
            batch_records_max: AtomicU64::new(1_000),
            phantom_records: AtomicI64::new(0),
            pauses: AtomicU64::new(0),
            resumes: AtomicU64::new(0),
        }
    }
}

pub(crate) struct Spy {
    inner: MemoryConsumer,
    script: Arc<Script>,
    cluster_id: &'static str,
}

impl Spy {
    pub(crate) fn join(group: &MemoryGroup, script: &Arc<Script>) -> Self {
        let records = usize::try_from(script.batch_records_max.load(Ordering::Relaxed)).unwrap();
        Self {
            inner: group.join().with_batch_records_max(records),
            script: script.clone(),
            cluster_id: *script.cluster_id.lock().unwrap(),
        }
    }
}

impl LogConsumer for Spy {
    fn next(&mut self, wait: Duration) -> Result<Delivery, LogError> {
        match self.script.failures.lock().unwrap().pop() {
            Some(error) => Err(error),
            None => self.inner.next(wait),
        }
    }

    fn begin(&mut self, positions: Vec<(TopicPartition, StartPosition)>) -> Result<(), LogError> {
        self.inner.begin(positions)
    }

    fn release(&mut self) -> Result<(), LogError> {
        self.inner.release()
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.inner.commit(positions)
    }

    fn cluster_id(&self) -> Option<&str> {
        Some(self.cluster_id)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.script.pauses.fetch_add(1, Ordering::Relaxed);
        self.inner.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.script.resumes.fetch_add(1, Ordering::Relaxed);
        self.inner.resume(partitions)
    }

    fn high_offset(&self, partition: &TopicPartition) -> Option<Offset> {
        let phantom_records = self.script.phantom_records.load(Ordering::Relaxed);
        self.inner.high_offset(partition).map(|high| Offset(high.0 + phantom_records))
    }
}
