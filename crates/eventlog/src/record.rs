//! Records: a run of one partition's records in one piece of memory.
//!
//! A batch is what crosses threads, so it owns its bytes; they are copied once into an arena, without an allocation per
//! record. It knows nothing of what the bytes mean.

use model::{Offset, PartitionId, Timestamp, TopicName};

use crate::log::TopicPartition;

/// Consecutive records of one partition, by ascending offset.
///
/// Offsets may have gaps: compaction and transaction markers leave them.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    source: TopicPartition,
    arena: Vec<u8>,
    entries: Vec<Entry>,
}

/// Where a record lies in the arena: key, value and headers, one behind the other from `start`.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    /// Milliseconds since 1970; below 0 if the record has no timestamp.
    appended_at_millis: i64,
    start: usize,
    key_bytes: Option<u32>,
    value_bytes: Option<u32>,
    headers_bytes: u32,
}

/// A record to append to a batch or to send.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// Milliseconds since 1970; none: whoever appends it decides.
    pub timestamp_millis: Option<i64>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values of the headers, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// One record of a [`RecordBatch`].
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Kafka's timestamp of the record, to the millisecond, where it has one within the years of [`Timestamp`].
    pub appended_at: Option<Timestamp>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    timestamp_millis: i64,
    headers: &'a [u8],
}

impl<'a> RecordRef<'a> {
    /// Names and values of the headers, in order.
    #[must_use]
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers }
    }

    /// Kafka's timestamp in milliseconds since 1970 as it is in the log, even where [`Timestamp`] would refuse it.
    #[must_use]
    pub fn timestamp_millis(&self) -> Option<i64> {
        (self.timestamp_millis >= 0).then_some(self.timestamp_millis)
    }
}

/// The headers of a record.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    /// The value of the last header of this name, which is the one that holds.
    #[must_use]
    pub fn last(self, name: &str) -> Option<&'a [u8]> {
        self.filter(|&(found, _)| found == name).last().and_then(|(_, value)| value)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = take_bytes(self.rest)?;
        let (value, rest) = take_bytes(rest)?;
        self.rest = rest;
        Some((std::str::from_utf8(name?).unwrap_or_default(), value))
    }
}

/// Marks an absent value where a length would stand.
const ABSENT: u32 = u32::MAX;

/// A length and that many bytes, or nothing, as [`put_bytes`] wrote them; and what is behind.
fn take_bytes(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length == ABSENT {
        return Some((None, rest));
    }
    let (taken, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some(taken), rest))
}

fn put_bytes(arena: &mut Vec<u8>, bytes: Option<&[u8]>) {
    arena.extend_from_slice(&length_of(bytes).unwrap_or(ABSENT).to_le_bytes());
    arena.extend_from_slice(bytes.unwrap_or_default());
}

/// Kafka's own lengths are 32 bits with a sign, so no key, value or header is longer.
fn length_of(bytes: Option<&[u8]>) -> Option<u32> {
    bytes.map(|bytes| u32::try_from(bytes.len()).unwrap_or(ABSENT - 1))
}

impl RecordBatch {
    /// A batch without records.
    #[must_use]
    pub fn new(source: TopicPartition) -> Self {
        Self { source, arena: Vec::new(), entries: Vec::new() }
    }

    /// A batch without records that has memory for some.
    #[must_use]
    pub fn with_capacity(source: TopicPartition, records: usize, bytes: usize) -> Self {
        Self { source, arena: Vec::with_capacity(bytes), entries: Vec::with_capacity(records) }
    }

    /// Appends a record; whether it was appended. It is not if its offset is not above those already here.
    pub fn push(&mut self, offset: Offset, record: NewRecord<'_>) -> bool {
        self.push_with(offset, record, |put| {
            for &(name, value) in record.headers {
                put(name, value);
            }
        })
    }

    /// As [`push`](Self::push), with headers that need no slice of their own.
    pub(crate) fn push_with(
        &mut self,
        offset: Offset,
        record: NewRecord<'_>,
        headers: impl FnOnce(&mut dyn FnMut(&str, Option<&[u8]>)),
    ) -> bool {
        if self.entries.last().is_some_and(|last| last.offset >= offset.0) {
            return false;
        }
        let start = self.arena.len();
        self.arena.extend_from_slice(record.key.unwrap_or_default());
        self.arena.extend_from_slice(record.value.unwrap_or_default());
        let headers_start = self.arena.len();
        headers(&mut |name, value| {
            put_bytes(&mut self.arena, Some(name.as_bytes()));
            put_bytes(&mut self.arena, value);
        });
        self.entries.push(Entry {
            offset: offset.0,
            appended_at_millis: record.timestamp_millis.unwrap_or(-1),
            start,
            key_bytes: length_of(record.key),
            value_bytes: length_of(record.value),
            headers_bytes: u32::try_from(self.arena.len() - headers_start).unwrap_or(ABSENT),
        });
        true
    }

