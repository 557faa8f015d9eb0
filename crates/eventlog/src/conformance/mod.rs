//! What every implementation of the log must do, as a suite that runs over any of them.
//!
//! An implementation brings a [`Harness`] and calls [`run`]. Whatever is not as it must be panics with the name of the case.

mod member;
mod membership;
mod positions;
mod records;

use std::time::Duration;

use model::{Offset, TopicName};

use crate::error::LogError;
use crate::log::{LogConsumer, TopicPartition, TopicReader};
use crate::record::NewRecord;

/// What the suite needs of an implementation. Functions without a result panic if they fail.
pub trait Harness {
    /// Its consumer.
    type Consumer: LogConsumer;
    /// Its reader of whole topics.
    type Reader: TopicReader;

    /// Creates a topic whose name begins so and is used by nobody else.
    fn create_topic(&self, prefix: &str, partitions: usize) -> TopicName;

    /// Deletes a topic and creates it anew, without records, under the same name.
    fn recreate_topic(&self, topic: &TopicName, partitions: usize);

    /// Appends records; returns when they can be read.
    fn append(&self, partition: &TopicPartition, records: &[NewRecord<'_>]);

    /// Removes all records below an offset.
    fn delete_before(&self, partition: &TopicPartition, first_kept: Offset);

    /// A new member of a group.
    ///
    /// # Errors
    /// Those of connecting.
    fn consumer(&self, group: &str, topics: &[TopicName]) -> Result<Self::Consumer, LogError>;

    /// A reader of a whole topic.
    ///
    /// # Errors
    /// Those of connecting.
    fn reader(&self, topic: &TopicName) -> Result<Self::Reader, LogError>;

    /// The longest time until something that must happen has happened.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// A case of the suite.
pub type Case<H> = fn(&H);

/// All cases with their names.
#[must_use]
pub fn cases<H: Harness>() -> Vec<(&'static str, Case<H>)> {
    vec![
        ("records come in order and ends are told", records::in_order),
        ("records come as they were appended", records::as_appended),
        ("an empty partition has an end", records::empty),
        ("many records come in several deliveries, each once", records::many),
        ("paused partitions are silent and lose nothing", records::paused),
        ("pausing in the middle loses and repeats nothing", records::paused_midway),
        ("the known end grows with the log", records::high_offset),
        ("a reader reads a topic whole and follows it", records::whole_topic),
        ("reading begins at a position", positions::begin),
        ("partitions that are left out are not read", positions::left_out),
        ("a record that is another one is an error", positions::other_record),
        ("an expired position is an error", positions::expired),
        ("a position that expires while it is paused is an error", positions::expired_meanwhile),
        ("the known record may expire", positions::just_expired),
        ("a position behind the end is an error", positions::behind_the_end),
        ("a topic that was created anew is an error", positions::recreated),
        ("reading can begin again after an error", positions::again),
        ("topics must exist and be partitioned alike", membership::unlike_topics),
        ("members share partitions, topics together", membership::shared),
        ("a member that leaves hands its partitions over", membership::leaving),
        ("a member without partitions is told so", membership::spare),
        ("a member that was dropped is replaced", membership::dropped),
    ]
}

/// Runs all cases.
///
/// # Panics
/// At the first thing that is not as it must be.
pub fn run<H: Harness>(harness: &H) {
    for (name, case) in cases() {
        tracing::info!("conformance: {name}");
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(harness))) {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("it panicked");
            panic!("conformance case {name:?}: {words}");
        }
    }
}
