//! What a snapshot says about itself: whose state it is and where in the log it stands.
//!
//! Must not know the bytes around the header. Its JSON form is part of the format: a field more or less is another version.

use std::collections::{BTreeMap, BTreeSet};

use model::{Offset, PartitionId, Timestamp, TopicName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest cluster id, in bytes; Kafka's are 22.
const MAX_CLUSTER_ID_BYTES: usize = 255;
/// The longest topic name, in bytes; Kafka's own limit.
const MAX_TOPIC_BYTES: usize = 249;
/// The most positions; a partition is folded from two topics.
const MAX_POSITIONS: usize = 16;
/// The most counts.
const MAX_COUNTS: usize = 64;
/// The longest name of a count, in bytes.
const MAX_COUNT_NAME_BYTES: usize = 64;

/// Whose state a snapshot holds and where in the log it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The id of the cluster whose log was folded.
    pub cluster_id: String,
    /// The fingerprint of the configuration that shaped the state.
    pub fingerprint: u64,
    /// The partition.
    pub partition: PartitionId,
    /// When the snapshot was taken, by the caller's clock.
    pub created_at: Timestamp,
    /// Where in each topic the state stands; at least one, each topic once.
    pub positions: Vec<Position>,
    /// The newest event time in the state.
    pub event_time_newest: Option<Timestamp>,
    /// How much of what the state holds; informative, for people.
    pub counts: BTreeMap<String, u64>,
}

/// Where in one topic the state stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The topic.
    pub topic: TopicName,
    /// The next record to read: everything before it is in the state.
    pub next: Offset,
    /// The last record that was read, to recognise the log by.
    pub last: Option<Mark>,
}

/// One record of the log, to recognise the log by: a topic created anew has another record there, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The offset of the record.
    pub offset: Offset,
    /// When the record was appended, in milliseconds since 1970, as the log says.
    pub appended_at_millis: i64,
    /// The checksum of the record, as the caller computes it.
    pub checksum: u32,
}

/// Which rule a header breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct HeaderError(String);

impl Header {
    /// How far in the log the state stands: the sum of the next offsets.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.positions
            .iter()
            .map(|position| u64::try_from(position.next.0).unwrap_or(0))
            .fold(0, u64::saturating_add)
    }

    /// Checks the rules that every header keeps.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), HeaderError> {
        let fail = |text: String| Err(HeaderError(text));
        if !(1..=MAX_CLUSTER_ID_BYTES).contains(&self.cluster_id.len()) {
            let found = self.cluster_id.len();
            return fail(format!("cluster id has {found} bytes, expected 1 to {MAX_CLUSTER_ID_BYTES}"));
        }
        if self.partition.0 < 0 {
            return fail(format!("partition is {}, expected 0 or more", self.partition));
        }
        if !(1..=MAX_POSITIONS).contains(&self.positions.len()) {
            let found = self.positions.len();
            return fail(format!("header has {found} positions, expected 1 to {MAX_POSITIONS}"));
        }
        let mut topics = BTreeSet::new();
        for position in &self.positions {
            position.check()?;
            if !topics.insert(&position.topic) {
                return fail(format!("topic {:?} has two positions, expected one", position.topic));
            }
        }
        if self.counts.len() > MAX_COUNTS {
            let found = self.counts.len();
            return fail(format!("header has {found} counts, expected at most {MAX_COUNTS}"));
        }
        match self.counts.keys().find(|name| name.len() > MAX_COUNT_NAME_BYTES) {
            Some(name) => fail(format!("count {name:?} is longer than {MAX_COUNT_NAME_BYTES} bytes")),
            None => Ok(()),
        }
    }

    /// The JSON form of the header, after a check.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, HeaderError> {
        self.check()?;
        serde_json::to_vec(&Stored::from(self)).map_err(|error| HeaderError(error.to_string()))
    }

    /// The header of a JSON form, checked.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, HeaderError> {
        let stored: Stored = serde_json::from_slice(json).map_err(|error| HeaderError(error.to_string()))?;
        let header = Self::try_from(stored)?;
        header.check()?;
        Ok(header)
    }
}

impl Position {
    fn check(&self) -> Result<(), HeaderError> {
        let Self { topic, next, last } = self;
        if !(1..=MAX_TOPIC_BYTES).contains(&topic.len()) {
            let found = topic.len();
            return Err(HeaderError(format!(
                "topic name has {found} bytes, expected 1 to {MAX_TOPIC_BYTES}"
            )));
        }
        if next.0 < 0 {
            return Err(HeaderError(format!("next offset of {topic:?} is {next}, expected 0 or more")));
        }
        match last {
            Some(mark) if !(0..next.0).contains(&mark.offset.0) => Err(HeaderError(format!(
                "last offset of {topic:?} is {}, expected 0 or more and less than the next, {next}",
                mark.offset
            ))),
            _ => Ok(()),
        }
    }
}

