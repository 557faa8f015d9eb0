//! What is measured, for whom and when: the keys of the fold's cells.
//!
//! Invariant CELL-1: every measure is a sum over deals or over activities of exact integers, so that cells of
//! partitions and instances add up and a contribution can be taken back.

use crate::activity::Category;
use crate::flow::Flow;
use crate::identifier::{RepIndex, TerritoryIndex, TypeIndex};
use crate::money::Currency;
use crate::pipeline::StageIndex;
use crate::time::Day;
use crate::touches::Touches;

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
    CycleDeals(DurationBucket),
    /// Entries of deals into this open stage, by the day of entry, for the rep and territory then. Events in one stage
    /// behind one another are one visit.
    StageEntered(StageIndex),
    /// Visits to this open stage that ended with a later stage of its pipeline or a won one, by the day they ended, for
    /// the rep and territory at the last event within the visit; so are the following five.
    StageAdvanced(StageIndex),
    /// Visits that ended with an earlier open stage, or with an open stage of another pipeline.
    StageMovedBack(StageIndex),
    /// Visits that ended with the deal lost.
    StageLost(StageIndex),
    /// Amount of the deals whose visits ended, as far as known at the event that ended them, divided over the credited
    /// reps.
    StageLeftAmount(StageIndex, Currency),
    /// Of that, the amount of the deals that were lost.
    StageLostAmount(StageIndex, Currency),
    /// Seconds that visits lasted, by the day they ended.
    DwellSeconds(StageIndex),
    /// Visits whose length is in this bucket, by the day they ended.
    DwellVisits(StageIndex, DurationBucket),
    /// Open deals now in this stage, by the day they entered it, for the rep and territory now.
    OpenSince(StageIndex),
    /// Deals by creation day, for the rep and territory at creation, that have been in this open stage or a later one of
    /// the pipeline they are in now; those that have been won have been in all.
    Reached(StageIndex),
    /// Deals by creation day, for the rep and territory at creation, that are won now.
    CohortWon,
    /// Deals by creation day, for the rep and territory at creation, that are lost now.
    CohortLost,
    /// Deals won, by closed day, of those that have [reached](Self::Reached) this stage.
    WonReached(StageIndex),
    /// Deals lost, by closed day, of those that have [reached](Self::Reached) this stage.
    LostReached(StageIndex),
    /// Deals by the day on which they first came to the stage of role mql or a later one of the pipeline they are in now,
    /// for the rep and territory then.
    Mql,
    /// Of these, those that came to the stage of role sql or a later one.
    MqlToSql,
    /// Of these, those that are lost and did not.
    MqlDropped,
    /// Open deals now in this stage.
    OpenDeals(StageIndex),
    /// Amount of open deals now in this stage, divided over the credited reps.
    OpenAmount(StageIndex, Currency),
    /// Amount of open deals by the day on which they are expected to close, as the latest event has it, divided over the
    /// credited reps.
    OpenDueAmount(Currency),
    /// How the open amount changed, by the day of the event, divided over the reps credited before or after it.
    FlowAmount(Flow, Currency),
    /// Activities of this category and type, by the day they happened.
    Activities(Category, TypeIndex),
    /// Seconds spent on activities, by the day they happened.
    ActivitySeconds(Category, TypeIndex),
    /// Deals by closed day, for the rep and territory at close, that had so many activities of this category by the end of
    /// that day, and ended so; those without any are not counted here.
    ClosedWith(Category, Touches),
}

