//! Messages into and out of a topic, for tests that only want them there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::kafka::{Kafka, partitions_of};

const SEND_BOUND: Duration = Duration::from_secs(60);

/// What to write.
#[derive(Debug, Default, Clone)]
pub struct Message {
    /// `None` leaves the choice to the key.
    pub partition: Option<i32>,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// `None` writes a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Name and value, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970; `None` is now.
    pub timestamp_ms: Option<i64>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The partition it lies in.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Name and value, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
}

impl Kafka {
    /// Writes messages in order and waits until the broker has them all.
    ///
    /// # Errors
    ///
    /// If one was not delivered; others may have been.
    pub fn send(&self, topic: &str, messages: &[Message]) -> anyhow::Result<()> {
        self.sender()?.send(topic, messages)
    }

    /// For many sends: making a producer takes the better part of a second.
    ///
    /// # Errors
    ///
    /// If librdkafka refuses to make one.
    pub fn sender(&self) -> anyhow::Result<Sender> {
        let failures = Failures::default();
        let mut config = self.client();
        config.set("enable.idempotence", "true").set("linger.ms", "5");
        // The partitioner of Kafka's own clients, so that a key lies where it would in production.
        config.set("partitioner", "murmur2_random");
        Ok(Sender { producer: config.create_with_context(failures.clone())?, failures })
    }

    /// Reads a topic from its first offset to its present end, each partition in order of offsets.
    ///
    /// # Errors
    ///
    /// If the topic is unknown or its end not reached within `bound`.
    pub fn read_to_end(&self, topic: &str, bound: Duration) -> anyhow::Result<Vec<Received>> {
        let mut config = self.client();
        config.set("group.id", self.unique_name("read-to-end"));
        config.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create()?;
        let partitions = partitions_of(&consumer, topic)?;
        ensure!(partitions > 0, "there is no topic {topic}");
        let mut assignment = TopicPartitionList::new();
        for partition in 0..i32::try_from(partitions)? {
            assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        let started = Instant::now();
        let mut received = Vec::new();
        let mut at_end = vec![false; partitions];
        while at_end.contains(&false) {
            if started.elapsed() >= bound {
                let seconds = bound.as_secs_f32();
                bail!("{} messages of {topic} in {seconds} s, the end not reached", received.len());
            }
            match consumer.poll(Duration::from_millis(100)) {
                None => {}
                Some(Ok(message)) => received.push(Received::from_message(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => at_end[usize::try_from(partition)?] = true,
                Some(Err(error)) => return Err(error.into()),
            }
        }
        received.sort_by_key(|message| (message.partition, message.offset));
        Ok(received)
    }
}

/// A producer that writes in order and waits for the broker.
pub struct Sender {
    producer: BaseProducer<Failures>,
    failures: Failures,
}

impl Sender {
    /// As [`Kafka::send`].
    ///
    /// # Errors
    ///
    /// As [`Kafka::send`]; the sender is of no use afterwards.
    pub fn send(&self, topic: &str, messages: &[Message]) -> anyhow::Result<()> {
        self.enqueue(topic, messages)?;
        self.wait()
    }

    /// Begins to write messages, in order within each topic.
    ///
    /// # Errors
    ///
    /// If librdkafka's queue stays full.
    pub fn enqueue<'m>(
        &self,
        topic: &str,
        messages: impl IntoIterator<Item = &'m Message>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        for message in messages {
            let mut record = message.record(topic);
            loop {
                match self.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused))
                        if started.elapsed() < SEND_BOUND =>
                    {
                        self.producer.poll(Duration::from_millis(10));
                        record = refused;
                    }
                    Err((error, _)) => return Err(error.into()),
                }
            }
            self.producer.poll(Duration::ZERO);
        }
        Ok(())
    }

    /// Waits until the broker has all that was enqueued.
    ///
    /// # Errors
    ///
    /// If a message was not delivered; others may have been.
    pub fn wait(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        // Not `flush`, which waits in steps of a tenth of a second: by then a service has read everything.
        while self.producer.in_flight_count() > 0 {
            ensure!(started.elapsed() < SEND_BOUND, "the broker did not take all messages in time");
            self.producer.poll(Duration::from_millis(5));
        }
        let failures = self.failures.0.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(failures.is_empty(), "{} messages failed, first: {}", failures.len(), failures[0]);
        Ok(())
    }
}

impl Message {
    fn record<'a>(&'a self, topic: &'a str) -> BaseRecord<'a, [u8], [u8]> {
        let mut record = BaseRecord::to(topic);
        record.partition = self.partition;
        record.key = self.key.as_deref();
        record.payload = self.payload.as_deref();
        record.timestamp = self.timestamp_ms;
        if !self.headers.is_empty() {
            let headers = self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
            record = record.headers(headers);
        }
        record
    }
}

impl Received {
    fn from_message(message: &rdkafka::message::BorrowedMessage<'_>) -> Received {
        let headers = message.headers().map(|headers| {
            let pair = |header: Header<'_, &[u8]>| {
                (header.key.to_owned(), header.value.unwrap_or_default().to_vec())
            };
            headers.iter().map(pair).collect()
        });
        Received {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
            timestamp_ms: message.timestamp().to_millis(),
        }
    }
}

/// Remembers what was not delivered.
#[derive(Debug, Default, Clone)]
struct Failures(Arc<Mutex<Vec<String>>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(error.to_string());
        }
    }
}
