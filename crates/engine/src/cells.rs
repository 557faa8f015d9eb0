//! The cells: sums by key, which only add and subtract. Keeps FOLD-1 (with the callers) and FOLD-5.
//!
//! The cells of one rep, territory and day stand in one row, since an event changes several of them: what a change
//! costs is the memory it has to wait for.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use model::{CellKey, Held, HeldKey, Pipelines};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use crate::change::{Change, RowKey};

/// Rows are held in this many tables, so that a table that is shared with a frozen copy is small enough to be copied
/// at the first write to it.
const TABLES: usize = 256;

/// So many rows are waited for together.
const ROWS_TOGETHER: usize = 32;

/// A cell in as little memory as can be, since most memory is cells: what it holds (its code), whether it changed since
/// the last publish (the highest bit, which no code has), and its sum in 96 bits. Amounts are below 2^50
/// ([`model::MAX_MINOR_UNITS`]), and counts with seconds need no more than 2^33 x 2^32 for each of fewer than 2^31.
#[derive(Debug, Clone, Copy)]
struct Cell {
    code_and_change: u32,
    sum: [u32; 3],
}

const CHANGED: u32 = 1 << 31;

/// Cells in a line of memory.
const CELLS_PER_LINE: usize = 64 / size_of::<Cell>();

impl Cell {
    const fn new(code: u32) -> Self {
        Self { code_and_change: code, sum: [0; 3] }
    }

    const fn code(&self) -> u32 {
        self.code_and_change & !CHANGED
    }

    const fn has_changed(&self) -> bool {
        self.code_and_change & CHANGED != 0
    }

    fn held(&self) -> Held {
        Held::from_code(self.code()).unwrap_or_else(|| unreachable!("the code is of something held"))
    }

    const fn sum(&self) -> i128 {
        let [low, middle, high] = self.sum;
        (high.cast_signed() as i128) << 64 | (middle as i128) << 32 | low as i128
    }

    /// Sets the sum, as one that changed.
    #[expect(clippy::cast_possible_truncation, reason = "the value is cut into its words")]
    const fn set(&mut self, sum: i128) {
        let sum = sum.cast_unsigned();
        self.sum = [sum as u32, (sum >> 32) as u32, (sum >> 64) as u32];
        self.code_and_change |= CHANGED;
    }
}

/// Whether a cell can have this sum.
pub(crate) const fn is_sum(value: i128) -> bool {
    value << 32 >> 32 == value
}

/// The cells of one rep, territory and day, ascending by code. Those that became 0 stay until they are published.
#[derive(Debug)]
struct Row {
    key: RowKey,
    /// Since the last publish.
    has_changed: bool,
    /// A single cell stands in the row itself, as that of most days on which deals are due.
    cells: SmallVec<[Cell; 1]>,
}

impl Clone for Row {
    fn clone(&self) -> Self {
        // Not as the cells' own clone does it, which would leave room up to a power of two.
        Self { cells: SmallVec::from_slice(&self.cells), ..*self }
    }
}

impl Row {
    /// Bytes of memory beside the row itself.
    fn memory_bytes(&self) -> usize {
        if self.cells.spilled() { self.cells.capacity() * size_of::<Cell>() + 16 } else { 0 }
    }

    /// Reads a cell of each line of memory, which brings the row near the processor; their sum means nothing.
    fn touch(&self) -> u32 {
        self.cells.chunks(CELLS_PER_LINE).map(|line| line[0].code_and_change).fold(0, u32::wrapping_add)
    }

    /// Adds to a row without cells, in order: most new cells are of new rows, where there is nothing to look for and nothing
    /// to make way.
    fn fill(&mut self, changes: &[Change]) {
        if changes.len() > 1 {
            self.cells.reserve_exact(changes.len().next_multiple_of(2));
        }
        for change in changes {
            let mut cell = Cell::new(change.code());
            cell.set(change.value());
            self.cells.push(cell);
        }
    }

