//! Sums of cells by what is measured, of whomever and whenever.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use crate::cell::Measure;
use crate::held::Held;
use crate::identifier::TypeIndex;

/// Sums by measure, for any set of cells. A commutative group: tallies add and subtract, and what is 0 is not there,
/// so that equal tallies are equal values.
///
/// By the measures' codes: most of what a tally costs is comparing them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<u32, i128>);

impl Tally {
    /// Adds to a measure; subtracts if negative.
    pub fn add(&mut self, measure: Measure, value: i128) {
        self.add_code(measure.code(), value);
    }

    fn add_code(&mut self, code: u32, value: i128) {
        if value == 0 {
            return;
        }
        match self.0.entry(code) {
            Entry::Vacant(entry) => drop(entry.insert(value)),
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += value;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
        }
    }

    /// The same sums, whatever the type of activities: types are numbered by whoever keeps them.
    #[must_use]
    pub fn of_any_type(&self) -> Self {
        let mut all = Self::default();
        self.iter().for_each(|(measure, value)| all.add(measure.with_activity_type(TypeIndex(0)), value));
        all
    }

    /// Adds all of another tally.
    pub fn merge(&mut self, other: &Self) {
        for (&code, &value) in &other.0 {
            self.add_code(code, value);
        }
    }

    /// The sum of a measure, 0 if nothing was added.
    #[must_use]
    pub fn get(&self, measure: Measure) -> i128 {
        self.0.get(&measure.code()).copied().unwrap_or(0)
    }

    /// All sums that are not 0, in order of code.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, i128)> + Clone {
        self.of_codes(0..u32::MAX)
    }

    /// The sums of a measure's kind that are not 0, whatever their stage, currency, category or bucket, in order of code.
    pub fn of_kind(&self, measure: Measure) -> impl Iterator<Item = (Measure, i128)> + Clone {
        self.of_codes(Held::codes_of_kind(Held::Plain(measure).kind()))
    }

    fn of_codes(&self, codes: Range<u32>) -> impl Iterator<Item = (Measure, i128)> + Clone {
        self.0.range(codes).filter_map(|(&code, &value)| Some((Measure::from_code(code)?, value)))
    }

    /// How many sums are not 0.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every sum is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::StageIndex;
    use proptest::prelude::*;

    #[test]
    fn kinds_are_told_apart() {
        let mut tally = Tally::default();
        let (first, last) = (StageIndex(0), StageIndex(999));
        for measure in
            [Measure::OpenSince(last), Measure::Reached(first), Measure::Reached(last), Measure::CohortWon]
        {
            tally.add(measure, 1);
        }
        let reached: Vec<_> = tally.of_kind(Measure::Reached(StageIndex(7))).collect();
        assert_eq!(reached, [(Measure::Reached(first), 1), (Measure::Reached(last), 1)]);
        assert_eq!((tally.iter().count(), tally.len()), (4, 4));
    }

    proptest! {
        #[test]
        fn tallies_are_a_group(entries in prop::collection::vec((0..5_u16, -9..9_i128), 0..40)) {
            let mut there = Tally::default();
            let mut back = Tally::default();
            for &(stage, value) in &entries { there.add(Measure::OpenDeals(StageIndex(stage)), value); }
            for &(stage, value) in entries.iter().rev() { back.add(Measure::OpenDeals(StageIndex(stage)), -value); }
            there.merge(&back);
            prop_assert!(there.is_empty());
        }
    }
}
