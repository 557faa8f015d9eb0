//! How to reach Kafka, and the limits within which it is read and written.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, ProducerContext};
use serde::{Deserialize, Serialize, Serializer};

use super::connection::refused;
use super::properties::{HIDDEN, Role, concerns, refusal, shown};
use crate::error::LogError;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; not for messages or logs.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// How connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Not at all.
    #[default]
    Plaintext,
    /// By TLS.
    Ssl,
    /// By user and password, in the clear.
    SaslPlaintext,
    /// By TLS, user and password.
    SaslSsl,
}

impl SecurityProtocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    const fn has_user(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How user and password are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SaslMechanism {
    /// As they are; wants TLS.
    #[default]
    #[serde(rename = "PLAIN")]
    Plain,
    /// By challenge, with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// By challenge, with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The mechanism's name in Kafka.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Options of everything that talks to Kafka.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaOptions {
    /// `host:port` of one or more brokers, with commas between.
    pub bootstrap_servers: String,
    /// The consumer group that shares the partitions.
    pub group_id: String,
    /// How the brokers' logs name this client.
    pub client_id: String,
    /// How connections are protected.
    pub security_protocol: SecurityProtocol,
    /// How user and password are told, where the protocol has them.
    pub sasl_mechanism: SaslMechanism,
    /// The user.
    pub sasl_username: Option<String>,
    /// The password; never shown.
    pub sasl_password: Option<Secret>,
    /// A file with the certificates of the authorities that are trusted; none: those of the system.
    pub ssl_ca_location: Option<String>,
    /// A file with this client's certificate.
    pub ssl_certificate_location: Option<String>,
    /// A file with the key of this client's certificate.
    pub ssl_key_location: Option<String>,
    /// The key file's password; never shown.
    pub ssl_key_password: Option<Secret>,
    /// Further properties of librdkafka; those that have an option here, or on which correctness rests, are refused.
    #[serde(serialize_with = "without_secrets")]
    pub properties: BTreeMap<String, String>,
    /// The most records in a delivery.
    pub batch_records_max: usize,
    /// The most bytes in a delivery; a single larger record is delivered alone.
    pub batch_bytes_max: usize,
    /// How much is fetched ahead, in KiB, over all partitions.
    pub queue_kibibytes_max: u32,
    /// How long to try to reach a broker before giving up, with growing pauses.
    pub connect_timeout_ms: u64,
    /// How long to wait for the answer to one request.
    pub request_timeout_ms: u64,
    /// How long sending waits while the queue of unacknowledged records is full.
    pub send_timeout_ms: u64,
    /// The most dead letters of one handle that are not yet acknowledged.
    pub dead_letters_outstanding_max: usize,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            group_id: "tallyboard".to_owned(),
            client_id: "tallyboard".to_owned(),
            security_protocol: SecurityProtocol::default(),
            sasl_mechanism: SaslMechanism::default(),
            sasl_username: None,
            sasl_password: None,
            ssl_ca_location: None,
            ssl_certificate_location: None,
            ssl_key_location: None,
            ssl_key_password: None,
            properties: BTreeMap::new(),
            batch_records_max: 4_096,
            batch_bytes_max: 4 << 20,
            queue_kibibytes_max: 64 << 10,
            connect_timeout_ms: 60_000,
            request_timeout_ms: 10_000,
            send_timeout_ms: 30_000,
            dead_letters_outstanding_max: 1_000,
        }
    }
}

impl std::fmt::Debug for KafkaOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("KafkaOptions")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("group_id", &self.group_id)
            .field("client_id", &self.client_id)
            .field("security_protocol", &self.security_protocol)
            .field("sasl_mechanism", &self.sasl_mechanism)
            .field("sasl_username", &self.sasl_username)
            .field("properties", &shown(&self.properties))
            .finish_non_exhaustive()
    }
}

fn without_secrets<S: Serializer>(
    properties: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    shown(properties).serialize(serializer)
}

