//! One partition's process: decode, fold, publish, freeze. Synchronous; whoever drives it (a worker's thread, the
//! simulation) brings the batches and the time.
//!
//! Invariants:
//! - `RUN-1` A position is behind exactly the records that are folded or sent to the dead letters.
//! - `RUN-2` An image is taken only when every dead letter before its positions is acknowledged.
//! - `RUN-3` What cannot be decided now (a schema that cannot be had, dead letters that are not taken) stops the
//!   partition at that record, without losing or skipping it.

use std::sync::Arc;
use std::time::Duration;

use board::PartitionWriter;
use codec::{Carries, DecodeFailure, Decoder, Record};
use engine::{Counts, Outcome, PartitionState, RESTATED_MEASURES};
use eventlog::{
    DeadLetter, DeadLetterSink, LogError, RecordBatch, RecordMark, RecordRef, StartPosition, TopicPartition,
};
use explain::Evidence;
use model::{Event, Offset, PartitionId, Reject, RejectReason, Timestamp, TopicName};
use prometheus::IntCounter;

use crate::image::Image;
use crate::metrics::ServiceMetrics;
use crate::options::EventTopic;

/// How far a batch came.
#[derive(Debug)]
pub enum Progress {
    /// All of it is folded.
    Whole,
    /// It stopped at the record of this index: fold again from there after a while.
    Stopped {
        /// The index of the first record that is not folded.
        at: usize,
        /// What it waits for.
        cause: Wait,
    },
}

/// What a stopped batch waits for.
#[derive(Debug)]
pub enum Wait {
    /// A schema that the registry cannot be asked for now.
    Schema(String),
    /// The dead-letter topic takes no more now.
    DeadLetters(LogError),
}

impl std::fmt::Display for Wait {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Schema(cause) => formatter.write_str(cause),
            Self::DeadLetters(error) => write!(formatter, "dead letters are not taken: {error}"),
        }
    }
}

/// A topic as this partition reads it.
struct Input {
    topic: EventTopic,
    decoder: Decoder,
    position: StartPosition,
    outcomes: Outcomes,
    key_mismatches: IntCounter,
    /// Where the log ended when it was last read to its end.
    end_seen: Option<Offset>,
    appended_last: Option<Timestamp>,
}

/// Counters by outcome, and what is not added to them yet.
struct Outcomes {
    counters: [IntCounter; 4],
    pending: [u64; 4],
}

const APPLIED: usize = 0;
const DUPLICATE: usize = 1;
const CONFLICT: usize = 2;
const REJECTED: usize = 3;

impl Outcomes {
    fn new(metrics: &ServiceMetrics, topic: &str) -> Self {
        let counter = |outcome| metrics.events.with_label_values(&[topic, outcome]);
        Self { counters: ["applied", "duplicate", "conflict", "rejected"].map(counter), pending: [0; 4] }
    }

    fn settle(&mut self) {
        for (counter, pending) in self.counters.iter().zip(&mut self.pending) {
            counter.inc_by(std::mem::take(pending));
        }
    }
}

/// What a process is made of.
pub struct PartitionParts {
    /// Its number.
    pub partition: PartitionId,
    /// Its state, new or restored.
    pub state: PartitionState,
    /// The topics, a decoder for each, and where to begin.
    pub inputs: Vec<(EventTopic, Decoder, StartPosition)>,
    /// Where rejects go.
    pub dead_letters: Box<dyn DeadLetterSink>,
    /// Where cells go.
    pub writer: PartitionWriter,
    /// The service's metrics.
    pub metrics: Arc<ServiceMetrics>,
}

/// A partition being folded.
pub struct PartitionProcess {
    partition: PartitionId,
    state: PartitionState,
    inputs: Vec<Input>,
    dead_letters: Box<dyn DeadLetterSink>,
    writer: PartitionWriter,
    metrics: Arc<ServiceMetrics>,
    names_published: [usize; 3],
    /// Of how many restatements the metric knows, by measure.
    restatements_counted: [u64; RESTATED_MEASURES.len()],
    /// Receipt times of events that are folded and not published, with how many have it.
    unpublished: Vec<(Timestamp, u32)>,
    /// Whether state or positions are other than in the last image.
    changed: bool,
}

