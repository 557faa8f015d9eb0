//! The cells: sums by key, which only add and subtract. Keeps FOLD-1 (with the callers) and FOLD-5.
//!
//! The cells of one rep, territory and day stand in one row, since an event changes several of them: what a change
//! costs is the memory it has to wait for.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use model::{CellKey, Contribution, Day, Measure, PackedSum, RepIndex, TerritoryIndex};
use rustc_hash::FxBuildHasher;

/// Rows are held in this many tables, so that a table that is shared with a frozen copy is small enough to be copied
/// at the first write to it.
const TABLES: usize = 256;

/// Whose row, and of which day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) day: Day,
}

impl RowKey {
    const fn of(key: &CellKey) -> Self {
        Self { rep: key.rep, territory: key.territory, day: key.day }
    }

    const fn with(self, measure: Measure) -> CellKey {
        let Self { rep, territory, day } = self;
        CellKey { rep, territory, day, measure }
    }

    fn hash(self) -> u64 {
        let who = u64::from(self.rep.0) << 32 | u64::from(self.territory.0);
        FxBuildHasher.hash_one((who, self.day.0.cast_unsigned()))
    }
}

/// A cell: of which measure (its code), in which round of publishing it changed last, and its sum.
#[derive(Debug, Clone, Copy)]
struct Cell {
    code: u32,
    changed_in: u32,
    sum: PackedSum,
}

impl Cell {
    fn new(measure: Measure) -> Self {
        Self { code: measure.code(), changed_in: 0, sum: PackedSum::default() }
    }

    fn measure(&self) -> Measure {
        Measure::from_code(self.code).unwrap_or_else(|| unreachable!("the code is a measure's"))
    }
}

/// The cells of one rep, territory and day, ascending by code. Those that became 0 stay until they are published.
#[derive(Debug, Clone)]
struct Row {
    key: RowKey,
    changed_in: u32,
    cells: Vec<Cell>,
}

impl Row {
    fn find(&self, measure: Measure) -> Result<usize, usize> {
        self.cells.binary_search_by_key(&measure.code(), |cell| cell.code)
    }
}

/// A table of the kind that is told the hash, since the hash chooses the table, too.
type Table = HashTable<Row>;

/// The cells of a partition. A cell that is 0 is not there.
#[derive(Debug, Clone)]
pub struct Cells {
    tables: Vec<Arc<Table>>,
    /// How many are not 0.
    count: usize,
    /// The rows with changes, and how many cells of them changed, since the last publish.
    changed: Vec<RowKey>,
    changes: usize,
    round: u32,
}

impl Default for Cells {
    fn default() -> Self {
        let tables = (0..TABLES).map(|_| Arc::default()).collect();
        Self { tables, count: 0, changed: Vec::new(), changes: 0, round: 1 }
    }
}

impl Cells {
    /// Adds to cells; subtracts where negative. The order of what is added is another one afterwards.
    pub(crate) fn add_all(&mut self, contributions: &mut [Contribution]) {
        contributions.sort_unstable_by_key(|contribution| RowKey::of(&contribution.key));
        let same_row = |one: &Contribution, two: &Contribution| RowKey::of(&one.key) == RowKey::of(&two.key);
        // Rows that are looked up one behind the other, with nothing to be done between, are waited for together.
        let firsts = contributions.chunk_by(same_row).filter_map(|same| {
            let row = self.row(RowKey::of(&same[0].key))?;
            Some(row.cells.first()?.code)
        });
        std::hint::black_box(firsts.fold(0, u32::wrapping_add));
        for same in contributions.chunk_by(same_row) {
            let row_key = RowKey::of(&same[0].key);
            let row = row_mut(&mut self.tables, row_key);
            for Contribution { key, value } in same {
                let place = row.find(key.measure).unwrap_or_else(|place| {
                    row.cells.insert(place, Cell::new(key.measure));
                    place
                });
                let cell = &mut row.cells[place];
                let before = cell.sum.get();
                let sum = before + value;
                cell.sum = PackedSum::new(sum);
                self.count = self.count + usize::from(sum != 0) - usize::from(before != 0);
                if cell.changed_in != self.round {
                    cell.changed_in = self.round;
                    self.changes += 1;
                }
            }
            if row.changed_in != self.round {
                row.changed_in = self.round;
                self.changed.push(row_key);
            }
        }
    }

    /// Adds a row that is not there yet, of cells that are not 0 in ascending order of code; whether it was not.
    pub(crate) fn insert_row(
        &mut self,
        key: RowKey,
        cells: impl ExactSizeIterator<Item = (Measure, i128)>,
    ) -> bool {
        let row = row_mut(&mut self.tables, key);
        if !row.cells.is_empty() {
            return false;
        }
        row.changed_in = self.round;
        row.cells = cells
            .map(|(measure, value)| Cell {
                code: measure.code(),
                changed_in: self.round,
                sum: PackedSum::new(value),
            })
            .collect();
        self.count += row.cells.len();
        self.changes += row.cells.len();
        self.changed.push(key);
        true
    }

