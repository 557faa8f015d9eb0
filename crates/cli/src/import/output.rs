//! From records to lines: each record once, in the order asked for, and all of them or none.
//!
//! Lines wait in a temporary file until it is known whether they may be written; memory holds a few bytes a record:
//! where its line is, and a fingerprint of its identity, by which repetitions and conflicts are found.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use codec::{Record, encode};
use model::Event;

/// The most records of one import.
const MAX_RECORDS: usize = 50_000_000;

/// The order of events; reference records come first in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Order {
    /// By the time at which they happened; of one time, as the tables have them.
    Time,
    /// As the tables have them.
    Source,
}

/// Where a row stands: the number of its source, and its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// The source's number.
    pub(super) source: u32,
    /// The row as spreadsheets count.
    pub(super) row: u64,
}

/// What became of the records of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// They are kept, but for those that were there before with the same content.
    All {
        /// The kinds of those kept.
        fresh: Vec<&'static str>,
        /// How many were there before.
        repeated: u64,
    },
    /// None is kept: one has the identity of an earlier record and another content.
    Conflict {
        /// The identity.
        identity: String,
        /// Where the earlier record came from.
        earlier: Origin,
    },
}

/// Lines on their way.
#[derive(Debug)]
pub(super) struct Spool {
    /// None in a dry run: lines are counted and compared, and not kept.
    lines: Option<BufWriter<File>>,
    end: u64,
    entries: Vec<Entry>,
    seen: HashMap<u128, (u64, Origin)>,
    hashers: [RandomState; 2],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    is_event: bool,
    occurred_at_micros: i64,
    start: u64,
    length: u32,
}

impl Spool {
    /// An empty spool; without a file in a dry run.
    ///
    /// # Errors
    /// The temporary file.
    pub(super) fn new(dry_run: bool) -> anyhow::Result<Self> {
        let file = || tempfile::tempfile().context("a temporary file for lines; is TMPDIR writable?");
        Ok(Self {
            lines: if dry_run { None } else { Some(BufWriter::new(file()?)) },
            end: 0,
            entries: Vec::new(),
            seen: HashMap::new(),
            hashers: [RandomState::new(), RandomState::new()],
        })
    }

    /// Takes the records of one row, all or none.
    ///
    /// # Errors
    /// The temporary file, or too many records.
    pub(super) fn keep(&mut self, records: &[Record<'_>], origin: Origin) -> anyhow::Result<Kept> {
        let mut fresh: Vec<(u128, u64, Entry, Vec<u8>)> = Vec::with_capacity(records.len());
        let mut kinds = Vec::with_capacity(records.len());
        let mut repeated = 0;
        for record in records {
            let identity = identity(record);
            let line = encode::json(record);
            let (key, content) = (self.key(&identity), self.hashers[0].hash_one(&line));
            let in_row =
                fresh.iter().find(|(other, ..)| *other == key).map(|(_, content, ..)| (*content, origin));
            match in_row.or_else(|| self.seen.get(&key).copied()) {
                Some((same, _)) if same == content => repeated += 1,
                Some((_, earlier)) => return Ok(Kept::Conflict { identity, earlier }),
                None => {
                    kinds.push(record.kind().name());
                    fresh.push((key, content, entry(record, &line)?, line));
                }
            }
        }
        ensure!(
            self.seen.len() + fresh.len() <= MAX_RECORDS,
            "there are more than {MAX_RECORDS} records; import the tables in parts"
        );
        for (key, content, entry, line) in fresh {
            self.seen.insert(key, (content, origin));
            if let Some(lines) = &mut self.lines {
                lines.write_all(&line).context("the temporary file for lines")?;
                self.entries.push(Entry { start: self.end, ..entry });
                self.end += u64::from(entry.length);
            }
        }
        Ok(Kept::All { fresh: kinds, repeated })
    }

    /// Writes all lines.
    ///
    /// # Errors
    /// The temporary file or the output.
    pub(super) fn write(self, order: Order, output: &mut dyn Write) -> anyhow::Result<()> {
        let Some(lines) = self.lines else { return Ok(()) };
        let file = lines.into_inner().context("the temporary file for lines")?;
        let mut entries = self.entries;
        match order {
            Order::Time => entries
                .sort_by_key(|entry| (entry.is_event, entry.is_event.then_some(entry.occurred_at_micros))),
            Order::Source => entries.sort_by_key(|entry| entry.is_event),
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        reader.seek(SeekFrom::Start(0))?;
        let mut position = 0_i64;
        let mut line = Vec::new();
        for entry in entries {
            let start = i64::try_from(entry.start)?;
            reader.seek_relative(start - position).context("the temporary file for lines")?;
            line.clear();
            reader.by_ref().take(u64::from(entry.length)).read_to_end(&mut line)?;
            position = start + i64::from(entry.length);
            line.push(b'\n');
            output.write_all(&line).context("the output")?;
        }
        output.flush().context("the output")
    }

    fn key(&self, identity: &str) -> u128 {
        let [low, high] = &self.hashers;
        u128::from(low.hash_one(identity)) | u128::from(high.hash_one(identity)) << 64
    }
}

fn entry(record: &Record<'_>, line: &[u8]) -> anyhow::Result<Entry> {
    let occurred_at = match record {
        Record::Event(Event::Deal(deal)) => Some(deal.occurred_at),
        Record::Event(Event::Activity(activity)) => Some(activity.occurred_at),
        Record::Reference(_) => None,
    };
    Ok(Entry {
        is_event: occurred_at.is_some(),
        occurred_at_micros: occurred_at.map_or(0, model::Timestamp::micros),
        start: 0,
        length: u32::try_from(line.len())?,
    })
}

fn identity(record: &Record<'_>) -> String {
    match record {
        Record::Event(Event::Deal(deal)) => format!("deal event {}", deal.event_id),
        Record::Event(Event::Activity(activity)) => format!("activity event {}", activity.event_id),
        Record::Reference(record) => record.key(),
    }
}

/// Writes a file beside its place and moves it there when it is whole; what is no regular file is written directly.
///
/// # Errors
/// The file, or what `write` says.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let label = || format!("output {}", path.display());
    let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
    let partial = if special { path.to_owned() } else { beside(path) };
    let attempt = || -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(&partial)?);
        write(&mut file)?;
        let file = file.into_inner()?;
        if special {
            return Ok(());
        }
        file.sync_all()?;
        Ok(std::fs::rename(&partial, path)?)
    };
    let result = attempt().with_context(label);
    if result.is_err() && !special && partial.is_file() {
        // The error at hand says more than one about what is left behind.
        let _ = std::fs::remove_file(&partial);
    }
    result
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, "before").unwrap();
        let failed = write_whole(&path, |file| {
            file.write_all(b"half")?;
            anyhow::bail!("the disk is full")
        });
        let error = format!("{:#}", failed.unwrap_err());
        assert!(error.contains("events.jsonl: the disk is full"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        write_whole(&path, |file| Ok(file.write_all(b"after")?)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