impl Measure {
    /// The measure as a number, the same in every version: what it is in bits 25 up, then 10 bits for the stage or
    /// category, and 15 bits for the currency, bucket, type or touches.
    #[must_use]
    #[inline]
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
            Self::Activities(category, of_type) => (9, category as u16, of_type.0),
            Self::ActivitySeconds(category, of_type) => (10, category as u16, of_type.0),
            Self::StageEntered(stage) => (11, stage.0, 0),
            Self::StageAdvanced(stage) => (12, stage.0, 0),
            Self::StageMovedBack(stage) => (13, stage.0, 0),
            Self::StageLost(stage) => (14, stage.0, 0),
            Self::StageLeftAmount(stage, currency) => (15, stage.0, currency.number()),
            Self::StageLostAmount(stage, currency) => (16, stage.0, currency.number()),
            Self::DwellSeconds(stage) => (17, stage.0, 0),
            Self::DwellVisits(stage, bucket) => (18, stage.0, bucket.0),
            Self::OpenSince(stage) => (19, stage.0, 0),
            Self::Reached(stage) => (20, stage.0, 0),
            Self::CohortWon => (21, 0, 0),
            Self::CohortLost => (22, 0, 0),
            Self::WonReached(stage) => (23, stage.0, 0),
            Self::LostReached(stage) => (24, stage.0, 0),
            Self::Mql => (25, 0, 0),
            Self::MqlToSql => (26, 0, 0),
            Self::MqlDropped => (27, 0, 0),
            Self::OpenDueAmount(currency) => (28, 0, currency.number()),
            Self::FlowAmount(flow, currency) => (29 + flow as u32, 0, currency.number()),
            Self::ClosedWith(category, touches) => (40, category as u16, touches.number()),
        };
        (what << 25) | ((first as u32) << 15) | second as u32
    }

    /// The stage of what is measured by stage.
    #[must_use]
    pub const fn stage(self) -> Option<StageIndex> {
        match self {
            Self::OpenDeals(stage)
            | Self::OpenAmount(stage, _)
            | Self::StageEntered(stage)
            | Self::StageAdvanced(stage)
            | Self::StageMovedBack(stage)
            | Self::StageLost(stage)
            | Self::StageLeftAmount(stage, _)
            | Self::StageLostAmount(stage, _)
            | Self::DwellSeconds(stage)
            | Self::DwellVisits(stage, _)
            | Self::OpenSince(stage)
            | Self::Reached(stage)
            | Self::WonReached(stage)
            | Self::LostReached(stage) => Some(stage),
            _ => None,
        }
    }

    /// The currency of a sum of money; none for a count or a duration.
    #[must_use]
    pub const fn currency(self) -> Option<Currency> {
        match self {
            Self::WonAmount(currency)
            | Self::OpenAmount(_, currency)
            | Self::OpenDueAmount(currency)
            | Self::FlowAmount(_, currency)
            | Self::StageLeftAmount(_, currency)
            | Self::StageLostAmount(_, currency) => Some(currency),
            _ => None,
        }
    }

    /// Whether a sum of money is converted day by day, at the rate of each; else all of it at one rate, as what is open is.
    #[must_use]
    pub const fn is_converted_by_day(self) -> bool {
        matches!(self, Self::WonAmount(_) | Self::StageLeftAmount(..) | Self::StageLostAmount(..))
    }

    /// The same sum of money in another currency; what is no money stays as it is.
    #[must_use]
    pub const fn in_currency(self, currency: Currency) -> Self {
        match self {
            Self::WonAmount(_) => Self::WonAmount(currency),
            Self::OpenAmount(stage, _) => Self::OpenAmount(stage, currency),
            Self::OpenDueAmount(_) => Self::OpenDueAmount(currency),
            Self::FlowAmount(flow, _) => Self::FlowAmount(flow, currency),
            Self::StageLeftAmount(stage, _) => Self::StageLeftAmount(stage, currency),
            Self::StageLostAmount(stage, _) => Self::StageLostAmount(stage, currency),
            other => other,
        }
    }

    /// The measure of a number as [`code`](Self::code) gives it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        let first = u16::try_from(code >> 15 & 0x3ff).ok()?;
        let second = u16::try_from(code & 0x7fff).ok()?;
        let stage = StageIndex(first);
        let currency = || Currency::from_number(second);
        let category = || Category::from_number(u8::try_from(first).ok()?);
        let measure = match code >> 25 {
            1 => Self::CreatedDeals,
            2 => Self::WonDeals,
            3 => Self::LostDeals,
            4 => Self::WonAmount(currency()?),
            5 => Self::CycleSeconds,
            6 => Self::CycleDeals(DurationBucket::from_number(second)?),
            7 => Self::OpenDeals(stage),
            8 => Self::OpenAmount(stage, currency()?),
            9 => Self::Activities(category()?, TypeIndex(second)),
            10 => Self::ActivitySeconds(category()?, TypeIndex(second)),
            11 => Self::StageEntered(stage),
            12 => Self::StageAdvanced(stage),
            13 => Self::StageMovedBack(stage),
            14 => Self::StageLost(stage),
            15 => Self::StageLeftAmount(stage, currency()?),
            16 => Self::StageLostAmount(stage, currency()?),
            17 => Self::DwellSeconds(stage),
            18 => Self::DwellVisits(stage, DurationBucket::from_number(second)?),
            19 => Self::OpenSince(stage),
            20 => Self::Reached(stage),
            21 => Self::CohortWon,
            22 => Self::CohortLost,
            23 => Self::WonReached(stage),
            24 => Self::LostReached(stage),
            25 => Self::Mql,
            26 => Self::MqlToSql,
            27 => Self::MqlDropped,
            28 => Self::OpenDueAmount(currency()?),
            kind @ 29..=37 => Self::FlowAmount(Flow::ALL[kind as usize - 29], currency()?),
            40 => Self::ClosedWith(category()?, Touches::from_number(second)?),
            _ => return None,
        };
        (measure.code() == code).then_some(measure)
    }
}

