//! Dead letters that are sometimes not taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventlog::{DeadLetter, DeadLetterSink, LogError, MemoryDeadLetters};

/// The place for all dead letters of a world.
#[derive(Default)]
pub(crate) struct DeadLetterOffice {
    letters: MemoryDeadLetters,
    is_closed: Arc<AtomicBool>,
}

impl DeadLetterOffice {
    /// A handle for one process.
    pub(crate) fn open(&self) -> Box<dyn DeadLetterSink> {
        Box::new(Counter { letters: self.letters.clone(), is_closed: self.is_closed.clone() })
    }

    /// While it is closed, no letter is taken.
    pub(crate) fn set_closed(&self, is_closed: bool) {
        self.is_closed.store(is_closed, Ordering::Relaxed);
    }

    /// While it is out of order, no letter is acknowledged.
    pub(crate) fn set_out_of_order(&self, is_out_of_order: bool) {
        self.letters.set_out_of_order(is_out_of_order);
    }

    /// The letters that were acknowledged.
    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.letters.letters()
    }
}

struct Counter {
    letters: MemoryDeadLetters,
    is_closed: Arc<AtomicBool>,
}

impl DeadLetterSink for Counter {
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(LogError::Backlog { topic: "dead letters".to_owned(), outstanding: 0, waited_ms: 0 });
        }
        self.letters.send(letter)
    }

    fn flush(&mut self, deadline: Duration) -> Result<(), LogError> {
        self.letters.flush(deadline)
    }
}
