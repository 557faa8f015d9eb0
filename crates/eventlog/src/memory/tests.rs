//! The conformance suite over the log in memory, and what only this one has.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::conformance::{self, Harness};
use crate::{
    LogConsumer as _, LogError, MemoryConsumer, MemoryGroup, MemoryLog, MemoryReader, NewRecord,
    RecordSink as _, TopicPartition,
};
use model::{Offset, TopicName};

#[derive(Default)]
struct Memory {
    log: MemoryLog,
    created: AtomicUsize,
}

impl Harness for Memory {
    type Consumer = MemoryConsumer;
    type Reader = MemoryReader;

    fn create_topic(&self, prefix: &str, partitions: usize) -> TopicName {
        let number = self.created.fetch_add(1, Ordering::Relaxed);
        let topic = TopicName::from(format!("{prefix}-{number}"));
        self.log.create_topic(topic.clone(), partitions);
        topic
    }

    fn recreate_topic(&self, topic: &TopicName, partitions: usize) {
        self.log.create_topic(topic.clone(), partitions);
    }

    fn append(&self, partition: &TopicPartition, records: &[NewRecord<'_>]) {
        for record in records {
            self.log.append(partition, *record).unwrap();
        }
    }

    fn delete_before(&self, partition: &TopicPartition, first_kept: Offset) {
        self.log.delete_before(partition, first_kept).unwrap();
    }

    fn consumer(&self, group: &str, topics: &[TopicName]) -> Result<MemoryConsumer, LogError> {
        MemoryGroup::new(&self.log, group, topics).map(|group| group.join())
    }

    fn reader(&self, topic: &TopicName) -> Result<MemoryReader, LogError> {
        MemoryReader::new(&self.log, topic)
    }
}

#[test]
fn the_log_in_memory_conforms() {
    conformance::run(&Memory::default());
}

#[test]
fn records_of_a_key_go_to_one_partition() {
    let log = MemoryLog::new();
    let topic = TopicName::from("deals");
    log.create_topic(topic.clone(), 4);
    for number in 0..40 {
        let key = format!("deal-{}", number % 8);
        let record = NewRecord { key: Some(key.as_bytes()), ..NewRecord::default() };
        log.send(&topic, None, record).unwrap();
    }
    let counts =
        [0, 1, 2, 3].map(|number| log.offsets(&TopicPartition::new(topic.clone(), number)).unwrap().1.0);
    assert_eq!(counts.iter().sum::<i64>(), 40);
    assert!(counts.iter().all(|count| count % 5 == 0), "{counts:?}");
    assert!(counts.iter().filter(|count| **count > 0).count() > 1, "{counts:?}");
    let error = log.send(&"nowhere".into(), None, NewRecord::default()).unwrap_err();
    assert_eq!(error.code(), "log_unknown_topic");
}

#[test]
fn a_group_remembers_what_its_members_commit() {
    let log = MemoryLog::new();
    let partition = TopicPartition::new("deals", 0);
    log.create_topic(partition.topic.clone(), 1);
    let group = MemoryGroup::new(&log, "group", std::slice::from_ref(&partition.topic)).unwrap();
    assert_eq!(group.committed(&partition), None);
    group.join().commit(&[(partition.clone(), Offset(7))]).unwrap();
    assert_eq!(group.committed(&partition), Some(Offset(7)));
}
