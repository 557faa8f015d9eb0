//! The log in Kafka, through librdkafka.

mod admin;
mod batch;
mod compacted;
mod connection;
mod consumer;
mod dead_letters;
mod options;
mod producer;
mod properties;
mod reading;

pub use admin::{cluster_id, ensure_topic, topic_partitions};
pub use compacted::CompactedReader;
pub use consumer::KafkaConsumer;
pub use dead_letters::KafkaDeadLetters;
pub use options::{KafkaOptions, SaslMechanism, Secret, SecurityProtocol};
pub use producer::RecordProducer;
