//! Plans by schema id: what has been learned from a schema registry, within bounds.
//!
//! Invariants:
//! - A schema that decodes is asked for once, as long as it is among the [`MAX_PLANS`] used last.
//! - An id that the registry does not know is asked for again after [`UNKNOWN_FOR_RECORDS`] further records, for a
//!   registry may learn it late; between, it is rejected without asking.
//! - An id that was not asked for is never rejected: what counts must not depend on what stands around it in the log.
//!   A flood of unknown ids costs one question each, one at a time, at the pace of the registry's answers.
//! - That the registry cannot be asked now is never remembered, and never a reject.
//!
//! Time is counted in records, for this room has no clock. Must not know how a registry is spoken to.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Reject, RejectReason};

use crate::avro::{self, Plan};
use crate::decoder::DecodeFailure;
use crate::record::Carries;
use crate::words::passed_on;

/// How many schemas are kept ready.
const MAX_PLANS: usize = 512;
/// For how many records an id that the registry does not know stays unknown.
const UNKNOWN_FOR_RECORDS: u64 = 256;

/// Where schemas come from: a registry's client, which may keep a cache of its own.
pub trait SchemaSource: Send + Sync {
    /// The text of a schema; `Ok(None)` if the registry answers that there is none of this id.
    ///
    /// # Errors
    /// Why the registry cannot be asked now; the question may be put again later.
    fn schema(&self, id: u32) -> Result<Option<String>, String>;
}

/// What is known of an id.
#[derive(Debug)]
enum Known {
    /// How to read what was written with it.
    Plan(Box<Plan>),
    /// Its schema cannot be read as one of ours, and why; ids never change their schema.
    Unreadable(Reject),
}

struct Entry {
    id: u32,
    known: Known,
    /// The record that asked for it last.
    used_at: u64,
}

/// The plans of one topic, by schema id.
pub(crate) struct Plans {
    carries: Carries,
    source: Arc<dyn SchemaSource>,
    entries: Vec<Entry>,
    /// Where the last one looked up is among them; most records have the schema of the one before.
    latest: usize,
    /// Ids that the registry does not know, with the record from which on it may be asked again.
    unknown: HashMap<u32, u64>,
    /// How many records have been looked up.
    records: u64,
}

impl std::fmt::Debug for Plans {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Plans")
            .field("carries", &self.carries)
            .field("schemas", &self.entries.len())
            .field("unknown", &self.unknown.len())
            .finish_non_exhaustive()
    }
}

impl Plans {
    pub(crate) fn new(carries: Carries, source: Arc<dyn SchemaSource>) -> Self {
        Self { carries, source, entries: Vec::new(), latest: 0, unknown: HashMap::new(), records: 0 }
    }

    /// The plan of a schema id, asking the registry if need be.
    pub(crate) fn plan(&mut self, id: u32) -> Result<&Plan, DecodeFailure> {
        self.records += 1;
        if self.entries.get(self.latest).is_none_or(|entry| entry.id != id) {
            self.latest = match self.entries.iter().position(|entry| entry.id == id) {
                Some(index) => index,
                None => {
                    let known = self.ask(id)?;
                    self.keep(id, known)
                }
            };
        }
        let entry = &mut self.entries[self.latest];
        entry.used_at = self.records;
        match &entry.known {
            Known::Plan(plan) => Ok(plan),
            Known::Unreadable(reject) => Err(reject.clone().into()),
        }
    }

    fn ask(&mut self, id: u32) -> Result<Known, DecodeFailure> {
        let not_known = || unknown_schema(format!("the registry knows no schema {id}")).into();
        if self.unknown.get(&id).is_some_and(|&until| self.records < until) {
            return Err(not_known());
        }
        let text = self.source.schema(id).map_err(|cause| DecodeFailure::SchemaUnavailable { id, cause })?;
        let Some(text) = text else {
            let records = self.records;
            self.unknown.retain(|_, &mut until| records < until);
            self.unknown.insert(id, records + UNKNOWN_FOR_RECORDS);
            return Err(not_known());
        };
        self.unknown.remove(&id);
        match avro::plan(self.carries, &text) {
            Ok(plan) => Ok(Known::Plan(Box::new(plan))),
            Err(cause) => Ok(Known::Unreadable(unknown_schema(format!(
                "schema {id} cannot be read as one of ours: {}",
                passed_on(cause)
            )))),
        }
    }

    /// Keeps what is known of an id, in place of the one used longest ago if there are too many; where it is now.
    fn keep(&mut self, id: u32, known: Known) -> usize {
        let entry = Entry { id, known, used_at: self.records };
        if self.entries.len() < MAX_PLANS {
            self.entries.push(entry);
            return self.entries.len() - 1;
        }
        let oldest = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.used_at);
        let index = oldest.map_or(0, |(index, _)| index);
        self.entries[index] = entry;
        index
    }
}

fn unknown_schema(detail: String) -> Reject {
    Reject::new(RejectReason::UnknownSchema, detail)
}
