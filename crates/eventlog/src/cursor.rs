//! Where reading of a partition stands, and whether the log still is the one that was folded (`LOG-1`, `LOG-2`).
//!
//! Pure: the same rules for every log.

use model::Offset;

use crate::error::{LogError, OffsetProblem};
use crate::log::{RecordMark, StartPosition, TopicPartition};

/// How far a partition has been delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    next: Offset,
    /// A record that must come first and is not delivered.
    expected: Option<RecordMark>,
}

impl Cursor {
    /// Begins at a position of a partition that holds the offsets `[low, high)`.
    ///
    /// # Errors
    /// If the log does not hold the position.
    pub(crate) fn open(
        partition: &TopicPartition,
        position: StartPosition,
        low: Offset,
        high: Offset,
    ) -> Result<Self, LogError> {
        let needed = position.next;
        if needed < low {
            return Err(LogError::OffsetExpired { partition: partition.clone(), needed, low });
        }
        if needed > high {
            return Err(changed(partition, needed, OffsetProblem::EndsBefore { end: high }));
        }
        let expected = position.last.filter(|mark| mark.offset >= low && mark.offset < needed);
        Ok(Self { next: needed, expected })
    }

    /// The offset of the first record to ask the log for.
    pub(crate) fn read_from(&self) -> Offset {
        self.expected.map_or(self.next, |mark| mark.offset)
    }

    /// This as a position to begin at.
    pub(crate) fn position(&self) -> StartPosition {
        StartPosition { next: self.next, last: self.expected }
    }

    /// Takes the next record that the log gives; whether to deliver it.
    ///
    /// # Errors
    /// If it is not the record that was expected.
    #[inline]
    pub(crate) fn admit(
        &mut self,
        partition: &TopicPartition,
        offset: Offset,
        mark: impl FnOnce() -> RecordMark,
    ) -> Result<bool, LogError> {
        if let Some(expected) = self.expected {
            if offset < expected.offset {
                return Ok(false);
            }
            if offset > expected.offset {
                let problem = OffsetProblem::NoRecord { found: Some(offset) };
                return Err(changed(partition, self.next, problem));
            }
            if mark() != expected {
                return Err(changed(partition, self.next, OffsetProblem::OtherRecord));
            }
            self.expected = None;
            return Ok(false);
        }
        if offset < self.next {
            return Ok(false);
        }
        self.next = offset.next();
        Ok(true)
    }

    /// Takes the news that the log has no more; where it ends.
    ///
    /// # Errors
    /// If a record was expected before the end.
    pub(crate) fn admit_end(&mut self, partition: &TopicPartition, end: Offset) -> Result<Offset, LogError> {
        if self.expected.is_some() {
            return Err(changed(partition, self.next, OffsetProblem::NoRecord { found: None }));
        }
        self.next = self.next.max(end);
        Ok(self.next)
    }
}

fn changed(partition: &TopicPartition, needed: Offset, problem: OffsetProblem) -> LogError {
    LogError::LogChanged { partition: partition.clone(), needed, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(offset: i64, checksum: u32) -> RecordMark {
        RecordMark { offset: Offset(offset), appended_at_millis: 7, checksum }
    }

    fn open(next: i64, last: Option<RecordMark>, low: i64, high: i64) -> Result<Offset, &'static str> {
        let position = StartPosition { next: Offset(next), last };
        Cursor::open(&TopicPartition::new("deals", 0), position, Offset(low), Offset(high))
            .map(|cursor| cursor.read_from())
            .map_err(|error| error.code())
    }

    #[test]
    fn positions_must_be_in_the_log() {
        let last = Some(mark(9, 1));
        for (next, last, low, high, expected) in [
            (0, None, 0, 0, Ok(0)),
            (10, None, 0, 10, Ok(10)),
            (10, None, 10, 20, Ok(10)),
            (10, last, 0, 10, Ok(9)),
            (10, last, 9, 20, Ok(9)),
            // Just the record that is known has expired.
            (10, last, 10, 20, Ok(10)),
            (12, last, 11, 20, Ok(12)),
            (10, last, 11, 20, Err("log_offset_expired")),
            (10, last, 0, 9, Err("log_changed")),
            (1, None, 0, 0, Err("log_changed")),
            // A mark that is not before the position says nothing.
            (9, last, 0, 20, Ok(9)),
        ] {
            assert_eq!(open(next, last, low, high), expected.map(Offset), "next {next}, log [{low}, {high})");
        }
    }

    #[test]
    fn the_expected_record_comes_first_and_is_not_delivered() {
        let partition = TopicPartition::new("deals", 0);
        let position = StartPosition { next: Offset(10), last: Some(mark(7, 1)) };
        let opened = || Cursor::open(&partition, position, Offset(0), Offset(20)).unwrap();
        let admit = |cursor: &mut Cursor, offset, checksum| {
            cursor
                .admit(&partition, Offset(offset), || mark(offset, checksum))
                .map_err(|error| error.to_string())
        };

        let mut cursor = opened();
        for (offset, delivered) in [(6, false), (7, false), (9, false), (10, true), (10, false), (12, true)] {
            assert_eq!(admit(&mut cursor, offset, 1), Ok(delivered), "{offset}");
        }
        assert_eq!(cursor.position(), StartPosition::at(Offset(13)));

        for (offset, checksum, words) in [
            (7, 2, "another one than was folded"),
            (8, 1, "the next one has offset 8"),
            (10, 1, "the next one has offset 10"),
        ] {
            let error = admit(&mut opened(), offset, checksum).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(opened().admit_end(&partition, Offset(20)).is_err());
    }

    #[test]
    fn the_end_moves_the_position_on_but_never_back() {
        let partition = TopicPartition::new("deals", 0);
        let mut cursor =
            Cursor::open(&partition, StartPosition::at(Offset(5)), Offset(0), Offset(9)).unwrap();
        for (end, expected) in [(7, 7), (6, 7), (9, 9)] {
            assert_eq!(cursor.admit_end(&partition, Offset(end)), Ok(Offset(expected)));
        }
    }
}
