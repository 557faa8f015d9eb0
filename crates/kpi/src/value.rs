//! What a KPI's value is: exact, with a unit, or absent with a reason.

use std::cmp::Ordering;

use model::{Category, Currency, Day, Flow, StageIndex, TypeIndex};
use thiserror::Error;

use crate::catalogue::Kpi;

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Deals.
    Deals,
    /// Activities.
    Activities,
    /// Minor units of a currency.
    Money,
    /// Minor units of a currency per day of 24 hours.
    MoneyPerDay,
    /// Reps.
    Reps,
    /// A share, 0 to 1.
    Ratio,
    /// A number without a unit, such as a correlation.
    Number,
    /// Days of 24 hours; values are held in seconds.
    Days,
    /// Minutes; values are held in seconds.
    Minutes,
}

impl Unit {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Activities => "activities",
            Self::Money => "money",
            Self::MoneyPerDay => "money_per_day",
            Self::Reps => "reps",
            Self::Ratio => "ratio",
            Self::Number => "number",
            Self::Days => "days",
            Self::Minutes => "minutes",
        }
    }

    /// How many of what a [`Value`] holds make one of this unit: 86 400 seconds a day, 60 seconds a minute, else 1.
    #[must_use]
    pub const fn held_per_unit(self) -> i128 {
        match self {
            Self::Days => 86_400,
            Self::Minutes => 60,
            _ => 1,
        }
    }
}

/// An exact value. Durations are in seconds, money in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A sum.
    Whole(i128),
    /// A share or a mean: both parts are sums that add up over scopes.
    Quotient {
        /// What is divided.
        numerator: i128,
        /// By what; above 0.
        denominator: i128,
    },
    /// A quantile of a sketch; its quotient is exact for the sketch, but its parts mean nothing by themselves.
    Quantile {
        /// What is divided.
        numerator: i128,
        /// By what; above 0.
        denominator: i128,
        /// Of how many values it is a quantile; above 0.
        count: i128,
    },
    /// A figure that is neither a sum nor a mean, such as a dispersion; exact, but its parts mean nothing by themselves.
    Coefficient {
        /// What is divided.
        numerator: i128,
        /// By what; above 0.
        denominator: i128,
    },
    /// What is estimated from a sample, with its 95 % interval; its parts mean nothing by themselves.
    Estimate {
        /// What is divided.
        numerator: i128,
        /// By what; above 0.
        denominator: i128,
        /// The lower end of the interval, in millionths.
        low_millionths: i128,
        /// The upper end of the interval, in millionths.
        high_millionths: i128,
        /// The size of the sample; above 0.
        count: i128,
    },
}

impl Value {
    /// Numerator and denominator; the denominator is above 0.
    #[must_use]
    pub const fn fraction(self) -> (i128, i128) {
        match self {
            Self::Whole(whole) => (whole, 1),
            Self::Quotient { numerator, denominator }
            | Self::Quantile { numerator, denominator, .. }
            | Self::Coefficient { numerator, denominator }
            | Self::Estimate { numerator, denominator, .. } => (numerator, denominator),
        }
    }

    /// The nearest double, for showing; sums are never made of these.
    #[must_use]
    pub fn approximate(self) -> f64 {
        let (numerator, denominator) = self.fraction();
        numerator as f64 / denominator as f64
    }

    /// The nearest integer, half to even.
    #[must_use]
    pub fn rounded(self) -> i128 {
        let (numerator, denominator) = self.fraction();
        round_half_even(numerator, denominator)
    }

    /// Compares exactly, without overflow.
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        compare_fractions(self.fraction(), other.fraction())
    }
}

/// `numerator / denominator` to the nearest integer, half to even; the denominator is above 0.
pub(crate) fn round_half_even(numerator: i128, denominator: i128) -> i128 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    // `rest` is compared with what it lacks to the next integer, because twice the rest may not fit.
    match rest.cmp(&(denominator - rest)) {
        Ordering::Less => whole,
        Ordering::Greater => whole + 1,
        Ordering::Equal => whole + (whole & 1),
    }
}