impl PartitionProcess {
    /// A process that goes on where its parts stand.
    #[must_use]
    pub fn new(parts: PartitionParts) -> Self {
        let metrics = parts.metrics;
        let input = |(topic, decoder, position): (EventTopic, Decoder, StartPosition)| Input {
            outcomes: Outcomes::new(&metrics, &topic.name),
            key_mismatches: metrics.key_mismatches.with_label_values(&[&*topic.name]),
            topic,
            decoder,
            position,
            end_seen: None,
            appended_last: None,
        };
        Self {
            partition: parts.partition,
            // Those of a snapshot were counted when they came.
            restatements_counted: parts.state.restatements().totals(),
            state: parts.state,
            inputs: parts.inputs.into_iter().map(input).collect(),
            dead_letters: parts.dead_letters,
            writer: parts.writer,
            metrics,
            names_published: [0; 3],
            unpublished: Vec::new(),
            changed: false,
        }
    }

    /// Folds a batch from the record of an index on. Records before the position are passed over.
    pub fn fold(&mut self, batch: &RecordBatch, from: usize) -> Progress {
        let Some(number) = self.inputs.iter().position(|input| input.topic.name == *batch.topic()) else {
            return Progress::Whole;
        };
        let mut progress = Progress::Whole;
        let mut last = None;
        let mut ahead = batch.iter().skip(from);
        for (at, record) in batch.iter().enumerate().skip(from) {
            if (at - from).is_multiple_of(PartitionState::EXPECTED_DEALS) {
                let next = ahead.by_ref().take(PartitionState::EXPECTED_DEALS);
                self.state.expect_deals(next.filter_map(|record| record.key));
            }
            if record.offset < self.inputs[number].position.next {
                continue;
            }
            if let Err(cause) = self.fold_record(number, batch, &record) {
                progress = Progress::Stopped { at, cause };
                break;
            }
            last = Some(record);
        }
        let input = &mut self.inputs[number];
        if let Some(record) = last {
            input.position =
                StartPosition { next: record.offset.next(), last: Some(RecordMark::of(&record)) };
            input.appended_last = record.appended_at;
            self.changed = true;
        }
        input.outcomes.settle();
        self.count_restatements();
        progress
    }

    fn count_restatements(&mut self) {
        let totals = self.state.restatements().totals();
        for ((measure, total), counted) in
            RESTATED_MEASURES.iter().zip(totals).zip(&mut self.restatements_counted)
        {
            if total > *counted {
                self.metrics.restatements.with_label_values(&[measure]).inc_by(total - *counted);
                *counted = total;
            }
        }
    }

    /// Notes that a topic was read to its end, which is this offset: also past what is never delivered.
    pub fn reached_end(&mut self, source: &TopicPartition, end: Offset) {
        if let Some(input) = self.inputs.iter_mut().find(|input| input.topic.name == source.topic) {
            // An older position would look lost once the log no longer holds what lies between.
            self.changed |= end > input.position.next;
            input.position.next = input.position.next.max(end);
            input.end_seen = Some(end);
        }
        if self.has_caught_up() {
            // What was won in the history that is read first is no news.
            self.state.want_closings();
        }
    }

    /// Whether every topic has been read to its end at least once.
    #[must_use]
    pub fn has_caught_up(&self) -> bool {
        self.inputs.iter().all(|input| input.end_seen.is_some())
    }

