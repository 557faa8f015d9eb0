//! The sums of one period, by rep, territory and what cells hold; copies tell them by measure.

use std::hash::Hash;
use std::ops::Range;

use model::{
    CellKey, Currency, Day, Held, Measure, Period, Pipelines, Reference, RepIndex, StageIndex, TerritoryIndex,
};
use rustc_hash::FxHashMap;

use crate::row::Row;
use crate::selection::Selection;
use crate::view::ScopeTally;

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

/// Board-wide key of a sum within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SumKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) measure: Measure,
}

/// Board-wide key of a sum within a period, as cells hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldSumKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) held: Held,
}

/// For whom the sums of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
}

impl HeldSumKey {
    pub(crate) const fn owner(self) -> Owner {
        Owner { rep: self.rep, territory: self.territory }
    }
}

/// Key of a sum that is needed by day: of money that has to be converted at the rate of its day, or of deals by the day since
/// when they are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DayKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) day: Day,
    pub(crate) measure: Measure,
}

/// A change of a sum of a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delta {
    pub(crate) day: Day,
    pub(crate) key: HeldSumKey,
    pub(crate) value: i128,
}

/// All sums of a period.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: FxHashMap<Owner, Row>,
    /// Sums of money that is converted by day, in other currencies than the reporting one; for what stands now, open deals
    /// by the day since when they are in their stage.
    by_day: FxHashMap<DayKey, i128>,
    /// How often something changed, and by kind of what is held, which time that was the last.
    changes: u64,
    changed: Changed,
}

/// By kind of what is held.
#[derive(Debug)]
struct Changed([u64; Held::KINDS as usize]);

impl Default for Changed {
    fn default() -> Self {
        Self([0; Held::KINDS as usize])
    }
}

impl Table {
    /// Adds changes to the sums; money that is converted by day, too, in currencies other than the reporting one. Those of
    /// a row are behind one another.
    pub(crate) fn apply(&mut self, deltas: &[Delta], reporting: Currency, pipelines: &Pipelines) {
        self.add_to_rows(deltas, Some);
        for &Delta { day, key: HeldSumKey { rep, territory, held }, value } in deltas {
            if day == CellKey::STANDING || held.currency().is_none_or(|currency| currency == reporting) {
                continue;
            }
            held.tell(value, pipelines, |measure, value| {
                if measure.is_converted_by_day() {
                    self.add_by_day(DayKey { rep, territory, day, measure }, value);
                }
            });
        }
        release_room(&mut self.rows);
        release_room(&mut self.by_day);
    }

    /// Adds changes of any day to the table of what stands now: what they say of now, and the open deals by the day since
    /// when they are in their stage. Those of a row are behind one another.
    pub(crate) fn apply_since(&mut self, deltas: &[Delta]) {
        self.add_to_rows(deltas, |held| held.now().map(Held::Plain));
        for &Delta { day, key: HeldSumKey { rep, territory, held }, value } in deltas {
            if let Held::OpenDeals(stage) | Held::Plain(Measure::OpenSince(stage)) = held {
                let measure = Measure::OpenSince(stage);
                self.add_by_day(DayKey { rep, territory, day, measure }, value);
            }
        }
        release_room(&mut self.rows);
        release_room(&mut self.by_day);
    }

    fn add_to_rows(&mut self, deltas: &[Delta], of: impl Fn(Held) -> Option<Held>) {
        self.changes += 1;
        for of_row in deltas.chunk_by(|left, right| left.key.owner() == right.key.owner()) {
            let owner = of_row[0].key.owner();
            let row = self.rows.entry(owner).or_default();
            for delta in of_row {
                self.changed.0[usize::from(delta.key.held.kind())] = self.changes;
                if let Some(held) = of(delta.key.held) {
                    self.changed.0[usize::from(held.kind())] = self.changes;
                    row.add(held, delta.value);
                }
            }
            if row.is_empty() {
                self.rows.remove(&owner);
            }
        }
    }

