//! The store: writes, finds, reads, restores, thins out and sets aside the snapshots of all partitions.
//!
//! Must not know the bytes of a snapshot or the meaning of a section. Blocks its caller, who is a plain background thread.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures::TryStreamExt;
use model::PartitionId;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, RenameOptions};
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::body::{Body, Sections};
use crate::decode::{self, DecodeError};
use crate::encode::{self, EncodeError};
use crate::error::SnapshotError;
use crate::format;
use crate::header::Header;
use crate::ladder;
use crate::name::{self, Candidate};
use crate::options::Options;
use crate::restore::{NotUsed, Refusal, RestoreError, RestoreReport, Restored, Tried};
use crate::transfer::{Download, Upload};

/// The most objects that are looked through for one partition.
const MAX_LISTED: usize = 100_000;
/// What is left of a write is removed when nobody has written to it for this long.
const LITTER_AGE: Duration = Duration::from_secs(15 * 60);
/// The folder of what was set aside.
const SET_ASIDE: &str = "set-aside";

/// The snapshots of all partitions.
///
/// Can be shared between threads; snapshots of different partitions may be written at the same time.
///
/// # Panics
/// Every method that touches the store panics on a thread that drives async tasks: call it from a plain thread or from
/// `spawn_blocking`.
#[derive(Debug)]
pub struct SnapshotStore {
    store: Arc<dyn ObjectStore>,
    handle: Handle,
    options: Options,
    /// Names of snapshots that this process failed to read, so that they take no rung of the ladder.
    unreadable: Mutex<BTreeSet<String>>,
}

/// A snapshot that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// The size of the object, in bytes.
    pub bytes: u64,
    /// The size of its sections before compression, in bytes.
    pub bytes_raw: u64,
    /// How long the body, the compression and the store took together; thinning out is not in it.
    pub duration: Duration,
    /// How many older snapshots were deleted by the ladder.
    pub expired: usize,
}