    /// Publishes what changed since the last time; `now` is for the latency of events.
    pub fn publish(&mut self, now: Timestamp) {
        let state = &self.state;
        let names = [state.reps(), state.territories(), state.types()].map(engine::Names::as_slice);
        let [reps, territories, types] =
            [0, 1, 2].map(|kind| names[kind][self.names_published[kind]..].to_vec());
        self.names_published = names.map(<[_]>::len);
        let stamp = board::Stamp {
            progress: self.progress(),
            positions: self
                .inputs
                .iter()
                .map(|input| (input.topic.name.clone(), input.position.next))
                .collect(),
        };
        let changes = self.state.take_changes();
        self.writer.name_types(&types);
        match self.writer.publish(stamp, &reps, &territories, changes) {
            Ok(board::Published::Applied { .. }) => self.announce(now),
            Ok(board::Published::Ignored) => {
                tracing::debug!(partition = %self.partition, "the board has a later state of the partition");
            }
            // Names go with the cells that use them and days come from checked times, so this cannot be: but if it
            // were, wrong numbers would be worse than a stop.
            Err(error) => unreachable!("partition {}: {error}", self.partition),
        }
        for (appended_at, count) in self.unpublished.drain(..) {
            let micros = u32::try_from((now.micros() - appended_at.micros()).max(0)).unwrap_or(u32::MAX);
            let seconds = f64::from(micros) / 1e6;
            for _ in 0..count {
                self.metrics.event_to_visible_seconds.observe(seconds);
            }
        }
    }

    /// Tells of what was won, behind the numbers that have it.
    fn announce(&mut self, now: Timestamp) {
        let closings = self.state.take_closings();
        if !closings.is_empty() {
            let topic = self.topic(Carries::Deals);
            self.writer.announce(self.partition, &topic, closings, now);
        }
    }

    /// The topic of deals or of activities; both may be one.
    fn topic(&self, carries: Carries) -> TopicName {
        let topics = || self.inputs.iter().map(|input| &input.topic);
        let of_its_own = topics().find(|topic| topic.carries == carries);
        of_its_own.or_else(|| topics().next()).map_or_else(|| "".into(), |topic| topic.name.clone())
    }

    /// Whether [`publish`](Self::publish) would tell anything new.
    #[must_use]
    pub fn has_unpublished(&self) -> bool {
        self.state.has_changes() || !self.unpublished.is_empty()
    }

    /// Takes the partition's numbers off the board and ends the process.
    pub fn retract(self) {
        self.writer.retract();
    }

    /// Whether state or positions are other than in the last [`image`](Self::image).
    #[must_use]
    pub const fn has_changed(&self) -> bool {
        self.changed
    }

    /// Notes that no snapshot holds the state and positions, so that another image is wanted.
    pub(crate) const fn note_unsaved(&mut self) {
        self.changed = true;
    }

    /// Freezes the state with its positions, once all dead letters before them are acknowledged.
    ///
    /// # Errors
    /// If they are not within `deadline`: try again later.
    pub fn image(&mut self, deadline: Duration) -> Result<Image, LogError> {
        self.dead_letters.flush(deadline)?;
        self.changed = false;
        self.state.settle();
        Ok(Image {
            partition: self.partition,
            frozen: self.state.freeze(),
            positions: self.positions().map(|(topic, position)| (topic.clone(), position)).collect(),
            newest: self.state.newest(),
            counts: self.state.counts(),
        })
    }

    /// The state as it stands, for explanations.
    pub(crate) fn evidence(&mut self) -> Evidence {
        self.state.settle();
        Evidence {
            partition: self.partition,
            deals: self.topic(Carries::Deals),
            activities: self.topic(Carries::Activities),
            positions: self.positions().map(|(topic, position)| (topic.clone(), position.next)).collect(),
            frozen: self.state.freeze(),
        }
    }

    /// Where each topic is to be read from next.
    pub fn positions(&self) -> impl Iterator<Item = (&TopicName, StartPosition)> {
        self.inputs.iter().map(|input| (&input.topic.name, input.position))
    }

