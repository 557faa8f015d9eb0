//! What reps do, and how much of their time goes into selling.

use std::cmp::Ordering;

use model::{Category, Measure, PeriodKind};

use super::{Computed, Dimension, Kpi, quotient};
use crate::ingredient::Ingredient;
use crate::input::Input;
use crate::value::{Part, PartKey, Unit, Value, Verdict};

pub(super) const ACTIVITIES: Kpi = Kpi {
    name: "activities",
    metric: "activities",
    unit: Unit::Activities,
    dimension: Dimension::Category,
    periods: &PeriodKind::ALL,
    help: "Activities in the period.",
    formula: "count of activities by the day they happened, by category",
    edge_cases: "The highest version of an activity counts; retracted: taken back.",
    source: "activity events",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::Activities(_)))],
    compute: |input| by_category(input, Measure::Activities),
};

pub(super) const ACTIVITY_MINUTES: Kpi = Kpi {
    name: "activity_minutes",
    metric: "activity_seconds",
    unit: Unit::Minutes,
    dimension: Dimension::Category,
    periods: &PeriodKind::ALL,
    help: "Time spent on activities in the period.",
    formula: "sum of durations by the day the activity happened, by category",
    edge_cases: "Overlapping activities count in full each.",
    source: "activity events: duration",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::ActivitySeconds(_)))],
    compute: |input| by_category(input, Measure::ActivitySeconds),
};

pub(super) const SELLING_TIME_SHARE: Kpi = Kpi {
    name: "selling_time_share",
    metric: "selling_time_share",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Share of the tracked time that is communication with clients, digital or in person.",
    formula: "minutes of both kinds of client communication / minutes of all categories",
    edge_cases: "Absent if no time was tracked. Judged against the configured benchmark, 39 % by default.",
    source: "activity events: category, duration",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::ActivitySeconds(_)))],
    compute: selling_time_share,
};

fn by_category(input: &Input<'_>, measure: fn(Category) -> Measure) -> Computed {
    let parts = Category::ALL.map(|category| (category, input.sums.tally.get(measure(category))));
    let part = |(category, sum)| Part { key: PartKey::Category(category), value: Ok(Value::Whole(sum)) };
    Computed {
        value: Ok(Value::Whole(parts.iter().map(|(_, sum)| sum).sum())),
        parts: parts.into_iter().map(part).collect(),
        by_currency: Vec::new(),
        named: None,
        verdict: None,
    }
}

fn selling_time_share(input: &Input<'_>) -> Computed {
    let seconds = |category| input.sums.tally.get(Measure::ActivitySeconds(category));
    let selling = Category::ALL.into_iter().filter(|category| category.is_selling()).map(seconds).sum();
    let value = quotient(selling, Category::ALL.into_iter().map(seconds).sum(), "tracked minutes");
    let benchmark =
        Value::Quotient { numerator: input.thresholds.selling_time_percent.into(), denominator: 100 };
    let verdict = value.ok().map(|share| match share.compare(benchmark) {
        Ordering::Less => Verdict::BelowBenchmark,
        _ => Verdict::AtBenchmark,
    });
    Computed { verdict, ..value.into() }
}