    /// The cell of a code, made if it is not there; so many more may have to be made.
    fn cell(&mut self, code: u32, more: usize) -> &mut Cell {
        let place = match self.cells.binary_search_by_key(&code, Cell::code) {
            Ok(place) => place,
            Err(place) => {
                if self.cells.len() == self.cells.capacity() {
                    // Most rows stay small, and there are many of them: doubling would leave much unused.
                    let wanted = self.cells.len() + more.max(self.cells.len() / 2);
                    self.cells.reserve_exact(wanted.next_multiple_of(2) - self.cells.len());
                }
                self.cells.insert(place, Cell::new(code));
                place
            }
        };
        &mut self.cells[place]
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
}

impl Default for Cells {
    fn default() -> Self {
        let tables = (0..TABLES).map(|_| Arc::default()).collect();
        Self { tables, count: 0, changed: Vec::new(), changes: 0 }
    }
}

impl Cells {
    /// Adds to cells; subtracts where negative. Changes of a row that are behind one another, ascending by cell, cost
    /// least.
    pub(crate) fn add_all(&mut self, changes: &[Change]) {
        // Rows that are looked up one behind the other, with nothing to be done between, are waited for together.
        let rows = changes.chunk_by(Change::is_beside).filter_map(|same| self.row(same[0].row()));
        std::hint::black_box(rows.map(Row::touch).fold(0, u32::wrapping_add));
        for same in changes.chunk_by(Change::is_beside) {
            let row = row_mut(&mut self.tables, same[0].row());
            // Changes of two events may be beside each other, each in their own order.
            if row.cells.is_empty() && same.is_sorted_by(|one, next| one.code() < next.code()) {
                row.fill(same);
                self.count += row.cells.iter().filter(|cell| cell.sum != [0; 3]).count();
                self.changes += row.cells.len();
                row.has_changed = true;
                self.changed.push(row.key);
                continue;
            }
            for (number, change) in same.iter().enumerate() {
                let cell = row.cell(change.code(), same.len() - number);
                let before = cell.sum();
                let sum = before + change.value();
                self.count = self.count + usize::from(sum != 0) - usize::from(before != 0);
                self.changes += usize::from(!cell.has_changed());
                cell.set(sum);
            }
            if !row.has_changed {
                row.has_changed = true;
                self.changed.push(row.key);
            }
        }
    }

    /// Adds a row that is not there yet, of cells that are not 0 in ascending order of code; whether it was not.
    pub(crate) fn insert_row(
        &mut self,
        key: RowKey,
        cells: impl ExactSizeIterator<Item = (Held, i128)>,
    ) -> bool {
        let row = row_mut(&mut self.tables, key);
        if !row.cells.is_empty() {
            return false;
        }
        row.has_changed = true;
        let cell = |(held, sum): (Held, i128)| {
            let mut cell = Cell::new(held.code());
            cell.set(sum);
            cell
        };
        row.cells.reserve_exact(cells.len());
        row.cells.extend(cells.map(cell));
        self.count += row.cells.len();
        self.changes += row.cells.len();
        self.changed.push(key);
        true
    }

    /// All cells that are not 0, those of a row together, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (HeldKey, i128)> {
        self.rows().flat_map(|(key, cells)| cells.map(move |(held, sum)| (key.with(held), sum)))
    }

    /// Tells all that the cells say, part by part: several parts may be of one measure, rep, territory and day.
    pub fn tell(&self, pipelines: &Pipelines, each: &mut dyn FnMut(CellKey, i128)) {
        self.iter().for_each(|(key, sum)| key.tell(sum, pipelines, &mut *each));
    }

    /// The sums of what [`tell`](Self::tell) tells, but those that are 0.
    #[must_use]
    pub fn told(&self, pipelines: &Pipelines) -> BTreeMap<CellKey, i128> {
        let mut sums = BTreeMap::new();
        self.tell(pipelines, &mut |key, value| *sums.entry(key).or_insert(0) += value);
        sums.retain(|_, sum| *sum != 0);
        sums
    }