    fn add_by_day(&mut self, key: DayKey, value: i128) {
        let sum = self.by_day.entry(key).or_insert(0);
        *sum = sum.wrapping_add(value);
        if *sum == 0 {
            self.by_day.remove(&key);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.by_day.is_empty()
    }

    /// How many sums are held. Cost: a pass over the rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.values().map(Row::len).sum::<usize>() + self.by_day.len()
    }

    /// The number of the last change of what a selection is told from.
    pub(crate) fn last_change(&self, selection: Selection) -> u64 {
        selection.kinds().map(|kind| self.changed.0[usize::from(kind)]).max().unwrap_or(0)
    }

    /// The sums of some owners together. What cells hold is added up first and told then (CELL-1): that is quicker. Cost: a
    /// pass over what is selected of their rows.
    pub(crate) fn tally(
        &self,
        selection: Selection,
        is_inside: impl Fn(RepIndex, TerritoryIndex) -> bool,
        (reporting, reference): (Currency, &Reference),
        pipelines: &Pipelines,
    ) -> ScopeTally {
        let mut sums: FxHashMap<u32, i128> = FxHashMap::default();
        for (_, row) in self.rows.iter().filter(|(owner, _)| is_inside(owner.rep, owner.territory)) {
            for (code, sum) in selection.held().flat_map(|codes| row.codes(codes)) {
                let all = sums.entry(code).or_insert(0);
                *all = all.wrapping_add(sum);
            }
        }
        let mut tally = ScopeTally::new(reporting);
        for (held, sum) in sums.into_iter().filter_map(|(code, sum)| Some((Held::from_code(code)?, sum))) {
            held.tell(sum, pipelines, |measure, sum| {
                if selection.contains(measure) {
                    tally.add(measure, sum, reference);
                }
            });
        }
        for (&DayKey { rep, territory, day, measure }, &sum) in &self.by_day {
            if selection.contains(measure) && is_inside(rep, territory) {
                tally.add_by_day(measure, sum, day, reference);
            }
        }
        tally
    }

    /// Tells the sums by measure, each in one part or several.
    pub(crate) fn tell(&self, pipelines: &Pipelines, mut each: impl FnMut(SumKey, i128)) {
        for (&owner, row) in &self.rows {
            row.iter().for_each(|(held, sum)| tell_of(owner, held, sum, pipelines, &mut each));
        }
    }

    pub(crate) fn copied(&self, pipelines: &Pipelines) -> Copied {
        let mut sums = Vec::new();
        self.tell(pipelines, |key, sum| sums.push((key, sum)));
        Copied { sums, by_day: self.by_day().collect() }
    }

    /// A copy of some measures. Cost: a look into each row, not a pass over it.
    pub(crate) fn copied_of(&self, selection: Selection, pipelines: &Pipelines) -> Copied {
        let mut sums = Vec::new();
        let mut each = |key: SumKey, sum| {
            if selection.contains(key.measure) {
                sums.push((key, sum));
            }
        };
        for (&owner, row) in &self.rows {
            for (held, sum) in selection.held().flat_map(|codes| row.of_codes(codes)) {
                tell_of(owner, held, sum, pipelines, &mut each);
            }
        }
        let by_day = self.by_day().filter(|(key, _)| selection.contains(key.measure));
        Copied { sums, by_day: by_day.collect() }
    }

    pub(crate) fn by_day(&self) -> impl Iterator<Item = (DayKey, i128)> {
        self.by_day.iter().map(|(&key, &sum)| (key, sum))
    }
}

fn tell_of(
    Owner { rep, territory }: Owner,
    held: Held,
    sum: i128,
    pipelines: &Pipelines,
    each: &mut impl FnMut(SumKey, i128),
) {
    held.tell(sum, pipelines, |measure, sum| each(SumKey { rep, territory, measure }, sum));
}

