//! What can go wrong with a snapshot.

use thiserror::Error;

use crate::body::TagError;
use crate::format;
use crate::header::HeaderError;
use crate::options::OptionsError;

/// Why a snapshot was not written or not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A setting is outside its bounds. A retry gives the same answer.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The header to write breaks a rule. A retry gives the same answer.
    #[error("snapshot header cannot be written: {0}")]
    Header(#[from] HeaderError),
    /// The body to write breaks a rule. A retry gives the same answer.
    #[error("snapshot section {tag:?} cannot be written: {reason}")]
    Section {
        /// The section.
        tag: String,
        /// The rule.
        reason: TagError,
    },
    /// The body failed to write one of its sections, or a section could not be compressed.
    #[error("snapshot body could not be written: {0}")]
    Body(#[source] std::io::Error),
    /// The snapshot grew beyond what any reader accepts.
    #[error(
        "snapshot is larger than {} bytes, which no reader accepts; use more partitions",
        format::MAX_SNAPSHOT_BYTES
    )]
    TooLarge,
    /// The store failed or did not answer. A retry is safe.
    #[error("snapshot store failed to {doing}: {source}")]
    Store {
        /// What was being done.
        doing: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// The folder of the store cannot be used.
    #[error("snapshot folder {folder} cannot be used: {source}; create it or change its owner")]
    Folder {
        /// The folder.
        folder: String,
        /// What the file system said.
        source: std::io::Error,
    },
    /// A partition holds more objects than can be looked through.
    #[error(
        "snapshot store holds more than {limit} objects under {folder}, expected a few dozen; move them away"
    )]
    TooMany {
        /// The folder.
        folder: String,
        /// The limit.
        limit: usize,
    },
    /// There is no snapshot of this name (any more).
    #[error("snapshot {name} does not exist any more")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The snapshot is not what was written. A retry gives the same answer; use an older one.
    #[error("snapshot {name} is damaged at byte {at}: {what}")]
    Damaged {
        /// The name.
        name: String,
        /// What was found and what was expected.
        what: String,
        /// The offset in the object at which it shows.
        at: u64,
    },
    /// The snapshot has a format that this version of the program does not read.
    #[error(
        "snapshot {name} has format version {found}, this program reads version {supported}; use a newer program"
    )]
    UnsupportedVersion {
        /// The name.
        name: String,
        /// The version that was found.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
}

impl SnapshotError {
    /// Whether this one snapshot is the trouble, so that an older one may do; otherwise it is the store or the caller.
    #[must_use]
    pub fn concerns_one_snapshot(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Damaged { .. } | Self::UnsupportedVersion { .. })
    }
}
