//! Packed records in numbered slots, in pages that are shared with frozen copies until they are written to.
//!
//! A record is replaced by appending the new bytes to its page; a page whose dead bytes exceed a quarter is packed,
//! into the memory that it has. So a record costs its bytes, 8 more for where it is, and some slack, with two
//! allocations per [`SLOTS_PER_PAGE`] records; freezing costs one reference count per page, and the first write to a
//! page after it one copy of some ten kilobytes (FOLD-5).

use std::sync::Arc;

/// Small enough to be copied in a microsecond or two, large enough that the page's own cost does not show.
const SLOTS_PER_PAGE: usize = 64;

/// A slot's number.
pub(crate) type Slot = u32;

#[derive(Debug, Clone)]
struct Page {
    bytes: Vec<u8>,
    dead: usize,
    /// How many of the slots are in use or vacant; those behind are not there yet.
    slots: usize,
    /// Start and length of each slot's record within `bytes`; length 0: vacant. Here and not behind another pointer:
    /// what a look-up costs is the memory it has to wait for.
    places: [(u32, u32); SLOTS_PER_PAGE],
}

/// A page's memory is a multiple of this. Pages are many: what one gives back should fit another one, and doubling would
/// leave a quarter of all memory unused.
const GROWTH_BYTES: usize = 2_048;

/// The records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    pages: Vec<Arc<Page>>,
    vacant: Vec<Slot>,
    slots: Slot,
    /// Where pages are packed.
    scratch: Scratch,
}

/// Bytes that mean nothing between two uses, and are not worth a copy.
#[derive(Debug, Default)]
struct Scratch(Vec<u8>);

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Shelf {
    /// Puts a record into a slot of its own and tells which. The record is not empty.
    pub(crate) fn insert(&mut self, record: &[u8]) -> Slot {
        debug_assert!(!record.is_empty(), "a vacant slot has length 0");
        let slot = self.vacant.pop().unwrap_or_else(|| self.add_slot());
        self.replace(slot, record);
        slot
    }

    /// The record of a slot; empty if the slot is vacant.
    pub(crate) fn get(&self, slot: Slot) -> &[u8] {
        let (page, index) = place(slot);
        self.pages[page].record(index)
    }

    /// Reads a byte of each line of a record, which brings it near the processor; their sum means nothing.
    pub(crate) fn touch(&self, slot: Slot) -> u64 {
        self.get(slot).chunks(64).map(|line| u64::from(line[0])).sum()
    }

    /// Puts a record in place of the one in a slot.
    pub(crate) fn replace(&mut self, slot: Slot, record: &[u8]) {
        let (page, index) = place(slot);
        Arc::make_mut(&mut self.pages[page]).replace(index, record, &mut self.scratch.0);
    }

    /// Makes a slot vacant.
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.replace(slot, &[]);
        self.vacant.push(slot);
    }

    /// Adds a slot behind all others with the record that a frozen state had there; vacant if it is empty.
    pub(crate) fn push_frozen(&mut self, record: &[u8]) -> Slot {
        let slot = self.add_slot();
        if record.is_empty() {
            self.vacant.push(slot);
        } else {
            self.replace(slot, record);
        }
        slot
    }

    /// How many slots there are, vacant ones included.
    pub(crate) const fn slots(&self) -> Slot {
        self.slots
    }

    /// All records in order of slot; empty where vacant.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.pages.iter().flat_map(|page| (0..page.slots).map(|index| page.record(index)))
    }

    /// Bytes of memory held, slack included.
    pub(crate) fn memory_bytes(&self) -> usize {
        let page_bytes = |page: &Arc<Page>| size_of::<Page>() + 16 + page.bytes.capacity();
        self.pages.iter().map(page_bytes).sum::<usize>()
            + self.pages.capacity() * size_of::<Arc<Page>>()
            + self.vacant.capacity() * size_of::<Slot>()
    }

    fn add_slot(&mut self) -> Slot {
        let slot = self.slots;
        self.slots += 1;
        let (page, _) = place(slot);
        if page == self.pages.len() {
            self.pages.push(Arc::default());
        }
        Arc::make_mut(&mut self.pages[page]).slots += 1;
        slot
    }
}

const fn place(slot: Slot) -> (usize, usize) {
    (slot as usize / SLOTS_PER_PAGE, slot as usize % SLOTS_PER_PAGE)
}

impl Default for Page {
    fn default() -> Self {
        Self { bytes: Vec::new(), dead: 0, slots: 0, places: [(0, 0); SLOTS_PER_PAGE] }
    }
}

impl Page {
    fn record(&self, index: usize) -> &[u8] {
        let (start, length) = self.places[index];
        &self.bytes[start as usize..start as usize + length as usize]
    }

    fn replace(&mut self, index: usize, record: &[u8], scratch: &mut Vec<u8>) {
        self.dead += self.places[index].1 as usize;
        self.places[index] = (0, 0);
        if self.dead * 4 > self.bytes.len() + record.len() {
            self.pack(scratch);
        }
        let needed = self.bytes.len() + record.len();
        if needed > self.bytes.capacity() {
            self.bytes.reserve_exact(with_room(needed) - self.bytes.len());
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        self.places[index] = (number(start), number(record.len()));
    }

    fn pack(&mut self, scratch: &mut Vec<u8>) {
        scratch.clear();
        for (start, length) in &mut self.places {
            let record = &self.bytes[*start as usize..*start as usize + *length as usize];
            *start = number(scratch.len());
            scratch.extend_from_slice(record);
        }
        if self.bytes.capacity() > with_room(scratch.len()) * 2 {
            self.bytes = Vec::with_capacity(with_room(scratch.len()));
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(scratch);
        self.dead = 0;
    }
}

/// A page's memory for so many bytes and some to come.
const fn with_room(bytes: usize) -> usize {
    (bytes + bytes / 16).next_multiple_of(GROWTH_BYTES)
}

/// A page is far below 4 GiB: records are bounded (see `history::MAX_EVENTS`).
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_shelf_is_a_table_of_byte_strings(steps in prop::collection::vec((0..3_u8, 0..400_usize, prop::collection::vec(any::<u8>(), 1..60)), 0..600)) {
            let mut shelf = Shelf::default();
            let mut expected: Vec<Vec<u8>> = Vec::new();
            let mut frozen: Option<(Shelf, Vec<Vec<u8>>)> = None;
            for (what, pick, record) in steps {
                let occupied: Vec<usize> = (0..expected.len()).filter(|&slot| !expected[slot].is_empty()).collect();
                if what == 0 || occupied.is_empty() {
                    let slot = shelf.insert(&record) as usize;
                    if slot == expected.len() { expected.push(record) } else { expected[slot] = record }
                } else {
                    let slot = occupied[pick % occupied.len()];
                    if what == 1 {
                        shelf.replace(u32::try_from(slot).unwrap(), &record);
                        expected[slot] = record;
                    } else {
                        shelf.remove(u32::try_from(slot).unwrap());
                        expected[slot].clear();
                    }
                }
                if pick % 97 == 0 { frozen = Some((shelf.clone(), expected.clone())); }
            }
            prop_assert!(shelf.records().eq(expected.iter().map(Vec::as_slice)));
            if let Some((shelf, expected)) = frozen {
                prop_assert!(shelf.records().eq(expected.iter().map(Vec::as_slice)));
            }
            let mut again = Shelf::default();
            for record in shelf.records() { again.push_frozen(record); }
            prop_assert!(again.records().eq(expected.iter().map(Vec::as_slice)));
            prop_assert_eq!(again.vacant.len(), shelf.vacant.len());
        }
    }
}
