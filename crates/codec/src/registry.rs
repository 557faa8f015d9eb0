//! Plans by schema id: what has been learned from a schema registry, within bounds.
//!
//! Invariants:
//! - A schema that decodes is asked for once, as long as it is among the [`MAX_PLANS`] used last.
//! - That the registry cannot be asked now is never remembered, and never a reject.
//! - An id that the registry says it does not have is asked for [`PATIENT_ASKS`] times more before a record is rejected
//!   for it: the parts of a registry learn of a new schema one after the other. From then on it is asked for again after
//!   [`UNKNOWN_FOR_RECORDS`] further records each time, and between is rejected without asking.
//! - So that strange ids cannot stop a topic, there is patience for [`MAX_PATIENCE`] ids only; records that have a schema
//!   earn more of it, slowly.
//! - An id that was not asked for is never rejected: what counts must not depend on what stands around it in the log.
//!   A flood of unknown ids costs one question each, one at a time, at the pace of the registry's answers.
//!
//! Time is counted in records, for this room has no clock: how long a patient ask waits is the caller's affair. Must not
//! know how a registry is spoken to.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Reject, RejectReason};

use crate::avro::{self, Plan};
use crate::decoder::DecodeFailure;
use crate::record::Carries;
use crate::words::passed_on;

/// How many schemas are kept ready.
const MAX_PLANS: usize = 512;
/// How often an id that the registry does not know is asked for again before its records are rejected. With a caller
/// that waits 100 ms at first and then twice as long each time, this takes a second and a half.
const PATIENT_ASKS: u32 = 4;
/// For how many ids there can be patience left.
const MAX_PATIENCE: u64 = 8;
/// How many records with a schema earn the patience for one id.
const RECORDS_PER_PATIENCE: u64 = 1 << 20;
/// For how many records an id that the registry does not know stays unknown.
const UNKNOWN_FOR_RECORDS: u64 = 16;
/// How many unknown ids are remembered.
const MAX_UNKNOWN: usize = 256;

/// What a registry says of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaAnswer {
    /// The text of its schema.
    Schema(String),
    /// There is none of this id.
    Missing,
    /// It cannot be had, however often it is asked for, and why; this says nothing of other ids.
    Unreadable(String),
}

/// Where schemas come from: a registry's client, which may keep a cache of its own.
pub trait SchemaSource: Send + Sync {
    /// What the registry says of a schema's id.
    ///
    /// # Errors
    /// Why the registry cannot be asked now; the question may be put again later.
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String>;
}

impl From<Option<String>> for SchemaAnswer {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Missing, Self::Schema)
    }
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
    /// Ids that the registry does not know and for which there is no patience, with the record from which on it may be
    /// asked again.
    unknown: HashMap<u32, u64>,
    /// The id that the caller waits for, and how often it was asked for.
    awaited: Option<(u32, u32)>,
    patience: Patience,
    /// How many records have been looked up.
    records: u64,
    /// For how many of them nothing was known of their schema.
    unmet: u64,
}

/// For how many ids that the registry does not know the caller may still be made to wait.
struct Patience {
    left: u64,
    /// How many records with a schema had been seen when the last was earned.
    earned_at: u64,
}

impl Patience {
    /// Takes the patience for one id, if there is any after so many records with a schema.
    fn take(&mut self, with_schema: u64) -> bool {
        let earned = with_schema.saturating_sub(self.earned_at) / RECORDS_PER_PATIENCE;
        self.earned_at += earned * RECORDS_PER_PATIENCE;
        self.left = (self.left + earned).min(MAX_PATIENCE);
        let is_some = self.left > 0;
        self.left -= u64::from(is_some);
        is_some
    }
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
        Self {
            carries,
            source,
            entries: Vec::new(),
            latest: 0,
            unknown: HashMap::new(),
            awaited: None,
            patience: Patience { left: MAX_PATIENCE, earned_at: 0 },
            records: 0,
            unmet: 0,
        }
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
        self.unmet += 1;
        if self.unknown.get(&id).is_some_and(|&until| self.records < until) {
            return Err(not_known(id).into());
        }
        let unavailable = |cause| DecodeFailure::SchemaUnavailable { id, cause };
        let unreadable = |cause| {
            let cause = passed_on(cause);
            Known::Unreadable(unknown_schema(format!("schema {id} cannot be read as one of ours: {cause}")))
        };
        let known = match self.source.schema(id).map_err(unavailable)? {
            SchemaAnswer::Missing if self.is_worth_waiting_for(id) => {
                return Err(unavailable("the registry does not know it yet".to_owned()));
            }
            SchemaAnswer::Missing => {
                self.remember_unknown(id);
                return Err(not_known(id).into());
            }
            SchemaAnswer::Unreadable(cause) => unreadable(cause),
            SchemaAnswer::Schema(text) => match avro::plan(self.carries, &text) {
                Ok(plan) => Known::Plan(Box::new(plan)),
                Err(cause) => unreadable(cause),
            },
        };
        self.unknown.remove(&id);
        Ok(known)
    }

    /// Whether the caller is to wait and ask again for an id that the registry does not know. A caller that waits comes
    /// back with the same record, so that there is one such id at a time.
    fn is_worth_waiting_for(&mut self, id: u32) -> bool {
        if self.unknown.contains_key(&id) {
            return false;
        }
        let asked = match self.awaited.take() {
            Some((awaited, asked)) if awaited == id => asked,
            _ if self.patience.take(self.records - self.unmet) => 0,
            _ => return false,
        };
        if asked < PATIENT_ASKS {
            self.awaited = Some((id, asked + 1));
        }
        asked < PATIENT_ASKS
    }

    /// Notes that an id is unknown, in place of the one noted longest ago if there are too many.
    fn remember_unknown(&mut self, id: u32) {
        if self.unknown.len() >= MAX_UNKNOWN && !self.unknown.contains_key(&id) {
            let oldest = self.unknown.iter().min_by_key(|(_, until)| **until).map(|(&id, _)| id);
            oldest.and_then(|id| self.unknown.remove(&id));
        }
        self.unknown.insert(id, self.records + UNKNOWN_FOR_RECORDS);
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

fn not_known(id: u32) -> Reject {
    unknown_schema(format!("the registry knows no schema {id}"))
}

pub(crate) fn unknown_schema(detail: String) -> Reject {
    Reject::new(RejectReason::UnknownSchema, detail)
}
