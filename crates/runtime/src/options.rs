//! What can be set about the running service, and the topics it reads.

use std::time::Duration;

use codec::Carries;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// In which form a topic's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON objects with a `type`.
    Json,
    /// Avro with the built-in schema, no framing.
    Avro,
    /// Avro framed with the id of its schema in a registry.
    ConfluentAvro,
}

/// A topic of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTopic {
    /// Its name.
    pub name: model::TopicName,
    /// What it carries.
    pub carries: Carries,
    /// In which form.
    pub format: Format,
}

/// What is done when the log does not hold what was folded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLostLog {
    /// Stop and say what was found.
    #[default]
    Stop,
    /// Set the snapshots aside and fold again from where the log begins.
    Rebuild,
}

/// The rhythm of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Milliseconds between two publications of changed cells to the board, at least; 1 to 60 000.
    pub publish_interval_ms: u64,
    /// Batches of records that wait for a partition's worker before its partition is paused; 1 to 1 000.
    pub batches_waiting_max: usize,
    /// Milliseconds of the longest wait between two attempts to reach the log or a registry; 100 to 240 000: the log
    /// counts a member out that is silent for five minutes.
    pub retry_wait_ms_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { publish_interval_ms: 100, batches_waiting_max: 4, retry_wait_ms_max: 30_000 }
    }
}

/// A setting outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key} is {found}; expected {low} to {high}")]
pub struct OptionsError {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub found: u64,
    /// The least.
    pub low: u64,
    /// The greatest.
    pub high: u64,
}

impl Options {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first setting outside its bounds.
    pub fn check(&self) -> Result<(), OptionsError> {
        for (key, found, low, high) in [
            ("publish_interval_ms", self.publish_interval_ms, 1, 60_000),
            ("batches_waiting_max", self.batches_waiting_max as u64, 1, 1_000),
            ("retry_wait_ms_max", self.retry_wait_ms_max, 100, 240_000),
        ] {
            if !(low..=high).contains(&found) {
                return Err(OptionsError { key, found, low, high });
            }
        }
        Ok(())
    }

    pub(crate) const fn publish_interval(&self) -> Duration {
        Duration::from_millis(self.publish_interval_ms)
    }
}

/// Waits that double up to a longest one.
#[derive(Debug, Clone)]
pub(crate) struct BackOff {
    next: Duration,
    longest: Duration,
}

const FIRST_WAIT: Duration = Duration::from_millis(100);

impl BackOff {
    pub(crate) fn new(options: &Options) -> Self {
        Self { next: FIRST_WAIT, longest: Duration::from_millis(options.retry_wait_ms_max) }
    }

    /// How long to wait now; longer the next time.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next.min(self.longest);
        self.next = (self.next * 2).min(self.longest);
        wait
    }

    pub(crate) const fn reset(&mut self) {
        self.next = FIRST_WAIT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut back_off = BackOff::new(&Options { retry_wait_ms_max: 350, ..Options::default() });
        let waits: Vec<u128> = (0..4).map(|_| back_off.wait().as_millis()).collect();
        assert_eq!(waits, [100, 200, 350, 350]);
        back_off.reset();
        assert_eq!(back_off.wait().as_millis(), 100);
    }

    #[test]
    fn settings_have_bounds() {
        assert_eq!(Options::default().check(), Ok(()));
        let error = Options { publish_interval_ms: 0, ..Options::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "publish_interval_ms is 0; expected 1 to 60000");
        let waits = |retry_wait_ms_max| Options { retry_wait_ms_max, ..Options::default() }.check();
        assert_eq!(waits(240_000), Ok(()));
        let error = waits(240_001).unwrap_err();
        assert_eq!(error.to_string(), "retry_wait_ms_max is 240001; expected 100 to 240000");
    }
}
