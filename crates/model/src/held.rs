//! What cells hold: fewer and other sums than the measures that are told, since one event changes several measures alike.
//!
//! A visit that ends is counted, its seconds are added, it has a length and a way to end: four measures, one cell. Every
//! measure is a sum of cells (CELL-1), so it does not matter whether cells are added first or told first.
//!
//! Nor does a cell have to be the whole of what it tells: where two measures are nearly always the same, one cell tells of
//! both, and what they differ by in the end is added to the one of them by itself ([`Held::WonAmount`]).

use crate::activity::Category;
use crate::cell::{CellKey, DurationBucket, Measure};
use crate::departure::{Ahead, Departure};
use crate::flow::Flow;
use crate::identifier::{RepIndex, TerritoryIndex, TypeIndex};
use crate::money::Currency;
use crate::pipeline::{Pipelines, StageIndex, StageKind};
use crate::time::Day;

/// How the deals of a cohort stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CohortOutcome {
    /// Open.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
}

/// The quantity that a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// One measure by itself.
    Plain(Measure),
    /// Deals by creation day and the furthest open stage that they have been in, or the stage that they are in if they
    /// have been in none. And the open stage that they entered first, if that was for the rep and territory of the
    /// creation: tells of the entry, too.
    Cohort(StageIndex, CohortOutcome, Option<StageIndex>),
    /// Deals won: which stage they are in, and how long their sales cycle was. [Counted and timed](counted).
    Won(StageIndex, DurationBucket),
    /// Deals lost, by the stage that [`Cohort`](Self::Cohort) has.
    Lost(StageIndex),
    /// Visits to this open stage that ended so, and how long they were. [Counted and timed](counted).
    Visit(StageIndex, Departure, DurationBucket),
    /// Amount of the deals whose visits to this stage ended with the deal won. As if all of it were won amount and had
    /// flowed out as won; those measures by themselves are what it is more or less, as after a correction.
    WonAmount(StageIndex, Currency),
    /// Amount of the deals whose visits to this stage ended with the deal lost. As if all of it had flowed out as lost.
    LostAmount(StageIndex, Currency),
    /// Deals now in this open stage, by the day they entered it.
    OpenDeals(StageIndex),
    /// Their amount.
    OpenAmount(StageIndex, Currency),
    /// Activities of this category and type. [Counted and timed](counted).
    Activities(Category, TypeIndex),
}

/// Bits of a sum that count; those above add up seconds. A cell, and what is added up of cells before it is told, is of
/// fewer than 2^31 deals or activities, none of which lasts for 2^33 seconds.
const COUNT_BITS: u32 = 32;

/// Bits of the bucket of a visit; those above are how far ahead it led.
const BUCKET_BITS: u32 = 15 - Ahead::BITS;

/// Bits of the outcome of a cohort; those above are 1 more than the stage that was entered first.
const OUTCOME_BITS: u32 = 2;

/// So many things that lasted so long together, as one value: counts and seconds are added and subtracted at once.
#[must_use]
#[inline]
pub const fn counted(count: i64, seconds: i64) -> i128 {
    ((seconds as i128) << COUNT_BITS) + count as i128
}

/// The count and the seconds in a sum of [`counted`] values.
#[must_use]
#[inline]
pub const fn count_and_seconds(sum: i128) -> (i128, i128) {
    let above = i128::BITS - COUNT_BITS;
    let count = sum << above >> above;
    (count, (sum - count) >> COUNT_BITS)
}

