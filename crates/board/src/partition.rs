//! What one partition has published, and its way onto the board.
//!
//! A partition keeps the absolute value of each of its cells, so that a publish, which is absolute too, can be turned
//! into changes of the sums (invariant BOARD-2). Names are numbered by each writer in its own way: they are translated
//! on arrival, and a writer made after a restart brings its own table.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::{CellKey, Day, HeldKey, Offset, PartitionId, RepIndex, TerritoryIndex, TopicName, TypeIndex};
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHashMap;
use thiserror::Error;

use crate::board::Board;
use crate::row::Row;
use crate::table::{Delta, HeldSumKey, Owner, Shown, release_room};

/// How far the log was folded for a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The sum of the next offsets of all topics; never falls within one history of a partition.
    pub progress: u64,
    /// The next offset of each topic.
    pub positions: Vec<(TopicName, Offset)>,
}

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The board shows it.
    Applied {
        /// How many cells have another value than before.
        changed_cells: usize,
    },
    /// It is older than what the board has of the partition, or its writer is not the newest one: nothing changed.
    Ignored,
}

/// Why a publish is not accepted; nothing of it was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PublishError {
    /// A cell's rep was not named before.
    #[error(
        "cell of rep {index}, but only {known} reps were named; name new reps in the publish that first uses them"
    )]
    UnknownRep {
        /// The index.
        index: u32,
        /// How many names the writer has given.
        known: usize,
    },
    /// A cell's territory was not named before.
    #[error(
        "cell of territory {index}, but only {known} territories were named; name new ones in the publish that first \
         uses them"
    )]
    UnknownTerritory {
        /// The index.
        index: u32,
        /// How many names the writer has given.
        known: usize,
    },
    /// A cell's type of activities was not named before.
    #[error(
        "cell of type {index} of activities, but only {known} types were named; name new ones before the publish that first \
         uses them"
    )]
    UnknownType {
        /// The index.
        index: u16,
        /// How many names the writer has given.
        known: usize,
    },
    /// A cell's day is outside the years that times can be in.
    #[error("cell of day number {0}, on which no time from 1970 to 2199 falls")]
    DayOutOfRange(i32),
}

/// What the board keeps of a partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    cells: Mutex<Cells>,
    /// Beside the cells, so that readers of positions never wait for a long publish.
    stamp: Mutex<Option<Stamp>>,
}

#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// The number of the newest writer.
    writer: u64,
    /// By day, so that the tables of periods can be made from them.
    days: BTreeMap<Day, FxHashMap<Owner, Row>>,
}

impl Cells {
    /// The rows of a range of days.
    pub(crate) fn rows(&self, days: Range<Day>) -> impl Iterator<Item = (Day, Owner, &Row)> {
        let days = self.days.range(days);
        days.flat_map(|(&day, rows)| rows.iter().map(move |(&owner, row)| (day, owner, row)))
    }
}

impl Partition {
    /// The number of a new writer, the only one that is heard from now on.
    fn next_writer(&self) -> u64 {
        let mut cells = self.cells.lock();
        cells.writer += 1;
        cells.writer
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.stamp.lock().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.lock().days.values().flat_map(FxHashMap::values).map(Row::len).sum()
    }

    /// The days that there are cells of.
    pub(crate) fn days(&self) -> Vec<Day> {
        self.cells.lock().days.keys().copied().collect()
    }

    /// The cells, which do not change while the guard is held.
    pub(crate) fn hold(&self) -> MutexGuard<'_, Cells> {
        self.cells.lock()
    }
}

/// The way onto the board for the worker of one partition. The newest writer of a partition is the only one heard.
#[derive(Debug)]
pub struct PartitionWriter {
    board: Arc<Board>,
    partition: Arc<Partition>,
    number: u64,
    /// Board-wide numbers by the writer's own.
    reps: Vec<RepIndex>,
    territories: Vec<TerritoryIndex>,
    types: Vec<TypeIndex>,
}

