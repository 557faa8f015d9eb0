//! Records to bytes: what a loader or a simulated source writes, and what tests read back.
//!
//! Writes the canonical form of each wire form: the fields in the order of the schema, as the decoder gives them, so
//! that encoding what was decoded and decoding it again changes nothing. Fields that are checked and not kept
//! (`lead_source` and the like) are not written.

mod avro;
mod json;

pub use avro::Avro;
pub use json::json;

use crate::record::RecordKind;

/// The text of the built-in Avro schema of a kind of record, as in `schemas/`; for registering it.
#[must_use]
pub const fn schema_text(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Deal => include_str!("../../../../schemas/DealEvent.avsc"),
        RecordKind::Activity => include_str!("../../../../schemas/ActivityEvent.avsc"),
        RecordKind::Rep => include_str!("../../../../schemas/Rep.avsc"),
        RecordKind::Territory => include_str!("../../../../schemas/Territory.avsc"),
        RecordKind::Quota => include_str!("../../../../schemas/Quota.avsc"),
        RecordKind::FxRate => include_str!("../../../../schemas/FxRate.avsc"),
        RecordKind::Goal => include_str!("../../../../schemas/Goal.avsc"),
    }
}
