//! Reading a topic whole, without a group: for compacted topics that every instance reads.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use model::TopicName;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::connection::{PlainContext, Reporter, cluster_of, partition_count, refused};
use super::options::KafkaOptions;
use super::reading::{Read, Reading};
use crate::error::LogError;
use crate::log::{TopicPartition, TopicRead, TopicReader};

/// How long to wait for records before librdkafka's events are served again.
const EVENTS_INTERVAL: Duration = Duration::from_millis(100);

/// Reads all partitions of a topic from their start and follows them.
pub struct CompactedReader {
    // Before the client, which must outlive it.
    reading: Reading<PlainContext>,
    consumer: Arc<BaseConsumer<PlainContext>>,
    options: KafkaOptions,
    /// Partitions whose end has not been seen; none once that was told.
    behind: Option<BTreeSet<TopicPartition>>,
}

impl CompactedReader {
    /// Connects, with growing pauses, until `connect_timeout_ms` are over, and begins to read.
    ///
    /// # Errors
    /// As [`KafkaConsumer::connect`](crate::KafkaConsumer::connect).
    pub fn connect(options: &KafkaOptions, topic: &TopicName) -> Result<Self, LogError> {
        Self::connect_until(options, topic, &Arc::default())
    }

    /// The same, which gives up within seconds once `stop` is set.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_until(
        options: &KafkaOptions,
        topic: &TopicName,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, LogError> {
        options.check()?;
        let context = PlainContext { reporter: Reporter::until(options, stop) };
        let mut config = options.reader();
        // librdkafka assigns nothing without a group; since nothing is subscribed, it does not join it.
        config.set("group.id", &options.group_id);
        let consumer: BaseConsumer<PlainContext> =
            config.create_with_context(context).map_err(|error| refused(&error))?;
        cluster_of(options, &consumer)?;
        let count = partition_count(options, &consumer, topic)?;
        let partitions: Vec<_> =
            (0..).take(count).map(|number| TopicPartition::new(Arc::clone(topic), number)).collect();
        let consumer = Arc::new(consumer);
        let mut reading = Reading::new(options, Arc::clone(&consumer))?;
        reading.serve_events();
        reading.begin_whole(options, &partitions)?;
        Ok(Self {
            reading,
            consumer,
            options: options.clone(),
            behind: Some(partitions.into_iter().collect()),
        })
    }
}

impl TopicReader for CompactedReader {
    fn next(&mut self, wait: Duration) -> Result<TopicRead, LogError> {
        let deadline = Instant::now() + wait;
        loop {
            while let Some(read) = self.reading.take() {
                match read {
                    Read::Records(batch) => return Ok(TopicRead::Records(batch)),
                    Read::End(partition, _) => {
                        if let Some(behind) = &mut self.behind {
                            behind.remove(&partition);
                        }
                    }
                }
            }
            if self.behind.take_if(|behind| behind.is_empty()).is_some() {
                return Ok(TopicRead::CaughtUp);
            }
            if let Some(Err(error)) = self.consumer.poll(Duration::ZERO) {
                tracing::debug!("{error}");
            }
            if let Some(failure) = self.consumer.client().context().reporter.take_failure() {
                return Err(failure);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.reading.fetch(&self.options, left.min(EVENTS_INTERVAL))?;
            if left.is_zero() && !self.reading.has_ready() {
                return Ok(TopicRead::Idle);
            }
        }
    }
}
