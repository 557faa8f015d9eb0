//! bytes to events and back: Avro (Confluent framing), JSON, reject reasons
