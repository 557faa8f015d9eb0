//! What all Kafka clients share: librdkafka's words turned into ours, and attempts with growing pauses that end early
//! when whoever asked for them is stopping.
//!
//! librdkafka reconnects by itself for ever and tells of it in events; what a person has to know of those is kept here
//! until the next call returns it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::options::{KafkaOptions, SecurityProtocol};
use super::properties::option_of;
use crate::error::LogError;

/// Turns librdkafka's errors into [`LogError`]s and keeps the last one that came in an event.
pub(crate) struct Reporter {
    bootstrap_servers: String,
    mechanism: &'static str,
    user: String,
    failure: Mutex<Option<LogError>>,
    /// What the last broken connection met; says more than "all brokers are down".
    last_detail: Mutex<Option<String>>,
    /// Set by whoever uses the client when it is to wait for nothing any more.
    stop: Arc<AtomicBool>,
}

impl Reporter {
    pub(crate) fn new(options: &KafkaOptions) -> Self {
        Self::until(options, &Arc::default())
    }

    /// One whose client gives up what it waits for once `stop` is set.
    pub(crate) fn until(options: &KafkaOptions, stop: &Arc<AtomicBool>) -> Self {
        let (mechanism, user) = match options.security_protocol {
            SecurityProtocol::Plaintext | SecurityProtocol::Ssl => ("TLS", String::new()),
            SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl => {
                (options.sasl_mechanism.name(), options.sasl_username.clone().unwrap_or_default())
            }
        };
        Self {
            bootstrap_servers: options.bootstrap_servers.clone(),
            mechanism,
            user,
            failure: Mutex::new(None),
            last_detail: Mutex::new(None),
            stop: stop.clone(),
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What an event told since the last call.
    pub(crate) fn take_failure(&self) -> Option<LogError> {
        self.failure.lock().take()
    }

    /// The error for what librdkafka says about an action.
    pub(crate) fn error(&self, action: &str, error: &KafkaError) -> LogError {
        match error.rdkafka_error_code() {
            Some(code) => self.error_of_code(action, None, code, &code.to_string()),
            None => {
                LogError::Other { action: action.to_owned(), detail: error.to_string(), retryable: false }
            }
        }
    }

    /// The same where a topic is at stake and librdkafka has words of its own.
    pub(crate) fn error_of_code(
        &self,
        action: &str,
        topic: Option<&str>,
        code: RDKafkaErrorCode,
        detail: &str,
    ) -> LogError {
        use RDKafkaErrorCode as Code;
        match code {
            Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::BrokerNotAvailable
            | Code::WaitingForCoordinator => self.unreachable(detail),
            Code::Authentication | Code::SaslAuthenticationFailed => {
                self.not_authenticated(self.mechanism, detail)
            }
            Code::SSL => self.not_authenticated("TLS", detail),
            Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed => LogError::Authorization {
                detail: match topic {
                    Some(topic) => format!("to {action} topic {topic:?} ({detail})"),
                    None => format!("to {action} ({detail})"),
                },
            },
            Code::UnknownTopic | Code::UnknownTopicOrPartition if topic.is_some() => {
                LogError::UnknownTopic { topic: topic.unwrap_or_default().to_owned() }
            }
            _ => LogError::Other {
                action: action.to_owned(),
                detail: detail.to_owned(),
                retryable: !matches!(
                    code,
                    Code::Fatal
                        | Code::BadMessage
                        | Code::BadCompression
                        | Code::InvalidArgument
                        | Code::InvalidTopic
                        | Code::UnsupportedFeature
                        | Code::UnsupportedVersion
                        | Code::NotImplemented
                        | Code::PolicyViolation
                        | Code::InvalidConfig
                        | Code::InvalidPartitions
                        | Code::InvalidReplicationFactor
                ),
            },
        }
    }

    fn unreachable(&self, detail: &str) -> LogError {
        let detail = match &*self.last_detail.lock() {
            Some(last) if last != detail => format!("{detail}: {last}"),
            _ => detail.to_owned(),
        };
        LogError::Unreachable { bootstrap_servers: self.bootstrap_servers.clone(), detail }
    }

    fn not_authenticated(&self, mechanism: &str, detail: &str) -> LogError {
        LogError::Authentication {
            mechanism: mechanism.to_owned(),
            user: self.user.clone(),
            detail: detail.to_owned(),
        }
    }

    /// Keeps what an event says. One broker that cannot be reached is librdkafka's affair; all of them are ours.
    fn record(&self, error: &KafkaError, reason: &str) {
        use RDKafkaErrorCode as Code;
        let Some(code) = error.rdkafka_error_code() else {
            return;
        };
        match code {
            Code::BrokerTransportFailure | Code::Resolve => {
                *self.last_detail.lock() = Some(reason.to_owned());
            }
            Code::AllBrokersDown
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::SSL
            | Code::Fatal => {
                let failure = self.error_of_code("reach the brokers", None, code, reason);
                let mut kept = self.failure.lock();
                // "All brokers are down" follows each failed authentication and must not hide it.
                if kept.as_ref().is_none_or(LogError::is_retryable) {
                    *kept = Some(failure);
                }
            }
            _ => tracing::warn!(target: "librdkafka", "{error}: {reason}"),
        }
    }
}

/// A client's context that has a [`Reporter`].
pub(crate) trait Reports {
    fn reporter(&self) -> &Reporter;
}

/// What a client's context does with librdkafka's log lines.
pub(crate) fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            tracing::warn!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
            tracing::info!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
    }
}

