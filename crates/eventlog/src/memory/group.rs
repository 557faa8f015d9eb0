//! Groups: who of several members reads which partitions.
//!
//! Eager, like Kafka's: when a member comes or goes, everybody gives back all partitions, and when all have, the partitions
//! are dealt out anew by the range assignor, so that partitions of one number go to one member (`LOG-3`).

use std::collections::{BTreeMap, VecDeque};

use model::{Offset, TopicName};

use super::consumer::MemoryConsumer;
use super::store::MemoryLog;
use crate::error::LogError;
use crate::log::TopicPartition;

/// A group of members that share the partitions of some topics. Clones are the same group.
#[derive(Clone)]
pub struct MemoryGroup {
    log: MemoryLog,
    name: String,
    topics: Vec<TopicName>,
}

#[derive(Default)]
pub(super) struct GroupState {
    members: BTreeMap<u64, Member>,
    joined: u64,
    committed: BTreeMap<TopicPartition, Offset>,
}

#[derive(Default)]
struct Member {
    events: VecDeque<Event>,
    /// What it has and has not given back.
    holds: Option<Vec<TopicPartition>>,
}

/// What a member is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
}

impl GroupState {
    /// Asks everybody for their partitions back.
    fn rebalance(&mut self, partitions: usize, topics: &[TopicName]) {
        for member in self.members.values_mut() {
            match member.events.pop_back() {
                // It never heard of these.
                Some(Event::Assigned(_)) => member.holds = None,
                Some(revoked) => member.events.push_back(revoked),
                None => member.events.extend(member.holds.clone().map(Event::Revoked)),
            }
        }
        self.deal_out(partitions, topics);
    }

    /// Deals the partitions out if nobody holds any.
    fn deal_out(&mut self, partitions: usize, topics: &[TopicName]) {
        if self.members.values().any(|member| member.holds.is_some()) {
            return;
        }
        let count = self.members.len();
        let mut from = 0;
        for (index, member) in self.members.values_mut().enumerate() {
            let share = partitions / count + usize::from(index < partitions % count);
            let mut given: Vec<_> = topics
                .iter()
                .flat_map(|topic| {
                    (0..)
                        .take(from + share)
                        .skip(from)
                        .map(|number| TopicPartition::new(topic.clone(), number))
                })
                .collect();
            given.sort();
            from += share;
            member.events.push_back(Event::Assigned(given.clone()));
            member.holds = Some(given);
        }
    }

    pub(super) fn next_event(&mut self, member: u64) -> Option<Event> {
        self.members.get_mut(&member)?.events.pop_front()
    }

    pub(super) fn commit(&mut self, positions: &[(TopicPartition, Offset)]) {
        self.committed.extend(positions.iter().cloned());
    }
}

impl MemoryGroup {
    /// The group of this name over these topics.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] or [`LogError::PartitionsDiffer`], as Kafka's consumer checks when it connects.
    pub fn new(log: &MemoryLog, name: &str, topics: &[TopicName]) -> Result<Self, LogError> {
        let mut counts = Vec::new();
        for topic in topics {
            let count = log
                .partition_count(topic)
                .ok_or_else(|| LogError::UnknownTopic { topic: topic.to_string() })?;
            counts.push((topic, count));
        }
        if counts.iter().any(|(_, count)| *count != counts[0].1) {
            let found: Vec<_> = counts.iter().map(|(topic, count)| format!("{topic} has {count}")).collect();
            return Err(LogError::PartitionsDiffer { found: found.join(", ") });
        }
        Ok(Self { log: log.clone(), name: name.to_owned(), topics: topics.to_vec() })
    }

    /// A new member. Dropping it leaves the group.
    #[must_use]
    pub fn join(&self) -> MemoryConsumer {
        let number = self.change(|group| {
            group.joined += 1;
            group.members.insert(group.joined, Member::default());
            group.joined
        });
        MemoryConsumer::new(self.log.clone(), self.clone(), number)
    }

    /// The offset that was last committed for a partition.
    #[must_use]
    pub fn committed(&self, partition: &TopicPartition) -> Option<Offset> {
        let state = self.log.lock();
        state.groups.get(&self.name)?.committed.get(partition).copied()
    }

    pub(super) fn leave(&self, member: u64) {
        self.change(|group| group.members.remove(&member));
    }

    /// Takes a member's partitions back.
    pub(super) fn release(&self, member: u64) {
        let mut state = self.log.lock();
        let partitions = self.partitions(&state);
        if let Some(group) = state.groups.get_mut(&self.name) {
            if let Some(member) = group.members.get_mut(&member) {
                member.holds = None;
            }
            group.deal_out(partitions, &self.topics);
        }
        drop(state);
        self.log.notify();
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn partitions(&self, state: &super::store::State) -> usize {
        self.topics.first().and_then(|topic| state.partition_count(topic)).unwrap_or(0)
    }

    fn change<T>(&self, change: impl FnOnce(&mut GroupState) -> T) -> T {
        let mut state = self.log.lock();
        let partitions = self.partitions(&state);
        let group = state.groups.entry(self.name.clone()).or_default();
        let changed = change(group);
        group.rebalance(partitions, &self.topics);
        drop(state);
        self.log.notify();
        changed
    }
}
