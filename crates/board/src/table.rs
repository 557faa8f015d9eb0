//! The sums of one period, by rep, territory and measure.

use std::hash::{Hash, Hasher};

use model::{CellKey, Currency, Day, Measure, Period, RepIndex, TerritoryIndex};
use rustc_hash::FxHashMap;

/// Which sums: those of a period, or those that stand now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodSlot {
    /// What stands now, such as open deals.
    Standing,
    /// What happened in a period.
    Period(Period),
}

impl PeriodSlot {
    /// The period, if any.
    #[must_use]
    pub const fn period(self) -> Option<Period> {
        match self {
            Self::Standing => None,
            Self::Period(period) => Some(period),
        }
    }
}

impl From<Option<Period>> for PeriodSlot {
    fn from(period: Option<Period>) -> Self {
        period.map_or(Self::Standing, Self::Period)
    }
}

/// A sum with the alignment of its keys, which saves a quarter of a table's memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum([u32; 4]);

impl Sum {
    #[expect(clippy::cast_possible_truncation, reason = "the value is cut into its four words")]
    pub(crate) const fn new(value: i128) -> Self {
        let value = value.cast_unsigned();
        Self([value as u32, (value >> 32) as u32, (value >> 64) as u32, (value >> 96) as u32])
    }

    pub(crate) const fn get(self) -> i128 {
        let [a, b, c, d] = self.0;
        (a as u128 | (b as u128) << 32 | (c as u128) << 64 | (d as u128) << 96).cast_signed()
    }
}

/// Board-wide key of a sum within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SumKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) measure: Measure,
}

impl Hash for SumKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.rep.0) << 32 | u64::from(self.territory.0));
        state.write_u32(self.measure.code());
    }
}

/// Key of a sum of money that has to be converted at the rate of its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ForeignKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) day: Day,
    pub(crate) measure: Measure,
}

/// A change of a sum of a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta {
    pub(crate) day: Day,
    pub(crate) key: SumKey,
    pub(crate) value: i128,
}

/// All sums of a period.
#[derive(Debug, Default)]
pub(crate) struct Table {
    sums: FxHashMap<SumKey, Sum>,
    /// Sums of money in other currencies than the reporting one, by day.
    foreign: FxHashMap<ForeignKey, Sum>,
}

impl Table {
    /// Adds changes to the sums; money in other currencies than the reporting one by its day, too.
    pub(crate) fn apply(&mut self, deltas: &[Delta], reporting: Currency) {
        for delta in deltas {
            add(&mut self.sums, delta.key, delta.value);
            let SumKey { rep, territory, measure } = delta.key;
            if delta.day != CellKey::STANDING
                && measure.currency().is_some_and(|currency| currency != reporting)
            {
                let key = ForeignKey { rep, territory, day: delta.day, measure };
                add(&mut self.foreign, key, delta.value);
            }
        }
        release_room(&mut self.sums);
        release_room(&mut self.foreign);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.foreign.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.sums.len() + self.foreign.len()
    }

    pub(crate) fn sums(&self) -> impl Iterator<Item = (SumKey, i128)> {
        self.sums.iter().map(|(&key, sum)| (key, sum.get()))
    }

    pub(crate) fn foreign(&self) -> impl Iterator<Item = (ForeignKey, i128)> {
        self.foreign.iter().map(|(&key, sum)| (key, sum.get()))
    }
}

/// Adds in the group of 128-bit integers, so that no order of changes can fail; what is 0 is taken out.
fn add<K: Eq + Hash>(sums: &mut FxHashMap<K, Sum>, key: K, value: i128) {
    use std::collections::hash_map::Entry;
    match sums.entry(key) {
        Entry::Vacant(vacant) => {
            if value != 0 {
                vacant.insert(Sum::new(value));
            }
        }
        Entry::Occupied(mut occupied) => {
            let sum = occupied.get().get().wrapping_add(value);
            if sum == 0 {
                occupied.remove();
            } else {
                occupied.insert(Sum::new(sum));
            }
        }
    }
}

/// Gives memory back once a table is mostly empty, as after a partition has gone.
pub(crate) fn release_room<K: Eq + Hash, V>(map: &mut FxHashMap<K, V>) {
    const KEPT: usize = 64;
    if map.capacity() > KEPT && map.len() < map.capacity() / 8 {
        map.shrink_to(map.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::CellKey;
    use proptest::prelude::*;

    #[test]
    fn entries_are_as_small_as_promised() {
        assert_eq!(size_of::<(SumKey, Sum)>(), 32);
        assert_eq!(size_of::<(CellKey, Sum)>(), 36);
    }

    #[test]
    fn a_table_that_was_emptied_keeps_no_room() {
        let delta = |rep, value| Delta {
            day: Day(0),
            key: SumKey { rep: RepIndex(rep), territory: TerritoryIndex(0), measure: Measure::WonDeals },
            value,
        };
        let usd = Currency::from_code("USD").unwrap();
        let mut table = Table::default();
        table.apply(&(0..10_000).map(|rep| delta(rep, 1)).collect::<Vec<_>>(), usd);
        assert!(table.sums.capacity() >= 10_000);
        table.apply(&(0..10_000).map(|rep| delta(rep, -1)).collect::<Vec<_>>(), usd);
        assert!(table.is_empty());
        assert!(table.sums.capacity() < 100);
    }

    proptest! {
        #[test]
        fn sums_are_kept_whole(value: i128) {
            prop_assert_eq!(Sum::new(value).get(), value);
        }
    }
}
