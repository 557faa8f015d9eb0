//! That records come as they are, in order, each once (`LOG-1`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::Offset;

use super::Harness;
use super::member::{Member, Positions, append_numbered, must};
use crate::log::{Delivery, LogConsumer as _, StartPosition, TopicPartition, TopicRead, TopicReader as _};
use crate::record::NewRecord;

fn all(count: usize) -> Vec<i64> {
    (0..).take(count).collect()
}

pub(super) fn in_order<H: Harness>(harness: &H) {
    let topics = [harness.create_topic("deals", 2), harness.create_topic("activities", 2)];
    let partitions: Vec<_> = topics
        .iter()
        .flat_map(|topic| (0..2).map(|number| TopicPartition::new(topic.clone(), number)))
        .collect();
    for partition in &partitions {
        append_numbered(harness, partition, &partition.to_string(), 0..50);
    }
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topics[0], &topics);
    member.until_ends(harness, &mut positions);
    for partition in &partitions {
        assert_eq!(member.offsets(partition), all(50), "{partition}");
        assert_eq!(member.ends.get(partition), Some(&Offset(50)), "{partition}");
    }
    let wrong: Vec<_> = member
        .seen
        .iter()
        .filter(|seen| seen.value != format!("{}-{}", seen.partition, seen.offset).into_bytes())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");

    member.ends.clear();
    append_numbered(harness, &partitions[3], "more", 0..5);
    member.until(harness, &mut positions, "the end of what was added", |member| {
        member.ends.get(&partitions[3]) == Some(&Offset(55))
    });
    assert_eq!(member.offsets(&partitions[3]), all(55));
    assert_eq!(member.offsets(&partitions[0]), all(50));
}

pub(super) fn as_appended<H: Harness>(harness: &H) {
    let topic = harness.create_topic("forms", 1);
    let partition = TopicPartition::new(topic.clone(), 0);
    let headers: &[(&str, Option<&[u8]>)] =
        &[("ce_type", Some(b"deal")), ("empty", Some(b"")), ("null", None), ("ce_type", Some(&[0xff, 0x00]))];
    let forms = [
        (Some(b"k".as_slice()), Some(b"v".as_slice()), [].as_slice()),
        (None, Some(b"without a key"), &[]),
        (Some(b"tombstone"), None, &[]),
        (Some(b""), Some(b""), &[]),
        (None, None, &[]),
        (Some(&[0xff, 0x00, 0xfe]), Some(&[0x00, 0x80]), headers),
    ];
    let records: Vec<_> = (1_700_000_000_000..)
        .zip(forms)
        .map(|(millis, (key, value, headers))| NewRecord {
            timestamp_millis: Some(millis),
            key,
            value,
            headers,
        })
        .collect();
    harness.append(&partition, &records);

    let mut consumer = must(harness.consumer(&topic, std::slice::from_ref(&topic)));
    let deadline = Instant::now() + harness.patience();
    let mut count = 0;
    while count < records.len() {
        assert!(Instant::now() < deadline, "waited too long, {count} records came");
        match must(consumer.next(Duration::from_millis(20))) {
            Delivery::Assigned(_) => {
                must(consumer.begin(vec![(partition.clone(), StartPosition::default())]));
            }
            Delivery::Records(batch) => {
                for record in batch.iter() {
                    let expected = &records[count];
                    let found: Vec<_> = record.headers().collect();
                    assert_eq!(record.timestamp_millis(), expected.timestamp_millis);
                    assert_eq!(record.appended_at.map(|at| at.micros() / 1_000), expected.timestamp_millis);
                    assert_eq!(
                        (record.key, record.value, found.as_slice()),
                        (expected.key, expected.value, expected.headers),
                        "record {count}"
                    );
                    count += 1;
                }
            }
            Delivery::Revoked(_) | Delivery::End(..) | Delivery::Idle => {}
        }
    }
}

pub(super) fn empty<H: Harness>(harness: &H) {
    let topic = harness.create_topic("empty", 3);
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    member.until_ends(harness, &mut Positions::new());
    let ends: Vec<_> = member.ends.values().copied().collect();
    assert_eq!((member.seen.len(), ends), (0, vec![Offset(0); 3]));
}

pub(super) fn many<H: Harness>(harness: &H) {
    let topic = harness.create_topic("many", 2);
    let partitions = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    for partition in &partitions {
        append_numbered(harness, partition, "many", 0..7_000);
    }
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    member.until_ends(harness, &mut positions);
    for partition in &partitions {
        assert_eq!(member.offsets(partition), all(7_000), "{partition}");
    }
    assert!(member.batches > 2, "{} deliveries have no bound", member.batches);
}

