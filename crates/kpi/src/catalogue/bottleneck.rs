//! Which stage holds the others up.

use std::collections::{BTreeMap, BTreeSet};

use model::{DurationBucket, Measure, PeriodKind, StageIndex};

use super::aging::{age_quantile, by_age};
use super::funnel::{left, visits};
use super::{Computed, Dimension, Kpi, quotient, stages};
use crate::ingredient::{Ingredient, When, Whose};
use crate::input::Input;
use crate::quantile::{P90, quantile};
use crate::value::{Absence, Part, PartKey, Unit, Value, Verdict};

pub(super) const BOTTLENECK_SCORE: Kpi = Kpi {
    name: "bottleneck_score",
    metric: "bottleneck_score",
    unit: Unit::Number,
    dimension: Dimension::Stage,
    periods: &[PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year],
    help: "How much a stage holds deals up: its share of the time that they take, times how much faster they come than go. \
        Names the first of the ranking, and says whether it is a bottleneck.",
    formula: "(stage_entered / visits that ended) x (time in the stage / sum of that over all stages), where time is the larger of \
        dwell_p90 and, while the period lasts, open_age_p90. A stage is a bottleneck if more deals came than left and the \
        time exceeds stage_limit",
    edge_cases: "The ranking: bottlenecks first, then by score. Absent before the period begins. Where none left, they count as one. Absent for a stage where no \
        time is known. Times are in whole seconds. The value is that of the stage that is named.",
    source: "deal events: stage, occurred_at; configuration: limit_days",
    made_of: &[
        Ingredient::of_period(|measure| {
            matches!(
                measure,
                Measure::StageEntered(_)
                    | Measure::StageAdvanced(_)
                    | Measure::StageMovedBack(_)
                    | Measure::StageLost(_)
                    | Measure::DwellVisits(..)
            )
        }),
        Ingredient::of(When::Since, |measure| matches!(measure, Measure::OpenSince(_))),
        Ingredient {
            when: When::History,
            whose: Whose::Company,
            is: |measure| matches!(measure, Measure::DwellVisits(..)),
        },
    ],
    compute: bottleneck_score,
};

pub(super) const EXPECTED_OPEN_DEALS: Kpi = Kpi {
    name: "expected_open_deals",
    metric: "expected_open_deals",
    unit: Unit::Deals,
    periods: &PeriodKind::ALL,
    help: "Deals that would be in a stage if they came and stayed as in the period: a cross-check of open_deals.",
    formula: "Little's law: stage_entered / time that has passed of the period x dwell_mean",
    edge_cases: "By stage only, rounded down to a thousandth. Far below open_deals: the stage is filling up. Absent if no visit \
        ended.",
    source: "deal events: stage, occurred_at; Little (1961)",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(
            measure,
            Measure::StageEntered(_)
                | Measure::StageAdvanced(_)
                | Measure::StageMovedBack(_)
                | Measure::StageLost(_)
                | Measure::DwellSeconds(_)
        )
    })],
    compute: expected_open_deals,
    ..BOTTLENECK_SCORE
};

/// A stage in the ranking.
#[derive(Clone, Copy)]
struct Ranked {
    stage: StageIndex,
    score: Value,
    is_bottleneck: bool,
}