impl PartitionWriter {
    pub(crate) fn new(board: Arc<Board>, partition: Arc<Partition>) -> Self {
        let number = partition.next_writer();
        Self { board, partition, number, reps: Vec::new(), territories: Vec::new(), types: Vec::new() }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Names types of activities, behind those named before, ahead of the publish that first uses them.
    pub fn name_types<N: AsRef<str>>(&mut self, new_types: &[N]) {
        self.types.extend(self.board.intern_types(new_types));
    }

    /// Shows the absolute values of cells that changed since the last publish; 0 means gone. The first publish of a
    /// writer brings all cells and all names. New names are appended to the writer's tables, whose indexes the keys
    /// use; they are kept even if the cells are ignored.
    ///
    /// Ignored, and counted, if the stamp is older than the last one that was applied: since cells follow from the log
    /// alone, the later publish of the same writer brings what is missing. Repeating a publish changes nothing.
    ///
    /// Cost: about a hash table's update for each row (the cells of one rep, territory and day, if they are behind one
    /// another) and for each of its periods that somebody has asked for; a table's lock is taken once a period, not once a
    /// cell.
    ///
    /// # Errors
    /// A cell without a name or outside all calendars; then nothing is applied, and a retry gives the same answer.
    pub fn publish<N: AsRef<str>>(
        &mut self,
        stamp: Stamp,
        new_reps: &[N],
        new_territories: &[N],
        cells: impl IntoIterator<Item = (impl Into<HeldKey>, i128)>,
    ) -> Result<Published, PublishError> {
        self.reps.extend(self.board.intern_reps(new_reps));
        self.territories.extend(self.board.intern_territories(new_territories));
        let cells = cells
            .into_iter()
            .map(|(key, value)| Ok((self.translate(key.into())?, value)))
            .collect::<Result<Vec<_>, PublishError>>()?;

        let mut own = self.partition.cells.lock();
        let last = self.partition.stamp.lock().as_ref().map(|stamp| stamp.progress);
        if own.writer != self.number || last.is_some_and(|last| stamp.progress < last) {
            self.board.count_ignored();
            return Ok(Published::Ignored);
        }
        // Which tables there are does not change for as long as this partition's cells are held.
        let mut shown: FxHashMap<Day, Shown> = FxHashMap::default();
        let mut deltas = Vec::new();
        let mut changed_cells = 0;
        for of_row in cells.chunk_by(|(left, _), (right, _)| row_key(left) == row_key(right)) {
            let (owner, day) = row_key(&of_row[0].0);
            let shown = *shown.entry(day).or_insert_with(|| self.board.shows(day));
            let rows = own.days.entry(day).or_default();
            let row = rows.entry(owner).or_default();
            for &(key, value) in of_row {
                let delta = value.wrapping_sub(row.set(key.held, value));
                changed_cells += usize::from(delta != 0);
                if delta != 0 && shown.has(key.held) {
                    deltas.push(delta_of(key, delta));
                }
            }
            if row.is_empty() {
                rows.remove(&owner);
                release_room(rows);
                if rows.is_empty() {
                    own.days.remove(&day);
                }
            }
        }
        if changed_cells > 0 {
            self.board.apply(deltas);
        }
        *self.partition.stamp.lock() = Some(stamp);
        Ok(Published::Applied { changed_cells })
    }

    /// Takes everything of the partition off the board, as when it is revoked. Ignored if there is a newer writer.
    /// Who owns the partition next makes a writer and publishes all.
    pub fn retract(self) -> Published {
        let mut own = self.partition.cells.lock();
        if own.writer != self.number {
            self.board.count_ignored();
            return Published::Ignored;
        }
        let mut deltas = Vec::new();
        let mut changed_cells = 0;
        for (day, rows) in std::mem::take(&mut own.days) {
            changed_cells += rows.values().map(Row::len).sum::<usize>();
            let shown = self.board.shows(day);
            let taken = rows.iter().flat_map(|(&owner, row)| deltas_of(day, owner, row, i128::wrapping_neg));
            deltas.extend(taken.filter(|delta| shown.has(delta.key.held)));
        }
        self.board.apply(deltas);
        *self.partition.stamp.lock() = None;
        Published::Applied { changed_cells }
    }

    fn translate(&self, key: HeldKey) -> Result<HeldKey, PublishError> {
        let unknown_rep = PublishError::UnknownRep { index: key.rep.0, known: self.reps.len() };
        let unknown_territory =
            PublishError::UnknownTerritory { index: key.territory.0, known: self.territories.len() };
        if key.day != CellKey::STANDING && !key.day.has_timestamps() {
            return Err(PublishError::DayOutOfRange(key.day.0));
        }
        let held = match key.held.activity_type() {
            None => key.held,
            Some(of_type) => {
                let unknown = PublishError::UnknownType { index: of_type.0, known: self.types.len() };
                let known = self.types.get(usize::from(of_type.0)).ok_or(unknown)?;
                key.held.with_activity_type(*known)
            }
        };
        Ok(HeldKey {
            held,
            rep: *self.reps.get(key.rep.0 as usize).ok_or(unknown_rep)?,
            territory: *self.territories.get(key.territory.0 as usize).ok_or(unknown_territory)?,
            ..key
        })
    }
}

const fn row_key(key: &HeldKey) -> (Owner, Day) {
    (Owner { rep: key.rep, territory: key.territory }, key.day)
}

/// The changes that a row makes.
pub(crate) fn deltas_of(
    day: Day,
    Owner { rep, territory }: Owner,
    row: &Row,
    sign: fn(i128) -> i128,
) -> impl Iterator<Item = Delta> {
    row.iter().map(move |(held, value)| Delta {
        day,
        key: HeldSumKey { rep, territory, held },
        value: sign(value),
    })
}

/// The changes that the sums with these codes make.
pub(crate) fn deltas_of_codes(
    day: Day,
    Owner { rep, territory }: Owner,
    row: &Row,
    codes: Range<u32>,
) -> impl Iterator<Item = Delta> {
    row.of_codes(codes).map(move |(held, value)| Delta {
        day,
        key: HeldSumKey { rep, territory, held },
        value,
    })
}

const fn delta_of(key: HeldKey, value: i128) -> Delta {
    let HeldKey { rep, territory, day, held } = key;
    Delta { day, key: HeldSumKey { rep, territory, held }, value }
}

/// The partitions by number, as the board holds them.
pub(crate) type Partitions = std::collections::BTreeMap<PartitionId, Arc<Partition>>;
