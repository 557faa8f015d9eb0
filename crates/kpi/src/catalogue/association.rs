//! Which activities go with winning, and which only cost time. Association, not cause: deals that go well may be worked on
//! more because they go well.

use model::{Category, Measure, PeriodKind, Touches};

use super::activities::category_seconds;
use super::{Computed, Dimension, Kpi, quotient};
use crate::ingredient::Ingredient;
use crate::input::Input;
use crate::value::{Absence, Part, PartKey, Unit, Value, Verdict};

/// Fewer closed deals than these say nothing.
const CLOSED_MIN: i128 = 30;

/// Of the normal distribution, for an interval of 95 %.
const TWO_SIDED_95: f64 = 1.959_963_984_540_054;

const MILLION: f64 = 1e6;

pub(super) const WIN_LIFT: Kpi = Kpi {
    name: "win_lift",
    metric: "win_lift",
    unit: Unit::Number,
    dimension: Dimension::Category,
    periods: &PeriodKind::ALL,
    help: "How many times as often deals were won with activities of a category as without, of those closed in the period.",
    formula: "(won / closed of the deals with at least one activity of the category by the end of the closed day) / (won / \
        closed of those without)",
    edge_cases: "By category only. Absent if fewer than 30 deals were closed, if all or none had such activities, or if none \
        was won without. Interval of 95 % by the logarithm of the ratio (Katz), with a half added to each count if none was \
        won with, and from 0 then. Association, not cause.",
    source: "activity events: deal_id, category, occurred_at; deal events: stage; Katz et al. (1978)",
    made_of: &[Ingredient::of_period(is_closed_with)],
    compute: |input| by_category(input, lift),
};

pub(super) const WIN_CORRELATION: Kpi = Kpi {
    name: "win_correlation",
    metric: "win_correlation",
    help: "Correlation of the number of activities of a category with winning, over the deals closed in the period.",
    formula: "Pearson's r of (count of the deal's activities of the category by the end of the closed day) and (1 if won, else 0)",
    edge_cases: "By category only. Absent if fewer than 30 deals were closed, or if they do not differ in count or outcome. \
        Rounded to a millionth; interval of 95 % by Fisher's z. More than 16 383 activities of a deal count as so many. \
        Association, not cause.",
    source: "activity events: deal_id, category, occurred_at; deal events: stage; Fisher (1915)",
    compute: |input| by_category(input, correlation),
    ..WIN_LIFT
};

pub(super) const TIME_SINKS: Kpi = Kpi {
    name: "time_sinks",
    metric: "time_sinks",
    unit: Unit::Ratio,
    help: "Share of the tracked time that goes into categories that take much of it and do not go with winning; names the \
        category that goes with winning most, to spend it on instead.",
    formula: "sum over categories with at least the configured share of the minutes (10 % by default) whose correlation with \
        winning is not above 0 at 95 %, of minutes / all minutes",
    edge_cases: "A category is a sink unless its correlation is told and its interval lies above 0; communication with clients is \
        none either while its correlation cannot be told. Absent if no time was tracked, if fewer than 30 deals were closed, if \
        all ended alike, or if none of them had an activity: then nothing is known. Names none if no category's interval lies \
        above 0.",
    source: "activity events: deal_id, category, duration; deal events: stage",
    made_of: &[
        Ingredient::of_period(is_closed_with),
        Ingredient::of_period(|measure| matches!(measure, Measure::ActivitySeconds(..))),
    ],
    compute: time_sinks,
    ..WIN_LIFT
};

const fn is_closed_with(measure: Measure) -> bool {
    matches!(measure, Measure::WonDeals | Measure::LostDeals | Measure::ClosedWith(..))
}

/// What is known of the closed deals and one category.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// Won and lost deals.
    won: i128,
    lost: i128,
    /// Those with at least one activity of the category.
    won_with: i128,
    lost_with: i128,
    /// The number of activities, over all deals and over those that were won, and of its square.
    count: i128,
    count_won: i128,
    squares: i128,
}

