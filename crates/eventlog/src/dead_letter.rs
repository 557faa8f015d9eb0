//! Dead letters: records that are not counted, kept with their bytes, their place in the log and the reason.
//!
//! The bytes stay as they were; what is known about them goes into headers whose names begin with `tallyboard.`.

use std::time::Duration;

use model::{LogPosition, RejectReason};

use crate::error::LogError;
use crate::record::RecordRef;

/// The most bytes of [`DeadLetter::detail`] that are written; the rest is cut off.
pub const MAX_DETAIL_BYTES: usize = 1_024;

/// A record that is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands in the log.
    pub origin: LogPosition,
    /// Its timestamp in milliseconds since 1970, if it has one.
    pub appended_at_millis: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Why it is not counted.
    pub reason: RejectReason,
    /// The same in words.
    pub detail: String,
}

impl DeadLetter {
    /// The letter of a record.
    #[must_use]
    pub fn of(origin: LogPosition, record: &RecordRef<'_>, reason: RejectReason, detail: &str) -> Self {
        Self {
            origin,
            appended_at_millis: record.timestamp_millis(),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers()
                .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
            reason,
            detail: truncated(detail).to_owned(),
        }
    }

    /// The headers that tell of it, behind those that it had.
    pub(crate) fn describing_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("tallyboard.origin.topic", self.origin.topic.to_string()),
            ("tallyboard.origin.partition", self.origin.partition.to_string()),
            ("tallyboard.origin.offset", self.origin.offset.to_string()),
        ];
        if let Some(millis) = self.appended_at_millis {
            headers.push(("tallyboard.origin.timestamp", millis.to_string()));
        }
        headers.push(("tallyboard.reason", self.reason.name().to_owned()));
        headers.push(("tallyboard.detail", truncated(&self.detail).to_owned()));
        headers
    }
}

/// As much of a text as [`MAX_DETAIL_BYTES`] hold, cut between characters.
fn truncated(detail: &str) -> &str {
    &detail[..detail.floor_char_boundary(MAX_DETAIL_BYTES)]
}

/// Where dead letters go. Each partition worker has a handle of its own.
pub trait DeadLetterSink: Send {
    /// Takes a letter. Waits while too many are not yet acknowledged.
    ///
    /// # Errors
    /// [`LogError::Delivery`] if that stays so for too long; the letter was not taken.
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError>;

    /// Waits until every letter sent through this handle is written and acknowledged by all in-sync replicas (`LOG-4`).
    ///
    /// # Errors
    /// Any error means that some letters are not acknowledged; they are kept, and the next flush goes on with them.
    fn flush(&mut self, deadline: Duration) -> Result<(), LogError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_cut_between_characters() {
        for (text, expected_bytes) in [
            (String::new(), 0),
            ("x".repeat(1_024), 1_024),
            ("x".repeat(1_025), 1_024),
            ("é".repeat(600), 1_024),
            ("€".repeat(600), 1_023),
        ] {
            assert_eq!(truncated(&text).len(), expected_bytes);
        }
    }
}