    /// The rows with their cells that are not 0, ascending by code.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (RowKey, impl Iterator<Item = (Held, i128)> + Clone)> {
        self.tables.iter().flat_map(|table| table.iter()).map(|row| {
            let values = row.cells.iter().map(|cell| (cell.held(), cell.sum()));
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
    pub(crate) fn take_changes(&mut self) -> Vec<(HeldKey, i128)> {
        let mut taken = Vec::with_capacity(std::mem::take(&mut self.changes));
        let changed = std::mem::take(&mut self.changed);
        for together in changed.chunks(ROWS_TOGETHER) {
            let rows = together.iter().filter_map(|&key| self.row(key));
            std::hint::black_box(rows.map(Row::touch).fold(0, u32::wrapping_add));
            together.iter().for_each(|&key| self.take_changes_of(key, &mut taken));
        }
        taken
    }

    fn take_changes_of(&mut self, key: RowKey, taken: &mut Vec<(HeldKey, i128)>) {
        let hash = hash_of(key);
        let table = Arc::make_mut(&mut self.tables[table_of(hash)]);
        let Ok(mut entry) = table.find_entry(hash, |row| row.key == key) else {
            return;
        };
        let row = entry.get_mut();
        row.has_changed = false;
        let mut has_zeros = false;
        for cell in row.cells.iter_mut().filter(|cell| cell.has_changed()) {
            cell.code_and_change &= !CHANGED;
            has_zeros |= cell.sum == [0; 3];
            taken.push((key.with(cell.held()), cell.sum()));
        }
        if has_zeros {
            row.cells.retain(|cell| cell.sum != [0; 3]);
            if row.cells.is_empty() {
                entry.remove();
            }
        }
    }

    /// Bytes of memory held. Costs a pass over the rows.
    pub(crate) fn memory_bytes(&self) -> usize {
        let table_bytes =
            |table: &Arc<Table>| table.allocation_size() + table.iter().map(Row::memory_bytes).sum::<usize>();
        self.tables.iter().map(table_bytes).sum::<usize>() + self.changed.capacity() * size_of::<RowKey>()
    }

    fn row(&self, key: RowKey) -> Option<&Row> {
        let hash = hash_of(key);
        self.tables[table_of(hash)].find(hash, |row| row.key == key)
    }
}

/// The row of a key, made if it is not there.
fn row_mut(tables: &mut [Arc<Table>], key: RowKey) -> &mut Row {
    let hash = hash_of(key);
    let table = Arc::make_mut(&mut tables[table_of(hash)]);
    match table.entry(hash, |row| row.key == key, |row| hash_of(row.key)) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(vacant) => {
            vacant.insert(Row { key, has_changed: false, cells: SmallVec::new() }).into_mut()
        }
    }
}

fn hash_of(RowKey { rep, territory, day }: RowKey) -> u64 {
    let who = u64::from(rep.0) << 32 | u64::from(territory.0);
    FxBuildHasher.hash_one((who, day.0.cast_unsigned()))
}

fn table_of(hash: u64) -> usize {
    // Bits in the middle: the table itself uses the lowest for places and the highest for tags.
    usize::try_from(hash >> 40 & 0xff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Day, RepIndex, StageIndex, TerritoryIndex};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn change((rep, day, stage, value): (u32, i32, u16, i128)) -> Change {
        let row = RowKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: Day(day) };
        Change::new(row, Held::OpenDeals(StageIndex(stage)).code(), value)
    }

    fn key(change: &Change) -> HeldKey {
        change.row().with(change.held())
    }

    #[test]
    fn an_entry_needs_no_padding() {
        assert_eq!((size_of::<Cell>(), size_of::<Row>()), (16, 40));
    }

