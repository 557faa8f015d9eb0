//! What is appended to the log: the events of a small company in disorder, and records that must not count among them;
//! and what is to become of each.

use std::borrow::Cow;

use codec::{Carries, Record, encode};
use eventlog::{MemoryLog, NewRecord, TopicPartition};
use model::{Event, MICROS_PER_SECOND, Pipelines, RejectReason, Timestamp};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use salesfloor::{Floor, Scenario, disorder};

/// The topics, in the order of their lanes.
pub(crate) const TOPICS: [(&str, Carries); 2] =
    [("deals", Carries::Deals), ("activities", Carries::Activities)];

/// How far ahead of the log an event's time may be.
pub(crate) const FUTURE_TOLERANCE_SECONDS: u32 = 86_400;
/// When the log receives its first record, in days after the scenario's start: behind all events.
const RECEIVED_AFTER_DAYS: i64 = 10;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// One record in about so many is bad.
const BAD_ONE_IN: u32 = 14;

/// What is to become of a record.
#[derive(Debug, Clone)]
pub(crate) enum Meaning {
    /// It counts.
    Counts(Box<Event<'static>>),
    /// It goes to the dead letters, for this reason.
    Refused(RejectReason),
}

/// A record, appended or not yet.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) received_at: Timestamp,
    pub(crate) meaning: Meaning,
}

/// The records of one partition of one topic, by offset.
pub(crate) struct Lane {
    pub(crate) source: TopicPartition,
    pub(crate) records: Vec<Planned>,
    pub(crate) appended: usize,
}

/// Everything that a world appends.
pub(crate) struct Story {
    pub(crate) pipelines: Pipelines,
    pub(crate) partitions: usize,
    pub(crate) lanes: Vec<Lane>,
}

/// How a record is spoiled.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    Garbage,
    Tombstone,
    WithoutField,
    EmptyField,
    OtherType,
    UnknownStage,
    FromFuture,
}

const FLAWS: [Flaw; 7] = [
    Flaw::Garbage,
    Flaw::Tombstone,
    Flaw::WithoutField,
    Flaw::EmptyField,
    Flaw::OtherType,
    Flaw::UnknownStage,
    Flaw::FromFuture,
];

impl Story {
    pub(crate) fn new(seed: u64, chance: &mut ChaCha8Rng) -> Result<Self, Box<dyn std::error::Error>> {
        let scenario = Scenario::tiny(seed);
        let floor = Floor::new(&scenario)?;
        let pipelines = floor.pipelines().clone();
        let partitions = chance.random_range(1..=4_usize);
        let received_from =
            (i64::from(scenario.start_day.0) + RECEIVED_AFTER_DAYS).saturating_mul(MICROS_PER_DAY);

        let events = disorder::contradict(floor.collect(), 12, seed);
        let repeated: Vec<_> = events
            .into_iter()
            .flat_map(|event| std::iter::repeat_n(event, if chance.random_range(0..9) == 0 { 2 } else { 1 }))
            .collect();
        let window = [1, 4, 40, repeated.len()][chance.random_range(0..4)];
        let events = disorder::shuffle_within(repeated, window, seed);

        let mut lanes: Vec<Lane> = (0..)
            .take(partitions)
            .flat_map(|number| TOPICS.map(|(topic, _)| TopicPartition::new(topic, number)))
            .map(|source| Lane { source, records: Vec::new(), appended: 0 })
            .collect();
        for (number, events) in disorder::partition(events, partitions).into_iter().enumerate() {
            for event in events {
                let topic = usize::from(matches!(event, Event::Activity(_)));
                lanes[number * TOPICS.len() + topic].plan(event, received_from, chance)?;
            }
        }
        Ok(Self { pipelines, partitions, lanes })
    }

    /// Whether all is appended but the last record of each lane, which is kept for the end.
    pub(crate) fn is_told(&self) -> bool {
        self.lanes.iter().all(Lane::is_told)
    }
}

