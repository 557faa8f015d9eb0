//! Dead letters in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::dead_letter::{DeadLetter, DeadLetterSink};
use crate::error::LogError;

/// A handle for dead letters in memory. Clones write to the same place, each with letters of its own until it flushes.
#[derive(Default)]
pub struct MemoryDeadLetters {
    shared: Arc<Shared>,
    sent: Vec<DeadLetter>,
}

#[derive(Default)]
struct Shared {
    written: Mutex<Vec<DeadLetter>>,
    out_of_order: AtomicBool,
}

impl Clone for MemoryDeadLetters {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), sent: Vec::new() }
    }
}

impl MemoryDeadLetters {
    /// A place without letters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The letters that were flushed, in that order.
    #[must_use]
    pub fn letters(&self) -> Vec<DeadLetter> {
        self.shared.written.lock().clone()
    }

    /// While it is out of order, all flushes fail with an error that may be retried.
    pub fn set_out_of_order(&self, out_of_order: bool) {
        self.shared.out_of_order.store(out_of_order, Ordering::Release);
    }
}

impl DeadLetterSink for MemoryDeadLetters {
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        self.sent.push(letter);
        Ok(())
    }

    fn flush(&mut self, _deadline: Duration) -> Result<(), LogError> {
        if self.sent.is_empty() {
            return Ok(());
        }
        if self.shared.out_of_order.load(Ordering::Acquire) {
            return Err(LogError::Delivery {
                topic: "dead letters in memory".to_owned(),
                undelivered: u64::try_from(self.sent.len()).unwrap_or(u64::MAX),
                detail: "out of order".to_owned(),
                retryable: true,
            });
        }
        self.shared.written.lock().append(&mut self.sent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::{LogPosition, Offset, PartitionId, RejectReason};

    use super::*;

    #[test]
    fn letters_are_written_when_a_flush_succeeds() {
        let letter = |offset| DeadLetter {
            origin: LogPosition { topic: "deals".into(), partition: PartitionId(0), offset: Offset(offset) },
            appended_at_millis: None,
            key: None,
            value: Some(b"?".to_vec()),
            headers: Vec::new(),
            reason: RejectReason::Undecodable,
            detail: "is not Avro".to_owned(),
        };
        let mut first = MemoryDeadLetters::new();
        let mut second = first.clone();
        first.send(letter(1)).unwrap();
        second.send(letter(2)).unwrap();
        first.set_out_of_order(true);
        assert!(first.flush(Duration::ZERO).unwrap_err().is_retryable());
        assert_eq!(first.letters(), []);
        first.set_out_of_order(false);
        first.flush(Duration::ZERO).unwrap();
        assert_eq!(second.letters(), [letter(1)]);
        second.flush(Duration::ZERO).unwrap();
        assert_eq!(first.letters(), [letter(1), letter(2)]);
    }
}
