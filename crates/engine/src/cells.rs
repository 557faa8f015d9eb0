//! The cells: sums by key, which only add and subtract. Keeps FOLD-1 (with the callers) and FOLD-5.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use model::{CellKey, Contribution};
use rustc_hash::FxBuildHasher;

/// Cells are held in this many tables, so that a table that is shared with a frozen copy is small enough to be copied
/// at the first write to it.
const TABLES: usize = 256;

/// A cell's sum, and in which round of publishing it changed last. The sum is in halves so that an entry needs no
/// padding to 16 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    high: i64,
    low: u64,
    changed_in: u32,
}

impl Cell {
    const fn value(self) -> i128 {
        (self.high as i128) << 64 | self.low as i128
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the two halves are what is wanted"
    )]
    const fn set(&mut self, value: i128) {
        self.high = (value >> 64) as i64;
        self.low = value as u64;
    }
}

/// Keys and their cells. A table of the kind that is told the hash, since the hash chooses the table, too.
type Table = HashTable<(CellKey, Cell)>;

/// The cells of a partition. A cell that is 0 is not held.
#[derive(Debug, Clone)]
pub struct Cells {
    tables: Vec<Arc<Table>>,
    changed: Vec<CellKey>,
    round: u32,
}

impl Default for Cells {
    fn default() -> Self {
        Self { tables: (0..TABLES).map(|_| Arc::default()).collect(), changed: Vec::new(), round: 1 }
    }
}

impl Cells {
    /// Adds to a cell; subtracts if negative.
    pub(crate) fn add(&mut self, contribution: Contribution) {
        let Contribution { key, value } = contribution;
        let hash = hash_of(&key);
        let table = Arc::make_mut(&mut self.tables[table_of(hash)]);
        let entry = table.entry(hash, |(other, _)| *other == key, |(other, _)| hash_of(other));
        let mut entry = match entry {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(vacant) => vacant.insert((key, Cell::default())),
        };
        let (_, cell) = entry.get_mut();
        let sum = cell.value() + value;
        if cell.changed_in != self.round {
            cell.changed_in = self.round;
            self.changed.push(key);
        }
        cell.set(sum);
        if sum == 0 {
            entry.remove();
        }
    }

    /// A cell's sum.
    #[must_use]
    pub fn get(&self, key: &CellKey) -> i128 {
        let hash = hash_of(key);
        let found = self.tables[table_of(hash)].find(hash, |(other, _)| other == key);
        found.map_or(0, |(_, cell)| cell.value())
    }

    /// All cells that are not 0, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (CellKey, i128)> {
        self.tables.iter().flat_map(|table| table.iter().map(|(key, cell)| (*key, cell.value())))
    }

    /// How many cells are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.len()).sum()
    }

    /// Whether no cell is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.is_empty())
    }

    /// How many changes [`take_changes`](Self::take_changes) would give.
    #[must_use]
    pub const fn changes(&self) -> usize {
        self.changed.len()
    }

    /// Takes out the cells that changed since the last call, with their sums now, 0 for those that are gone. A cell
    /// may be there more than once, with the same sum.
    pub fn take_changes(&mut self) -> Vec<(CellKey, i128)> {
        self.round = self.round.wrapping_add(1).max(1);
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| (key, self.get(&key))).collect()
    }

    /// Bytes of memory held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.tables.iter().map(|table| table.allocation_size()).sum::<usize>()
            + self.changed.capacity() * size_of::<CellKey>()
    }
}

fn hash_of(key: &CellKey) -> u64 {
    FxBuildHasher.hash_one(key)
}

fn table_of(hash: u64) -> usize {
    // Bits in the middle: the table itself uses the lowest for places and the highest for tags.
    usize::try_from(hash >> 40 & 0xff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Day, Measure, RepIndex, StageIndex, TerritoryIndex};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key(rep: u32, day: i32, stage: u16) -> CellKey {
        let measure = Measure::OpenDeals(StageIndex(stage));
        CellKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: Day(day), measure }
    }

    #[test]
    fn an_entry_needs_no_padding() {
        assert_eq!((size_of::<CellKey>(), size_of::<(CellKey, Cell)>()), (20, 48));
    }

    #[test]
    fn sums_of_any_size_are_kept() {
        let mut cell = Cell::default();
        for value in [0, 1, -1, i128::MAX, i128::MIN, i128::from(u64::MAX), -i128::from(u64::MAX)] {
            cell.set(value);
            assert_eq!(cell.value(), value);
        }
    }

    proptest! {
        #[test]
        fn apply_then_retract_is_identity(entries in prop::collection::vec((0..4_u32, 0..3, 0..3_u16, -3..4_i128), 0..80), split: prop::sample::Index) {
            let contributions: Vec<_> = entries.iter().map(|&(rep, day, stage, value)| Contribution { key: key(rep, day, stage), value }).collect();
            let mut cells = Cells::default();
            let mut naive: BTreeMap<CellKey, i128> = BTreeMap::new();
            let mut told: BTreeMap<CellKey, i128> = BTreeMap::new();
            let at = split.index(contributions.len() + 1);
            for (number, &contribution) in contributions.iter().enumerate() {
                if number == at { told.extend(cells.take_changes()); }
                cells.add(contribution);
                *naive.entry(contribution.key).or_default() += contribution.value;
            }
            let frozen = cells.clone();
            naive.retain(|_, value| *value != 0);
            prop_assert_eq!(cells.iter().collect::<BTreeMap<_, _>>(), naive.clone());
            told.extend(cells.take_changes());
            told.retain(|_, value| *value != 0);
            prop_assert_eq!(told, naive.clone());
            for &Contribution { key, value } in &contributions { cells.add(Contribution { key, value: -value }); }
            prop_assert!(cells.is_empty());
            prop_assert_eq!(frozen.iter().collect::<BTreeMap<_, _>>(), naive);
        }
    }
}