impl SnapshotStore {
    /// Opens the store that the options name, in the local file system; creates the folder when it is missing and removes
    /// what is left of writes that were cut short.
    ///
    /// The runtime behind `handle` must have threads of its own (be multi-threaded).
    ///
    /// # Errors
    /// [`SnapshotError::Options`], or [`SnapshotError::Folder`] when the folder cannot be created or looked through.
    pub fn open(options: Options, handle: Handle) -> Result<Self, SnapshotError> {
        options.check()?;
        let folder = options.folder()?;
        let failed = |source| SnapshotError::Folder { folder: folder.display().to_string(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        remove_litter(&folder).map_err(failed)?;
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|source| SnapshotError::Store { doing: "open its folder".to_owned(), source })?;
        Self::over(Arc::new(store.with_fsync(true)), options, handle)
    }

    /// A store over any object store; `options.store` is then of no meaning.
    ///
    /// # Errors
    /// [`SnapshotError::Options`].
    pub fn over(
        store: Arc<dyn ObjectStore>,
        options: Options,
        handle: Handle,
    ) -> Result<Self, SnapshotError> {
        options.check()?;
        Ok(Self { store, handle, options, unreadable: Mutex::default() })
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Writes a snapshot, whole or not at all, and then deletes older ones that the ladder does not keep. That a deletion
    /// fails is logged and no error.
    ///
    /// # Errors
    /// The header or body breaks a rule, the body fails, or the store fails. Nothing is deleted then. After a failure of
    /// the store the snapshot may be there all the same; a retry is safe.
    pub fn write(&self, header: &Header, body: &dyn Body) -> Result<Written, SnapshotError> {
        let start = Instant::now();
        header.check()?;
        let name = Candidate::of(header, 0).name();
        let doing = || format!("write snapshot {name}");
        let mut upload = Upload::new(Arc::clone(&self.store), self.handle.clone(), Path::from(name.as_str()));
        let encoded = match encode::encode(header, body, self.options.compression_level, &mut upload) {
            Ok(encoded) => encoded,
            Err(error) => {
                let failure = upload.take_failure();
                if let Err(error) = upload.abort() {
                    warn!(snapshot = name, %error, "what was sent of a snapshot could not be removed");
                }
                return Err(match failure {
                    Some(source) => SnapshotError::Store { doing: doing(), source },
                    None => error.into(),
                });
            }
        };
        upload.finish().map_err(|source| SnapshotError::Store { doing: doing(), source })?;
        let duration = start.elapsed();
        self.unreadable().remove(&name);
        let expired = self.thin_out(&Candidate::of(header, encoded.bytes));
        let encode::Encoded { bytes, bytes_raw } = encoded;
        info!(
            snapshot = name,
            bytes,
            bytes_raw,
            duration_ms = duration.as_millis(),
            expired,
            "snapshot written"
        );
        Ok(Written { name, bytes, bytes_raw, duration, expired })
    }

    /// The snapshots of a partition by their names, the most preferred first. They may be damaged.
    ///
    /// # Errors
    /// [`SnapshotError::Store`] or [`SnapshotError::TooMany`]; a retry is safe.
    pub fn candidates(&self, partition: PartitionId) -> Result<Vec<Candidate>, SnapshotError> {
        let folder = name::folder_of(partition);
        let prefix = Path::from(folder.as_str());
        let mut candidates = Vec::new();
        let mut listed = 0_usize;
        self.handle.block_on(async {
            let mut objects = self.store.list(Some(&prefix));
            loop {
                let object = objects
                    .try_next()
                    .await
                    .map_err(|source| SnapshotError::Store { doing: format!("list {folder}"), source })?;
                let Some(object) = object else {
                    return Ok(());
                };
                listed += 1;
                if listed > MAX_LISTED {
                    return Err(SnapshotError::TooMany { folder: folder.clone(), limit: MAX_LISTED });
                }
                candidates.extend(Candidate::parse(object.location.as_ref(), object.size));
            }
        })?;
        candidates.sort_unstable_by(|one, other| other.cmp(one));
        Ok(candidates)
    }

    /// The partitions that have a folder, in order.
    ///
    /// # Errors
    /// [`SnapshotError::Store`]; a retry is safe.
    pub fn partitions(&self) -> Result<Vec<PartitionId>, SnapshotError> {
        let listed = self
            .handle
            .block_on(self.store.list_with_delimiter(None))
            .map_err(|source| SnapshotError::Store { doing: "list its partitions".to_owned(), source })?;
        let mut partitions: Vec<PartitionId> =
            listed.common_prefixes.iter().filter_map(|folder| name::partition_of(folder.as_ref())).collect();
        partitions.sort_unstable();
        Ok(partitions)
    }

    /// Reads a snapshot and verifies all of it before any of it is returned. The sections stay compressed in memory until
    /// they are read.
    ///
    /// # Errors
    /// An error that [concerns one snapshot](SnapshotError::concerns_one_snapshot), or [`SnapshotError::Store`]. What the
    /// local file system cannot read counts as damaged.
    pub fn read(&self, candidate: &Candidate) -> Result<(Header, Sections), SnapshotError> {
        let name = candidate.name();
        let result = self.read_named(&name, candidate);
        match &result {
            Err(SnapshotError::Damaged { .. } | SnapshotError::UnsupportedVersion { .. }) => {
                self.unreadable().insert(name);
            }
            _ => {
                self.unreadable().remove(&name);
            }
        }
        result
    }

    /// Restores a partition: offers its snapshots to `accept`, the most preferred first, until one is taken. Those that
    /// are damaged, gone or of another format version are passed over, logged and reported.
    ///
    /// # Errors
    /// [`RestoreError::Store`] when the store fails, since an older state, or none, is no answer to that; a retry is safe.
    /// [`RestoreError::Stopped`] when `accept` says so.
    pub fn restore<T, E: Display>(
        &self,
        partition: PartitionId,
        mut accept: impl FnMut(Header, Sections) -> Result<T, Refusal<E>>,
    ) -> Result<RestoreReport<T, E>, RestoreError<E>> {
        let mut tried = Vec::new();
        for candidate in self.candidates(partition).map_err(RestoreError::Store)? {
            let name = candidate.name();
            let reason = match self.read(&candidate) {
                Ok((header, sections)) => match accept(header, sections) {
                    Ok(value) => {
                        info!(snapshot = name, bytes = candidate.bytes, "snapshot restored");
                        return Ok(RestoreReport { restored: Some(Restored { candidate, value }), tried });
                    }
                    Err(Refusal::TryOlder(reason)) => NotUsed::Refused(reason),
                    Err(Refusal::Stop(reason)) => return Err(RestoreError::Stopped { name, reason }),
                },
                Err(error) if error.concerns_one_snapshot() => NotUsed::Unreadable(error),
                Err(error) => return Err(RestoreError::Store(error)),
            };
            warn!(snapshot = name, %reason, "snapshot passed over, an older one is tried");
            tried.push(Tried { name, reason });
        }
        Ok(RestoreReport { restored: None, tried })
    }

    /// Moves all snapshots of a partition to `set-aside/`, for a rebuild from the log; returns their old names. They are
    /// moved and not deleted because a log that has lost its beginning cannot make them again. Nothing in the program
    /// looks at `set-aside/`: a person removes what is in it, or moves it back.
    ///
    /// # Errors
    /// [`SnapshotError::Store`]; some may be moved then, the least preferred first. A retry moves the rest.
    pub fn set_aside(&self, partition: PartitionId) -> Result<Vec<String>, SnapshotError> {
        let mut names = Vec::new();
        for candidate in self.candidates(partition)?.into_iter().rev() {
            let name = candidate.name();
            let from = Path::from(name.as_str());
            let to = Path::from(format!("{SET_ASIDE}/{name}"));
            self.handle.block_on(self.store.rename_opts(&from, &to, RenameOptions::default())).map_err(
                |source| SnapshotError::Store { doing: format!("set aside snapshot {name}"), source },
            )?;
            warn!(snapshot = name, "snapshot set aside");
            self.unreadable().remove(&name);
            names.push(name);
        }
        Ok(names)
    }

    fn read_named(&self, name: &str, candidate: &Candidate) -> Result<(Header, Sections), SnapshotError> {
        let path = Path::from(name);
        let failed = |source| match source {
            object_store::Error::NotFound { .. } => SnapshotError::NotFound { name: name.to_owned() },
            source => SnapshotError::Store { doing: format!("read snapshot {name}"), source },
        };
        let result =
            self.handle.block_on(self.store.get_opts(&path, GetOptions::default())).map_err(failed)?;
        let length = result.meta.size;
        let mut download = Download::new(result, self.handle.clone());
        let damaged = |what, at| SnapshotError::Damaged { name: name.to_owned(), what, at };
        let (header, sections) = decode::decode(&mut download, length).map_err(|error| match error {
            DecodeError::Damaged { what, at } => damaged(what, at),
            DecodeError::UnsupportedVersion(found) => {
                SnapshotError::UnsupportedVersion { name: name.to_owned(), found, supported: format::VERSION }
            }
            DecodeError::Io { source, at } => match (&download, source.downcast::<object_store::Error>()) {
                (Download::Stream(_), Ok(source)) => failed(source),
                (_, Ok(source)) => damaged(format!("it cannot be read: {source}"), at),
                (_, Err(source)) => damaged(format!("it cannot be read: {source}"), at),
            },
        })?;
        let own = Candidate::of(&header, candidate.bytes).name();
        if own == name {
            Ok((header, sections))
        } else {
            Err(damaged(format!("by its header it is {own}"), 0))
        }
    }

    /// Deletes what the ladder does not keep; returns how many.
    fn thin_out(&self, written: &Candidate) -> usize {
        let candidates = match self.candidates(written.partition) {
            Ok(candidates) => candidates,
            Err(error) => {
                warn!(partition = written.partition.0, %error, "old snapshots could not be looked through");
                return 0;
            }
        };
        let unreadable = self.unreadable().clone();
        let known = |candidate: &Candidate| unreadable.contains(&candidate.name());
        let mut deleted = 0;
        for candidate in ladder::expired(&candidates, written, known, &self.options) {
            let name = candidate.name();
            match self.handle.block_on(self.store.delete(&Path::from(name.as_str()))) {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                    self.unreadable().remove(&name);
                    deleted += 1;
                }
                Err(error) => warn!(snapshot = name, %error, "old snapshot could not be deleted"),
            }
        }
        deleted
    }

    fn unreadable(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<EncodeError> for SnapshotError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Header(error) => Self::Header(error),
            EncodeError::Section { tag, reason } => Self::Section { tag: tag.to_string(), reason },
            EncodeError::TooLarge => Self::TooLarge,
            EncodeError::Io(error) => Self::Body(error),
        }
    }
}

/// Removes what is left of local writes that were cut short, except where another process may still be at it.
fn remove_litter(root: &std::path::Path) -> io::Result<()> {
    for folder in std::fs::read_dir(root)? {
        let folder = folder?;
        let folder_name = folder.file_name();
        let Some(folder_name) = folder_name.to_str().filter(|name| name::partition_of(name).is_some()) else {
            continue;
        };
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder.path())? {
            let file = file?;
            if !file.file_name().to_str().is_some_and(|file_name| name::is_litter(folder_name, file_name)) {
                continue;
            }
            let Ok(changed) = file.metadata().and_then(|metadata| metadata.modified()) else {
                continue;
            };
            if SystemTime::now().duration_since(changed).is_ok_and(|age| age >= LITTER_AGE) {
                let path = file.path().display().to_string();
                match std::fs::remove_file(file.path()) {
                    Ok(()) => info!(path, "what was left of a write was removed"),
                    Err(error) => warn!(path, %error, "what was left of a write could not be removed"),
                }
            }
        }
    }
    Ok(())
}
