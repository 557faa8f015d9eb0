//! the log: a trait, Kafka, in memory, one conformance suite
