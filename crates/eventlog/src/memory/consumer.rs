//! A member of a group in memory.

use std::time::{Duration, Instant};

use model::Offset;

use super::group::{Event, MemoryGroup};
use super::store::{MemoryLog, State};
use crate::cursor::Cursor;
use crate::error::LogError;
use crate::log::{Delivery, LogConsumer, StartPosition, TopicPartition};

const BATCH_RECORDS_MAX: usize = 1_000;

/// A member of a [`MemoryGroup`]. Dropping it leaves the group.
pub struct MemoryConsumer {
    log: MemoryLog,
    group: MemoryGroup,
    member: u64,
    batch_records_max: usize,
    slots: Vec<Slot>,
    /// The slot that is looked at first, so that each gets its turn.
    turn: usize,
    /// An error after which the consumer does not go on.
    fatal: Option<LogError>,
}

struct Slot {
    partition: TopicPartition,
    cursor: Cursor,
    paused: bool,
    /// The end that was last told.
    told_end: Option<Offset>,
}

impl MemoryConsumer {
    pub(super) fn new(log: MemoryLog, group: MemoryGroup, member: u64) -> Self {
        Self {
            log,
            group,
            member,
            batch_records_max: BATCH_RECORDS_MAX,
            slots: Vec::new(),
            turn: 0,
            fatal: None,
        }
    }

    /// Sets the most records in a delivery; at least 1, and 1 000 if not set.
    #[must_use]
    pub fn with_batch_records_max(mut self, records: usize) -> Self {
        self.batch_records_max = records.max(1);
        self
    }

    /// What there is to tell without waiting.
    fn look(&mut self, state: &mut State) -> Result<Option<Delivery>, LogError> {
        let event = state.groups.get_mut(self.group.name()).and_then(|group| group.next_event(self.member));
        match event {
            Some(Event::Assigned(partitions)) => return Ok(Some(Delivery::Assigned(partitions))),
            Some(Event::Revoked(partitions)) => return Ok(Some(Delivery::Revoked(partitions))),
            None => {}
        }
        let count = self.slots.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let slot = &mut self.slots[index];
            if slot.paused {
                continue;
            }
            if let Some(delivery) = slot.look(state, self.batch_records_max)? {
                // The end of a partition follows its records at once.
                self.turn = if matches!(delivery, Delivery::End(..)) { index + 1 } else { index };
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }

    fn slots_of<'a>(&'a mut self, partitions: &'a [TopicPartition]) -> impl Iterator<Item = &'a mut Slot> {
        self.slots.iter_mut().filter(|slot| partitions.contains(&slot.partition))
    }
}

impl Slot {
    fn look(&mut self, state: &State, records_max: usize) -> Result<Option<Delivery>, LogError> {
        if let Some(batch) = state.read(&self.partition, &mut self.cursor, records_max)? {
            return Ok(Some(Delivery::Records(batch)));
        }
        let (_, high) = state.offsets(&self.partition)?;
        let end = self.cursor.admit_end(&self.partition, high)?;
        if self.told_end == Some(end) {
            return Ok(None);
        }
        self.told_end = Some(end);
        Ok(Some(Delivery::End(self.partition.clone(), end)))
    }
}

impl LogConsumer for MemoryConsumer {
    fn next(&mut self, wait: Duration) -> Result<Delivery, LogError> {
        if let Some(fatal) = &self.fatal {
            return Err(fatal.clone());
        }
        let deadline = Instant::now() + wait;
        let log = self.log.clone();
        let mut state = log.lock();
        loop {
            let found = self.look(&mut state).inspect_err(|error| {
                self.fatal = Some(error.clone());
            })?;
            if let Some(delivery) = found {
                return Ok(delivery);
            }
            if !log.wait(&mut state, deadline) {
                return Ok(Delivery::Idle);
            }
        }
    }

    fn begin(&mut self, positions: Vec<(TopicPartition, StartPosition)>) -> Result<(), LogError> {
        let state = self.log.lock();
        let mut slots = Vec::with_capacity(positions.len());
        for (partition, position) in positions {
            let (low, high) = state.offsets(&partition)?;
            slots.push(Slot {
                cursor: Cursor::open(&partition, position, low, high)?,
                partition,
                paused: false,
                told_end: None,
            });
        }
        drop(state);
        self.slots = slots;
        self.turn = 0;
        self.fatal = None;
        Ok(())
    }

    fn release(&mut self) -> Result<(), LogError> {
        self.slots.clear();
        self.group.release(self.member);
        Ok(())
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        if let Some(group) = self.log.lock().groups.get_mut(self.group.name()) {
            group.commit(positions);
        }
        Ok(())
    }

    fn cluster_id(&self) -> Option<&str> {
        Some("memory")
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.slots_of(partitions).for_each(|slot| slot.paused = true);
        Ok(())
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.slots_of(partitions).for_each(|slot| slot.paused = false);
        Ok(())
    }

    fn high_offset(&self, partition: &TopicPartition) -> Option<Offset> {
        self.slots.iter().find(|slot| slot.partition == *partition)?;
        self.log.offsets(partition).ok().map(|(_, high)| high)
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.group.leave(self.member);
    }
}
