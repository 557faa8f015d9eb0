//! A member of a Kafka consumer group.
//!
//! Membership is eager and by the range assignor over all event topics, which gives partitions of one number to one member
//! as long as the topics have equally many (`LOG-3`). The rebalance callback only notes what happened; the caller of
//! [`LogConsumer::next`] answers when it is ready, and librdkafka keeps the member alive until then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::{Offset, TopicName};
use parking_lot::Mutex;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;

use super::batch::Message;
use super::connection::{
    Reporter, Reports, cluster_of, error_event, log_line, partition_count, refused, serve_events,
};
use super::options::KafkaOptions;
use super::reading::{Read, Reading};
use crate::error::LogError;
use crate::log::{Delivery, LogConsumer, StartPosition, TopicPartition};

/// The longest wait for records in which news of membership may be late.
const MEMBERSHIP_INTERVAL: Duration = Duration::from_millis(50);
/// Events that are served before records are read again.
const EVENTS_PER_TURN: usize = 2;

enum MembershipEvent {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
}

/// Notes what happens to the membership.
struct Membership {
    reporter: Reporter,
    events: Mutex<VecDeque<MembershipEvent>>,
    closing: AtomicBool,
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        error_event(&self.reporter, &error, reason);
    }
}

impl Reports for Membership {
    fn reporter(&self) -> &Reporter {
        &self.reporter
    }
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.closing.load(Ordering::Acquire) {
            // Nobody will answer any more, and closing waits for an answer.
            if let Err(error) = consumer.unassign() {
                tracing::warn!("giving partitions back while closing: {error}");
            }
            return;
        }
        let partitions = listed(partitions);
        let event = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            MembershipEvent::Assigned(partitions)
        } else {
            MembershipEvent::Revoked(partitions)
        };
        self.events.lock().push_back(event);
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            // Only lag tools read these; the next commit makes up for it.
            tracing::warn!("telling the group how far it has come: {error}");
        }
    }
}

fn listed(partitions: &TopicPartitionList) -> Vec<TopicPartition> {
    let mut listed: Vec<_> = partitions
        .elements()
        .iter()
        .map(|element| TopicPartition::new(element.topic(), element.partition()))
        .collect();
    listed.sort();
    listed
}

/// A member of a Kafka consumer group that reads all event topics.
///
/// Dropping it leaves the group, which takes as long as a request to the broker.
pub struct KafkaConsumer {
    // Before the client, which must outlive it.
    reading: Reading<Membership>,
    consumer: Arc<BaseConsumer<Membership>>,
    options: KafkaOptions,
    topics: Vec<TopicName>,
    cluster_id: Option<String>,
    assigned: bool,
}

impl KafkaConsumer {
    /// Connects, with growing pauses, until `connect_timeout_ms` are over; checks the topics and joins the group.
    ///
    /// # Errors
    /// [`LogError::Configuration`], [`LogError::Unreachable`], [`LogError::Authentication`],
    /// [`LogError::UnknownTopic`], or [`LogError::PartitionsDiffer`] if the topics have unequally many partitions.
    pub fn connect(options: &KafkaOptions, topics: &[TopicName]) -> Result<Self, LogError> {
        Self::connect_until(options, topics, &Arc::default())
    }

    /// The same, which gives up within seconds once `stop` is set, now and whenever it waits for brokers later.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_until(
        options: &KafkaOptions,
        topics: &[TopicName],
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, LogError> {
        options.check()?;
        let context = Membership {
            reporter: Reporter::until(options, stop),
            events: Mutex::new(VecDeque::new()),
            closing: AtomicBool::new(false),
        };
        let consumer: BaseConsumer<Membership> =
            options.group_reader().create_with_context(context).map_err(|error| refused(&error))?;
        let cluster_id = cluster_of(options, &consumer)?;
        check_topics(options, &consumer, topics)?;
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        consumer
            .subscribe(&names)
            .map_err(|error| consumer.client().context().reporter().error("subscribe", &error))?;
        let consumer = Arc::new(consumer);
        Ok(Self {
            reading: Reading::new(options, Arc::clone(&consumer))?,
            consumer,
            options: options.clone(),
            topics: topics.to_vec(),
            cluster_id,
            assigned: false,
        })
    }

    /// Lets events of membership and errors come through.
    fn serve(&mut self, wait: Duration) -> Result<Option<Delivery>, LogError> {
        for turn in 0..EVENTS_PER_TURN {
            let wait = if turn == 0 { wait } else { Duration::ZERO };
            match self.consumer.poll(wait) {
                None => {}
                Some(Ok(message)) => self.reading.accept(&Message::of(&message)),
                Some(Err(error)) => self.take_error(&error)?,
            }
        }
        if let Some(failure) = self.consumer.client().context().reporter.take_failure() {
            return Err(failure);
        }
        let event = self.consumer.client().context().events.lock().pop_front();
        match event {
            None => Ok(None),
            Some(MembershipEvent::Assigned(partitions)) => {
                self.check_assignment(&partitions)?;
                Ok(Some(Delivery::Assigned(partitions)))
            }
            Some(MembershipEvent::Revoked(partitions)) => {
                self.reading.discard();
                Ok(Some(Delivery::Revoked(partitions)))
            }
        }
    }

