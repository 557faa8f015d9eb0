//! Dead letters in Kafka.
//!
//! One connection for all handles; each handle knows what became of its own letters. A letter that could not be written is
//! kept and sent again, so a letter may stand twice on the topic, but never not at all (`LOG-4`).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use model::TopicName;
use parking_lot::{Condvar, Mutex};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};

use super::connection::{
    Reporter, cluster_of, error_event, log_line, partition_count, plain_consumer_until, refused,
};
use super::options::KafkaOptions;
use super::producer::owned_headers;
use crate::dead_letter::{DeadLetter, DeadLetterSink};
use crate::error::LogError;

/// A letter of a record that was near the limit of its topic is above that limit with its headers. librdkafka's own limit,
/// 1 MB by default, is raised as far as it goes, so that the topic's decides.
const MESSAGE_BYTES_MAX: &str = "1000000000";
const RESEND_PAUSE: Duration = Duration::from_millis(200);

/// How much of a letter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// The value was too large.
    WithoutValue,
    /// Key and headers were too large, too.
    OriginAlone,
}

/// A letter on its way.
struct Sent {
    letter: DeadLetter,
    extent: Extent,
    /// It was in a batch that was too large, and is sent without company from then on.
    alone: bool,
    handle: Arc<Handle>,
}

impl Sent {
    /// Draws the conclusion of "too large"; whether sending it again makes sense. A broker refuses a whole batch for one
    /// letter, so the first time only says that one of several was too large.
    fn shrink(&mut self) -> bool {
        if !std::mem::replace(&mut self.alone, true) {
            return true;
        }
        let before = self.extent;
        self.extent = match self.extent {
            Extent::Whole if self.letter.value.is_some() => Extent::WithoutValue,
            Extent::Whole | Extent::WithoutValue | Extent::OriginAlone => Extent::OriginAlone,
        };
        self.extent != before
    }
}

/// What became of the letters of one handle.
#[derive(Default)]
struct Handle {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    in_flight: usize,
    failed: Vec<Sent>,
    last_error: Option<LogError>,
    /// The handle is gone; nobody will send failed letters again.
    closed: bool,
}

impl State {
    /// Keeps a letter that came back.
    fn keep(&mut self, mut sent: Sent, error: &KafkaError, deliveries: &Deliveries) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => {}
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                if !sent.shrink() {
                    self.last_error = Some(LogError::Configuration {
                        option: format!("max.message.bytes of topic {}", deliveries.topic),
                        problem:
                            "is too small even for a dead letter without its record; expected 10000 or more"
                                .to_owned(),
                    });
                }
            }
            Some(code) => {
                let topic = Some(&*deliveries.topic);
                let error = deliveries.reporter.error_of_code("write", topic, code, &code.to_string());
                self.last_error = Some(error);
            }
            None => self.last_error = Some(deliveries.reporter.error("write a dead letter", error)),
        }
        if !self.closed {
            self.failed.push(sent);
        }
    }
}

struct Deliveries {
    reporter: Reporter,
    topic: TopicName,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        error_event(&self.reporter, &error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Sent>) {
        let handle = Arc::clone(&sent.handle);
        let mut state = handle.state.lock();
        state.in_flight -= 1;
        if let Err((error, _)) = result {
            state.keep(*sent, error, self);
        }
        handle.changed.notify_all();
    }
}

struct Shared {
    producer: ThreadedProducer<Deliveries>,
    /// Writes each letter by itself, which is slow.
    alone: ThreadedProducer<Deliveries>,
    outstanding_max: usize,
    send_timeout: Duration,
}

/// A handle for dead letters on a Kafka topic. Clones share the connection, but each knows its own letters only.
pub struct KafkaDeadLetters {
    shared: Arc<Shared>,
    handle: Arc<Handle>,
}

impl Clone for KafkaDeadLetters {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), handle: Arc::default() }
    }
}

impl KafkaDeadLetters {
    /// Connects, with growing pauses, until `connect_timeout_ms` are over; checks that the topic exists.
    ///
    /// # Errors
    /// [`LogError::Configuration`], [`LogError::Unreachable`], [`LogError::Authentication`] or
    /// [`LogError::UnknownTopic`].
    pub fn connect(options: &KafkaOptions, topic: &TopicName) -> Result<Self, LogError> {
        Self::connect_until(options, topic, &Arc::default())
    }

    /// The same, which gives up within seconds once `stop` is set, now and when [`send`](DeadLetterSink::send) waits for
    /// room. A flush keeps to its own deadline: what is written last is written while stopping.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_until(
        options: &KafkaOptions,
        topic: &TopicName,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, LogError> {
        let consumer = plain_consumer_until(options, stop)?;
        cluster_of(options, &consumer)?;
        partition_count(options, &consumer, topic)?;
        let producer = |batch_messages_max| {
            options
                .writer()
                .set("message.max.bytes", MESSAGE_BYTES_MAX)
                .set("batch.num.messages", batch_messages_max)
                .create_with_context(Deliveries {
                    reporter: Reporter::until(options, stop),
                    topic: Arc::clone(topic),
                })
                .map_err(|error| refused(&error))
        };
        Ok(Self {
            shared: Arc::new(Shared {
                producer: producer("10000")?,
                alone: producer("1")?,
                outstanding_max: options.dead_letters_outstanding_max,
                send_timeout: options.send_timeout(),
            }),
            handle: Arc::default(),
        })
    }

