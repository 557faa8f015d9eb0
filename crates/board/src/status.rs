//! How far the partitions are, and whether the board may be trusted yet.

use std::collections::BTreeMap;
use std::time::Instant;

use model::{PartitionId, Timestamp};
use thiserror::Error;

/// How far a partition's worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether the worker has folded the log up to its end as it was when last asked.
    pub caught_up: bool,
    /// Records of all topics that are not folded yet.
    pub lag_records: u64,
    /// For how long the oldest of them has been waiting.
    pub lag_seconds: u64,
    /// The latest event time that was folded.
    pub newest_event_at: Option<Timestamp>,
}

/// A partition of this instance and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionReadiness {
    /// Which.
    pub partition: PartitionId,
    /// Whether it has caught up at least once since it was assigned.
    pub caught_up_once: bool,
    /// The latest status, if there was one since it was assigned.
    pub status: Option<Status>,
    /// When that was told, on the clock that only measures how long something is ago.
    pub told_at: Option<Instant>,
}

/// A reason why the numbers are not whole yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotReady {
    /// The reference records were not read yet.
    #[error("the reference records are not loaded yet")]
    NoReference,
    /// It is not known yet which partitions are this instance's.
    #[error("no partitions were assigned yet")]
    NoAssignment,
    /// A partition has not caught up since it was assigned.
    #[error(
        "partition {partition} has not caught up yet: {lag_records} records, {lag_seconds} seconds behind"
    )]
    Behind {
        /// Which.
        partition: PartitionId,
        /// Records that are not folded yet.
        lag_records: u64,
        /// For how long the oldest of them has been waiting.
        lag_seconds: u64,
    },
    /// A partition was assigned but has not told how far it is.
    #[error("partition {0} has not told how far it is yet")]
    Silent(PartitionId),
}

/// Whether the board may be trusted, and how far each partition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the numbers are whole: nothing in `why`. Once so, it stays while the assignment does.
    pub ready: bool,
    /// Whether it is ready and every partition is at the end of its log now.
    pub caught_up: bool,
    /// All reasons why it is not ready.
    pub why: Vec<NotReady>,
    /// The partitions of this instance, by number.
    pub partitions: Vec<PartitionReadiness>,
}

impl Readiness {
    /// The latest event time of all partitions.
    #[must_use]
    pub fn newest_event_at(&self) -> Option<Timestamp> {
        let statuses = self.partitions.iter().filter_map(|partition| partition.status);
        statuses.filter_map(|status| status.newest_event_at).max()
    }
}

/// What is known of the partitions.
#[derive(Debug, Default)]
pub(crate) struct Statuses {
    assigned: Option<Vec<PartitionId>>,
    latest: BTreeMap<PartitionId, Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    status: Status,
    caught_up_once: bool,
    told_at: Instant,
}

impl Statuses {
    /// Partitions that stay keep what is known of them; those that go are forgotten.
    pub(crate) fn assign(&mut self, partitions: &[PartitionId]) {
        let mut partitions = partitions.to_vec();
        partitions.sort_unstable();
        partitions.dedup();
        self.latest.retain(|partition, _| partitions.binary_search(partition).is_ok());
        self.assigned = Some(partitions);
    }

    pub(crate) fn set(&mut self, partition: PartitionId, status: Status) {
        let once = self.latest.get(&partition).is_some_and(|known| known.caught_up_once);
        let caught_up_once = once || status.caught_up;
        self.latest.insert(partition, Known { status, caught_up_once, told_at: Instant::now() });
    }

    pub(crate) fn readiness(&self, has_reference: bool) -> Readiness {
        let mut why = Vec::new();
        if !has_reference {
            why.push(NotReady::NoReference);
        }
        if self.assigned.is_none() {
            why.push(NotReady::NoAssignment);
        }
        let mut partitions = Vec::new();
        for &partition in self.assigned.iter().flatten() {
            let known = self.latest.get(&partition);
            match known {
                None => why.push(NotReady::Silent(partition)),
                Some(&Known {
                    status: Status { lag_records, lag_seconds, .. },
                    caught_up_once: false,
                    ..
                }) => {
                    why.push(NotReady::Behind { partition, lag_records, lag_seconds });
                }
                Some(_) => {}
            }
            partitions.push(PartitionReadiness {
                partition,
                caught_up_once: known.is_some_and(|known| known.caught_up_once),
                status: known.map(|known| known.status),
                told_at: known.map(|known| known.told_at),
            });
        }
        let ready = why.is_empty();
        let at_end = |partition: &PartitionReadiness| partition.status.is_some_and(|status| status.caught_up);
        Readiness { ready, caught_up: ready && partitions.iter().all(at_end), why, partitions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(caught_up: bool, lag_records: u64) -> Status {
        Status { caught_up, lag_records, lag_seconds: lag_records / 10, newest_event_at: None }
    }

    #[test]
    fn ready_once_every_partition_has_caught_up() {
        let [zero, one] = [PartitionId(0), PartitionId(1)];
        let mut statuses = Statuses::default();
        assert_eq!(statuses.readiness(false).why, [NotReady::NoReference, NotReady::NoAssignment]);
        statuses.assign(&[one, zero, one]);
        assert_eq!(statuses.readiness(true).why, [NotReady::Silent(zero), NotReady::Silent(one)]);
        statuses.set(zero, status(true, 0));
        statuses.set(one, status(false, 70));
        let behind = NotReady::Behind { partition: one, lag_records: 70, lag_seconds: 7 };
        assert_eq!(statuses.readiness(true).why, [behind]);
        statuses.set(one, status(true, 0));
        assert!(statuses.readiness(true).ready && statuses.readiness(true).caught_up);
        assert!(!statuses.readiness(false).ready);

        // Falling behind again does not take readiness away, but it shows.
        statuses.set(zero, status(false, 9));
        let readiness = statuses.readiness(true);
        assert!(readiness.ready && !readiness.caught_up);

        // A partition that went and came back starts anew.
        statuses.assign(&[zero]);
        statuses.assign(&[zero, one]);
        assert_eq!(statuses.readiness(true).why, [NotReady::Silent(one)]);
    }

    #[test]
    fn an_instance_without_partitions_is_ready_once_told_so() {
        let mut statuses = Statuses::default();
        assert!(!statuses.readiness(true).ready);
        statuses.assign(&[]);
        assert!(statuses.readiness(true).ready);
    }
}