    /// Errors that are not of one partition. Those of connections come through the reporter.
    fn take_error(&self, error: &KafkaError) -> Result<(), LogError> {
        let reporter = &self.consumer.client().context().reporter;
        let failure = match error {
            KafkaError::PartitionEOF(_) => return Ok(()),
            KafkaError::MessageConsumptionFatal(code) => {
                LogError::Other { action: "read".to_owned(), detail: code.to_string(), retryable: false }
            }
            KafkaError::MessageConsumption(RDKafkaErrorCode::PollExceeded) => {
                tracing::warn!(
                    "the partitions are given to others, since this member was silent for too long; it joins again"
                );
                return Ok(());
            }
            other => reporter.error("read", other),
        };
        if failure.is_retryable() {
            tracing::debug!("{failure}");
            return Ok(());
        }
        Err(failure)
    }

    /// Partitions of one number must have come together: a topic may have grown since the start.
    fn check_assignment(&self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let mut numbers: BTreeMap<&str, BTreeSet<i32>> =
            self.topics.iter().map(|topic| (&**topic, BTreeSet::new())).collect();
        for partition in partitions {
            numbers.entry(&partition.topic).or_default().insert(partition.partition.0);
        }
        let mut sets = numbers.values();
        let first = sets.next();
        if sets.all(|set| Some(set) == first) {
            return Ok(());
        }
        let found: Vec<_> = numbers.iter().map(|(topic, numbers)| format!("{topic} {numbers:?}")).collect();
        Err(LogError::PartitionsDiffer { found: format!("this member was given {}", found.join(", ")) })
    }
}

fn check_topics(
    options: &KafkaOptions,
    consumer: &BaseConsumer<Membership>,
    topics: &[TopicName],
) -> Result<(), LogError> {
    if topics.is_empty() {
        return Err(LogError::Configuration {
            option: "topics".to_owned(),
            problem: "there is none; expected at least one event topic".to_owned(),
        });
    }
    let mut counts = Vec::with_capacity(topics.len());
    for topic in topics {
        counts.push((topic, partition_count(options, consumer, topic)?));
    }
    serve_events(consumer);
    if counts.iter().all(|(_, count)| *count == counts[0].1) {
        return Ok(());
    }
    let found: Vec<_> = counts.iter().map(|(topic, count)| format!("{topic} has {count}")).collect();
    Err(LogError::PartitionsDiffer { found: found.join(", ") })
}

impl LogConsumer for KafkaConsumer {
    fn next(&mut self, wait: Duration) -> Result<Delivery, LogError> {
        let deadline = Instant::now() + wait;
        let mut silence = Duration::ZERO;
        loop {
            if let Some(delivery) = self.serve(silence)? {
                return Ok(delivery);
            }
            match self.reading.take() {
                Some(Read::Records(batch)) => return Ok(Delivery::Records(batch)),
                Some(Read::End(partition, offset)) => return Ok(Delivery::End(partition, offset)),
                None => {}
            }
            let left = deadline.saturating_duration_since(Instant::now()).min(MEMBERSHIP_INTERVAL);
            if self.assigned {
                self.reading.fetch(&self.options, left)?;
                if let Some(read) = self.reading.take() {
                    return Ok(match read {
                        Read::Records(batch) => Delivery::Records(batch),
                        Read::End(partition, offset) => Delivery::End(partition, offset),
                    });
                }
            } else {
                silence = left;
            }
            if left.is_zero() {
                return Ok(Delivery::Idle);
            }
        }
    }

    fn begin(&mut self, positions: Vec<(TopicPartition, StartPosition)>) -> Result<(), LogError> {
        self.reading.begin(&self.options, &positions)?;
        self.assigned = true;
        Ok(())
    }

    fn release(&mut self) -> Result<(), LogError> {
        self.assigned = false;
        self.reading.end()
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        if positions.is_empty() {
            return Ok(());
        }
        let reporter = &self.consumer.client().context().reporter;
        let failed = |error: KafkaError| reporter.error("commit", &error);
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (partition, next) in positions {
            let offset = rdkafka::Offset::Offset(next.0);
            list.add_partition_offset(&partition.topic, partition.partition.0, offset).map_err(failed)?;
        }
        self.consumer.commit(&list, CommitMode::Async).map_err(failed)
    }

    fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.reading.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.reading.resume(partitions)
    }

    fn high_offset(&self, partition: &TopicPartition) -> Option<Offset> {
        self.reading.high_offset(partition)
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        let context = self.consumer.client().context();
        context.closing.store(true, Ordering::Release);
        if let Err(error) = self.reading.end() {
            tracing::warn!("giving partitions back while closing: {error}");
        }
    }
}