    /// A cell's sum.
    #[must_use]
    pub fn get(&self, key: &CellKey) -> i128 {
        let row = self.row(RowKey::of(key));
        row.and_then(|row| Some(row.cells[row.find(key.measure).ok()?].sum.get())).unwrap_or(0)
    }

    /// All cells that are not 0, those of a row together, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (CellKey, i128)> {
        self.rows().flat_map(|(key, cells)| cells.map(move |(measure, value)| (key.with(measure), value)))
    }

    /// The rows with their cells that are not 0, ascending by code.
    pub(crate) fn rows(
        &self,
    ) -> impl Iterator<Item = (RowKey, impl Iterator<Item = (Measure, i128)> + Clone)> {
        self.tables.iter().flat_map(|table| table.iter()).map(|row| {
            let values = row.cells.iter().map(|cell| (cell.measure(), cell.sum.get()));
            (row.key, values.filter(|&(_, value)| value != 0))
        })
    }

    /// How many cells are held.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no cell is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether [`take_changes`](Self::take_changes) would give anything.
    pub(crate) const fn has_changes(&self) -> bool {
        self.changes > 0
    }

    /// Takes out the cells that changed since the last call, each once, with their sums now, 0 for those that are gone.
    pub(crate) fn take_changes(&mut self) -> Vec<(CellKey, i128)> {
        let mut taken = Vec::with_capacity(std::mem::take(&mut self.changes));
        for key in std::mem::take(&mut self.changed) {
            let Some(row) = self.row(key) else {
                continue;
            };
            let before = taken.len();
            let changed = row.cells.iter().filter(|cell| cell.changed_in == self.round);
            taken.extend(changed.map(|cell| (key.with(cell.measure()), cell.sum.get())));
            if taken[before..].iter().any(|&(_, value)| value == 0) {
                self.drop_zeros(key);
            }
        }
        self.round = self.round.wrapping_add(1).max(1);
        taken
    }

    /// Bytes of memory held. Costs a pass over the rows.
    pub(crate) fn memory_bytes(&self) -> usize {
        let row_bytes = |row: &Row| row.cells.capacity() * size_of::<Cell>() + 16;
        let table_bytes =
            |table: &Arc<Table>| table.allocation_size() + table.iter().map(row_bytes).sum::<usize>();
        self.tables.iter().map(table_bytes).sum::<usize>() + self.changed.capacity() * size_of::<RowKey>()
    }

    fn row(&self, key: RowKey) -> Option<&Row> {
        let hash = key.hash();
        self.tables[table_of(hash)].find(hash, |row| row.key == key)
    }

    fn drop_zeros(&mut self, key: RowKey) {
        let hash = key.hash();
        let table = Arc::make_mut(&mut self.tables[table_of(hash)]);
        if let Ok(mut entry) = table.find_entry(hash, |row| row.key == key) {
            let cells = &mut entry.get_mut().cells;
            cells.retain(|cell| cell.sum != PackedSum::default());
            if cells.is_empty() {
                entry.remove();
            }
        }
    }
}

/// The row of a key, made if it is not there.
fn row_mut(tables: &mut [Arc<Table>], key: RowKey) -> &mut Row {
    let hash = key.hash();
    let table = Arc::make_mut(&mut tables[table_of(hash)]);
    match table.entry(hash, |row| row.key == key, |row| row.key.hash()) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(vacant) => vacant.insert(Row { key, changed_in: 0, cells: Vec::new() }).into_mut(),
    }
}

fn table_of(hash: u64) -> usize {
    // Bits in the middle: the table itself uses the lowest for places and the highest for tags.
    usize::try_from(hash >> 40 & 0xff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::StageIndex;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key(rep: u32, day: i32, stage: u16) -> CellKey {
        let measure = Measure::OpenDeals(StageIndex(stage));
        CellKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: Day(day), measure }
    }

    #[test]
    fn an_entry_needs_no_padding() {
        assert_eq!((size_of::<Cell>(), size_of::<Row>()), (24, 40));
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
                cells.add_all(&mut [contribution]);
                *naive.entry(contribution.key).or_default() += contribution.value;
            }
            let frozen = cells.clone();
            naive.retain(|_, value| *value != 0);
            prop_assert_eq!(cells.iter().collect::<BTreeMap<_, _>>(), naive.clone());
            told.extend(cells.take_changes());
            told.retain(|_, value| *value != 0);
            prop_assert_eq!(told, naive.clone());
            prop_assert_eq!(cells.len(), naive.len());
            let mut back: Vec<_> = contributions.iter().map(|&Contribution { key, value }| Contribution { key, value: -value }).collect();
            cells.add_all(&mut back);
            prop_assert!(cells.is_empty());
            cells.take_changes();
            prop_assert_eq!(cells.tables.iter().map(|table| table.len()).sum::<usize>(), 0);
            prop_assert_eq!(frozen.iter().collect::<BTreeMap<_, _>>(), naive);
        }
    }
}
