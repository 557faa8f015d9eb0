//! Snapshots of one partition's folded state, with the log positions it stands at.
//!
//! A snapshot is one object in an [`object_store`]: a [`Header`] that says whose state it is and where in the log it
//! stands, and named sections of bytes that only the engine understands. This room knows how such an object is
//! [laid out](mod@format), written, named, verified, found again and thinned out. It must not know what a section means, what
//! a deal is, where the time comes from (the caller gives it), or anything of the network beside the object store.
//!
//! Invariants:
//! - `SNAPSHOT-1` A snapshot is there whole or not at all: it appears under its name only when every byte is stored.
//! - `SNAPSHOT-2` Nothing of a snapshot is handed out before all of it is verified: every frame, every section, the file.
//! - `SNAPSHOT-3` The snapshot that stands furthest in the log wins, whatever the clock said when it was written.
//! - `SNAPSHOT-4` A writer deletes only behind what it has just written, so the newest valid snapshot stays.
//! - `SNAPSHOT-5` A damaged snapshot is reported and passed over; a store that does not answer is an error, never "none".
//!
//! # Names and the order of preference
//!
//! `partition-00007/00000000000000012345-2026-11-24T03-20-11.123456Z-00000000cafef00d.tallyboard`: the partition, the
//! progress (the sum of the next offsets), the time of the header in UTC, the fingerprint of the configuration. All parts
//! have a fixed width, so the order of the names is the order of preference: more progress first, then the later time,
//! then the greater fingerprint. Progress comes before time because offsets only grow while clocks also go back: a
//! host whose clock is an hour ahead must not make its old state win. Where offsets start again (a topic created anew)
//! or a topic is left out, the old snapshots keep the better place; telling that they do not fit is the caller's part in
//! [`SnapshotStore::restore`], and [`SnapshotStore::set_aside`] is how a person makes room for a new beginning. Equal
//! headers make equal names: the later write replaces the earlier, which held the same state.
//!
//! # Durability
//!
//! In a local folder a snapshot is written beside its place, synced, renamed and the folder synced, so that a written
//! snapshot survives the loss of power. What is left of a write that a crash cut short (`<name>#<number>`) is no snapshot;
//! [`SnapshotStore::open`] removes it once nobody has written to it for fifteen minutes. Cloud stores publish at
//! the end of an upload; parts of an upload cut short are a matter of the bucket's lifecycle rules.

mod body;
mod decode;
mod encode;
mod error;
pub mod format;
mod header;
mod ladder;
mod name;
mod options;
mod restore;
mod store;
mod transfer;

pub use body::{Body, SectionReader, SectionTag, Sections, TagError};
pub use error::SnapshotError;
pub use header::{Header, HeaderError, Mark, Position};
pub use name::Candidate;
pub use options::{Options, OptionsError};
pub use restore::{NotUsed, Refusal, RestoreError, RestoreReport, Restored, Tried};
pub use store::{SnapshotStore, Written};