/// What a client's context does with librdkafka's error events.
pub(crate) fn error_event(reporter: &Reporter, error: &KafkaError, reason: &str) {
    tracing::debug!(target: "librdkafka", "{error}: {reason}");
    reporter.record(error, reason);
}

/// The context of clients without a group.
pub(crate) struct PlainContext {
    pub(crate) reporter: Reporter,
}

impl ClientContext for PlainContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        error_event(&self.reporter, &error, reason);
    }
}

impl ConsumerContext for PlainContext {}

impl Reports for PlainContext {
    fn reporter(&self) -> &Reporter {
        &self.reporter
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_ATTEMPT: Duration = Duration::from_secs(2);
/// How soon a stop is noticed between attempts.
const STOP_INTERVAL: Duration = Duration::from_millis(100);

/// Repeats an attempt with pauses that double, until it succeeds, cannot succeed, the time is over or the reporter's
/// client is stopping. The attempt is given how long it may take; `serve` lets librdkafka's events come through.
///
/// # Errors
/// That of the last attempt, or what an event told of if that cannot be retried.
pub(crate) fn retry<T>(
    options: &KafkaOptions,
    reporter: &Reporter,
    serve: impl Fn(),
    mut attempt: impl FnMut(Duration) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let deadline = Instant::now() + options.connect_timeout();
    let mut pause = FIRST_PAUSE;
    let mut patience = FIRST_ATTEMPT.min(options.request_timeout());
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match attempt(patience.min(left.max(FIRST_PAUSE))) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        serve();
        let are_all_down = match reporter.take_failure() {
            Some(failure) if !failure.is_retryable() => return Err(failure),
            failure => failure.is_some(),
        };
        if !error.is_retryable() || Instant::now() + pause >= deadline || reporter.is_stopping() {
            return Err(error);
        }
        tracing::warn!(code = error.code(), "{error}");
        let end = Instant::now() + pause;
        while Instant::now() < end && !reporter.is_stopping() {
            std::thread::sleep(STOP_INTERVAL.min(pause));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Where no broker is connected, no answer can be late: a longer attempt would only notice a stop later.
        if !are_all_down {
            patience = (patience * 2).min(options.request_timeout());
        }
    }
}

/// Serves what is in a consumer's queue before it reads anything: log lines and errors.
pub(crate) fn serve_events<C: ConsumerContext>(consumer: &BaseConsumer<C>) {
    // Each call serves one event and says nothing about whether there are more; a failed attempt leaves a handful.
    for _ in 0..64 {
        if let Some(Ok(message)) = consumer.poll(Duration::ZERO) {
            tracing::error!(?message, "a record came before any partition was assigned");
        }
    }
}

/// How many partitions a topic has.
///
/// # Errors
/// [`LogError::UnknownTopic`], or why the brokers do not tell.
pub(crate) fn partition_count<C: ConsumerContext + Reports>(
    options: &KafkaOptions,
    consumer: &BaseConsumer<C>,
    topic: &str,
) -> Result<usize, LogError> {
    let reporter = consumer.client().context().reporter();
    retry(
        options,
        reporter,
        || serve_events(consumer),
        |patience| {
            let metadata = consumer
                .fetch_metadata(Some(topic), patience)
                .map_err(|error| reporter.error("read the metadata of", &error))?;
            let found = metadata.topics().iter().find(|found| found.name() == topic);
            let Some(found) = found else {
                return Err(LogError::UnknownTopic { topic: topic.to_owned() });
            };
            if let Some(error) = found.error() {
                let code = RDKafkaErrorCode::from(error);
                return Err(reporter.error_of_code("describe", Some(topic), code, &code.to_string()));
            }
            Ok(found.partitions().len())
        },
    )
}

/// A client without a group, to ask and to read with.
///
/// # Errors
/// Options that librdkafka refuses.
pub(crate) fn plain_consumer(options: &KafkaOptions) -> Result<BaseConsumer<PlainContext>, LogError> {
    plain_consumer_until(options, &Arc::default())
}

/// The same, which gives up what it waits for once `stop` is set.
///
/// # Errors
/// Options that librdkafka refuses.
pub(crate) fn plain_consumer_until(
    options: &KafkaOptions,
    stop: &Arc<AtomicBool>,
) -> Result<BaseConsumer<PlainContext>, LogError> {
    options.check()?;
    let context = PlainContext { reporter: Reporter::until(options, stop) };
    options.reader().create_with_context(context).map_err(|error| refused(&error))
}

/// The error for options that librdkafka refuses.
pub(crate) fn refused(error: &KafkaError) -> LogError {
    let (option, problem) = match error {
        // The value is left out: it may be a secret.
        KafkaError::ClientConfig(_, description, name, _) => match option_of(name) {
            Some(option) => (format!("kafka.{option}"), description.clone()),
            None => (format!("kafka.properties.{name}"), description.clone()),
        },
        other => ("kafka".to_owned(), other.to_string()),
    };
    LogError::Configuration { option, problem }
}

/// How long the identity of the cluster is waited for at once. It comes with the first connection, whenever that is
/// made, so that nothing is lost by asking again.
const IDENTITY_WAIT: Duration = Duration::from_secs(1);

/// The identity of the cluster, if it tells one. To be asked before anything else: while no broker can be reached, a stop
/// is noticed here within a second.
///
/// # Errors
/// Why no broker answers.
pub(crate) fn cluster_of<C: ConsumerContext + Reports>(
    options: &KafkaOptions,
    consumer: &BaseConsumer<C>,
) -> Result<Option<String>, LogError> {
    let reporter = consumer.client().context().reporter();
    retry(
        options,
        reporter,
        || serve_events(consumer),
        |patience| {
            let deadline = Instant::now() + patience;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                if let Some(id) = consumer.client().fetch_cluster_id(left.min(IDENTITY_WAIT)) {
                    return Ok(Some(id).filter(|id| !id.is_empty()));
                }
                if Instant::now() >= deadline || reporter.is_stopping() {
                    let detail = "no answer to the question for the cluster's identity";
                    return Err(reporter.unreachable(detail));
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::kafka::{CompactedReader, KafkaConsumer, KafkaDeadLetters};

    /// A stop ends it long before the minute for which a connection is tried, be the broker's port closed or silent.
    #[test]
    fn a_stop_ends_the_attempts_to_connect() {
        type Connect = fn(&KafkaOptions, &Arc<AtomicBool>) -> Option<LogError>;
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let connects: [Connect; 3] = [
            |options, stop| KafkaConsumer::connect_until(options, &["deals".into()], stop).err(),
            |options, stop| CompactedReader::connect_until(options, &"reference".into(), stop).err(),
            |options, stop| KafkaDeadLetters::connect_until(options, &"letters".into(), stop).err(),
        ];
        thread::scope(|scope| {
            for broker in [closed, silent.local_addr().unwrap()] {
                for connect in connects {
                    scope.spawn(move || {
                        let bootstrap_servers = broker.to_string();
                        let options = KafkaOptions { bootstrap_servers, ..KafkaOptions::default() };
                        let stop = Arc::new(AtomicBool::new(false));
                        let attempt = thread::spawn({
                            let stop = stop.clone();
                            move || connect(&options, &stop)
                        });
                        thread::sleep(Duration::from_secs(3));
                        assert!(!attempt.is_finished(), "it gave up by itself");
                        let stopped_at = Instant::now();
                        stop.store(true, Ordering::Relaxed);
                        let error = attempt.join().unwrap().unwrap();
                        assert_eq!(error.code(), "log_unreachable");
                        assert!(stopped_at.elapsed() < Duration::from_secs(4), "{:?}", stopped_at.elapsed());
                    });
                }
            }
        });
    }
}
