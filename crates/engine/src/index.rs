//! From an id to the slot of its record. The id itself stands at the head of the record, not here: 8 bytes an entry.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::encoding::{Reader, put_bytes};
use crate::shelf::{Shelf, Slot};

/// The table. The hash is seeded at random, since ids come from outside; nothing depends on its order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Half of the hash, so that growing does not touch the records, and the slot.
    entries: HashTable<(u32, Slot)>,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// The slot of the record that begins with this id.
    pub(crate) fn find(&self, id: &[u8], shelf: &Shelf) -> Option<Slot> {
        let half = self.half(id);
        let is_it = |&(other, slot): &(u32, Slot)| other == half && id_of(shelf.get(slot)) == id;
        self.entries.find(spread(half), is_it).map(|&(_, slot)| slot)
    }

    /// The slot of a record that may begin with this id, from the table alone.
    pub(crate) fn guess(&self, id: &[u8]) -> Option<Slot> {
        let half = self.half(id);
        self.entries.find(spread(half), |&(other, _)| other == half).map(|&(_, slot)| slot)
    }

    /// Adds an id that is not there yet.
    pub(crate) fn insert(&mut self, id: &[u8], slot: Slot) {
        let half = self.half(id);
        self.entries.insert_unique(spread(half), (half, slot), |&(half, _)| spread(half));
    }

    /// Puts a record where [`find`](Self::find) found its id, or into a slot of its own; which one that is.
    pub(crate) fn keep(&mut self, id: &[u8], found: Option<Slot>, record: &[u8], shelf: &mut Shelf) -> Slot {
        if let Some(slot) = found {
            shelf.replace(slot, record);
            return slot;
        }
        let slot = shelf.insert(record);
        self.insert(id, slot);
        slot
    }

    /// Takes an id out; its record must still be in its slot.
    pub(crate) fn remove(&mut self, id: &[u8], slot: Slot) {
        let half = self.half(id);
        if let Ok(entry) = self.entries.find_entry(spread(half), |&(_, other)| other == slot) {
            entry.remove();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional, |&(half, _)| spread(half));
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.entries.allocation_size()
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is what is wanted")]
    fn half(&self, id: &[u8]) -> u32 {
        self.hasher.hash_one(id) as u32
    }
}

/// The table takes its place from low bits and its tag from high bits: both must depend on the half.
const fn spread(half: u32) -> u64 {
    (half as u64) << 32 | half as u64
}

/// Begins a record with its id.
pub(crate) fn put_id(out: &mut Vec<u8>, id: &[u8]) {
    put_bytes(out, id);
}

/// The id at the head of a record; empty if the record is.
pub(crate) fn id_of(record: &[u8]) -> &[u8] {
    Reader::new(record).bytes().unwrap_or_default()
}

/// What follows the id in a record.
pub(crate) fn after_id(record: &[u8]) -> &[u8] {
    let mut reader = Reader::new(record);
    match reader.bytes() {
        Some(_) => &record[reader.position()..],
        None => &[],
    }
}
