//! How long open deals have been in their stages, and which have been there too long.

use std::collections::BTreeMap;

use model::{Day, Measure, StageIndex};

use super::{Computed, Dimension, Kpi, stages};
use crate::ingredient::{Ingredient, When};
use crate::input::{Ages, Input};
use crate::quantile::{P50, P90, Probability, quantile_of};
use crate::value::{Absence, Part, PartKey, Unit, Value};

const SECONDS_PER_DAY: i128 = 86_400;

const NOBODY: &str = "open deals";

pub(super) const OPEN_AGE_MEAN: Kpi = Kpi {
    name: "open_age_mean",
    metric: "open_age_mean_seconds",
    unit: Unit::Days,
    dimension: Dimension::Stage,
    periods: &[],
    help: "Mean age of the open deals: how long they have been in the stage that they are in.",
    formula: "sum over open deals of (today - day on which the deal came to its stage) / open_deals",
    edge_cases: "In whole days; 0 for a deal that came after today. Visits that ended are dwell time, not age. Absent if no deal is \
        open.",
    source: "deal events: stage, occurred_at",
    made_of: &[Ingredient::of(When::Since, |measure| matches!(measure, Measure::OpenSince(_)))],
    compute: |input| {
        by_stage(input, |ages| {
            let count: i128 = ages.values().sum();
            let seconds = ages.iter().map(|(age, deals)| age * deals).sum::<i128>() * SECONDS_PER_DAY;
            (count > 0).then_some(Value::Quotient { numerator: seconds, denominator: count })
        })
    },
};

pub(super) const OPEN_AGE_P50: Kpi = Kpi {
    name: "open_age_p50",
    metric: "open_age_p50_seconds",
    help: "Median age of the open deals: how long they have been in the stage that they are in.",
    formula: "quantile 0.5 of (today - day on which the deal came to its stage): linear between neighbours at rank (n - 1) x 0.5",
    source: "deal events: stage, occurred_at; Hyndman and Fan (1996), type 7",
    compute: |input| by_stage(input, |ages| age_quantile(ages, P50)),
    ..OPEN_AGE_MEAN
};

pub(super) const OPEN_AGE_P90: Kpi = Kpi {
    name: "open_age_p90",
    metric: "open_age_p90_seconds",
    help: "Age that 9 of 10 open deals stay within: how long they have been in the stage that they are in.",
    formula: "quantile 0.9 of (today - day on which the deal came to its stage): linear between neighbours at rank (n - 1) x 0.9",
    source: "deal events: stage, occurred_at; Hyndman and Fan (1996), type 7",
    compute: |input| by_stage(input, |ages| age_quantile(ages, P90)),
    ..OPEN_AGE_MEAN
};

pub(super) const STALLED_DEALS: Kpi = Kpi {
    name: "stalled_deals",
    metric: "stalled_deals",
    unit: Unit::Deals,
    help: "Open deals that have been in their stage for longer than its limit.",
    formula: "count of open deals with (today - day on which the deal came to its stage) > stage_limit",
    edge_cases: "In whole days. A stage without a limit has no stalled deals to tell: its part is absent, and so is the value \
        if no stage has one. The list is what explains the number.",
    source: "deal events: stage, occurred_at; configuration: limit_days",
    made_of: &[Ingredient::of(When::Stalled, |measure| matches!(measure, Measure::OpenSince(_)))],
    compute: stalled_deals,
    ..OPEN_AGE_MEAN
};

pub(super) const STAGE_LIMIT: Kpi = Kpi {
    name: "stage_limit",
    metric: "stage_limit_seconds",
    help: "Time after which a deal in a stage is stalled; the same for everybody.",
    formula: "limit_days of the stage where it is configured, else 1.5 x the median of the company's visits to it that ended in \
        this fiscal year or the one before",
    edge_cases: "By stage only. Absent for a stage without a limit that nobody has left yet.",
    source: "configuration: limit_days; deal events: stage, occurred_at",
    made_of: &[Ingredient {
        when: When::History,
        whose: crate::ingredient::Whose::Company,
        is: |measure| matches!(measure, Measure::DwellVisits(..)),
    }],
    compute: |input| {
        let limit = |stage| input.limits.seconds(stage).map(Value::Whole);
        let part = |stage| Part { key: PartKey::Stage(stage), value: limit(stage).ok_or(NO_LIMIT) };
        let none = BTreeMap::<StageIndex, ()>::new();
        let parts = stages(input, &none).map(part).collect();
        Computed { parts, ..Err(Absence::OnlyInParts("stage")).into() }
    },
    ..OPEN_AGE_MEAN
};

const NO_LIMIT: Absence = Absence::NothingToDivideBy("visits that ended");

/// How many deals are of which age in days.
pub(super) type OfAge = BTreeMap<i128, i128>;

/// The ages of a day, of the deals of each stage.
pub(super) fn by_age(ages: &Ages, today: Day) -> BTreeMap<StageIndex, OfAge> {
    let mut by_age: BTreeMap<StageIndex, OfAge> = BTreeMap::new();
    for (&(stage, since), &deals) in ages {
        // What is to come, within the tolerance, has no age yet.
        let age = i128::from(today.0.saturating_sub(since.0).max(0));
        *by_age.entry(stage).or_default().entry(age).or_insert(0) += deals;
    }
    by_age
}

pub(super) fn age_quantile(ages: &OfAge, probability: Probability) -> Option<Value> {
    let half_seconds = ages.iter().map(|(&age, &deals)| (age.unsigned_abs() * 2 * 86_400, deals));
    quantile_of(&half_seconds, probability)
}

fn by_stage(input: &Input<'_>, of: fn(&OfAge) -> Option<Value>) -> Computed {
    let by_age = by_age(input.ages, input.today);
    let mut all = OfAge::new();
    for (&age, &deals) in by_age.values().flatten() {
        *all.entry(age).or_insert(0) += deals;
    }
    let absent = Absence::NothingToDivideBy(NOBODY);
    let part = |stage| {
        let value = by_age.get(&stage).and_then(of).ok_or(absent);
        Part { key: PartKey::Stage(stage), value }
    };
    Computed { parts: stages(input, &by_age).map(part).collect(), ..of(&all).ok_or(absent).into() }
}

fn stalled_deals(input: &Input<'_>) -> Computed {
    let stalled = |stage| {
        let since = input.limits.stalled_since(stage, input.today).ok_or(NO_LIMIT)?;
        let deals = input.ages.range((stage, Day(i32::MIN))..=(stage, since)).map(|(_, deals)| deals);
        Ok(deals.sum::<i128>())
    };
    let none = BTreeMap::<StageIndex, ()>::new();
    let parts: Vec<(StageIndex, Result<i128, Absence>)> =
        stages(input, &none).map(|stage| (stage, stalled(stage))).collect();
    let known = parts.iter().filter_map(|(_, deals)| deals.ok());
    let value = if known.clone().next().is_some() { Ok(Value::Whole(known.sum())) } else { Err(NO_LIMIT) };
    let part = |(stage, deals): (StageIndex, Result<i128, Absence>)| Part {
        key: PartKey::Stage(stage),
        value: deals.map(Value::Whole),
    };
    Computed { parts: parts.into_iter().map(part).collect(), ..value.into() }
}
