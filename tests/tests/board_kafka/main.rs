//! The board over real Kafka, in one process that shares its servers: known answers, kills, dead letters.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

mod dead_letters;
mod document;
mod faults;
mod maven;
mod maven_crm;
mod scenario;
mod survival;