impl Sample {
    fn of(input: &Input<'_>, category: Category) -> Self {
        let tally = input.sums.tally;
        let mut sample = Self {
            won: tally.get(Measure::WonDeals),
            lost: tally.get(Measure::LostDeals),
            ..Self::default()
        };
        for (measure, deals) in tally.of_kind(Measure::ClosedWith(category, Touches::new(0, false))) {
            let Measure::ClosedWith(of, touches) = measure else { continue };
            if of != category {
                continue;
            }
            let count = i128::from(touches.count());
            sample.count += deals * count;
            sample.squares += deals * count * count;
            if touches.is_won() {
                sample.won_with += deals;
                sample.count_won += deals * count;
            } else {
                sample.lost_with += deals;
            }
        }
        sample
    }

    const fn closed(&self) -> i128 {
        self.won + self.lost
    }

    fn check(&self) -> Result<(), Absence> {
        let found = self.closed();
        if found < CLOSED_MIN { Err(Absence::TooFew { found, needed: CLOSED_MIN }) } else { Ok(()) }
    }
}

fn lift(sample: &Sample) -> Result<Value, Absence> {
    sample.check()?;
    let with = sample.won_with + sample.lost_with;
    let without = sample.closed() - with;
    let won_without = sample.won - sample.won_with;
    if with <= 0 || without <= 0 {
        return Err(Absence::NoDifference("activities"));
    }
    if won_without <= 0 {
        return Err(Absence::NothingToDivideBy("deals won without"));
    }
    let more = if sample.won_with > 0 { 0.0 } else { 0.5 };
    let [won_with, with_, won_without_, without_] =
        [sample.won_with, with, won_without, without].map(|count| count as f64 + more);
    let ratio = won_with / with_ / (won_without_ / without_);
    let deviation = (1.0 / won_with - 1.0 / with_ + 1.0 / won_without_ - 1.0 / without_).max(0.0).sqrt();
    let factor = (TWO_SIDED_95 * deviation).exp();
    let low = if sample.won_with > 0 { ratio / factor } else { 0.0 };
    Ok(Value::Estimate {
        numerator: sample.won_with * without,
        denominator: with * won_without,
        low_millionths: millionths(low),
        high_millionths: millionths(ratio * factor),
        count: sample.closed(),
    })
}

fn correlation(sample: &Sample) -> Result<Value, Absence> {
    sample.check()?;
    let all = sample.closed();
    let spread = all * sample.squares - sample.count * sample.count;
    let outcomes = sample.won * sample.lost;
    if spread <= 0 {
        return Err(Absence::NoDifference("activities"));
    }
    if outcomes <= 0 {
        return Err(Absence::NoDifference("how they ended"));
    }
    let shared = all * sample.count_won - sample.count * sample.won;
    let r = (shared as f64 / (spread as f64).sqrt() / (outcomes as f64).sqrt()).clamp(-1.0, 1.0);
    let width = TWO_SIDED_95 / ((all - 3) as f64).sqrt();
    let end = |by: f64| if r.abs() < 1.0 { (r.atanh() + by).tanh() } else { r };
    Ok(Value::Estimate {
        numerator: millionths(r),
        denominator: 1_000_000,
        low_millionths: millionths(end(-width)),
        high_millionths: millionths(end(width)),
        count: all,
    })
}

/// Beyond any number that means something, the largest there is.
#[expect(clippy::cast_possible_truncation, reason = "rounded, and a cast keeps within bounds")]
fn millionths(number: f64) -> i128 {
    (number * MILLION).round() as i128
}

fn by_category(input: &Input<'_>, of: fn(&Sample) -> Result<Value, Absence>) -> Computed {
    let part = |category| Part { key: PartKey::Category(category), value: of(&Sample::of(input, category)) };
    let parts: Vec<Part> = Category::ALL.into_iter().map(part).collect();
    Computed { parts, ..Err(Absence::OnlyInParts("category")).into() }
}

/// Whether anything can be said of any category.
fn is_comparable(input: &Input<'_>) -> Result<(), Absence> {
    let samples = Category::ALL.map(|category| Sample::of(input, category));
    samples[0].check()?;
    if samples[0].won <= 0 || samples[0].lost <= 0 {
        return Err(Absence::NoDifference("how they ended"));
    }
    if samples.iter().all(|sample| sample.count == 0) {
        return Err(Absence::NoDifference("activities"));
    }
    Ok(())
}