impl Lane {
    /// Plans an event, and now and then a spoiled one before it.
    fn plan(
        &mut self,
        event: Event<'static>,
        received_from: i64,
        chance: &mut ChaCha8Rng,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let key = disorder::partition_key(&event).as_bytes().to_vec();
        if chance.random_range(0..BAD_ONE_IN) == 0 {
            let flaw = FLAWS[chance.random_range(0..FLAWS.len())];
            let received_at = self.receipt(received_from)?;
            let (value, reason) = spoiled(event.clone(), flaw, received_at)?;
            let meaning = Meaning::Refused(reason);
            self.records.push(Planned { key: key.clone(), value, received_at, meaning });
        }
        let received_at = self.receipt(received_from)?;
        let value = Some(encode::json(&Record::Event(event.clone())));
        self.records.push(Planned { key, value, received_at, meaning: Meaning::Counts(Box::new(event)) });
        Ok(())
    }

    /// When the next record is received: one every second.
    fn receipt(&self, received_from: i64) -> Result<Timestamp, model::TimeError> {
        let seconds = i64::try_from(self.records.len()).unwrap_or(i64::MAX);
        Timestamp::from_micros(received_from + seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Whether all is appended but the last record.
    pub(crate) fn is_told(&self) -> bool {
        self.appended + 1 >= self.records.len()
    }

    /// Appends the next record, if there is one; what it means.
    pub(crate) fn append(&mut self, log: &MemoryLog) -> Result<Option<&Meaning>, eventlog::LogError> {
        let Some(planned) = self.records.get(self.appended) else {
            return Ok(None);
        };
        let record = NewRecord {
            timestamp_millis: Some(planned.received_at.micros() / 1_000),
            key: Some(&planned.key),
            value: planned.value.as_deref(),
            headers: &[],
        };
        log.append(&self.source, record)?;
        self.appended += 1;
        Ok(Some(&planned.meaning))
    }
}

/// The value of a record that is like an event, but for one flaw, and why it must be refused.
fn spoiled(
    mut event: Event<'static>,
    flaw: Flaw,
    received_at: Timestamp,
) -> Result<(Option<Vec<u8>>, RejectReason), model::TimeError> {
    let reason = match (flaw, &mut event) {
        (Flaw::Garbage, _) => return Ok((Some(b"{\"type\":".to_vec()), RejectReason::Undecodable)),
        (Flaw::Tombstone, _) => return Ok((None, RejectReason::Undecodable)),
        (Flaw::OtherType, _) => {
            return Ok((Some(b"{\"type\":\"rep\"}".to_vec()), RejectReason::UnexpectedType));
        }
        (Flaw::WithoutField, _) => {
            let text = String::from_utf8_lossy(&encode::json(&Record::Event(event))).replacen(
                "\"event_id\"",
                "\"event_di\"",
                1,
            );
            return Ok((Some(text.into_bytes()), RejectReason::MissingField));
        }
        (Flaw::UnknownStage, Event::Deal(deal)) => {
            deal.stage = Cow::Borrowed("nowhere");
            RejectReason::UnknownStage
        }
        (Flaw::EmptyField, Event::Deal(deal)) => {
            deal.event_id = Cow::Borrowed("");
            RejectReason::InvalidField
        }
        // An activity has no stage that could be unknown.
        (Flaw::EmptyField | Flaw::UnknownStage, Event::Activity(activity)) => {
            activity.kind = Cow::Borrowed("");
            RejectReason::InvalidField
        }
        (Flaw::FromFuture, Event::Deal(deal)) => {
            deal.occurred_at = ahead_of(received_at)?;
            RejectReason::InFuture
        }
        (Flaw::FromFuture, Event::Activity(activity)) => {
            activity.occurred_at = ahead_of(received_at)?;
            RejectReason::InFuture
        }
    };
    Ok((Some(encode::json(&Record::Event(event))), reason))
}

/// The first moment that is too far ahead.
fn ahead_of(received_at: Timestamp) -> Result<Timestamp, model::TimeError> {
    let tolerance = i64::from(FUTURE_TOLERANCE_SECONDS) * MICROS_PER_SECOND;
    Timestamp::from_micros(received_at.micros() + tolerance + 1)
}