/// A period's table, copied.
#[derive(Default)]
pub(crate) struct Copied {
    sums: Vec<(SumKey, i128)>,
    by_day: Vec<(DayKey, i128)>,
}

impl Copied {
    /// The sums in one part or several, foreign amounts in their own currencies.
    pub(crate) fn sums(&self) -> &[(SumKey, i128)] {
        &self.sums
    }

    /// Tells for whom each sum is, and how it is added to a tally.
    pub(crate) fn each(
        &self,
        reference: &Reference,
        mut tell: impl FnMut(RepIndex, TerritoryIndex, &dyn Fn(&mut ScopeTally)),
    ) {
        for &(SumKey { rep, territory, measure }, value) in &self.sums {
            tell(rep, territory, &|tally| tally.add(measure, value, reference));
        }
        for &(DayKey { rep, territory, day, measure }, value) in &self.by_day {
            tell(rep, territory, &|tally| tally.add_by_day(measure, value, day, reference));
        }
    }
}

/// Which changes there is a table for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of them.
    All,
    /// Those that what stands now has by day.
    Since,
    /// None.
    Nothing,
}

impl Shown {
    pub(crate) fn has(self, held: Held) -> bool {
        match self {
            Self::All => true,
            Self::Since => is_since(held),
            Self::Nothing => false,
        }
    }
}

/// The codes of what is held by day and stands now.
pub(crate) fn since_codes(any: Currency) -> [Range<u32>; 3] {
    let stage = StageIndex(0);
    let held = [Held::Plain(Measure::OpenSince(stage)), Held::OpenDeals(stage), Held::OpenAmount(stage, any)];
    held.map(|held| Held::codes_of_kind(held.kind()))
}

/// Whether what is held by day stands now.
pub(crate) const fn is_since(held: Held) -> bool {
    matches!(held, Held::Plain(Measure::OpenSince(_)) | Held::OpenDeals(_) | Held::OpenAmount(..))
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
    use model::{Pipeline, Stage, StageKind};

    use super::*;

    /// Of what cells hold, and of what that says of now.
    #[test]
    fn a_change_is_one_of_what_it_tells_and_of_nothing_else() {
        let stage = StageIndex(0);
        let key = HeldSumKey { rep: RepIndex(0), territory: TerritoryIndex(0), held: Held::OpenDeals(stage) };
        let mut table = Table::default();
        table.apply_since(&[Delta { day: Day(0), key, value: 1 }]);
        let last_change = |measure| table.last_change(Selection::of(&[measure]));
        assert_eq!([Measure::OpenDeals(stage), Measure::WonDeals].map(last_change), [1, 0]);
        assert_eq!(table.last_change(Selection::ALL), 1);
    }

    #[test]
    fn a_table_that_was_emptied_keeps_no_room() {
        let delta = |rep, value| Delta {
            day: Day(0),
            key: HeldSumKey {
                rep: RepIndex(rep),
                territory: TerritoryIndex(0),
                held: Held::Lost(StageIndex(0)),
            },
            value,
        };
        let stage = |name: &str, kind| Stage { name: name.to_owned(), kind, limit_days: None, role: None };
        let stages = [("lost", StageKind::Lost), ("lead", StageKind::Open), ("won", StageKind::Won)];
        let stages = stages.map(|(name, kind)| stage(name, kind)).to_vec();
        let pipeline = Pipeline { name: "default".to_owned(), stages };
        let pipelines = Pipelines::new(vec![pipeline]).unwrap();
        let usd = Currency::from_code("USD").unwrap();
        let mut table = Table::default();
        table.apply(&(0..10_000).map(|rep| delta(rep, 1)).collect::<Vec<_>>(), usd, &pipelines);
        assert!(table.rows.capacity() >= 10_000);
        table.apply(&(0..10_000).map(|rep| delta(rep, -1)).collect::<Vec<_>>(), usd, &pipelines);
        assert!(table.is_empty());
        assert!(table.rows.capacity() < 100);
    }
}