fn time_sinks(input: &Input<'_>) -> Computed {
    if let Err(absence) = is_comparable(input) {
        return Err(absence).into();
    }
    let seconds = category_seconds(input);
    let all: i128 = seconds.iter().map(|(_, seconds)| seconds).sum();
    let limit = Value::Quotient { numerator: input.thresholds.time_sink_percent.into(), denominator: 100 };
    let found: Vec<(Category, i128, Option<Value>)> = seconds
        .into_iter()
        .map(|(category, seconds)| (category, seconds, correlation(&Sample::of(input, category)).ok()))
        .collect();
    let goes_with_winning = |value: &Option<Value>| matches!(value, Some(Value::Estimate { low_millionths, .. }) if *low_millionths > 0);
    let is_sink = |&&(category, seconds, ref value): &&(Category, i128, Option<Value>)| {
        let share = quotient(seconds, all, "tracked minutes");
        let is_unknown = value.is_none() && category.is_selling();
        !goes_with_winning(value) && !is_unknown && share.is_ok_and(|share| share.compare(limit).is_ge())
    };
    let sinks: Vec<(Category, i128)> =
        found.iter().filter(is_sink).map(|&(category, seconds, _)| (category, seconds)).collect();
    // Of equal ones, the first.
    let best = found.iter().rev().filter(|(_, _, value)| goes_with_winning(value));
    let best = best.max_by(|(_, _, one), (_, _, other)| match (one, other) {
        (Some(one), Some(other)) => one.compare(*other),
        _ => one.is_some().cmp(&other.is_some()),
    });
    let value = quotient(sinks.iter().map(|(_, seconds)| seconds).sum(), all, "tracked minutes");
    let part = |&(category, seconds): &(Category, i128)| Part {
        key: PartKey::Category(category),
        value: quotient(seconds, all, "tracked minutes"),
    };
    Computed {
        parts: sinks.iter().map(part).collect(),
        named: best.map(|&(category, ..)| PartKey::Category(category)),
        verdict: value.ok().map(|_| if sinks.is_empty() { Verdict::NoTimeSinks } else { Verdict::TimeSinks }),
        ..value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(won: i128, lost: i128, won_with: i128, lost_with: i128) -> Sample {
        // One activity each.
        let count = won_with + lost_with;
        Sample { won, lost, won_with, lost_with, count, count_won: won_with, squares: count }
    }

    fn estimate(numerator: i128, denominator: i128, low: i128, high: i128, count: i128) -> Value {
        let (low_millionths, high_millionths) = (low, high);
        Value::Estimate { numerator, denominator, low_millionths, high_millionths, count }
    }

    /// By hand, and with Python's math.
    #[test]
    fn lift_and_correlation_are_those_of_the_literature() {
        let usual = sample(20, 20, 15, 5);
        assert_eq!(lift(&usual), Ok(estimate(300, 100, 1_347_782, 6_677_637, 40)));
        assert_eq!(correlation(&usual), Ok(estimate(500_000, 1_000_000, 223_265, 702_147, 40)));
        // Twice as many activities each say no more.
        let twice = Sample { count: 40, count_won: 30, squares: 80, ..usual };
        assert_eq!(correlation(&twice), correlation(&usual));
        // All that were won had it, no other.
        assert_eq!(
            correlation(&sample(20, 20, 20, 0)),
            Ok(estimate(1_000_000, 1_000_000, 1_000_000, 1_000_000, 40))
        );
        let never = lift(&sample(10, 30, 0, 8));
        assert!(
            matches!(
                never,
                Ok(Value::Estimate { numerator: 0, low_millionths: 0, high_millionths: 1.., .. })
            ),
            "{never:?}"
        );
    }

    #[test]
    fn what_cannot_be_told_is_absent() {
        for (sample, of_lift, of_correlation) in [
            (
                sample(20, 9, 15, 5),
                Absence::TooFew { found: 29, needed: 30 },
                Absence::TooFew { found: 29, needed: 30 },
            ),
            (sample(20, 20, 0, 0), Absence::NoDifference("activities"), Absence::NoDifference("activities")),
            (
                sample(20, 20, 20, 20),
                Absence::NoDifference("activities"),
                Absence::NoDifference("activities"),
            ),
            (
                sample(0, 40, 0, 20),
                Absence::NothingToDivideBy("deals won without"),
                Absence::NoDifference("how they ended"),
            ),
        ] {
            assert_eq!((lift(&sample), correlation(&sample)), (Err(of_lift), Err(of_correlation)));
        }
    }
}
