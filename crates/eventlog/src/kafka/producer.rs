//! Writing records to Kafka: idempotent, and with the partitioner of Kafka's own clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::{PartitionId, TopicName};
use parking_lot::Mutex;
use rdkafka::Message as _;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::connection::{Reporter, cluster_of, error_event, log_line, plain_consumer, refused};
use super::options::KafkaOptions;
use crate::error::LogError;
use crate::record::NewRecord;
use crate::sink::RecordSink;

/// How long to sleep while librdkafka's queue is full; its thread empties it meanwhile.
const FULL_PAUSE: Duration = Duration::from_millis(2);

/// Counts what became of records.
struct Outcomes {
    reporter: Reporter,
    delivered: AtomicU64,
    failed: AtomicU64,
    /// Failures since the last flush, with what the last one met.
    failures: Mutex<Option<(u64, String, LogError)>>,
}

impl ClientContext for Outcomes {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        error_event(&self.reporter, &error, reason);
    }
}

impl ProducerContext for Outcomes {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, message)) = result else {
            self.delivered.fetch_add(1, Ordering::Relaxed);
            return;
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        let topic = message.topic().to_owned();
        let error = match error.rdkafka_error_code() {
            Some(code) => self.reporter.error_of_code("write", Some(&topic), code, &code.to_string()),
            None => self.reporter.error("write", error),
        };
        let mut failures = self.failures.lock();
        let count = failures.as_ref().map_or(0, |(count, _, _)| *count);
        *failures = Some((count + 1, topic, error));
    }
}

/// A producer that any number of threads may share.
#[derive(Clone)]
pub struct RecordProducer {
    producer: Arc<ThreadedProducer<Outcomes>>,
    send_timeout: Duration,
}

impl RecordProducer {
    /// Connects, with growing pauses, until `connect_timeout_ms` are over.
    ///
    /// # Errors
    /// [`LogError::Configuration`], [`LogError::Unreachable`] or [`LogError::Authentication`].
    pub fn connect(options: &KafkaOptions) -> Result<Self, LogError> {
        cluster_of(options, &plain_consumer(options)?)?;
        let context = Outcomes {
            reporter: Reporter::new(options),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            failures: Mutex::new(None),
        };
        let producer =
            options.idempotent_writer().create_with_context(context).map_err(|error| refused(&error))?;
        Ok(Self { producer: Arc::new(producer), send_timeout: options.send_timeout() })
    }

    /// How many records all in-sync replicas have, since the start.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.producer.client().context().delivered.load(Ordering::Relaxed)
    }

    /// How many records could not be written, since the start.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.producer.client().context().failed.load(Ordering::Relaxed)
    }

    /// How many records are not yet acknowledged.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }
}

/// Headers as librdkafka has them; none if there are none.
pub(super) fn owned_headers<'a>(
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> Option<OwnedHeaders> {
    headers.fold(None, |owned, (key, value)| {
        let header = Header { key, value };
        Some(owned.unwrap_or_default().insert(header))
    })
}

impl RecordSink for RecordProducer {
    fn send(
        &self,
        topic: &TopicName,
        partition: Option<PartitionId>,
        record: NewRecord<'_>,
    ) -> Result<(), LogError> {
        let started = Instant::now();
        let mut attempt = BaseRecord::<[u8], [u8]>::to(topic);
        attempt.partition = partition.map(|partition| partition.0);
        attempt.key = record.key;
        attempt.payload = record.value;
        attempt.timestamp = record.timestamp_millis;
        attempt.headers = owned_headers(record.headers.iter().copied());
        loop {
            let (error, rejected) = match self.producer.send(attempt) {
                Ok(()) => return Ok(()),
                Err(rejected) => rejected,
            };
            let reporter = &self.producer.client().context().reporter;
            let Some(code) = error.rdkafka_error_code() else {
                return Err(reporter.error("write", &error));
            };
            if code != RDKafkaErrorCode::QueueFull {
                return Err(reporter.error_of_code("write", Some(topic), code, &code.to_string()));
            }
            if started.elapsed() >= self.send_timeout {
                return Err(LogError::Backlog {
                    topic: topic.to_string(),
                    outstanding: self.outstanding(),
                    waited_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                });
            }
            std::thread::sleep(FULL_PAUSE);
            attempt = rejected;
        }
    }

    fn flush(&self, deadline: Duration) -> Result<(), LogError> {
        let flushed = self.producer.flush(deadline);
        let context = self.producer.client().context();
        if let Some((undelivered, topic, error)) = context.failures.lock().take() {
            return Err(LogError::Delivery {
                topic,
                undelivered,
                retryable: error.is_retryable(),
                detail: error.to_string(),
            });
        }
        flushed.map_err(|error| LogError::Delivery {
            topic: "any".to_owned(),
            undelivered: u64::try_from(self.outstanding()).unwrap_or(0),
            detail: format!("not acknowledged within {} ms: {error}", deadline.as_millis()),
            retryable: true,
        })
    }
}