/// Compares by the digits of the continued fractions: products of 128-bit parts would not fit.
fn compare_fractions(mut left: (i128, i128), mut right: (i128, i128)) -> Ordering {
    let mut reversed = false;
    loop {
        let directed = |order: Ordering| if reversed { order.reverse() } else { order };
        let whole = left.0.div_euclid(left.1).cmp(&right.0.div_euclid(right.1));
        if whole.is_ne() {
            return directed(whole);
        }
        let rests = (left.0.rem_euclid(left.1), right.0.rem_euclid(right.1));
        if rests.0 == 0 || rests.1 == 0 {
            return directed(rests.0.cmp(&rests.1));
        }
        // a/b < c/d just if d/c < b/a.
        left = (left.1, rests.0);
        right = (right.1, rests.1);
        reversed = !reversed;
    }
}

/// Why a value cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
#[non_exhaustive]
pub enum Absence {
    /// The denominator is 0.
    #[error("there are no {0} to divide by")]
    NothingToDivideBy(&'static str),
    /// An amount cannot be converted to the reporting currency.
    #[error(
        "no exchange rate from {currency} to {reporting} holds {}; publish a reference record fx_rate",
        day_text(*.day)
    )]
    MissingRate {
        /// The currency of the amount.
        currency: Currency,
        /// The day whose rate is needed; the latest if none.
        day: Option<Day>,
        /// The currency to convert to.
        reporting: Currency,
    },
    /// There are too few closed deals to say anything.
    #[error("{found} deals were closed; fewer than {needed} say nothing")]
    TooFew {
        /// How many there are.
        found: i128,
        /// How many there must be.
        needed: i128,
    },
    /// All closed deals are alike in what is compared.
    #[error("the closed deals do not differ in {0}, so that nothing can be compared")]
    NoDifference(&'static str),
    /// The period is yet to come.
    #[error("the period has not begun")]
    NotBegun,
    /// There is no sense in a value over all parts.
    #[error("it is told by {0} only")]
    OnlyInParts(&'static str),
    /// No goal is published for the scope and period.
    #[error("no goal is set for the scope and period; publish a reference record goal")]
    NoGoal,
    /// Nobody works there.
    #[error("no rep who works today is at home there; publish a reference record rep with the territory_id")]
    NoReps,
    /// The KPI is about other scopes.
    #[error("it is told of {0} only")]
    NotToldHere(&'static str),
    /// A sum does not fit 128 bits.
    #[error("the sum is too large to be exact")]
    OutOfRange,
}

fn day_text(day: Option<Day>) -> String {
    day.map_or_else(|| "now".to_owned(), |day| format!("on {day}"))
}

/// What a part of a KPI is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKey {
    /// A stage.
    Stage(StageIndex),
    /// A category of activities.
    Category(Category),
    /// A range of attainment.
    Attainment(Attainment),
    /// A type of activities within its category.
    ActivityType(Category, TypeIndex),
    /// A step of the pipeline waterfall.
    Flow(WaterfallStep),
}

/// A step of the pipeline waterfall, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaterfallStep {
    /// What was open when the period began.
    Start,
    /// What was added or taken, above 0 either way.
    Flow(Flow),
    /// What was open when the period ended.
    End,
}

impl WaterfallStep {
    /// The name used in the API and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Flow(flow) => flow.name(),
            Self::End => "end",
        }
    }
}

/// A range of quota attainment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attainment {
    /// `[.., 50 %)`
    Below50,
    /// `[50 %, 80 %)`
    From50,
    /// `[80 %, 100 %)`
    From80,
    /// `[100 %, 120 %]`
    From100,
    /// `(120 %, ..]`
    Above120,
}

impl Attainment {
    /// All ranges, ascending.
    pub const ALL: [Self; 5] = [Self::Below50, Self::From50, Self::From80, Self::From100, Self::Above120];

    /// The range of a won amount; the quota is above 0.
    #[must_use]
    pub fn of(won: i128, quota: i128) -> Self {
        let attained = Value::Quotient { numerator: won, denominator: quota };
        let against = |percent| attained.compare(Value::Quotient { numerator: percent, denominator: 100 });
        if against(120).is_gt() {
            Self::Above120
        } else if against(100).is_ge() {
            Self::From100
        } else if against(80).is_ge() {
            Self::From80
        } else if against(50).is_ge() {
            Self::From50
        } else {
            Self::Below50
        }
    }

    /// The name used in the API and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below50 => "below_50",
            Self::From50 => "50_to_80",
            Self::From80 => "80_to_100",
            Self::From100 => "100_to_120",
            Self::Above120 => "above_120",
        }
    }
}