    /// The receipt time of the last folded record of each topic.
    pub(crate) fn appended_last(&self) -> impl Iterator<Item = (&TopicName, Offset, Option<Timestamp>)> {
        self.inputs.iter().map(|input| (&input.topic.name, input.position.next, input.appended_last))
    }

    /// Its number.
    #[must_use]
    pub const fn partition(&self) -> PartitionId {
        self.partition
    }

    /// What the state holds.
    pub fn counts(&mut self) -> Counts {
        self.state.settle();
        self.state.counts()
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> &PartitionState {
        &self.state
    }

    /// The sum of the positions: how far the partition is, in one number that only grows.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.inputs.iter().map(|input| input.position.next.0.cast_unsigned()).sum()
    }

    fn fold_record(
        &mut self,
        number: usize,
        batch: &RecordBatch,
        record: &RecordRef<'_>,
    ) -> Result<(), Wait> {
        let input = &mut self.inputs[number];
        let decoded = match record.value {
            Some(value) => input.decoder.decode(value),
            None => {
                Err(Reject::new(RejectReason::Undecodable, "the record has no value; expected an event")
                    .into())
            }
        };
        let mut has_other_key = false;
        let outcome = match decoded {
            Ok(Record::Event(event)) => {
                has_other_key = record.key != Some(partition_key(&event).as_bytes());
                if has_other_key && input.key_mismatches.get() == 0 {
                    tracing::warn!(
                        topic = %input.topic.name, offset = %record.offset, expected_key = partition_key(&event),
                        "a record's key is not the id its topic must be partitioned by; its deal may be in two partitions"
                    );
                }
                self.state.apply(&event, record.offset, record.appended_at)
            }
            Ok(Record::Reference(_)) => Outcome::Rejected(Reject::new(
                RejectReason::UnexpectedType,
                "a reference record on a topic of events; send it to the reference topic",
            )),
            Err(DecodeFailure::Reject(reject)) => Outcome::Rejected(reject),
            Err(failure @ DecodeFailure::SchemaUnavailable { .. }) => {
                self.metrics.schema_waits.inc();
                return Err(Wait::Schema(failure.to_string()));
            }
        };
        let kind = match outcome {
            Outcome::Applied => APPLIED,
            Outcome::Duplicate => DUPLICATE,
            Outcome::Conflict => CONFLICT,
            Outcome::Rejected(reject) => {
                self.bury(batch, record, &reject)?;
                REJECTED
            }
        };
        // Here and not above: a record that has to wait comes by more than once.
        let input = &mut self.inputs[number];
        input.key_mismatches.inc_by(u64::from(has_other_key));
        input.outcomes.pending[kind] += 1;
        // Only when caught up: while history is read, receipt times say nothing about the service.
        if kind != REJECTED
            && input.end_seen.is_some()
            && let Some(appended_at) = record.appended_at
        {
            match self.unpublished.last_mut() {
                Some((last, count)) if *last == appended_at => *count += 1,
                _ => self.unpublished.push((appended_at, 1)),
            }
        }
        Ok(())
    }

    fn bury(&mut self, batch: &RecordBatch, record: &RecordRef<'_>, reject: &Reject) -> Result<(), Wait> {
        let origin = batch.source().at(record.offset);
        tracing::debug!(%origin, reason = reject.reason.name(), detail = reject.detail, "record goes to the dead letters");
        let letter = DeadLetter::of(origin, record, reject.reason, &reject.detail);
        self.dead_letters.send(letter).map_err(Wait::DeadLetters)?;
        self.metrics.dead_letters.with_label_values(&[reject.reason.name()]).inc();
        Ok(())
    }
}

/// The id that a record of this event must be keyed by, so that all that belongs together is in one partition.
fn partition_key<'e>(event: &'e Event<'_>) -> &'e str {
    match event {
        Event::Deal(deal) => &deal.deal_id,
        Event::Activity(activity) => activity.deal_id.as_deref().unwrap_or(&activity.rep_id),
    }
}
