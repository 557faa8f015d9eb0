//! Properties of librdkafka that may be set beside the options: which are refused, which are hidden, and which go where.

use std::collections::BTreeMap;

/// What stands for a text that is never shown.
pub(super) const HIDDEN: &str = "(hidden)";

/// Properties that carry an option of [`KafkaOptions`](super::KafkaOptions).
const HAVE_AN_OPTION: &[(&str, &str)] = &[
    ("bootstrap.servers", "bootstrap_servers"),
    ("metadata.broker.list", "bootstrap_servers"),
    ("group.id", "group_id"),
    ("client.id", "client_id"),
    ("security.protocol", "security_protocol"),
    ("sasl.mechanism", "sasl_mechanism"),
    ("sasl.mechanisms", "sasl_mechanism"),
    ("sasl.username", "sasl_username"),
    ("sasl.password", "sasl_password"),
    ("ssl.ca.location", "ssl_ca_location"),
    ("ssl.certificate.location", "ssl_certificate_location"),
    ("ssl.key.location", "ssl_key_location"),
    ("ssl.key.password", "ssl_key_password"),
    ("queued.max.messages.kbytes", "queue_kibibytes_max"),
];

/// Properties on which correctness rests: positions, membership, acknowledgement, and which records are seen.
const FIXED: &[&str] = &[
    "acks",
    "auto.commit.enable",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.protocol",
    "isolation.level",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "transactional.id",
];

/// Properties of clients that read (`C` in librdkafka's table of properties). A client that writes would warn of each.
const OF_READERS: &[&str] = &[
    "auto.commit.interval.ms",
    "check.crcs",
    "consume.callback.max.messages",
    "coordinator.query.interval.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.instance.id",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "offset.store.method",
    "offset.store.path",
    "offset.store.sync.interval.ms",
    "queued.min.messages",
    "session.timeout.ms",
];

/// Properties of clients that write (`P` in librdkafka's table). A client that reads would warn of each.
const OF_WRITERS: &[&str] = &[
    "batch.num.messages",
    "batch.size",
    "compression.codec",
    "compression.level",
    "compression.type",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.gapless.guarantee",
    "linger.ms",
    "message.send.max.retries",
    "message.timeout.ms",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queuing.strategy",
    "request.timeout.ms",
    "retries",
    "sticky.partitioning.linger.ms",
    "transaction.timeout.ms",
];

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reads,
    Writes,
}

/// Whether a property means something to a client of this role. Most do to both.
pub(super) fn concerns(property: &str, role: Role) -> bool {
    match role {
        Role::Reads => !OF_WRITERS.contains(&property),
        Role::Writes => !OF_READERS.contains(&property),
    }
}

/// The option that a property has, if it has one.
pub(super) fn option_of(property: &str) -> Option<&'static str> {
    HAVE_AN_OPTION.iter().find(|(name, _)| *name == property).map(|(_, option)| *option)
}

/// Why a property must not be set, if so.
pub(super) fn refusal(property: &str) -> Option<String> {
    if let Some(own) = option_of(property) {
        return Some(format!("has an option of its own; use kafka.{own}"));
    }
    let is_fixed = FIXED.contains(&property);
    is_fixed.then(|| "cannot be changed: that no record is lost or counted twice rests on it".to_owned())
}

/// Whether a property's name says that its value must not be shown.
fn is_secret(property: &str) -> bool {
    ["password", "secret", "token", ".pem"].iter().any(|word| property.contains(word))
}

/// Properties as they may be shown.
pub(super) fn shown(properties: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    properties
        .iter()
        .map(|(name, value)| (name.as_str(), if is_secret(name) { HIDDEN } else { value.as_str() }))
        .collect()
}