impl KafkaOptions {
    /// Checks what can be checked without a broker.
    ///
    /// # Errors
    /// [`LogError::Configuration`] with the first option that is wrong.
    pub fn check(&self) -> Result<(), LogError> {
        let wrong = |option: &str, problem: String| {
            Err(LogError::Configuration { option: format!("kafka.{option}"), problem })
        };
        for (option, text) in [("bootstrap_servers", &self.bootstrap_servers), ("group_id", &self.group_id)] {
            if text.trim().is_empty() {
                return wrong(option, "is empty; expected a text".to_owned());
            }
        }
        if self.security_protocol.has_user() {
            if self.sasl_username.as_deref().unwrap_or_default().is_empty() {
                let protocol = self.security_protocol.name();
                return wrong("sasl_username", format!("is missing; {protocol} needs a user"));
            }
            if self.sasl_password.is_none() {
                let protocol = self.security_protocol.name();
                return wrong("sasl_password", format!("is missing; {protocol} needs a password"));
            }
        }
        for (option, value, range) in [
            ("batch_records_max", self.batch_records_max, 1..=1_000_000),
            ("batch_bytes_max", self.batch_bytes_max, 1 << 10..=256 << 20),
            ("dead_letters_outstanding_max", self.dead_letters_outstanding_max, 1..=1_000_000),
        ] {
            if !range.contains(&value) {
                return wrong(option, format!("is {value}; expected {} to {}", range.start(), range.end()));
            }
        }
        if !(1 << 10..=2_097_151).contains(&self.queue_kibibytes_max) {
            let found = self.queue_kibibytes_max;
            return wrong("queue_kibibytes_max", format!("is {found}; expected 1024 to 2097151"));
        }
        for (option, value) in [
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("request_timeout_ms", self.request_timeout_ms),
            ("send_timeout_ms", self.send_timeout_ms),
        ] {
            if !(100..=3_600_000).contains(&value) {
                return wrong(option, format!("is {value}; expected 100 to 3600000"));
            }
        }
        for name in self.properties.keys() {
            if let Some(problem) = refusal(name) {
                return wrong(&format!("properties.{name}"), problem);
            }
        }
        Ok(())
    }

    /// Checks also what only librdkafka knows: names and values of the properties, what contradicts what, and whether files
    /// can be read. It makes clients that know no broker, so it connects to nothing.
    ///
    /// # Errors
    /// [`LogError::Configuration`] with the first option that is wrong.
    pub fn check_clients(&self) -> Result<(), LogError> {
        self.check()?;
        let without_brokers = |mut config: ClientConfig| {
            config.remove("bootstrap.servers");
            config
        };
        let group = without_brokers(self.group_reader()).create_with_context(Silent);
        let _: BaseConsumer<Silent> = group.map_err(|error| refused(&error))?;
        let reader = without_brokers(self.reader()).create_with_context(Silent);
        let _: BaseConsumer<Silent> = reader.map_err(|error| refused(&error))?;
        let writer = without_brokers(self.idempotent_writer()).create_with_context(Silent);
        let _: BaseProducer<Silent> = writer.map_err(|error| refused(&error))?;
        Ok(())
    }

    /// Settings that all clients share.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", &self.client_id)
            .set("security.protocol", self.security_protocol.name())
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "5000")
            .set_log_level(RDKafkaLogLevel::Warning);
        if self.security_protocol.has_user() {
            config.set("sasl.mechanisms", self.sasl_mechanism.name());
        }
        let hidden = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
        for (property, value) in [
            ("sasl.username", self.sasl_username.clone()),
            ("sasl.password", hidden(&self.sasl_password)),
            ("ssl.ca.location", self.ssl_ca_location.clone()),
            ("ssl.certificate.location", self.ssl_certificate_location.clone()),
            ("ssl.key.location", self.ssl_key_location.clone()),
            ("ssl.key.password", hidden(&self.ssl_key_password)),
        ] {
            if let Some(value) = value {
                config.set(property, value);
            }
        }
        config
    }

    /// Settings of a client that reads.
    pub(crate) fn reader(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "error")
            .set("queued.max.messages.kbytes", self.queue_kibibytes_max.to_string())
            // Once the queue is full, librdkafka would look away for a whole second, which a fast reader waits for.
            .set("fetch.queue.backoff.ms", "20")
            .set("check.crcs", "true");
        self.with_properties(config, Role::Reads)
    }

    /// Settings of a client that reads and has a group.
    pub(crate) fn group_reader(&self) -> ClientConfig {
        let mut config = self.reader();
        config.set("group.id", &self.group_id).set("partition.assignment.strategy", "range");
        config
    }

    /// Settings of a client that writes with the default partitioner of Kafka's own clients.
    pub(crate) fn writer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.codec", "lz4")
            .set("linger.ms", "5");
        self.with_properties(config, Role::Writes)
    }

    /// Settings of a client that writes each record once.
    pub(crate) fn idempotent_writer(&self) -> ClientConfig {
        let mut config = self.writer();
        config.set("enable.idempotence", "true");
        config
    }

    /// Settings of a client that creates topics; librdkafka takes it for one that writes.
    pub(crate) fn administrator(&self) -> ClientConfig {
        self.with_properties(self.client(), Role::Writes)
    }

    /// Properties come last, so that they win over defaults; [`check`](Self::check) has refused those that must not.
    fn with_properties(&self, mut config: ClientConfig, role: Role) -> ClientConfig {
        for (name, value) in self.properties.iter().filter(|(name, _)| concerns(name, role)) {
            config.set(name, value);
        }
        config
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(crate) fn send_timeout(&self) -> Duration {
        Duration::from_millis(self.send_timeout_ms)
    }
}

/// The context of clients that are only made to see whether they can be: what is wrong is in the error.
struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Silent {}