pub(super) fn paused<H: Harness>(harness: &H) {
    let topic = harness.create_topic("paused", 2);
    let [first, second] = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    append_numbered(harness, &first, "before", 0..3);
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    // At its end, a partition must go on with the very next record.
    member.until_ends(harness, &mut positions);
    must(member.consumer.pause(std::slice::from_ref(&first)));
    append_numbered(harness, &first, "meanwhile", 0..4);
    append_numbered(harness, &second, "other", 0..4);
    member.until(harness, &mut positions, "the partition that goes on", |member| {
        member.offsets(&second).len() == 4
    });
    for _ in 0..10 {
        must(member.step(&mut positions));
    }
    assert_eq!(member.offsets(&first), all(3), "a paused partition is silent");
    must(member.consumer.resume(std::slice::from_ref(&first)));
    member
        .until(harness, &mut positions, "the resumed partition", |member| member.offsets(&first).len() >= 7);
    assert_eq!(member.offsets(&first), all(7));
}

pub(super) fn paused_midway<H: Harness>(harness: &H) {
    let topic = harness.create_topic("midway", 2);
    let partitions = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    for partition in &partitions {
        append_numbered(harness, partition, "midway", 0..6_000);
    }
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    member.until(harness, &mut positions, "some records", |member| !member.seen.is_empty());
    while member.ends.len() < 2 {
        let before = member.seen.len();
        must(member.consumer.pause(&partitions));
        for _ in 0..3 {
            must(member.step(&mut positions));
        }
        assert_eq!(member.seen.len(), before, "a paused partition is silent");
        must(member.consumer.resume(&partitions));
        member.until(harness, &mut positions, "more records or the end", |member| {
            member.seen.len() > before || member.ends.len() == 2
        });
    }
    for partition in &partitions {
        assert_eq!(member.offsets(partition), all(6_000), "{partition}");
    }
}

pub(super) fn high_offset<H: Harness>(harness: &H) {
    let topic = harness.create_topic("high", 1);
    let partition = TopicPartition::new(topic.clone(), 0);
    append_numbered(harness, &partition, "high", 0..4);
    let mut positions = Positions::new();
    let mut member = Member::join(harness, &topic, std::slice::from_ref(&topic));
    assert_eq!(member.consumer.high_offset(&partition), None);
    member.until_ends(harness, &mut positions);
    assert_eq!(member.consumer.high_offset(&partition), Some(Offset(4)));
    append_numbered(harness, &partition, "high", 4..9);
    member.until(harness, &mut positions, "the rest", |member| member.seen.len() == 9);
    assert_eq!(member.consumer.high_offset(&partition), Some(Offset(9)));
    assert_eq!(member.consumer.high_offset(&TopicPartition::new(topic, 7)), None);
    must(member.consumer.commit(&[(partition, Offset(9))]));
    assert!(member.consumer.cluster_id().is_some_and(|id| !id.is_empty()));
}

pub(super) fn whole_topic<H: Harness>(harness: &H) {
    let topic = harness.create_topic("whole", 3);
    let partitions: Vec<_> = (0..3).map(|number| TopicPartition::new(topic.clone(), number)).collect();
    append_numbered(harness, &partitions[0], "whole", 0..8);
    append_numbered(harness, &partitions[2], "whole", 0..5);
    harness.delete_before(&partitions[0], Offset(2));
    let mut reader = must(harness.reader(&topic));
    let deadline = Instant::now() + harness.patience();
    let mut seen: BTreeMap<TopicPartition, Vec<i64>> = BTreeMap::new();
    let mut caught_up = 0;
    let mut added = false;
    while seen.get(&partitions[1]).map_or(0, Vec::len) < 3 {
        assert!(Instant::now() < deadline, "waited too long: {seen:?}");
        match must(reader.next(Duration::from_millis(20))) {
            TopicRead::Records(batch) => {
                let offsets = seen.entry(batch.source().clone()).or_default();
                offsets.extend(batch.iter().map(|record| record.offset.0));
            }
            TopicRead::CaughtUp => {
                caught_up += 1;
                assert_eq!(seen.values().map(Vec::len).sum::<usize>(), 11, "{seen:?}");
                append_numbered(harness, &partitions[1], "later", 0..3);
                added = true;
            }
            TopicRead::Idle => {}
        }
    }
    assert!(added);
    for _ in 0..5 {
        if matches!(must(reader.next(Duration::from_millis(20))), TopicRead::CaughtUp) {
            caught_up += 1;
        }
    }
    assert_eq!(caught_up, 1, "that it caught up is told once");
    assert_eq!(seen[&partitions[0]], [2, 3, 4, 5, 6, 7]);
    assert_eq!(seen[&partitions[2]], all(5));
}
