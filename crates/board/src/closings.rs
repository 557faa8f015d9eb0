//! What was won a moment ago, or is so no more: a bounded list beside the numbers, in the order in which it became known.

use std::collections::VecDeque;
use std::sync::Arc;

use model::{Closing, LogPosition, PartitionId, Timestamp, TopicName};

use crate::board::Board;
use crate::partition::PartitionWriter;

/// How many of the newest closings are kept.
const KEPT_MAX: usize = 1_000;

/// A closing as the board knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Counts from 0, over all partitions.
    pub number: u64,
    /// What happened.
    pub closing: Closing,
    /// The event that brought it.
    pub position: LogPosition,
    /// When the log received that event, or where it does not say, when it was published.
    pub known_at: Timestamp,
}

/// The newest closings.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    next: u64,
    kept: VecDeque<Arc<Announced>>,
}

impl Board {
    /// The closings from a number on that are kept, the oldest first.
    #[must_use]
    pub fn closings_from(&self, number: u64) -> Vec<Arc<Announced>> {
        let closings = self.closings.lock();
        let place = closings.kept.partition_point(|announced| announced.number < number);
        closings.kept.iter().skip(place).map(Arc::clone).collect()
    }

    /// The number of the closing that comes next.
    #[must_use]
    pub fn closings_end(&self) -> u64 {
        self.closings.lock().next
    }
}

impl PartitionWriter {
    /// Tells of closings, behind the publish of the cells that they changed.
    pub fn announce(
        &self,
        partition: PartitionId,
        topic: &TopicName,
        closings: impl IntoIterator<Item = Closing>,
        now: Timestamp,
    ) {
        let mut all = self.board().closings.lock();
        for closing in closings {
            if all.kept.len() == KEPT_MAX {
                all.kept.pop_front();
            }
            let position = LogPosition { topic: Arc::clone(topic), partition, offset: closing.offset };
            let known_at = closing.appended_at.unwrap_or(now);
            let announced = Announced { number: all.next, closing, position, known_at };
            all.kept.push_back(Arc::new(announced));
            all.next += 1;
        }
    }
}
