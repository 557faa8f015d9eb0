//! The thread that reads the reference topic whole and follows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use board::Board;
use codec::{DecodeFailure, Decoder, Record};
use eventlog::{DeadLetter, DeadLetterSink, LogError, RecordBatch, RecordRef, TopicRead, TopicReader};
use model::{Calendar, Reference, Reject, RejectReason};

use crate::metrics::ServiceMetrics;
use crate::options::{BackOff, Options};

/// Makes a reader of the reference topic; called again after an error that a reader does not survive.
pub type ConnectReference = Box<dyn FnMut() -> Result<Box<dyn TopicReader>, LogError> + Send>;

/// What the follower is made of.
pub(crate) struct FollowerParts {
    pub(crate) board: Arc<Board>,
    pub(crate) calendar: Calendar,
    pub(crate) connect: ConnectReference,
    pub(crate) decoder: Decoder,
    pub(crate) dead_letters: Box<dyn DeadLetterSink>,
    pub(crate) metrics: Arc<ServiceMetrics>,
    pub(crate) options: Options,
    pub(crate) shutdown: Arc<AtomicBool>,
}

const WAIT: Duration = Duration::from_millis(100);

/// Reads until shutdown. What was read last stays on the board while the topic cannot be reached.
pub(crate) fn follow(mut parts: FollowerParts) {
    let mut back_off = BackOff::new(&parts.options);
    while !parts.shutdown.load(Ordering::Relaxed) {
        let error = match (parts.connect)() {
            Ok(mut reader) => match read(&mut parts, reader.as_mut(), &mut back_off) {
                Ok(()) => return,
                Err(error) => error,
            },
            Err(error) => error,
        };
        report(&parts, &error, &mut back_off);
    }
}

fn read(
    parts: &mut FollowerParts,
    reader: &mut dyn TopicReader,
    back_off: &mut BackOff,
) -> Result<(), LogError> {
    let mut reference = Reference::default();
    let (mut caught_up, mut changed) = (false, false);
    while !parts.shutdown.load(Ordering::Relaxed) {
        match reader.next(WAIT) {
            Ok(TopicRead::Records(batch)) => {
                back_off.reset();
                changed |= apply(parts, &mut reference, &batch);
            }
            Ok(TopicRead::CaughtUp) => (caught_up, changed) = (true, true),
            // Only when there is nothing to read: that dead letters are not taken must not keep reference records back.
            Ok(TopicRead::Idle) => {
                if let Err(error) = parts.dead_letters.flush(WAIT) {
                    tracing::debug!(%error, "dead letters of the reference topic are not acknowledged yet");
                }
            }
            Err(error) if error.is_retryable() => report(parts, &error, back_off),
            Err(error) => return Err(error),
        }
        if caught_up && changed {
            parts.metrics.reference_records.set(i64::try_from(reference.len()).unwrap_or(i64::MAX));
            parts.board.set_reference(Arc::new(reference.clone()));
            changed = false;
        }
    }
    Ok(())
}

fn apply(parts: &mut FollowerParts, reference: &mut Reference, batch: &RecordBatch) -> bool {
    let mut changed = false;
    for record in batch.iter() {
        if parts.shutdown.load(Ordering::Relaxed) {
            return changed;
        }
        match apply_record(parts, reference, &record) {
            Ok(applied) => changed |= applied,
            Err(reject) => bury(parts, batch, &record, &reject),
        }
    }
    changed
}

/// Applies one record, waiting while its schema cannot be had.
fn apply_record(
    parts: &mut FollowerParts,
    reference: &mut Reference,
    record: &RecordRef<'_>,
) -> Result<bool, Reject> {
    let Some(value) = record.value else {
        let key = record.key.and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        return Ok(reference.remove(key));
    };
    let mut back_off = BackOff::new(&parts.options);
    loop {
        match parts.decoder.decode(value) {
            Ok(Record::Reference(decoded)) => {
                return reference.apply(decoded, &parts.calendar).map(|()| true);
            }
            Ok(Record::Event(_)) => {
                let detail = "an event on the reference topic; send it to the topic of its type";
                return Err(Reject::new(RejectReason::UnexpectedType, detail));
            }
            Err(DecodeFailure::Reject(reject)) => return Err(reject),
            Err(failure) => {
                parts.metrics.schema_waits.inc();
                let wait = back_off.wait();
                tracing::warn!(%failure, wait_ms = wait.as_millis(), "the reference topic waits");
                pause(parts, wait);
                if parts.shutdown.load(Ordering::Relaxed) {
                    return Ok(false);
                }
            }
        }
    }
}

fn bury(parts: &mut FollowerParts, batch: &RecordBatch, record: &RecordRef<'_>, reject: &Reject) {
    let origin = batch.source().at(record.offset);
    tracing::warn!(%origin, %reject, "a reference record is not used");
    let letter = DeadLetter::of(origin, record, reject.reason, &reject.detail);
    let mut back_off = BackOff::new(&parts.options);
    while let Err(error) = parts.dead_letters.send(letter.clone()) {
        if parts.shutdown.load(Ordering::Relaxed) {
            return;
        }
        report(parts, &error, &mut back_off);
    }
    parts.metrics.dead_letters.with_label_values(&[reject.reason.name()]).inc();
}

fn report(parts: &FollowerParts, error: &LogError, back_off: &mut BackOff) {
    parts.metrics.log_errors.with_label_values(&[error.code()]).inc();
    let wait = back_off.wait();
    tracing::error!(code = error.code(), %error, retry_in_ms = wait.as_millis(), "the reference topic gives trouble");
    pause(parts, wait);
}

/// Waits, but not beyond a shutdown.
fn pause(parts: &FollowerParts, wait: Duration) {
    let until = Instant::now() + wait;
    while Instant::now() < until && !parts.shutdown.load(Ordering::Relaxed) {
        std::thread::sleep(WAIT.min(wait));
    }
}
