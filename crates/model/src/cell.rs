//! What is measured, for whom and when: the keys of the fold's cells and the sums of them.
//!
//! Invariant CELL-1: every measure is a sum over deals or over activities of exact integers, so that cells of
//! partitions and instances add up and a contribution can be taken back.

use std::collections::BTreeMap;

use crate::activity::Category;
use crate::identifier::{RepIndex, TerritoryIndex};
use crate::money::Currency;
use crate::pipeline::StageIndex;
use crate::time::Day;

/// One quantity. Its unit is in its name; money is in minor units of the currency it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Deals created, by creation day, for the rep and territory at creation.
    CreatedDeals,
    /// Deals won, by closed day, for the rep and territory at close.
    WonDeals,
    /// Deals lost, by closed day, for the rep and territory at close.
    LostDeals,
    /// Amount of won deals, by closed day, divided over the credited reps.
    WonAmount(Currency),
    /// Seconds from creation to close of won deals, by closed day.
    CycleSeconds,
    /// Won deals whose sales cycle is in this bucket, by closed day.
    CycleDeals(CycleBucket),
    /// Open deals now in this stage.
    OpenDeals(StageIndex),
    /// Amount of open deals now in this stage, divided over the credited reps.
    OpenAmount(StageIndex, Currency),
    /// Activities, by the day they happened.
    Activities(Category),
    /// Seconds spent on activities, by the day they happened.
    ActivitySeconds(Category),
}

impl Measure {
    /// The measure as a number, the same in every version: what it is in bits 25 up, then 10 bits for the stage or
    /// category, and 15 bits for the currency or bucket.
    #[must_use]
    pub const fn code(self) -> u32 {
        let (what, first, second) = match self {
            Self::CreatedDeals => (1, 0, 0),
            Self::WonDeals => (2, 0, 0),
            Self::LostDeals => (3, 0, 0),
            Self::WonAmount(currency) => (4, 0, currency.number()),
            Self::CycleSeconds => (5, 0, 0),
            Self::CycleDeals(bucket) => (6, 0, bucket.0),
            Self::OpenDeals(stage) => (7, stage.0, 0),
            Self::OpenAmount(stage, currency) => (8, stage.0, currency.number()),
            Self::Activities(category) => (9, category as u16, 0),
            Self::ActivitySeconds(category) => (10, category as u16, 0),
        };
        (what << 25) | ((first as u32) << 15) | second as u32
    }

    /// The measure of a number as [`code`](Self::code) gives it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        let first = u16::try_from(code >> 15 & 0x3ff).ok()?;
        let second = u16::try_from(code & 0x7fff).ok()?;
        let currency = || Currency::from_number(second);
        let category = || Category::from_number(u8::try_from(first).ok()?);
        let measure = match code >> 25 {
            1 => Self::CreatedDeals,
            2 => Self::WonDeals,
            3 => Self::LostDeals,
            4 => Self::WonAmount(currency()?),
            5 => Self::CycleSeconds,
            6 => Self::CycleDeals(CycleBucket::from_number(second)?),
            7 => Self::OpenDeals(StageIndex(first)),
            8 => Self::OpenAmount(StageIndex(first), currency()?),
            9 => Self::Activities(category()?),
            10 => Self::ActivitySeconds(category()?),
            _ => return None,
        };
        (measure.code() == code).then_some(measure)
    }
}

/// A stage's number must fit into a measure's code.
const _: () = assert!(crate::pipeline::Pipelines::MAX_STAGES <= 1 << 10);

/// A range of durations, in whole seconds, no wider than 1/64 of its lower end; below 128 seconds one value each.
///
/// Counts per bucket are a quantile sketch that adds and subtracts: the middle of a bucket is within 1/128 (0.8 %)
/// of every value in it. Powers of two are split into 64 equal parts, as in HdrHistogram; integers only, so that
/// the same value is in the same bucket on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CycleBucket(u16);

impl CycleBucket {
    const PARTS_LOG2: u32 = 6;
    /// Above every bucket of a `u64`.
    const END: u16 = 64 * (64 - 6 + 1);

    /// The bucket of a duration.
    #[must_use]
    pub fn of(seconds: u64) -> Self {
        let magnitude = seconds.checked_ilog2().unwrap_or(0).saturating_sub(Self::PARTS_LOG2);
        // The part is 0..128 for magnitude 0 and 64..128 above, so that buckets are consecutive.
        let number = (u64::from(magnitude) << Self::PARTS_LOG2) + (seconds >> magnitude);
        Self(u16::try_from(number).unwrap_or(Self::END - 1))
    }

