//! What can go wrong in a world, and how often it did: a run that met no fault proves nothing.

use std::collections::BTreeMap;

/// Something that goes wrong, or that follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A record was appended that must not count.
    BadRecord,
    /// An instance died with all it had in memory.
    Crash,
    /// An instance that had died came back empty.
    Return,
    /// An instance lost its membership and does not know yet.
    Hang,
    /// A process of a dead or hanging instance folded on.
    ZombieFold,
    /// A process of a dead or hanging instance published.
    ZombiePublish,
    /// A process of a dead or hanging instance took a snapshot.
    ZombieSnapshot,
    /// Another instance joined.
    Join,
    /// An instance left in order.
    Leave,
    /// Partitions were given back.
    Revoke,
    /// A partition was taken over from a snapshot.
    RestoreFromSnapshot,
    /// A partition was folded from the log's start.
    RestoreFromLog,
    /// A partition that came back went on from memory.
    GoOnFromMemory,
    /// A snapshot was written when a later one was there already.
    LateSnapshot,
    /// A byte of the newest snapshot was changed.
    FlipByte,
    /// The newest snapshot was cut short.
    CutShort,
    /// The newest snapshot was lost.
    LoseSnapshot,
    /// A damaged snapshot was passed over when restoring.
    PassOver,
    /// A dead letter was not taken.
    RefuseLetter,
    /// A snapshot was put off since dead letters were not acknowledged.
    PutOffSnapshot,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 20] = [
        Self::BadRecord,
        Self::Crash,
        Self::Return,
        Self::Hang,
        Self::ZombieFold,
        Self::ZombiePublish,
        Self::ZombieSnapshot,
        Self::Join,
        Self::Leave,
        Self::Revoke,
        Self::RestoreFromSnapshot,
        Self::RestoreFromLog,
        Self::GoOnFromMemory,
        Self::LateSnapshot,
        Self::FlipByte,
        Self::CutShort,
        Self::LoseSnapshot,
        Self::PassOver,
        Self::RefuseLetter,
        Self::PutOffSnapshot,
    ];
}

/// How often each fault occurred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, u64>);

impl Faults {
    /// How often a fault occurred.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }

    /// Adds those of another run.
    pub fn merge(&mut self, other: &Self) {
        for (&fault, &count) in &other.0 {
            *self.0.entry(fault).or_default() += count;
        }
    }

    pub(crate) fn note(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }
}
