//! Bytes to events and back: Avro (plain and with Confluent framing), JSON, reject reasons.
//!
//! This room turns the value of one log record into one checked [`Record`], or says in a [`model::Reject`] why it
//! cannot be counted, and writes records for loaders. It must not know tokio, Kafka, the clock, the disk, randomness
//! or a logger; a registry is behind [`SchemaSource`]. A null value (a tombstone) never comes here.
//!
//! Both wire forms are read into one draft of named fields, and one set of rules turns a draft into a record, so a
//! field means the same in both. Bytes are hostile until checked: no panic, and time and memory in proportion to the
//! value's length.
//!
//! | module | what it does |
//! | --- | --- |
//! | `record` | what comes out, and what a topic carries |
//! | `draft` | the fields by name, as read, before any rule |
//! | `rules` | draft to record |
//! | `json` | JSON text to draft |
//! | `avro` | writer schema to plan (once), datum to draft (by the plan) |
//! | `registry` | plans by schema id |
//! | `words` | what messages may quote |
//! | `encode` | records to bytes |

mod avro;
#[cfg(test)]
mod contract;
mod decoder;
mod draft;
pub mod encode;
mod json;
mod record;
mod registry;
mod rules;
mod words;

pub use decoder::{DecodeFailure, Decoder, MAX_VALUE_BYTES};
pub use encode::schema_text;
pub use record::{Carries, Record, RecordKind};
pub use registry::{SchemaAnswer, SchemaSource};
pub use rules::{MAX_DURATION_SECONDS, MAX_TEXT_BYTES};