    /// Where the records are from.
    #[must_use]
    pub fn source(&self) -> &TopicPartition {
        &self.source
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &TopicName {
        &self.source.topic
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        self.source.partition
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all keys, values and headers.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.arena.len()
    }

    /// The offset of the first record.
    #[must_use]
    pub fn first_offset(&self) -> Option<Offset> {
        self.entries.first().map(|entry| Offset(entry.offset))
    }

    /// The offset behind the last record: where reading goes on once all of them are folded. 0 if there are none.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.entries.last().map_or(Offset(0), |entry| Offset(entry.offset).next())
    }

    /// The record at a place in the batch.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<RecordRef<'_>> {
        self.entries.get(index).map(|entry| self.record(entry))
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordRef<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|entry| self.record(entry))
    }

    fn record(&self, entry: &Entry) -> RecordRef<'_> {
        let rest = &self.arena[entry.start..];
        let (key, rest) = rest.split_at(size(entry.key_bytes));
        let (value, rest) = rest.split_at(size(entry.value_bytes));
        RecordRef {
            offset: Offset(entry.offset),
            appended_at: timestamp_of(entry.appended_at_millis),
            key: entry.key_bytes.map(|_| key),
            value: entry.value_bytes.map(|_| value),
            timestamp_millis: entry.appended_at_millis,
            headers: &rest[..size(Some(entry.headers_bytes))],
        }
    }
}

fn size(bytes: Option<u32>) -> usize {
    bytes.map_or(0, |bytes| bytes as usize)
}

fn timestamp_of(millis: i64) -> Option<Timestamp> {
    Timestamp::from_micros(millis.checked_mul(1_000)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Bytes = Option<Vec<u8>>;
    type Written = (Option<i64>, Bytes, Bytes, Vec<(String, Bytes)>);

    fn batch_of(records: &[Written]) -> RecordBatch {
        let mut batch = RecordBatch::new(TopicPartition::new("deals", 3));
        for (index, (timestamp_millis, key, value, headers)) in records.iter().enumerate() {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            let appended = batch.push(
                Offset(i64::try_from(index * 2).unwrap()),
                NewRecord {
                    timestamp_millis: *timestamp_millis,
                    key: key.as_deref(),
                    value: value.as_deref(),
                    headers: &headers,
                },
            );
            assert!(appended);
        }
        batch
    }

    fn bytes() -> impl Strategy<Value = Bytes> {
        prop::option::of(prop::collection::vec(any::<u8>(), 0..20))
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_read(records in prop::collection::vec(
            (prop::option::of(0_i64..4_000_000_000_000), bytes(), bytes(), prop::collection::vec((".{0,8}", bytes()), 0..4)),
            0..12,
        )) {
            let batch = batch_of(&records);
            prop_assert_eq!(batch.len(), records.len());
            prop_assert_eq!(batch.next_offset().0, (i64::try_from(records.len()).unwrap() * 2 - 1).max(0));
            for (index, (record, (timestamp, key, value, headers))) in batch.iter().zip(&records).enumerate() {
                prop_assert_eq!(record.offset.0, i64::try_from(index * 2).unwrap());
                prop_assert_eq!(record.appended_at.map(|at| at.micros() / 1_000), *timestamp);
                prop_assert_eq!(record.key, key.as_deref());
                prop_assert_eq!(record.value, value.as_deref());
                let found: Vec<_> = record.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect();
                prop_assert_eq!(&found, headers);
            }
        }
    }

    #[test]
    fn offsets_must_ascend() {
        let mut batch = RecordBatch::new(TopicPartition::new("deals", 0));
        for (offset, expected) in [(5, true), (5, false), (4, false), (7, true)] {
            assert_eq!(batch.push(Offset(offset), NewRecord::default()), expected, "{offset}");
        }
        assert_eq!(batch.iter().map(|record| record.offset.0).collect::<Vec<_>>(), [5, 7]);
        assert_eq!((batch.first_offset(), batch.next_offset()), (Some(Offset(5)), Offset(8)));
    }

    #[test]
    fn the_last_header_of_a_name_holds() {
        let mut batch = RecordBatch::new(TopicPartition::new("deals", 0));
        let headers: &[(&str, Option<&[u8]>)] = &[("a", Some(b"1")), ("b", None), ("a", Some(b"2"))];
        batch.push(Offset(0), NewRecord { headers, ..NewRecord::default() });
        let record = batch.get(0).unwrap();
        assert_eq!(record.headers().last("a"), Some(b"2".as_slice()));
        assert_eq!(record.headers().last("b"), None);
        assert_eq!(record.headers().count(), 3);
    }

    #[test]
    fn times_outside_the_calendar_are_absent_but_kept() {
        let far = i64::MAX;
        let batch = batch_of(&[(Some(far), None, None, vec![]), (None, None, None, vec![])]);
        let times: Vec<_> =
            batch.iter().map(|record| (record.appended_at, record.timestamp_millis())).collect();
        assert_eq!(times, [(None, Some(far)), (None, None)]);
    }
}