/// The JSON form. Times are RFC 3339 and the fingerprint is hexadecimal, for people and for tools with 53-bit numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    cluster_id: String,
    fingerprint: String,
    partition: i32,
    created_at: String,
    positions: Vec<StoredPosition>,
    event_time_newest: Option<String>,
    counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPosition {
    topic: String,
    next: i64,
    last: Option<StoredMark>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMark {
    offset: i64,
    appended_at_millis: i64,
    checksum: u32,
}

impl From<&Header> for Stored {
    fn from(header: &Header) -> Self {
        let position = |position: &Position| StoredPosition {
            topic: position.topic.to_string(),
            next: position.next.0,
            last: position.last.map(|mark| StoredMark {
                offset: mark.offset.0,
                appended_at_millis: mark.appended_at_millis,
                checksum: mark.checksum,
            }),
        };
        Self {
            cluster_id: header.cluster_id.clone(),
            fingerprint: format!("{:016x}", header.fingerprint),
            partition: header.partition.0,
            created_at: header.created_at.to_string(),
            positions: header.positions.iter().map(position).collect(),
            event_time_newest: header.event_time_newest.map(|time| time.to_string()),
            counts: header.counts.clone(),
        }
    }
}

impl TryFrom<Stored> for Header {
    type Error = HeaderError;

    fn try_from(stored: Stored) -> Result<Self, HeaderError> {
        let time = |text: &str| {
            Timestamp::parse(text).map_err(|reason| HeaderError(format!("time {text:?} {reason}")))
        };
        let position = |position: StoredPosition| Position {
            topic: position.topic.into(),
            next: Offset(position.next),
            last: position.last.map(|mark| Mark {
                offset: Offset(mark.offset),
                appended_at_millis: mark.appended_at_millis,
                checksum: mark.checksum,
            }),
        };
        let fingerprint = u64::from_str_radix(&stored.fingerprint, 16)
            .map_err(|_| HeaderError(format!("fingerprint {:?} is not hexadecimal", stored.fingerprint)))?;
        Ok(Self {
            cluster_id: stored.cluster_id,
            fingerprint,
            partition: PartitionId(stored.partition),
            created_at: time(&stored.created_at)?,
            positions: stored.positions.into_iter().map(position).collect(),
            event_time_newest: stored.event_time_newest.as_deref().map(time).transpose()?,
            counts: stored.counts,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Header {
        let position =
            |topic: &str, next: i64, last| Position { topic: topic.into(), next: Offset(next), last };
        let mark =
            Mark { offset: Offset(11_999), appended_at_millis: 1_795_490_411_123, checksum: 0xdead_beef };
        Header {
            cluster_id: "lkc-7Qx".to_owned(),
            fingerprint: 0xcafe_f00d,
            partition: PartitionId(7),
            created_at: Timestamp::parse("2026-11-24T03:20:11.123456Z").unwrap(),
            positions: vec![
                position("sales.deals", 12_000, Some(mark)),
                position("sales.activities", 345, None),
            ],
            event_time_newest: Some(Timestamp::parse("2026-11-24T03:20:09Z").unwrap()),
            counts: [("deals".to_owned(), 17), ("cells".to_owned(), 4)].into(),
        }
    }

    #[test]
    fn json_form_returns_the_header() {
        let header = sample();
        assert_eq!(header.progress(), 12_345);
        assert_eq!(Header::from_json(&header.to_json().unwrap()), Ok(header));
    }

    #[test]
    fn progress_does_not_overflow() {
        let mut header = sample();
        let position =
            |index: usize| Position { topic: format!("t{index}").into(), next: Offset(i64::MAX), last: None };
        header.positions = (0..3).map(position).collect();
        assert_eq!(header.check(), Ok(()));
        assert_eq!(header.progress(), u64::MAX);
    }

    #[test]
    fn broken_rules_are_named() {
        type Change = fn(&mut Header);
        let table: [(&str, Change); 11] = [
            ("cluster id has 0 bytes", |header| {
                header.cluster_id = String::new();
            }),
            ("cluster id has 256 bytes", |header| {
                header.cluster_id = "x".repeat(256);
            }),
            ("partition is -1", |header| header.partition = PartitionId(-1)),
            ("header has 0 positions", |header| header.positions = vec![]),
            ("topic name has 0 bytes", |header| {
                header.positions[0].topic = "".into();
            }),
            ("topic name has 250 bytes", |header| {
                header.positions[0].topic = "x".repeat(250).into();
            }),
            ("two positions", |header| {
                header.positions[0].topic = "sales.activities".into();
            }),
            ("next offset", |header| header.positions[1].next = Offset(-1)),
            ("last offset", |header| header.positions[0].next = Offset(11_999)),
            ("65 counts", |header| {
                header.counts = (0..65).map(|count| (count.to_string(), 0)).collect();
            }),
            ("longer than 64", |header| {
                header.counts = [("x".repeat(65), 1)].into();
            }),
        ];
        for (expected, change) in table {
            let mut header = sample();
            change(&mut header);
            let error = header.to_json().unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        }
    }

    #[test]
    fn hostile_json_is_an_error() {
        let good = String::from_utf8(sample().to_json().unwrap()).unwrap();
        for (from, to) in [
            ("\"partition\":7", "\"partition\":-7"),
            ("\"partition\":7", "\"partition\":7,\"more\":1"),
            ("cafef00d", "cafef00g"),
            ("2026-11-24T03:20:11.123456Z", "yesterday"),
            ("2026-11-24T03:20:09Z", "1969-11-24T03:20:09Z"),
            ("\"next\":345", "\"next\":99999999999999999999"),
        ] {
            assert!(good.contains(from), "{from}");
            assert!(Header::from_json(good.replace(from, to).as_bytes()).is_err(), "{to}");
        }
        assert!(Header::from_json("[".repeat(60_000).as_bytes()).is_err());
    }
}