impl ProducerContext for Silent {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_property(name: &str, value: &str) -> KafkaOptions {
        KafkaOptions {
            properties: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            ..KafkaOptions::default()
        }
    }

    #[test]
    fn wrong_options_are_named() {
        let sasl = KafkaOptions { security_protocol: SecurityProtocol::SaslSsl, ..KafkaOptions::default() };
        let without_password = KafkaOptions { sasl_username: Some("tally".to_owned()), ..sasl.clone() };
        for (options, expected) in [
            (
                KafkaOptions { bootstrap_servers: " ".to_owned(), ..KafkaOptions::default() },
                Some("kafka.bootstrap_servers: is empty"),
            ),
            (
                KafkaOptions { batch_records_max: 0, ..KafkaOptions::default() },
                Some("kafka.batch_records_max: is 0; expected 1 to"),
            ),
            (
                KafkaOptions { request_timeout_ms: 1, ..KafkaOptions::default() },
                Some("kafka.request_timeout_ms: is 1"),
            ),
            (sasl, Some("kafka.sasl_username: is missing; sasl_ssl needs a user")),
            (without_password, Some("kafka.sasl_password: is missing")),
            (
                with_property("group.id", "x"),
                Some("kafka.properties.group.id: has an option of its own; use kafka.group_id"),
            ),
            (
                with_property("enable.auto.commit", "true"),
                Some("kafka.properties.enable.auto.commit: cannot be changed"),
            ),
            (with_property("session.timeout.ms", "10000"), None),
            (KafkaOptions::default(), None),
        ] {
            let found = options.check().err().map(|error| error.to_string());
            let matches = match (&found, expected) {
                (Some(found), Some(expected)) => found.starts_with(expected),
                (None, None) => true,
                _ => false,
            };
            assert!(matches, "found {found:?}, expected {expected:?}");
        }
    }

    #[test]
    fn what_librdkafka_refuses_is_told_without_a_broker() {
        let without_file =
            KafkaOptions { ssl_ca_location: Some("/nowhere/ca.pem".to_owned()), ..KafkaOptions::default() };
        let without_file = KafkaOptions { security_protocol: SecurityProtocol::Ssl, ..without_file };
        for (options, expected) in [
            (with_property("session.timeot.ms", "10000"), "kafka.properties.session.timeot.ms: "),
            (with_property("session.timeout.ms", "soon"), "kafka.properties.session.timeout.ms: "),
            // Only a client of its role finds these.
            (with_property("linger.ms", "-7"), "kafka.properties.linger.ms: "),
            (with_property("max.poll.interval.ms", "10000"), "kafka: "),
            (with_property("message.send.max.retries", "0"), "kafka: "),
            (without_file, "kafka: "),
            (with_property("group.id", "x"), "kafka.properties.group.id: has an option"),
        ] {
            let error = options.check_clients().unwrap_err();
            assert_eq!(error.code(), "log_configuration");
            assert!(error.to_string().starts_with(expected), "{error}");
        }
        for options in [with_property("session.timeout.ms", "10000"), KafkaOptions::default()] {
            assert_eq!(options.check_clients(), Ok(()));
        }
    }

    #[test]
    fn properties_go_only_where_they_mean_something() {
        for (name, reads, writes) in [
            ("session.timeout.ms", true, false),
            ("linger.ms", false, true),
            ("socket.keepalive.enable", true, true),
        ] {
            let options = with_property(name, "77");
            let has = |config: ClientConfig| config.get(name) == Some("77");
            assert_eq!(has(options.group_reader()), reads, "{name}");
            assert_eq!(has(options.idempotent_writer()), writes, "{name}");
            assert_eq!(has(options.administrator()), writes, "{name}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let mut options = with_property("ssl.keystore.password", "open-sesame");
        options.sasl_password = Some(Secret::new("open-sesame"));
        options.ssl_key_password = Some(Secret::new("open-sesame"));
        let json = serde_json::to_string(&options).unwrap();
        let shown = format!("{options:?} {options:#?} {json}");
        assert!(!shown.contains("open-sesame"), "{shown}");
        assert_eq!(options.client().get("sasl.password"), Some("open-sesame"));
    }

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options: KafkaOptions = serde_json::from_str(
            r#"{"bootstrap_servers":"a:1,b:2","security_protocol":"sasl_ssl","sasl_mechanism":"SCRAM-SHA-512","sasl_password":"x"}"#,
        )
        .unwrap();
        assert_eq!(options.security_protocol, SecurityProtocol::SaslSsl);
        assert_eq!(options.sasl_mechanism.name(), "SCRAM-SHA-512");
        assert_eq!(options.sasl_password, Some(Secret::new("x")));
        assert!(serde_json::from_str::<KafkaOptions>(r#"{"bootstrap":"a"}"#).is_err());
    }
}