impl Held {
    /// The quantity as a number, the same in every version: those of measures are theirs, see [`Measure::code`].
    #[must_use]
    #[inline]
    pub const fn code(self) -> u32 {
        let (what, first, second) = match self {
            Self::Plain(measure) => return measure.code(),
            Self::Cohort(stage, outcome, None) => (41, stage.0, outcome as u16),
            Self::Cohort(stage, outcome, Some(first)) => {
                (41, stage.0, (first.0 + 1) << OUTCOME_BITS | outcome as u16)
            }
            Self::Won(stage, bucket) => (42, stage.0, bucket.number()),
            Self::Lost(stage) => (43, stage.0, 0),
            Self::Visit(stage, departure, bucket) => {
                let (kind, ahead) = departure.kind_and_ahead();
                (kind, stage.0, ahead << BUCKET_BITS | bucket.number())
            }
            Self::LostAmount(stage, currency) => (47, stage.0, currency.number()),
            Self::OpenDeals(stage) => (48, stage.0, 0),
            Self::OpenAmount(stage, currency) => (49, stage.0, currency.number()),
            Self::Activities(category, of_type) => (50, category as u16, of_type.0),
            Self::WonAmount(stage, currency) => (51, stage.0, currency.number()),
        };
        (what << 25) | ((first as u32) << 15) | second as u32
    }

