//! That partitions are shared, those of one number together, and handed over (`LOG-3`).

use std::collections::BTreeSet;
use std::time::Instant;

use model::TopicName;

use super::Harness;
use super::member::{Member, Positions, append_numbered, must};
use crate::log::{LogConsumer, TopicPartition};

const PARTITIONS: usize = 4;

fn two_topics<H: Harness>(harness: &H) -> [TopicName; 2] {
    let topics = [harness.create_topic("deals", PARTITIONS), harness.create_topic("activities", PARTITIONS)];
    for partition in partitions_of(&topics) {
        append_numbered(harness, &partition, "shared", 0..20);
    }
    topics
}

fn partitions_of(topics: &[TopicName]) -> Vec<TopicPartition> {
    topics
        .iter()
        .flat_map(|topic| (0..).take(PARTITIONS).map(|number| TopicPartition::new(topic.clone(), number)))
        .collect()
}

/// Lets members step in turn until something is so.
fn together<C: LogConsumer, H: Harness>(
    harness: &H,
    members: &mut [Member<C>],
    positions: &mut Positions,
    what: &str,
    mut so: impl FnMut(&[Member<C>]) -> bool,
) {
    let deadline = Instant::now() + harness.patience();
    while !so(members) {
        let assigned: Vec<_> = members.iter().map(|member| &member.assigned).collect();
        assert!(Instant::now() < deadline, "waited too long for {what}: {assigned:?}");
        for member in &mut *members {
            must(member.step(positions));
        }
    }
}

/// Whether the members have all partitions between them, each once, those of one number together.
fn dealt_out<C: LogConsumer>(members: &[Member<C>], topics: &[TopicName]) -> bool {
    let Some(assigned) = members.iter().map(|member| member.assigned.clone()).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let all: BTreeSet<_> = assigned.iter().flatten().cloned().collect();
    if all != partitions_of(topics).into_iter().collect() {
        return false;
    }
    assert_eq!(assigned.iter().map(Vec::len).sum::<usize>(), all.len(), "{assigned:?}");
    for share in &assigned {
        let numbers = |topic: &TopicName| -> BTreeSet<_> {
            let of_topic = share.iter().filter(|partition| partition.topic == *topic);
            of_topic.map(|partition| partition.partition).collect()
        };
        assert_eq!(numbers(&topics[0]), numbers(&topics[1]), "{assigned:?}");
    }
    true
}

fn shares<C>(members: &[Member<C>]) -> Vec<usize> {
    let mut shares: Vec<_> =
        members.iter().map(|member| member.assigned.as_ref().map_or(0, Vec::len)).collect();
    shares.sort_unstable();
    shares
}

/// That all records have been seen, each once, whoever saw them.
fn assert_all_once<C>(members: &[Member<C>], records: usize) {
    let mut seen: Vec<_> =
        members.iter().flat_map(|member| &member.seen).map(|seen| (&seen.partition, seen.offset)).collect();
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), count), (records, records), "each record once");
}

pub(super) fn unlike_topics<H: Harness>(harness: &H) {
    let [four, three] = [4, 3].map(|count| harness.create_topic("unlike", count));
    let codes = [vec![four.clone(), three], vec![four, TopicName::from("tallyboard-no-such-topic")]]
        .map(|topics| harness.consumer("unlike", &topics).err().map(|error| error.code()));
    assert_eq!(codes, [Some("log_partitions_differ"), Some("log_unknown_topic")]);
}

pub(super) fn shared<H: Harness>(harness: &H) {
    let topics = two_topics(harness);
    let mut positions = Positions::new();
    let mut members = vec![Member::join(harness, &topics[0], &topics)];
    together(harness, &mut members, &mut positions, "a single member", |members| dealt_out(members, &topics));
    for count in 2..=3 {
        members.push(Member::join(harness, &topics[0], &topics));
        together(harness, &mut members, &mut positions, "members", |members| {
            members.len() == count && dealt_out(members, &topics)
        });
    }
    assert_eq!(shares(&members), [2, 2, 4]);
    let records = PARTITIONS * 2 * 20;
    together(harness, &mut members, &mut positions, "all records", |members| {
        members.iter().map(|member| member.seen.len()).sum::<usize>() >= records
    });
    assert_all_once(&members, records);
}

pub(super) fn leaving<H: Harness>(harness: &H) {
    let topics = two_topics(harness);
    let mut positions = Positions::new();
    let mut members =
        vec![Member::join(harness, &topics[0], &topics), Member::join(harness, &topics[0], &topics)];
    together(harness, &mut members, &mut positions, "two members", |members| dealt_out(members, &topics));
    let mut gone: Vec<_> = members.drain(1..).collect();
    gone.iter_mut().for_each(|member| must(member.consumer.release()));
    // Leaving is dropping; what it saw is kept for the count.
    let gone_seen: Vec<_> = gone.iter_mut().map(|member| std::mem::take(&mut member.seen)).collect();
    drop(gone);
    together(harness, &mut members, &mut positions, "the member that stays", |members| {
        dealt_out(members, &topics)
    });
    for partition in partitions_of(&topics) {
        append_numbered(harness, &partition, "later", 0..5);
    }
    let records = PARTITIONS * 2 * 25;
    let before: usize = gone_seen.iter().map(Vec::len).sum();
    together(harness, &mut members, &mut positions, "all records", |members| {
        members[0].seen.len() + before >= records
    });
    members[0].seen.extend(gone_seen.into_iter().flatten());
    assert_all_once(&members, records);
}

pub(super) fn spare<H: Harness>(harness: &H) {
    let topic = harness.create_topic("spare", 1);
    append_numbered(harness, &TopicPartition::new(topic.clone(), 0), "spare", 0..5);
    let mut positions = Positions::new();
    let mut members: Vec<_> =
        (0..2).map(|_| Member::join(harness, &topic, std::slice::from_ref(&topic))).collect();
    together(harness, &mut members, &mut positions, "one with and one without", |members| {
        members.iter().all(|member| member.assigned.is_some()) && shares(members) == [0, 1]
    });
    together(harness, &mut members, &mut positions, "all records", |members| {
        members.iter().map(|member| member.seen.len()).sum::<usize>() >= 5
    });
    assert_all_once(&members, 5);
}

pub(super) fn dropped<H: Harness>(harness: &H) {
    let topics = two_topics(harness);
    let mut positions = Positions::new();
    let mut members = vec![Member::join(harness, &topics[0], &topics)];
    // It is given partitions and dropped without an answer.
    let deadline = Instant::now() + harness.patience();
    while !matches!(
        must(members[0].consumer.next(std::time::Duration::from_millis(20))),
        crate::log::Delivery::Assigned(_)
    ) {
        assert!(Instant::now() < deadline, "waited too long for an assignment");
    }
    members.clear();
    members.push(Member::join(harness, &topics[0], &topics));
    members[0].until_ends(harness, &mut positions);
    assert!(dealt_out(&members, &topics));
    // And again in the middle of reading.
    members.clear();
    members.push(Member::join(harness, &topics[0], &topics));
    members[0].until_ends(harness, &mut positions);
    assert!(dealt_out(&members, &topics));
}