/// A stage's number and a type's must fit into a measure's code.
const _: () = assert!(crate::pipeline::Pipelines::MAX_STAGES <= 1 << 10 && TypeIndex::END <= 1 << 15);

/// A range of durations, in whole seconds, no wider than 1/64 of its lower end; below 128 seconds one value each.
///
/// Counts per bucket are a quantile sketch that adds and subtracts: the middle of a bucket is within 1/128 (0.8 %)
/// of every value in it. Powers of two are split into 64 equal parts, as in HdrHistogram; integers only, so that
/// the same value is in the same bucket on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurationBucket(u16);

impl DurationBucket {
    const PARTS_LOG2: u32 = 6;
    /// Above every bucket of a `u64`.
    const END: u16 = 64 * (64 - 6 + 1);

    /// The bucket of a duration.
    #[must_use]
    #[inline]
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

/// A sum in words, so that an entry of a row beside it needs no padding to 16 bytes: most memory is such entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PackedSum([u32; 4]);

impl PackedSum {
    /// The sum, packed.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the value is cut into its four words")]
    #[inline]
    pub const fn new(value: i128) -> Self {
        let value = value.cast_unsigned();
        Self([value as u32, (value >> 32) as u32, (value >> 64) as u32, (value >> 96) as u32])
    }

    /// The sum.
    #[must_use]
    #[inline]
    pub const fn get(self) -> i128 {
        let [a, b, c, d] = self.0;
        (a as u128 | (b as u128) << 32 | (c as u128) << 64 | (d as u128) << 96).cast_signed()
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
            Measure::CycleDeals(DurationBucket::of(u64::MAX)),
            Measure::OpenDeals(StageIndex(999)),
            Measure::OpenAmount(StageIndex(3), usd),
            Measure::Activities(Category::Travel, TypeIndex(0)),
            Measure::Activities(Category::Admin, TypeIndex(TypeIndex::END - 1)),
            Measure::ClosedWith(Category::Admin, Touches::new(u32::MAX, true)),
            Measure::ActivitySeconds(Category::SalesPreparation, TypeIndex(7)),
            Measure::StageEntered(StageIndex(999)),
            Measure::StageAdvanced(StageIndex(1)),
            Measure::StageMovedBack(StageIndex(0)),
            Measure::StageLost(StageIndex(7)),
            Measure::StageLeftAmount(StageIndex(7), usd),
            Measure::StageLostAmount(StageIndex(999), usd),
            Measure::DwellSeconds(StageIndex(2)),
            Measure::DwellVisits(StageIndex(999), DurationBucket::of(u64::MAX)),
            Measure::OpenSince(StageIndex(2)),
            Measure::Reached(StageIndex(2)),
            Measure::CohortWon,
            Measure::CohortLost,
            Measure::WonReached(StageIndex(2)),
            Measure::LostReached(StageIndex(2)),
            Measure::Mql,
            Measure::MqlToSql,
            Measure::MqlDropped,
            Measure::OpenDueAmount(usd),
            Measure::FlowAmount(Flow::New, usd),
            Measure::FlowAmount(Flow::Exchanged, usd),
            Measure::FlowAmount(Flow::Lost, usd),
        ] {
            assert_eq!(Measure::from_code(measure.code()), Some(measure));
            assert_eq!(Measure::from_code(measure.code() | 1 << 31), None);
        }
        for code in [0, 1 << 25 | 1, 4 << 25, 9 << 25 | 7 << 15, 28 << 25, 37 << 25, 120 << 25] {
            assert_eq!(Measure::from_code(code), None, "{code:x}");
        }
    }

    #[test]
    fn small_durations_have_a_bucket_each() {
        for seconds in 0..128 {
            assert_eq!(DurationBucket::of(seconds).middle_half_seconds(), u128::from(seconds) * 2);
        }
    }

    proptest! {
        #[test]
        fn packed_sums_are_whole(value in prop_oneof![any::<i128>(), Just(i128::MIN), Just(i128::MAX), -2..3_i128]) {
            prop_assert_eq!(PackedSum::new(value).get(), value);
        }

        #[test]
        fn buckets_are_narrow_and_ordered(bits in 0..64_u32, seed: u64) {
            let seconds = seed >> bits;
            let bucket = DurationBucket::of(seconds);
            prop_assert!(bucket.number() < DurationBucket::END);
            let (exact, middle) = (2 * u128::from(seconds), bucket.middle_half_seconds());
            prop_assert!(exact.abs_diff(middle) * 128 <= exact, "{exact} {middle}");
            prop_assert!(DurationBucket::of(seconds.saturating_add(1)) >= bucket);
        }
    }
}
