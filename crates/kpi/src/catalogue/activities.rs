//! What reps do, and how much of their time goes into selling.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use model::{Category, Measure, PeriodKind, TypeIndex};

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
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::Activities(..)))],
    compute: |input| by_category(&counts(input)),
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
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::ActivitySeconds(..)))],
    compute: |input| by_category(&seconds(input)),
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
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::ActivitySeconds(..)))],
    compute: selling_time_share,
};

pub(super) const ACTIVITIES_BY_TYPE: Kpi = Kpi {
    name: "activities_by_type",
    metric: "activities_by_type",
    dimension: Dimension::ActivityType,
    help: "Activities in the period, by type.",
    formula: "count of activities by the day they happened, by category and type",
    edge_cases: "Types are the source's own words; types of one name in two categories are two.",
    source: "activity events: category, kind",
    compute: |input| by_type(&counts(input)),
    ..ACTIVITIES
};

pub(super) const ACTIVITY_MINUTES_BY_TYPE: Kpi = Kpi {
    name: "activity_minutes_by_type",
    metric: "activity_by_type_seconds",
    dimension: Dimension::ActivityType,
    help: "Time spent on activities in the period, by type.",
    formula: "sum of durations by the day the activity happened, by category and type",
    edge_cases: "As activities_by_type.",
    source: "activity events: category, kind, duration",
    compute: |input| by_type(&seconds(input)),
    ..ACTIVITY_MINUTES
};

/// Sums by category and type.
type ByType = BTreeMap<(Category, TypeIndex), i128>;

fn counts(input: &Input<'_>) -> ByType {
    let any = Measure::Activities(Category::Admin, TypeIndex(0));
    let sums = input.sums.tally.of_kind(any).filter_map(|(measure, sum)| match measure {
        Measure::Activities(category, of_type) => Some(((category, of_type), sum)),
        _ => None,
    });
    sums.collect()
}

fn seconds(input: &Input<'_>) -> ByType {
    let any = Measure::ActivitySeconds(Category::Admin, TypeIndex(0));
    let sums = input.sums.tally.of_kind(any).filter_map(|(measure, sum)| match measure {
        Measure::ActivitySeconds(category, of_type) => Some(((category, of_type), sum)),
        _ => None,
    });
    sums.collect()
}

/// The seconds of each category, in the order of categories.
pub(super) fn category_seconds(input: &Input<'_>) -> [(Category, i128); Category::ALL.len()] {
    of_categories(&seconds(input))
}

fn of_categories(sums: &ByType) -> [(Category, i128); Category::ALL.len()] {
    let of = |category| sums.iter().filter(|((of, _), _)| *of == category).map(|(_, sum)| sum).sum();
    Category::ALL.map(|category| (category, of(category)))
}

fn by_category(sums: &ByType) -> Computed {
    let parts = of_categories(sums);
    let part = |(category, sum)| Part { key: PartKey::Category(category), value: Ok(Value::Whole(sum)) };
    Computed {
        parts: parts.into_iter().map(part).collect(),
        ..Ok(Value::Whole(parts.iter().map(|(_, sum)| sum).sum())).into()
    }
}

fn by_type(sums: &ByType) -> Computed {
    let part = |(&(category, of_type), &sum)| Part {
        key: PartKey::ActivityType(category, of_type),
        value: Ok(Value::Whole(sum)),
    };
    Computed { parts: sums.iter().map(part).collect(), ..Ok(Value::Whole(sums.values().sum())).into() }
}

fn selling_time_share(input: &Input<'_>) -> Computed {
    let seconds = category_seconds(input);
    let sum = |is_in: fn(Category) -> bool| {
        seconds.iter().filter(|(category, _)| is_in(*category)).map(|(_, seconds)| seconds).sum()
    };
    let value = quotient(sum(Category::is_selling), sum(|_| true), "tracked minutes");
    let benchmark =
        Value::Quotient { numerator: input.thresholds.selling_time_percent.into(), denominator: 100 };
    let verdict = value.ok().map(|share| match share.compare(benchmark) {
        Ordering::Less => Verdict::BelowBenchmark,
        _ => Verdict::AtBenchmark,
    });
    Computed { verdict, ..value.into() }
}
