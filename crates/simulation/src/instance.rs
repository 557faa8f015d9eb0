//! One instance of the service: its membership, its processes, its board. It does what the runtime's coordinator and
//! workers do, when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use board::Board;
use eventlog::{Delivery, LogConsumer, MemoryConsumer, RecordBatch, TopicPartition};
use model::{Offset, PartitionId};
use runtime::{PartitionProcess, Progress};

use crate::fault::Fault;
use crate::site::{Anything, Site, topic_names};

/// What a process still has to do.
enum Task {
    /// From the record of an index on.
    Records(RecordBatch, usize),
    End(TopicPartition, Offset),
}

/// A process and what waits for it.
pub(crate) struct Held {
    pub(crate) process: PartitionProcess,
    waiting: VecDeque<Task>,
}

impl Held {
    /// Does what waits, as far as dead letters are taken; whether anything was done.
    pub(crate) fn work(&mut self, site: &mut Site) -> bool {
        let mut has_worked = false;
        while let Some(task) = self.waiting.front_mut() {
            match task {
                Task::Records(batch, from) => {
                    if let Progress::Stopped { at, .. } = self.process.fold(batch, *from) {
                        site.faults.note(Fault::RefuseLetter);
                        let has_moved = at > *from;
                        *from = at;
                        return has_worked || has_moved;
                    }
                }
                Task::End(source, end) => self.process.reached_end(source, *end),
            }
            has_worked = true;
            self.waiting.pop_front();
        }
        has_worked
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// An instance; without a consumer it hangs, and others may own what it holds.
pub(crate) struct Instance {
    pub(crate) board: Arc<Board>,
    pub(crate) held: BTreeMap<PartitionId, Held>,
    consumer: Option<MemoryConsumer>,
}

impl Instance {
    /// An instance that joins with an empty board.
    pub(crate) fn new(site: &Site) -> Result<Self, Anything> {
        Ok(Self { board: site.board()?, held: BTreeMap::new(), consumer: Some(site.join()) })
    }

    pub(crate) const fn is_member(&self) -> bool {
        self.consumer.is_some()
    }

    /// Takes the next delivery and acts on it; whether there was one.
    pub(crate) fn deliver(&mut self, site: &mut Site) -> Result<bool, Anything> {
        let Some(consumer) = &mut self.consumer else {
            return Ok(false);
        };
        match consumer.next(Duration::ZERO)? {
            Delivery::Assigned(partitions) => self.assign(site, &partitions)?,
            Delivery::Revoked(_) => {
                site.faults.note(Fault::Revoke);
                for held in self.held.values_mut() {
                    held.waiting.clear();
                    held.process.publish(site.now());
                }
                consumer.release()?;
            }
            Delivery::Records(batch) => self.hand_over(site, batch.partition(), Task::Records(batch, 0))?,
            Delivery::End(source, end) => self.hand_over(site, source.partition, Task::End(source, end))?,
            Delivery::Idle => return Ok(false),
        }
        Ok(true)
    }

    fn assign(&mut self, site: &mut Site, assigned: &[TopicPartition]) -> Result<(), Anything> {
        self.let_go(site, |number| !assigned.iter().any(|source| source.partition == number))?;
        for source in assigned {
            if let Some(held) = self.held.get_mut(&source.partition) {
                held.waiting.clear();
                site.faults.note(Fault::GoOnFromMemory);
            } else {
                let process = site.process(source.partition, &self.board)?;
                self.held.insert(source.partition, Held { process, waiting: VecDeque::new() });
            }
        }
        let positions = self.held.iter().flat_map(|(&partition, held)| {
            let source = move |topic: &model::TopicName| TopicPartition { topic: topic.clone(), partition };
            held.process.positions().map(move |(topic, position)| (source(topic), position))
        });
        let positions = positions.collect();
        self.consumer.as_mut().ok_or("assigned without a membership")?.begin(positions)?;
        Ok(())
    }

    /// Lets go of some partitions: a last snapshot, and their numbers leave the board.
    fn let_go(&mut self, site: &mut Site, is_leaving: impl Fn(PartitionId) -> bool) -> Result<(), Anything> {
        let leaving: Vec<PartitionId> =
            self.held.keys().copied().filter(|&number| is_leaving(number)).collect();
        for number in leaving {
            if let Some(mut held) = self.held.remove(&number) {
                site.take_image(&mut held.process)?;
                held.process.retract();
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, site: &mut Site, number: PartitionId, task: Task) -> Result<(), Anything> {
        let held = self.held.get_mut(&number).ok_or("a delivery for a partition that is not held")?;
        held.waiting.push_back(task);
        held.work(site);
        if held.is_waiting() {
            self.consumer.iter_mut().try_for_each(|consumer| consumer.pause(&sources(number)))?;
        }
        Ok(())
    }

    /// Does what waits; partitions without anything waiting are read again. Whether anything was done.
    pub(crate) fn work(&mut self, site: &mut Site) -> Result<bool, Anything> {
        let mut has_worked = false;
        for (&number, held) in &mut self.held {
            has_worked |= held.work(site);
            if let Some(consumer) = &mut self.consumer
                && !held.is_waiting()
            {
                consumer.resume(&sources(number))?;
            }
        }
        Ok(has_worked)
    }

    /// Loses the membership without knowing, with deliveries on the way.
    pub(crate) fn hang(&mut self, deliveries: usize) -> Result<(), Anything> {
        if let Some(mut consumer) = self.consumer.take() {
            for _ in 0..deliveries {
                let (number, task) = match consumer.next(Duration::ZERO)? {
                    Delivery::Records(batch) => (batch.partition(), Task::Records(batch, 0)),
                    Delivery::End(source, end) => (source.partition, Task::End(source, end)),
                    Delivery::Assigned(_) | Delivery::Revoked(_) | Delivery::Idle => break,
                };
                if let Some(held) = self.held.get_mut(&number) {
                    held.waiting.push_back(task);
                }
            }
        }
        Ok(())
    }

    /// Joins again with what is in memory.
    pub(crate) fn wake(&mut self, site: &Site) {
        self.consumer = Some(site.join());
    }

    /// Leaves in order.
    pub(crate) fn leave(mut self, site: &mut Site) -> Result<(), Anything> {
        for held in self.held.values_mut() {
            held.process.publish(site.now());
        }
        self.let_go(site, |_| true)
    }
}

fn sources(number: PartitionId) -> Vec<TopicPartition> {
    topic_names().into_iter().map(|topic| TopicPartition { topic, partition: number }).collect()
}
