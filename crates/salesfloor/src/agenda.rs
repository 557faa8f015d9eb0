//! What is due when: a priority queue for millions of entries, most of which are far off.
//!
//! Only the entries of the current hour are kept in a heap, which then fits into a cache; the rest wait in a list per
//! hour. Equal times come out in the order in which they went in.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const HOUR_MICROS: i64 = 3_600 * model::MICROS_PER_SECOND;

/// An entry: when, its number in the order of entering, what.
type Entry<T> = (i64, u64, T);

pub(crate) struct Agenda<T> {
    now: BinaryHeap<Reverse<Entry<T>>>,
    /// All of its entries are due before this.
    now_end_micros: i64,
    later: BTreeMap<i64, Vec<Reverse<Entry<T>>>>,
    entered: u64,
}

impl<T: Ord + Copy> Agenda<T> {
    pub(crate) const fn new() -> Self {
        Self { now: BinaryHeap::new(), now_end_micros: i64::MIN, later: BTreeMap::new(), entered: 0 }
    }

    pub(crate) fn push(&mut self, at_micros: i64, what: T) {
        let entry = Reverse((at_micros, self.entered, what));
        self.entered += 1;
        if at_micros < self.now_end_micros {
            self.now.push(entry);
        } else {
            self.later.entry(at_micros.div_euclid(HOUR_MICROS)).or_default().push(entry);
        }
        // So that peeking needs no change.
        self.fill();
    }

    /// When the first entry is due.
    pub(crate) fn first_micros(&self) -> Option<i64> {
        self.now.peek().map(|&Reverse((at_micros, _, _))| at_micros)
    }

    pub(crate) fn pop(&mut self) -> Option<(i64, T)> {
        let Reverse((at_micros, _, what)) = self.now.pop()?;
        self.fill();
        Some((at_micros, what))
    }

    /// The next hour becomes the current one when that is used up.
    fn fill(&mut self) {
        if self.now.is_empty()
            && let Some((hour, entries)) = self.later.pop_first()
        {
            self.now = BinaryHeap::from(entries);
            self.now_end_micros = (hour + 1).saturating_mul(HOUR_MICROS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn entries_come_out_as_from_a_sorted_list() {
        let mut dice = Dice::new(1, 0);
        let mut agenda = Agenda::new();
        let mut list: Vec<(i64, u64)> = Vec::new();
        let mut number = 0;
        for _ in 0..3_000 {
            for _ in 0..dice.below(3) {
                // Over two days, by quarters of an hour, and sometimes before what was taken already.
                let at = i64::from(dice.below(192)) * HOUR_MICROS / 4;
                agenda.push(at, number);
                list.push((at, number));
                number += 1;
            }
            list.sort_unstable();
            assert_eq!(agenda.first_micros(), list.first().map(|first| first.0));
            let expected = (!list.is_empty()).then(|| list.remove(0));
            assert_eq!(agenda.pop(), expected);
        }
        assert!(number > 2_000);
    }
}
