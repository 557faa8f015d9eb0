//! The decoder of one topic: from the value of a log record to a [`Record`], in the topic's wire form.
//!
//! Invariants: `decode` never panics and takes time and memory in proportion to the value; the same bytes under the
//! same schemas give the same answer. Must not know where values come from, or what becomes of rejects.

use std::sync::Arc;

use model::{Reject, RejectReason};
use thiserror::Error;

use crate::avro::{self, Plan};
use crate::draft::{Field, Value};
use crate::json;
use crate::record::{Carries, Record, RecordKind};
use crate::registry::{Plans, SchemaSource, unknown_schema};
use crate::rules;
use crate::words;

/// The longest value that is looked at, in bytes, in every wire form.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// The bytes before the datum in Confluent's framing: a zero and the schema's id as a big-endian u32.
const FRAME_BYTES: usize = 5;

/// Why a value gave no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeFailure {
    /// The value can never be counted; trying again gives the same answer unless its schema is registered meanwhile.
    #[error("{0}")]
    Reject(Reject),
    /// The registry cannot be asked now, or may learn of the schema yet: try the same value again later, with longer
    /// waits each time, and do not send it to the dead letters.
    #[error("schema {id} is not available: {cause}; the registry is to be asked again later")]
    SchemaUnavailable {
        /// The schema's id.
        id: u32,
        /// What the registry's client said.
        cause: String,
    },
}

impl From<Reject> for DecodeFailure {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

/// Decodes the values of one topic. It keeps what it has learned of schemas, so keep it for as long as the topic is
/// read; one for every thread that reads.
#[derive(Debug)]
pub struct Decoder {
    carries: Carries,
    wire: Wire,
}

#[derive(Debug)]
enum Wire {
    Json,
    Plain(Plan),
    Confluent(Plans),
}

impl Decoder {
    /// For JSON, one object a value.
    #[must_use]
    pub const fn json(carries: Carries) -> Self {
        Self { carries, wire: Wire::Json }
    }

    /// For plain Avro written with the built-in schema: the record itself on topics of deals and of activities, the
    /// union of [`Carries::kinds`] on the others.
    #[must_use]
    pub fn avro(carries: Carries) -> Self {
        Self { carries, wire: Wire::Plain(avro::built_in(carries)) }
    }

    /// For Avro with Confluent's framing, each value with the id of the schema it was written with.
    #[must_use]
    pub fn confluent(carries: Carries, source: Arc<dyn SchemaSource>) -> Self {
        Self { carries, wire: Wire::Confluent(Plans::new(carries, source)) }
    }

    /// What the topic carries.
    #[must_use]
    pub const fn carries(&self) -> Carries {
        self.carries
    }

    /// The record in a value. Texts are borrowed from the value where its form allows.
    ///
    /// # Errors
    /// [`DecodeFailure::Reject`] is final; [`DecodeFailure::SchemaUnavailable`] asks for a retry of the same value.
    pub fn decode<'a>(&mut self, value: &'a [u8]) -> Result<Record<'a>, DecodeFailure> {
        if value.len() > MAX_VALUE_BYTES {
            let detail = format!("is {} bytes long, expected at most {MAX_VALUE_BYTES}", value.len());
            return Err(Reject::new(RejectReason::Undecodable, detail).into());
        }
        match &mut self.wire {
            Wire::Json => Ok(decode_json(self.carries, value)?),
            Wire::Plain(plan) => Ok(avro::decode(plan, value, 0)?),
            Wire::Confluent(plans) => {
                let plan = plans.plan(schema_id(value)?)?;
                Ok(avro::decode(plan, value, FRAME_BYTES)?)
            }
        }
    }
}

fn decode_json(carries: Carries, value: &[u8]) -> Result<Record<'_>, Reject> {
    let mut draft = json::draft(value)?;
    let kind = match draft.get(Field::Type) {
        Value::Absent | Value::Null => {
            return Err(Reject::new(RejectReason::MissingField, "field type is missing"));
        }
        value => match draft.text(value).map(|name| (name, RecordKind::from_name(name))) {
            Some((_, Some(kind))) if carries.kinds().contains(&kind) => kind,
            Some((name, _)) => return Err(unexpected_type(carries, &words::quoted(name))),
            None => return Err(rules::invalid(Field::Type, "is not text")),
        },
    };
    rules::record(kind, &mut draft)
}

/// The reject of a record of another type than its topic carries.
#[cold]
pub(crate) fn unexpected_type(carries: Carries, found: &str) -> Reject {
    let kinds: Vec<&str> = carries.kinds().iter().map(|kind| kind.name()).collect();
    Reject::new(
        RejectReason::UnexpectedType,
        format!("a record of type {found} on a topic of {}; expected {}", carries.name(), kinds.join(", ")),
    )
}

fn schema_id(value: &[u8]) -> Result<u32, Reject> {
    let undecodable = |detail: String| Err(Reject::new(RejectReason::Undecodable, detail));
    match *value {
        [0, a, b, c, d, ..] => {
            let id = i32::from_be_bytes([a, b, c, d]);
            u32::try_from(id).map_err(|_| {
                unknown_schema(format!(
                    "schema id {} is none that a registry gives; expected at most {}",
                    id.cast_unsigned(),
                    i32::MAX
                ))
            })
        }
        [0, ..] | [] => undecodable(format!(
            "is {} bytes long, expected the {FRAME_BYTES} of Confluent's framing and a record",
            value.len()
        )),
        [first, ..] => {
            undecodable(format!("byte 0 is {first:#04x}, expected 0x00: not in Confluent's framing"))
        }
    }
}
