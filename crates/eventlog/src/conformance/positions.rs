//! That reading begins where it is told, and that a log which is not the one that was folded is an error (`LOG-2`).

use std::sync::atomic::{AtomicU32, Ordering};

use model::{Offset, TopicName};

use super::Harness;
use super::member::{Member, Positions, append_numbered, must};
use crate::error::{LogError, OffsetProblem};
use crate::log::{LogConsumer as _, RecordMark, StartPosition, TopicPartition};

/// A topic of one partition with ten records, and the marks of all of them.
fn ten<H: Harness>(harness: &H, prefix: &str) -> (TopicName, TopicPartition, Vec<RecordMark>) {
    let topic = harness.create_topic(prefix, 1);
    let partition = TopicPartition::new(topic.clone(), 0);
    append_numbered(harness, &partition, "ten", 0..10);
    let mut member = Member::join(harness, &fresh_group(&topic), std::slice::from_ref(&topic));
    member.until(harness, &mut Positions::new(), "ten records", |member| member.seen.len() == 10);
    (topic, partition, member.seen.iter().map(|seen| seen.mark).collect())
}

/// A group without members: each reading stands alone.
fn fresh_group(topic: &TopicName) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{topic}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn position(next: i64, last: Option<RecordMark>) -> StartPosition {
    StartPosition { next: Offset(next), last }
}

/// What comes of beginning at a position: the first and last offset that are delivered, or the error.
fn outcome<H: Harness>(
    harness: &H,
    topic: &TopicName,
    partition: &TopicPartition,
    start: StartPosition,
) -> Result<(i64, i64), LogError> {
    let mut positions = Positions::from([(partition.clone(), start)]);
    let mut member = Member::join(harness, &fresh_group(topic), std::slice::from_ref(topic));
    member.until_end_or_error(harness, &mut positions)?;
    let offsets = member.offsets(partition);
    let first = offsets.first().copied().unwrap_or(-1);
    let last = offsets.last().copied().unwrap_or(-1);
    assert!(offsets.iter().copied().eq(first..=last) || offsets.is_empty(), "{offsets:?}");
    Ok((first, last))
}

fn changed(partition: &TopicPartition, needed: i64, problem: OffsetProblem) -> LogError {
    LogError::LogChanged { partition: partition.clone(), needed: Offset(needed), problem }
}

pub(super) fn begin<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "begin");
    for (start, expected) in [
        (position(0, None), (0, 9)),
        (position(7, None), (7, 9)),
        (position(7, Some(marks[6])), (7, 9)),
        // Behind records that were not folded, such as transaction markers.
        (position(7, Some(marks[3])), (7, 9)),
        (position(10, None), (-1, -1)),
        (position(10, Some(marks[9])), (-1, -1)),
    ] {
        assert_eq!(outcome(harness, &topic, &partition, start), Ok(expected), "{start:?}");
    }
}

pub(super) fn left_out<H: Harness>(harness: &H) {
    let topic = harness.create_topic("left-out", 2);
    let [read, left_out] = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    append_numbered(harness, &read, "read", 0..3);
    append_numbered(harness, &left_out, "left-out", 0..3);
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic)).leaving_out(&left_out);
    member.until_ends(harness, &mut positions);
    for _ in 0..5 {
        must(member.step(&mut positions));
    }
    assert_eq!((member.offsets(&read).len(), member.offsets(&left_out).len()), (3, 0));
}

pub(super) fn other_record<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "other");
    let other = marks[6];
    for mark in [
        RecordMark { checksum: other.checksum ^ 1, ..other },
        RecordMark { appended_at_millis: other.appended_at_millis + 1, ..other },
    ] {
        assert_eq!(
            outcome(harness, &topic, &partition, position(7, Some(mark))),
            Err(changed(&partition, 7, OffsetProblem::OtherRecord))
        );
    }
}

pub(super) fn expired<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "expired");
    harness.delete_before(&partition, Offset(6));
    for start in [position(3, None), position(5, Some(marks[4])), position(0, None)] {
        assert_eq!(
            outcome(harness, &topic, &partition, start),
            Err(LogError::OffsetExpired { partition: partition.clone(), needed: start.next, low: Offset(6) }),
            "{start:?}"
        );
    }
}

pub(super) fn expired_meanwhile<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "meanwhile");
    let start = position(10, Some(marks[9]));
    let mut positions = Positions::from([(partition.clone(), start)]);
    let mut member = Member::join(harness, &fresh_group(&topic), std::slice::from_ref(&topic));
    must(member.until_end_or_error(harness, &mut positions));
    must(member.consumer.pause(std::slice::from_ref(&partition)));
    append_numbered(harness, &partition, "unread", 10..15);
    harness.delete_before(&partition, Offset(13));
    must(member.consumer.resume(std::slice::from_ref(&partition)));
    member.ends.clear();
    let expected = LogError::OffsetExpired { partition, needed: Offset(10), low: Offset(13) };
    for _ in 0..2 {
        // The error stays: nobody may read on as if nothing had happened.
        let found = member.until_end_or_error(harness, &mut positions);
        assert_eq!(found, Err(expected.clone()));
    }
}

pub(super) fn just_expired<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "just-expired");
    harness.delete_before(&partition, Offset(6));
    let start = position(6, Some(marks[5]));
    assert_eq!(outcome(harness, &topic, &partition, start), Ok((6, 9)));
    harness.delete_before(&partition, Offset(10));
    let start = position(10, Some(marks[9]));
    assert_eq!(outcome(harness, &topic, &partition, start), Ok((-1, -1)));
}

pub(super) fn behind_the_end<H: Harness>(harness: &H) {
    let (topic, partition, _) = ten(harness, "behind");
    assert_eq!(
        outcome(harness, &topic, &partition, position(11, None)),
        Err(changed(&partition, 11, OffsetProblem::EndsBefore { end: Offset(10) }))
    );
}

pub(super) fn recreated<H: Harness>(harness: &H) {
    let (topic, partition, marks) = ten(harness, "recreated");
    harness.recreate_topic(&topic, 1);
    let start = position(8, Some(marks[7]));
    assert_eq!(
        outcome(harness, &topic, &partition, start),
        Err(changed(&partition, 8, OffsetProblem::EndsBefore { end: Offset(0) }))
    );
    append_numbered(harness, &partition, "anew", 0..10);
    assert_eq!(
        outcome(harness, &topic, &partition, start),
        Err(changed(&partition, 8, OffsetProblem::OtherRecord))
    );
    assert_eq!(outcome(harness, &topic, &partition, position(0, None)), Ok((0, 9)));
}

pub(super) fn again<H: Harness>(harness: &H) {
    let (topic, partition, _) = ten(harness, "again");
    let mut positions = Positions::from([(partition.clone(), position(99, None))]);
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    let error = member.until_end_or_error(harness, &mut positions).err();
    assert!(error.as_ref().is_some_and(LogError::is_lost_log), "{error:?}");
    // A person has decided to fold from the start.
    positions.clear();
    must(member.consumer.begin(vec![(partition.clone(), StartPosition::default())]));
    member.until_ends(harness, &mut positions);
    assert_eq!(member.offsets(&partition).len(), 10);
    // Going back is beginning, too.
    member.seen.clear();
    member.ends.clear();
    positions.clear();
    must(member.consumer.begin(vec![(partition.clone(), position(4, None))]));
    member.until_ends(harness, &mut positions);
    assert_eq!(member.offsets(&partition), [4, 5, 6, 7, 8, 9]);
}
