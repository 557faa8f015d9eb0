//! What came of looking for a state to start from.
//!
//! Must not know how snapshots are read.

use thiserror::Error;

use crate::error::SnapshotError;
use crate::name::Candidate;

/// Why the caller does not take a snapshot that is valid in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<E> {
    /// It does not fit, an older one may: another configuration shaped it, say.
    TryOlder(E),
    /// A person has to decide before anything is restored: the log is not the one that the state stands in, say.
    Stop(E),
}

/// A state that was restored.
#[derive(Debug)]
pub struct Restored<T> {
    /// The snapshot it came from.
    pub candidate: Candidate,
    /// What the caller made of it.
    pub value: T,
}

/// A snapshot that was passed over.
#[derive(Debug)]
pub struct Tried<E> {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: NotUsed<E>,
}

/// Why a snapshot was passed over.
#[derive(Debug, Error)]
pub enum NotUsed<E> {
    /// It could not be read.
    #[error(transparent)]
    Unreadable(SnapshotError),
    /// The caller refused it.
    #[error("snapshot was refused: {0}")]
    Refused(E),
}

/// What came of looking for a state to start from.
///
/// `restored` being `None` has two meanings: with `tried` empty there has never been a snapshot; otherwise there were
/// some and none could be used, which a person should hear of before the log is read from its start.
#[derive(Debug)]
pub struct RestoreReport<T, E> {
    /// The state; `None` when there was no snapshot that could be used.
    pub restored: Option<Restored<T>>,
    /// The snapshots that were passed over, the most preferred first.
    pub tried: Vec<Tried<E>>,
}

/// Why looking for a state ended without an answer.
#[derive(Debug, Error)]
pub enum RestoreError<E> {
    /// The store failed or did not answer, which says nothing about what it holds. A retry is safe.
    #[error(transparent)]
    Store(SnapshotError),
    /// The caller wants a person to decide.
    #[error("snapshot {name} was refused: {reason}")]
    Stopped {
        /// The name of the snapshot.
        name: String,
        /// The caller's reason.
        reason: E,
    },
}