    #[test]
    fn a_row_has_no_more_room_than_was_asked_for() {
        let of = |cells: usize| {
            let row = RowKey { rep: RepIndex(0), territory: TerritoryIndex(0), day: Day(0) };
            let code = |cell| Held::Lost(StageIndex(u16::try_from(cell).unwrap())).code();
            let changes: Vec<Change> = (0..cells).map(|cell| Change::new(row, code(cell), 1)).collect();
            let mut told = Cells::default();
            told.add_all(&changes);
            let copied = told.clone().row(row).unwrap().clone();
            let mut restored = Cells::default();
            assert!(restored.insert_row(row, changes.iter().map(|change| (change.held(), change.value()))));
            [told.row(row).unwrap(), &copied, restored.row(row).unwrap()].map(Row::memory_bytes)
        };
        // One needs none beside the row, and 16 bytes are the allocator's own.
        assert_eq!(of(1), [0; 3]);
        assert_eq!(of(3), [4 * 16 + 16, 3 * 16 + 16, 3 * 16 + 16]);
        assert_eq!(of(6), [6 * 16 + 16; 3]);
    }

    proptest! {
        #[test]
        fn sums_are_whole(value in prop_oneof![-(1_i128 << 95)..1 << 95, Just(-(1_i128 << 95)), Just((1_i128 << 95) - 1), -2..3_i128]) {
            let mut cell = Cell::new(Held::Lost(StageIndex(999)).code());
            cell.set(value);
            prop_assert_eq!((cell.sum(), cell.held(), is_sum(value)), (value, Held::Lost(StageIndex(999)), true));
            prop_assert!(!is_sum(1 << 95) && !is_sum(-(1 << 95) - 1));
        }

        #[test]
        fn apply_then_retract_is_identity(entries in prop::collection::vec((0..4_u32, 0..3, 0..3_u16, -3..4_i128), 0..80), split: prop::sample::Index) {
            let changes: Vec<Change> = entries.into_iter().map(change).collect();
            let mut cells = Cells::default();
            let mut naive: BTreeMap<HeldKey, i128> = BTreeMap::new();
            let mut told: BTreeMap<HeldKey, i128> = BTreeMap::new();
            let at = split.index(changes.len() + 1);
            for (number, change) in changes.iter().enumerate() {
                if number == at { told.extend(cells.take_changes()); }
                cells.add_all(&[*change]);
                *naive.entry(key(change)).or_default() += change.value();
            }
            let frozen = cells.clone();
            naive.retain(|_, value| *value != 0);
            prop_assert_eq!(cells.iter().collect::<BTreeMap<_, _>>(), naive.clone());
            // What did not change since is not told once more.
            let more = cells.take_changes();
            let since: BTreeSet<HeldKey> = changes[at..].iter().map(key).collect();
            prop_assert!(at == changes.len() || more.iter().all(|(key, _)| since.contains(key)));
            told.extend(more);
            told.retain(|_, value| *value != 0);
            prop_assert_eq!(told, naive.clone());
            prop_assert_eq!(cells.len(), naive.len());
            let mut at_once = Cells::default();
            at_once.add_all(&changes);
            prop_assert_eq!(at_once.iter().collect::<BTreeMap<_, _>>(), naive.clone());
            prop_assert_eq!((at_once.len(), at_once.has_changes()), (naive.len(), !changes.is_empty()));
            let named: BTreeSet<HeldKey> = changes.iter().map(key).collect();
            prop_assert_eq!(at_once.take_changes().into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>(), named);
            let back: Vec<Change> = changes.iter().map(|change| change.by(-change.value())).collect();
            cells.add_all(&back);
            prop_assert!(cells.is_empty());
            cells.take_changes();
            prop_assert_eq!(cells.tables.iter().map(|table| table.len()).sum::<usize>(), 0);
            prop_assert_eq!(frozen.iter().collect::<BTreeMap<_, _>>(), naive);
        }
    }
}
