//! Sums in one piece of memory: those of a rep and territory in a period, or of a partition's cells of a day.
//!
//! Changes come several to a row, so that a row is looked up once for all of them, and what they cost is the memory
//! that is waited for.

use std::ops::Range;

use model::{Held, PackedSum};

/// Sums that are not 0, ascending by code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row(Vec<Entry>);

/// What is held, by its code, and its sum.
#[derive(Debug, Clone, Copy)]
struct Entry {
    code: u32,
    sum: PackedSum,
}

impl Entry {
    fn get(&self) -> (Held, i128) {
        let held = Held::from_code(self.code);
        (held.unwrap_or_else(|| unreachable!("the code is of something held")), self.sum.get())
    }
}

impl Row {
    /// Adds in the group of 128-bit integers, so that no order of changes can fail.
    pub(crate) fn add(&mut self, held: Held, value: i128) {
        self.change(held, |before| before.wrapping_add(value));
    }

    /// Sets a sum; what it was before.
    pub(crate) fn set(&mut self, held: Held, value: i128) -> i128 {
        self.change(held, |_| value)
    }

    fn change(&mut self, held: Held, change: impl FnOnce(i128) -> i128) -> i128 {
        let code = held.code();
        match self.0.binary_search_by_key(&code, |entry| entry.code) {
            Ok(place) => {
                let before = self.0[place].sum.get();
                match change(before) {
                    0 => drop(self.0.remove(place)),
                    value => self.0[place].sum = PackedSum::new(value),
                }
                before
            }
            Err(place) => {
                let value = change(0);
                if value != 0 {
                    self.0.insert(place, Entry { code, sum: PackedSum::new(value) });
                }
                0
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Held, i128)> {
        self.0.iter().map(Entry::get)
    }

    /// The sums with these codes.
    pub(crate) fn of_codes(&self, codes: Range<u32>) -> impl Iterator<Item = (Held, i128)> {
        self.between(codes).iter().map(Entry::get)
    }

    /// The same, with the codes themselves.
    pub(crate) fn codes(&self, codes: Range<u32>) -> impl Iterator<Item = (u32, i128)> {
        self.between(codes).iter().map(|entry| (entry.code, entry.sum.get()))
    }

    fn between(&self, codes: Range<u32>) -> &[Entry] {
        let place = |code: u32| self.0.partition_point(|entry| entry.code < code);
        &self.0[place(codes.start)..place(codes.end)]
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::StageIndex;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn entries_are_as_small_as_promised() {
        assert_eq!(size_of::<Entry>(), 20);
    }

    proptest! {
        #[test]
        fn a_row_is_a_map_without_zeros(changes in prop::collection::vec((0..6_u16, any::<bool>(), prop_oneof![-2..3_i128, any::<i128>()]), 0..40)) {
            let mut row = Row::default();
            let mut expected: BTreeMap<Held, i128> = BTreeMap::new();
            for (stage, is_set, value) in changes {
                let held = Held::Lost(StageIndex(stage));
                let sum = expected.entry(held).or_insert(0);
                if is_set {
                    prop_assert_eq!(row.set(held, value), *sum);
                    *sum = value;
                } else {
                    row.add(held, value);
                    *sum = sum.wrapping_add(value);
                }
                expected.retain(|_, sum| *sum != 0);
                prop_assert_eq!(row.iter().collect::<BTreeMap<_, _>>(), expected.clone());
                prop_assert_eq!((row.len(), row.is_empty()), (expected.len(), expected.is_empty()));
            }
        }
    }
}