    /// The quantity of a number as [`code`](Self::code) gives it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        let first = u16::try_from(code >> 15 & 0x3ff).ok()?;
        let second = u16::try_from(code & 0x7fff).ok()?;
        let stage = StageIndex(first);
        let bucket = || DurationBucket::from_number(second);
        let held = match code >> 25 {
            41 => {
                let outcome = match second & ((1 << OUTCOME_BITS) - 1) {
                    0 => CohortOutcome::Open,
                    1 => CohortOutcome::Won,
                    2 => CohortOutcome::Lost,
                    _ => return None,
                };
                Self::Cohort(stage, outcome, (second >> OUTCOME_BITS).checked_sub(1).map(StageIndex))
            }
            42 => Self::Won(stage, bucket()?),
            43 => Self::Lost(stage),
            44 => {
                let ahead = Ahead::from_number(second >> BUCKET_BITS);
                let bucket = DurationBucket::from_number(second & ((1 << BUCKET_BITS) - 1))?;
                Self::Visit(stage, ahead.map_or(Departure::Advanced, Departure::AdvancedTo), bucket)
            }
            45 => Self::Visit(stage, Departure::MovedBack, bucket()?),
            46 => Self::Visit(stage, Departure::Lost, bucket()?),
            47 => Self::LostAmount(stage, Currency::from_number(second)?),
            48 => Self::OpenDeals(stage),
            49 => Self::OpenAmount(stage, Currency::from_number(second)?),
            50 => Self::Activities(Category::from_number(u8::try_from(first).ok()?)?, TypeIndex(second)),
            51 => Self::WonAmount(stage, Currency::from_number(second)?),
            _ => return Measure::from_code(code).map(Self::Plain),
        };
        (held.code() == code).then_some(held)
    }

    /// Kinds are numbered below this.
    pub const KINDS: u8 = 64;

    /// What kind of quantity it is, whatever the stage, currency, category or bucket.
    #[must_use]
    #[inline]
    pub const fn kind(self) -> u8 {
        (self.code() >> 25) as u8
    }

    /// The codes of all quantities of one kind.
    #[must_use]
    pub const fn codes_of_kind(kind: u8) -> std::ops::Range<u32> {
        let kind = kind as u32;
        kind << 25..(kind + 1) << 25
    }

    /// Whether cells of the fold hold it: of a measure that several quantities tell of, they never hold itself.
    #[must_use]
    pub const fn is_of_the_fold(self) -> bool {
        match self {
            Self::Plain(measure) => matches!(
                measure,
                Measure::WonAmount(_)
                    | Measure::StageEntered(_)
                    | Measure::StageLeftAmount(..)
                    | Measure::Mql
                    | Measure::MqlToSql
                    | Measure::MqlDropped
                    | Measure::OpenDueAmount(_)
                    | Measure::FlowAmount(..)
                    | Measure::ClosedWith(..)
            ),
            _ => true,
        }
    }

    /// The stage of what is held by stage.
    #[must_use]
    pub const fn stage(self) -> Option<StageIndex> {
        match self {
            Self::Plain(measure) => measure.stage(),
            Self::Cohort(stage, ..)
            | Self::Won(stage, _)
            | Self::Lost(stage)
            | Self::Visit(stage, ..)
            | Self::WonAmount(stage, _)
            | Self::LostAmount(stage, _)
            | Self::OpenDeals(stage)
            | Self::OpenAmount(stage, _) => Some(stage),
            Self::Activities(..) => None,
        }
    }

    /// The stage that deals entered, of what tells of that beside its own stage.
    #[must_use]
    pub const fn entered(self) -> Option<StageIndex> {
        match self {
            Self::Cohort(_, _, first) => first,
            Self::Visit(stage, Departure::AdvancedTo(ahead), _) => Some(ahead.of(stage)),
            _ => None,
        }
    }

    /// The currency of a sum of money; none for a count or a duration.
    #[must_use]
    pub const fn currency(self) -> Option<Currency> {
        match self {
            Self::Plain(measure) => measure.currency(),
            Self::WonAmount(_, currency) | Self::LostAmount(_, currency) | Self::OpenAmount(_, currency) => {
                Some(currency)
            }
            _ => None,
        }
    }

    /// The activity's type of what is held by type.
    #[must_use]
    pub const fn activity_type(self) -> Option<TypeIndex> {
        match self {
            Self::Plain(measure) => measure.activity_type(),
            Self::Activities(_, of_type) => Some(of_type),
            _ => None,
        }
    }

    /// The same quantity of another activity's type; what is not held by type stays as it is.
    #[must_use]
    pub const fn with_activity_type(self, of_type: TypeIndex) -> Self {
        match self {
            Self::Plain(measure) => Self::Plain(measure.with_activity_type(of_type)),
            Self::Activities(category, _) => Self::Activities(category, of_type),
            other => other,
        }
    }

    /// Tells the measures of the cell's day that a sum is part of, and by how much.
    pub fn tell(self, sum: i128, pipelines: &Pipelines, mut each: impl FnMut(Measure, i128)) {
        match self {
            Self::Plain(measure) => each(measure, sum),
            Self::Cohort(stage, outcome, first) => {
                each(Measure::CreatedDeals, sum);
                if let Some(first) = first {
                    each(Measure::StageEntered(first), sum);
                }
                reached(stage, pipelines).for_each(|stage| each(Measure::Reached(stage), sum));
                match outcome {
                    CohortOutcome::Open => {}
                    CohortOutcome::Won => each(Measure::CohortWon, sum),
                    CohortOutcome::Lost => each(Measure::CohortLost, sum),
                }
            }
            Self::Won(stage, bucket) => {
                let (count, seconds) = count_and_seconds(sum);
                each(Measure::WonDeals, count);
                each(Measure::CycleSeconds, seconds);
                each(Measure::CycleDeals(bucket), count);
                pipelines.open_stages_beside(stage).for_each(|stage| each(Measure::WonReached(stage), count));
            }
            Self::Lost(stage) => {
                each(Measure::LostDeals, sum);
                reached(stage, pipelines).for_each(|stage| each(Measure::LostReached(stage), sum));
            }
            Self::Visit(stage, departure, bucket) => {
                let (count, seconds) = count_and_seconds(sum);
                each(departure.measure(stage), count);
                if let Departure::AdvancedTo(ahead) = departure {
                    each(Measure::StageEntered(ahead.of(stage)), count);
                }
                each(Measure::DwellSeconds(stage), seconds);
                each(Measure::DwellVisits(stage, bucket), count);
            }
            Self::WonAmount(stage, currency) => {
                each(Measure::StageLeftAmount(stage, currency), sum);
                each(Measure::FlowAmount(Flow::Won, currency), sum);
                each(Measure::WonAmount(currency), sum);
            }
            Self::LostAmount(stage, currency) => {
                each(Measure::StageLeftAmount(stage, currency), sum);
                each(Measure::StageLostAmount(stage, currency), sum);
                each(Measure::FlowAmount(Flow::Lost, currency), sum);
            }
            Self::OpenDeals(stage) => each(Measure::OpenSince(stage), sum),
            Self::OpenAmount(..) => {}
            Self::Activities(category, of_type) => {
                let (count, seconds) = count_and_seconds(sum);
                each(Measure::Activities(category, of_type), count);
                each(Measure::ActivitySeconds(category, of_type), seconds);
            }
        }
    }

    /// The measure of what stands now that a sum is part of, whatever the cell's day.
    #[must_use]
    pub const fn now(self) -> Option<Measure> {
        match self {
            Self::OpenDeals(stage) => Some(Measure::OpenDeals(stage)),
            Self::OpenAmount(stage, currency) => Some(Measure::OpenAmount(stage, currency)),
            _ => None,
        }
    }
}

