//! Reading a topic in memory whole.

use std::time::{Duration, Instant};

use model::TopicName;

use super::store::{MemoryLog, State};
use crate::cursor::Cursor;
use crate::error::LogError;
use crate::log::{StartPosition, TopicPartition, TopicRead, TopicReader};

const BATCH_RECORDS_MAX: usize = 1_000;

/// Reads all partitions of a topic from their start and follows them.
pub struct MemoryReader {
    log: MemoryLog,
    partitions: Vec<(TopicPartition, Cursor)>,
    told_caught_up: bool,
}

impl MemoryReader {
    /// Begins to read.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] if there is no such topic.
    pub fn new(log: &MemoryLog, topic: &TopicName) -> Result<Self, LogError> {
        let state = log.lock();
        let count = state
            .partition_count(topic)
            .ok_or_else(|| LogError::UnknownTopic { topic: topic.to_string() })?;
        let mut partitions = Vec::with_capacity(count);
        for number in (0..).take(count) {
            let partition = TopicPartition::new(topic.clone(), number);
            let (low, high) = state.offsets(&partition)?;
            let cursor = Cursor::open(&partition, StartPosition::at(low), low, high)?;
            partitions.push((partition, cursor));
        }
        drop(state);
        Ok(Self { log: log.clone(), partitions, told_caught_up: false })
    }

    fn look(&mut self, state: &State) -> Result<Option<TopicRead>, LogError> {
        for (partition, cursor) in &mut self.partitions {
            if let Some(batch) = state.read(partition, cursor, BATCH_RECORDS_MAX)? {
                return Ok(Some(TopicRead::Records(batch)));
            }
        }
        if self.told_caught_up {
            return Ok(None);
        }
        self.told_caught_up = true;
        Ok(Some(TopicRead::CaughtUp))
    }
}

impl TopicReader for MemoryReader {
    fn next(&mut self, wait: Duration) -> Result<TopicRead, LogError> {
        let deadline = Instant::now() + wait;
        let log = self.log.clone();
        let mut state = log.lock();
        loop {
            if let Some(read) = self.look(&state)? {
                return Ok(read);
            }
            if !log.wait(&mut state, deadline) {
                return Ok(TopicRead::Idle);
            }
        }
    }
}