/// What a value means for those who have to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// More than in the previous period.
    Growing,
    /// About as in the previous period.
    Flat,
    /// Less than in the previous period.
    Shrinking,
    /// Too few reps make their quota.
    QuotasTooHigh,
    /// As many reps make their quota as should.
    QuotasInRange,
    /// Too many reps make their quota.
    QuotasTooLow,
    /// The goal will be met if it goes on so.
    OnPace,
    /// The goal will be missed if it goes on so.
    BehindPace,
    /// As good as the benchmark or better.
    AtBenchmark,
    /// Below the benchmark.
    BelowBenchmark,
    /// More comes to a stage than leaves it, and stays too long.
    Bottleneck,
    /// No stage holds the others up.
    Flowing,
    /// Much time goes into what does not go with winning.
    TimeSinks,
    /// Little time goes into what does not go with winning.
    NoTimeSinks,
    /// More work by rep than in other territories.
    Overloaded,
    /// About as much work by rep as in other territories.
    Balanced,
    /// Less work by rep than in other territories.
    Underloaded,
}

impl Verdict {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Growing => "growing",
            Self::Flat => "flat",
            Self::Shrinking => "shrinking",
            Self::QuotasTooHigh => "quotas_too_high",
            Self::QuotasInRange => "quotas_in_range",
            Self::QuotasTooLow => "quotas_too_low",
            Self::OnPace => "on_pace",
            Self::BehindPace => "behind_pace",
            Self::AtBenchmark => "at_benchmark",
            Self::BelowBenchmark => "below_benchmark",
            Self::Bottleneck => "bottleneck",
            Self::Flowing => "flowing",
            Self::TimeSinks => "time_sinks",
            Self::NoTimeSinks => "no_time_sinks",
            Self::Overloaded => "overloaded",
            Self::Balanced => "balanced",
            Self::Underloaded => "underloaded",
        }
    }
}

/// One part of a KPI that is told by stage or by category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of what.
    pub key: PartKey,
    /// How much, in the KPI's unit.
    pub value: Result<Value, Absence>,
}

/// A KPI with its value for one scope and period.
#[derive(Debug, Clone, PartialEq)]
pub struct KpiValue {
    /// Which KPI.
    pub kpi: &'static Kpi,
    /// The value over all parts.
    pub value: Result<Value, Absence>,
    /// The currency of the value, for those in [`Unit::Money`].
    pub currency: Option<Currency>,
    /// By stage or by category, in their order, for those that have a dimension. Parts of money are rounded each by
    /// itself, so that their sum can differ from the value by a minor unit a part.
    pub parts: Vec<Part>,
    /// The amounts before conversion, in minor units, by currency; for sums of money.
    pub by_currency: Vec<(Currency, i128)>,
    /// The part that the KPI is there to name, such as the stage that leaks most.
    pub named: Option<PartKey>,
    /// What the value means, for KPIs that judge it.
    pub verdict: Option<Verdict>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_are_rounded_to_even() {
        for (numerator, denominator, expected) in [
            (0, 1, 0),
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (251, 100, 3),
            (249, 100, 2),
            (-249, 100, -2),
            (i128::MAX, i128::MAX, 1),
            (i128::MAX - 1, i128::MAX, 1),
        ] {
            assert_eq!(round_half_even(numerator, denominator), expected, "{numerator}/{denominator}");
        }
    }

    #[test]
    fn absences_say_what_is_missing() {
        let [currency, reporting] = ["EUR", "USD"].map(|code| Currency::from_code(code).unwrap());
        for (day, expected) in [
            (
                Some(Day(0)),
                "no exchange rate from EUR to USD holds on 1970-01-01; publish a reference record fx_rate",
            ),
            (None, "no exchange rate from EUR to USD holds now; publish a reference record fx_rate"),
        ] {
            assert_eq!(Absence::MissingRate { currency, day, reporting }.to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn fractions_compare_as_products_do(a in -50_i128..50, b in 1..50_i128, c in -50_i128..50, d in 1..50_i128) {
            prop_assert_eq!(compare_fractions((a, b), (c, d)), (a * d).cmp(&(c * b)));
        }

        #[test]
        fn large_fractions_compare_without_overflow(a: i128, b in 1..=i128::MAX, c: i128, d in 1..=i128::MAX) {
            let order = compare_fractions((a, b), (c, d));
            prop_assert_eq!(compare_fractions((c, d), (a, b)), order.reverse());
            prop_assert_eq!(compare_fractions((a, b), (a, b)), Ordering::Equal);
        }
    }
}