/// The open stages that deals have reached whose furthest stage is this.
fn reached(stage: StageIndex, pipelines: &Pipelines) -> impl Iterator<Item = StageIndex> {
    let is_open = pipelines.kind(stage) == StageKind::Open;
    pipelines.open_stages_beside(stage).take_while(move |&other| is_open && other <= stage)
}

/// The key of a cell as the fold has it, and the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldKey {
    /// For which rep.
    pub rep: RepIndex,
    /// For which territory.
    pub territory: TerritoryIndex,
    /// On which day; [`CellKey::STANDING`] only where a measure of what stands now is held by itself.
    pub day: Day,
    /// What.
    pub held: Held,
}

impl HeldKey {
    /// Tells all measures that a sum is part of, with their days.
    pub fn tell(self, sum: i128, pipelines: &Pipelines, mut each: impl FnMut(CellKey, i128)) {
        let Self { rep, territory, day, held } = self;
        held.tell(sum, pipelines, |measure, value| each(CellKey { rep, territory, day, measure }, value));
        if let Some(measure) = held.now() {
            each(CellKey { rep, territory, day: CellKey::STANDING, measure }, sum);
        }
    }
}

impl From<CellKey> for HeldKey {
    fn from(CellKey { rep, territory, day, measure }: CellKey) -> Self {
        Self { rep, territory, day, held: Held::Plain(measure) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::{Pipeline, Stage};
    use crate::tally::Tally;

    fn pipelines() -> Pipelines {
        let stage = |name: &str, kind| Stage { name: name.to_owned(), kind, limit_days: None, role: None };
        let stages = vec![
            stage("lost", StageKind::Lost),
            stage("one", StageKind::Open),
            stage("two", StageKind::Open),
            stage("won", StageKind::Won),
        ];
        let pipeline = |name: &str| Pipeline { name: name.to_owned(), stages: stages.clone() };
        Pipelines::new(vec![pipeline("a"), pipeline("b")]).unwrap()
    }

    fn all() -> Vec<Held> {
        let usd = Currency::from_code("USD").unwrap();
        let longest = DurationBucket::of(u64::MAX);
        let ahead = |stages| Departure::AdvancedTo(Ahead::from_number(stages).unwrap());
        vec![
            Held::Plain(Measure::StageEntered(StageIndex(3))),
            Held::Cohort(StageIndex(1), CohortOutcome::Open, None),
            Held::Cohort(StageIndex(5), CohortOutcome::Won, Some(StageIndex(0))),
            Held::Cohort(StageIndex(999), CohortOutcome::Lost, Some(StageIndex(999))),
            Held::Won(StageIndex(999), longest),
            Held::Lost(StageIndex(0)),
            Held::Visit(StageIndex(1), Departure::Advanced, longest),
            Held::Visit(StageIndex(5), ahead(1), longest),
            Held::Visit(StageIndex(992), ahead(7), longest),
            Held::WonAmount(StageIndex(999), usd),
            Held::Visit(StageIndex(1), Departure::MovedBack, longest),
            Held::Visit(StageIndex(999), Departure::Lost, longest),
            Held::LostAmount(StageIndex(2), usd),
            Held::OpenDeals(StageIndex(2)),
            Held::OpenAmount(StageIndex(999), usd),
            Held::Activities(Category::Admin, TypeIndex(TypeIndex::END - 1)),
        ]
    }

    #[test]
    fn codes_go_both_ways_and_leave_the_highest_bit_free() {
        for held in all() {
            assert_eq!(Held::from_code(held.code()), Some(held));
            assert_eq!(held.code() >> 31, 0, "{held:?}");
            assert!(held.kind() < Held::KINDS && Held::codes_of_kind(held.kind()).contains(&held.code()));
        }
        for code in [
            41 << 25 | 3,
            43 << 25 | 1,
            44 << 25 | 0xfff,
            45 << 25 | 1 << 12,
            47 << 25,
            50 << 25 | 7 << 15,
            51 << 25,
            52 << 25,
        ] {
            assert_eq!(Held::from_code(code), None, "{code:x}");
        }
    }

    #[test]
    fn what_is_held_tells_of_the_stages_that_were_reached() {
        let reached = |held: Held| {
            let mut stages = Vec::new();
            held.tell(1, &pipelines(), |measure, _| match measure {
                Measure::Reached(stage) | Measure::WonReached(stage) | Measure::LostReached(stage) => {
                    stages.push(stage.0);
                }
                _ => {}
            });
            stages
        };
        assert_eq!(reached(Held::Cohort(StageIndex(5), CohortOutcome::Open, None)), [5]);
        assert_eq!(reached(Held::Cohort(StageIndex(6), CohortOutcome::Lost, None)), [5, 6]);
        assert_eq!(reached(Held::Lost(StageIndex(4))), []);
        assert_eq!(reached(Held::Lost(StageIndex(2))), [1, 2]);
        assert_eq!(reached(Held::Won(StageIndex(3), DurationBucket::of(0))), [1, 2]);
    }

    #[test]
    fn what_enters_a_stage_is_told_with_what_it_came_from() {
        let entered = |held: Held| {
            let mut stages = Vec::new();
            held.tell(1, &pipelines(), |measure, value| {
                if let Measure::StageEntered(stage) = measure {
                    stages.push((stage.0, value));
                }
            });
            assert_eq!(stages.first().map(|(stage, _)| *stage), held.entered().map(|stage| stage.0));
            stages
        };
        let (one, two, bucket) = (StageIndex(1), StageIndex(2), DurationBucket::of(0));
        let ahead = Departure::AdvancedTo(Ahead::between(one, two).unwrap());
        assert_eq!(entered(Held::Visit(one, ahead, bucket)), [(2, 1)]);
        assert_eq!(entered(Held::Visit(one, Departure::Advanced, bucket)), []);
        assert_eq!(entered(Held::Cohort(two, CohortOutcome::Open, Some(one))), [(1, 1)]);
        assert_eq!(entered(Held::Cohort(two, CohortOutcome::Open, None)), []);
        for (from, to, is_told) in [(0, 7, true), (0, 8, false), (3, 3, false), (3, 2, false)] {
            assert_eq!(Ahead::between(StageIndex(from), StageIndex(to)).is_some(), is_told, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn counts_and_seconds_add_up_apart(values in prop::collection::vec((-9..9_i64, -(1_i64 << 40)..1 << 40), 0..40)) {
            let sum = values.iter().map(|&(count, seconds)| counted(count, seconds)).sum();
            let count = values.iter().map(|(count, _)| i128::from(*count)).sum();
            let seconds = values.iter().map(|(_, seconds)| i128::from(*seconds)).sum();
            prop_assert_eq!(count_and_seconds(sum), (count, seconds));
        }

        /// Adding and telling may be done in any order.
        #[test]
        fn sums_tell_what_their_parts_tell(picks in prop::collection::vec((0..16_usize, -5..6_i64, 0..1_000_i64), 0..30)) {
            let pipelines = pipelines();
            let all: Vec<Held> = all().into_iter().filter(|held| held.stage().is_none_or(|stage| stage.0 < 8)).collect();
            let mut sums = std::collections::BTreeMap::new();
            let mut told = Tally::default();
            for (pick, count, seconds) in picks {
                let held = all[pick % all.len()];
                let value = counted(count, seconds);
                *sums.entry(held).or_insert(0) += value;
                held.tell(value, &pipelines, |measure, value| told.add(measure, value));
            }
            let mut of_sums = Tally::default();
            sums.iter().for_each(|(held, &sum)| held.tell(sum, &pipelines, |measure, value| of_sums.add(measure, value)));
            prop_assert_eq!(told, of_sums);
        }
    }
}