    /// Gives a letter to librdkafka, or keeps it among the failed ones.
    fn dispatch(&self, sent: Box<Sent>) {
        self.handle.state.lock().in_flight += 1;
        if let Err((error, sent)) = self.produce(sent) {
            let mut state = self.handle.state.lock();
            state.in_flight -= 1;
            state.keep(*sent, &error, self.deliveries());
        }
    }

    fn deliveries(&self) -> &Deliveries {
        self.shared.producer.client().context()
    }

    fn produce(&self, sent: Box<Sent>) -> Result<(), (KafkaError, Box<Sent>)> {
        let describing = sent.letter.describing_headers();
        let describing = describing.iter().map(|(name, value)| (*name, Some(value.as_bytes())));
        let headers = sent.letter.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_deref()));
        let shrunk: [(&str, Option<&[u8]>); 1] = [("tallyboard.value", Some(b"too_large"))];
        let headers = match sent.extent {
            Extent::Whole => owned_headers(headers.chain(describing)),
            Extent::WithoutValue => owned_headers(headers.chain(describing).chain(shrunk)),
            Extent::OriginAlone => owned_headers(describing.chain(shrunk)),
        };
        let key = sent.letter.key.clone().filter(|_| sent.extent != Extent::OriginAlone);
        let value = sent.letter.value.clone().filter(|_| sent.extent == Extent::Whole);
        let producer = if sent.alone { &self.shared.alone } else { &self.shared.producer };
        let mut record = BaseRecord::<[u8], [u8], Box<Sent>>::with_opaque_to(&self.deliveries().topic, sent);
        record.key = key.as_deref();
        record.payload = value.as_deref();
        record.headers = headers;
        producer.send(record).map_err(|(error, record)| (error, record.delivery_opaque))
    }

    /// Waits until fewer than `bound` letters are outstanding or the time is over; sends what failed again meanwhile.
    fn wait_until_below(
        &self,
        bound: usize,
        patience: Duration,
        gives_up: impl Fn() -> bool,
    ) -> Result<(), LogError> {
        let deadline = Instant::now() + patience;
        loop {
            let mut state = self.handle.state.lock();
            let outstanding = state.in_flight + state.failed.len();
            if outstanding < bound {
                return Ok(());
            }
            let failed = std::mem::take(&mut state.failed);
            // What a person has to mend is told at once; the letters are on their way again.
            let hopeless = state.last_error.take_if(|error| !error.is_retryable());
            drop(state);
            let resent = !failed.is_empty();
            for sent in failed {
                self.dispatch(Box::new(sent));
            }
            if hopeless.is_some() || Instant::now() >= deadline || gives_up() {
                return Err(self.undelivered(hopeless, patience));
            }
            // Also as often as this when nothing has failed: to look whether to give up.
            let pause = Instant::now() + RESEND_PAUSE;
            let mut state = self.handle.state.lock();
            if state.failed.is_empty() || resent {
                self.handle.changed.wait_until(&mut state, deadline.min(pause));
            }
        }
    }

    fn undelivered(&self, error: Option<LogError>, patience: Duration) -> LogError {
        let mut state = self.handle.state.lock();
        let error = error.or_else(|| state.last_error.take());
        LogError::Delivery {
            topic: self.deliveries().topic.to_string(),
            undelivered: u64::try_from(state.in_flight + state.failed.len()).unwrap_or(u64::MAX),
            retryable: error.as_ref().is_none_or(LogError::is_retryable),
            detail: error.map_or_else(
                || format!("not acknowledged within {} ms", patience.as_millis()),
                |error| error.to_string(),
            ),
        }
    }
}

impl DeadLetterSink for KafkaDeadLetters {
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        let reporter = &self.deliveries().reporter;
        let is_stopping = || reporter.is_stopping();
        self.wait_until_below(self.shared.outstanding_max, self.shared.send_timeout, is_stopping)?;
        self.dispatch(Box::new(Sent {
            letter,
            extent: Extent::Whole,
            alone: false,
            handle: Arc::clone(&self.handle),
        }));
        Ok(())
    }

    fn flush(&mut self, deadline: Duration) -> Result<(), LogError> {
        self.wait_until_below(1, deadline, || false)
    }
}

impl Drop for KafkaDeadLetters {
    fn drop(&mut self) {
        let mut state = self.handle.state.lock();
        state.closed = true;
        let lost = state.in_flight + state.failed.len();
        // Also lets go of the handle, which each letter holds.
        let failed = std::mem::take(&mut state.failed);
        drop(state);
        drop(failed);
        if lost > 0 {
            tracing::warn!(
                lost,
                "dead letters were not acknowledged before their handle was dropped; their records are read again"
            );
        }
    }
}