    /// The bucket with this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        if number < Self::END { Some(Self(number)) } else { None }
    }

    /// The bucket's number; ascending with the durations in it.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The middle of the bucket, in half seconds, exactly.
    #[must_use]
    pub fn middle_half_seconds(self) -> u128 {
        let number = u32::from(self.0);
        let magnitude = (number >> Self::PARTS_LOG2).saturating_sub(1);
        let part = number - (magnitude << Self::PARTS_LOG2);
        let lowest = u128::from(part) << magnitude;
        let width = 1_u128 << magnitude;
        2 * lowest + width - 1
    }
}

/// The key of a cell: the smallest bucket that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// For which rep.
    pub rep: RepIndex,
    /// For which territory.
    pub territory: TerritoryIndex,
    /// On which day; [`CellKey::STANDING`] for what holds now, such as open deals.
    pub day: Day,
    /// What.
    pub measure: Measure,
}

impl CellKey {
    /// In place of a day, for quantities that stand until they change.
    pub const STANDING: Day = Day(i32::MIN);
}

impl std::hash::Hash for CellKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.rep.0) << 32 | u64::from(self.territory.0));
        state.write_u64(u64::from(self.day.0.cast_unsigned()) << 32 ^ u64::from(self.measure.code()));
    }
}

/// A part of a cell's value that one deal or one activity is the cause of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contribution {
    /// Which cell.
    pub key: CellKey,
    /// How much.
    pub value: i128,
}

/// Sums by measure, for any set of cells. A commutative group: tallies add and subtract, and what is 0 is not there,
/// so that equal tallies are equal values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Measure, i128>);

impl Tally {
    /// Adds to a measure; subtracts if negative.
    pub fn add(&mut self, measure: Measure, value: i128) {
        if value == 0 {
            return;
        }
        let sum = self.0.entry(measure).or_insert(0);
        *sum += value;
        if *sum == 0 {
            self.0.remove(&measure);
        }
    }

    /// Adds all of another tally.
    pub fn merge(&mut self, other: &Self) {
        for (&measure, &value) in &other.0 {
            self.add(measure, value);
        }
    }

    /// The sum of a measure, 0 if nothing was added.
    #[must_use]
    pub fn get(&self, measure: Measure) -> i128 {
        self.0.get(&measure).copied().unwrap_or(0)
    }

    /// All sums that are not 0, in order of measure.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, i128)> {
        self.0.iter().map(|(&measure, &value)| (measure, value))
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
    use proptest::prelude::*;

    #[test]
    fn codes_go_both_ways_and_others_are_refused() {
        let usd = Currency::from_code("USD").unwrap();
        for measure in [
            Measure::CreatedDeals,
            Measure::WonDeals,
            Measure::LostDeals,
            Measure::WonAmount(usd),
            Measure::CycleSeconds,
            Measure::CycleDeals(CycleBucket::of(u64::MAX)),
            Measure::OpenDeals(StageIndex(999)),
            Measure::OpenAmount(StageIndex(3), usd),
            Measure::Activities(Category::Travel),
            Measure::ActivitySeconds(Category::SalesPreparation),
        ] {
            assert_eq!(Measure::from_code(measure.code()), Some(measure));
            assert_eq!(Measure::from_code(measure.code() | 1 << 31), None);
        }
        for code in [0, 1 << 25 | 1, 4 << 25, 9 << 25 | 7 << 15, 11 << 25] {
            assert_eq!(Measure::from_code(code), None, "{code:x}");
        }
    }

    #[test]
    fn small_durations_have_a_bucket_each() {
        for seconds in 0..128 {
            assert_eq!(CycleBucket::of(seconds).middle_half_seconds(), u128::from(seconds) * 2);
        }
    }

    proptest! {
        #[test]
        fn buckets_are_narrow_and_ordered(bits in 0..64_u32, seed: u64) {
            let seconds = seed >> bits;
            let bucket = CycleBucket::of(seconds);
            prop_assert!(bucket.number() < CycleBucket::END);
            let (exact, middle) = (2 * u128::from(seconds), bucket.middle_half_seconds());
            prop_assert!(exact.abs_diff(middle) * 128 <= exact, "{exact} {middle}");
            prop_assert!(CycleBucket::of(seconds.saturating_add(1)) >= bucket);
        }

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