fn bottleneck_score(input: &Input<'_>) -> Computed {
    if input.elapsed.is_some_and(|(passed, _)| passed == 0) {
        return Err(Absence::NotBegun).into();
    }
    let lasts = input.elapsed.is_some_and(|(passed, all)| passed < all);
    let (entered, left) = (visits(input, Measure::StageEntered), left(input));
    let ages = by_age(input.ages, input.today);
    let age = |stage: StageIndex| ages.get(&stage).filter(|_| lasts).and_then(|ages| age_quantile(ages, P90));
    let dwell: BTreeMap<StageIndex, Value> = dwell_p90(input);
    let seconds = |value: Option<Value>| value.map(Value::rounded);
    let time = |stage: StageIndex| seconds(dwell.get(&stage).copied()).max(seconds(age(stage)));
    let of = |sums: &BTreeMap<StageIndex, i128>, stage| sums.get(&stage).copied().unwrap_or(0);
    let every_time: i128 =
        ages.keys().chain(dwell.keys()).copied().collect::<BTreeSet<_>>().into_iter().filter_map(time).sum();
    let ranked = |stage: StageIndex| -> Result<Ranked, Absence> {
        let no_time = Absence::NothingToDivideBy("times in the stage");
        let own = time(stage).ok_or(no_time)?;
        let (came, went) = (of(&entered, stage), of(&left, stage));
        let numerator = came.checked_mul(own).ok_or(Absence::OutOfRange)?;
        let denominator = went.max(1).checked_mul(every_time).ok_or(Absence::OutOfRange)?;
        let score = quotient(numerator, denominator, "times in the stage")?;
        let is_late = input.limits.seconds(stage).is_some_and(|limit| own > limit);
        Ok(Ranked { stage, score, is_bottleneck: came > went && is_late })
    };
    let none = BTreeMap::<StageIndex, ()>::new();
    let all: Vec<(StageIndex, Result<Ranked, Absence>)> = stages(input, &none)
        .filter(|&stage| input.pipelines.get(stage).is_some())
        .map(|stage| (stage, ranked(stage)))
        .collect();
    let mut first: Option<Ranked> = None;
    for ranked in all.iter().filter_map(|(_, ranked)| ranked.ok()) {
        // Of equal ones, the first in the pipeline.
        let is_above = |first: Ranked| {
            let order = ranked.is_bottleneck.cmp(&first.is_bottleneck);
            order.then_with(|| ranked.score.compare(first.score)).is_gt()
        };
        if first.is_none_or(is_above) {
            first = Some(ranked);
        }
    }
    let part = |(stage, ranked): (StageIndex, Result<Ranked, Absence>)| Part {
        key: PartKey::Stage(stage),
        value: ranked.map(|ranked| ranked.score),
    };
    let absent = Absence::NothingToDivideBy("times in any stage");
    Computed {
        parts: all.into_iter().map(part).collect(),
        named: first.map(|first| PartKey::Stage(first.stage)),
        verdict: first.map(|first| if first.is_bottleneck { Verdict::Bottleneck } else { Verdict::Flowing }),
        ..first.map(|first| first.score).ok_or(absent).into()
    }
}

fn dwell_p90(input: &Input<'_>) -> BTreeMap<StageIndex, Value> {
    let mut buckets: BTreeMap<StageIndex, BTreeMap<_, i128>> = BTreeMap::new();
    let any = Measure::DwellVisits(StageIndex(0), DurationBucket::of(0));
    for (measure, visits) in input.sums.tally.of_kind(any) {
        if let Measure::DwellVisits(stage, bucket) = measure {
            *buckets.entry(stage).or_default().entry(bucket).or_insert(0) += visits;
        }
    }
    let p90 = |(stage, buckets): (StageIndex, BTreeMap<_, i128>)| {
        let buckets = buckets.iter().map(|(&bucket, &visits)| (bucket, visits));
        Some((stage, quantile(&buckets, P90)?))
    };
    buckets.into_iter().filter_map(p90).collect()
}

fn expected_open_deals(input: &Input<'_>) -> Computed {
    let (entered, left) = (visits(input, Measure::StageEntered), left(input));
    let dwell = visits(input, Measure::DwellSeconds);
    let passed = input.elapsed.map_or(0, |(passed, _)| passed);
    let of = |sums: &BTreeMap<StageIndex, i128>, stage| sums.get(&stage).copied().unwrap_or(0);
    let expected = |stage| {
        let numerator = of(&entered, stage).checked_mul(of(&dwell, stage)).ok_or(Absence::OutOfRange)?;
        let denominator = of(&left, stage).checked_mul(passed).ok_or(Absence::OutOfRange)?;
        let value = quotient(numerator, denominator, "visits that ended")?;
        let (numerator, denominator) = value.fraction();
        // Its parts would not add up over scopes.
        let thousandths = numerator.checked_mul(1_000).ok_or(Absence::OutOfRange)? / denominator;
        Ok(Value::Coefficient { numerator: thousandths, denominator: 1_000 })
    };
    let none = BTreeMap::<StageIndex, ()>::new();
    let part = |stage| Part { key: PartKey::Stage(stage), value: expected(stage) };
    let parts = stages(input, &none).map(part).collect();
    Computed { parts, ..Err(Absence::OnlyInParts("stage")).into() }
}
