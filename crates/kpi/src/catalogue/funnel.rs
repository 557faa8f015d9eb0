//! How deals move through the stages: what enters, advances and is lost, and how long it takes.

use std::collections::BTreeMap;

use model::{Currency, DurationBucket, Measure, PeriodKind, StageIndex};

use super::{Computed, Dimension, Kpi, count, quotient, stages};
use crate::ingredient::Ingredient;
use crate::input::Input;
use crate::quantile::{P50, P90, Probability, quantile};
use crate::value::{Absence, Part, PartKey, Unit, Value};

/// A KPI of visits to stages that ended or began in the period; the rest is for each to say.
const BY_STAGE: Kpi = Kpi {
    name: "",
    metric: "",
    unit: Unit::Deals,
    dimension: Dimension::Stage,
    periods: &PeriodKind::ALL,
    help: "",
    formula: "",
    edge_cases: "",
    source: "deal events: stage, occurred_at",
    made_of: &[],
    compute: |input| count(input, Measure::CreatedDeals),
};

pub(super) const STAGE_ENTERED: Kpi = Kpi {
    name: "stage_entered",
    metric: "stage_entered_deals",
    help: "Entries of deals into a stage in the period.",
    formula: "count of visits to an open stage by the day they began",
    edge_cases: "A skipped stage is not entered. Each return is another entry. For the rep and territory at the entry.",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::StageEntered(_)))],
    compute: |input| by_stage(input, &visits(input, Measure::StageEntered)),
    ..BY_STAGE
};

pub(super) const STAGE_ADVANCED: Kpi = Kpi {
    name: "stage_advanced",
    metric: "stage_advanced_deals",
    help: "Visits to a stage that ended in the period with the deal moving on or being won.",
    formula: "count of visits to an open stage that ended with a later stage of the pipeline or a won one, by the day \
        they ended",
    edge_cases: "For whoever had the deal in the stage last.",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::StageAdvanced(_)))],
    compute: |input| by_stage(input, &visits(input, Measure::StageAdvanced)),
    ..BY_STAGE
};

pub(super) const STAGE_MOVED_BACK: Kpi = Kpi {
    name: "stage_moved_back",
    metric: "stage_moved_back_deals",
    help: "Visits to a stage that ended in the period with the deal moving back.",
    formula: "count of visits to an open stage that ended with an earlier open stage, by the day they ended",
    edge_cases: "A move to an open stage of another pipeline counts here, too.",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::StageMovedBack(_)))],
    compute: |input| by_stage(input, &visits(input, Measure::StageMovedBack)),
    ..BY_STAGE
};

pub(super) const STAGE_LOST: Kpi = Kpi {
    name: "stage_lost",
    metric: "stage_lost_deals",
    help: "Deals lost from a stage in the period.",
    formula: "count of visits to an open stage that ended with the deal lost, by the day they ended",
    edge_cases: "What was lost and reopened was lost all the same: unlike lost_deals, this tells what happened, not how \
        it ended.",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::StageLost(_)))],
    compute: |input| by_stage(input, &visits(input, Measure::StageLost)),
    ..BY_STAGE
};

pub(super) const STAGE_CONVERSION: Kpi = Kpi {
    name: "stage_conversion",
    metric: "stage_conversion",
    unit: Unit::Ratio,
    help: "Visits to a stage that moved on, as a share of those that began in the period.",
    formula: "stage_advanced / stage_entered",
    edge_cases: "Flow of one period: can exceed 1 when a backlog moves on. Absent if none entered.",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(measure, Measure::StageAdvanced(_) | Measure::StageEntered(_))
    })],
    compute: |input| {
        let entered = visits(input, Measure::StageEntered);
        ratios(input, &visits(input, Measure::StageAdvanced), &entered, "entries")
    },
    ..BY_STAGE
};

pub(super) const STAGE_LEAKAGE: Kpi = Kpi {
    name: "stage_leakage",
    metric: "stage_leakage",
    unit: Unit::Ratio,
    help: "Share of the deals that left a stage in the period that were lost from it; names the largest leak.",
    formula: "stage_lost / (stage_advanced + stage_moved_back + stage_lost)",
    edge_cases: "Deals that are still in the stage are not in it. Absent if none left.",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(measure, Measure::StageAdvanced(_) | Measure::StageMovedBack(_) | Measure::StageLost(_))
    })],
    compute: |input| {
        let lost = visits(input, Measure::StageLost);
        largest(ratios(input, &lost, &left(input), "deals that left"))
    },
    ..BY_STAGE
};

pub(super) const STAGE_LOST_AMOUNT: Kpi = Kpi {
    name: "stage_lost_amount",
    metric: "stage_lost_amount",
    unit: Unit::Money,
    help: "Amount of the deals lost from a stage in the period, in the reporting currency; names the largest.",
    formula: "sum of amounts known when the deal was lost x exchange rate of that day, by stage, rounded once each",
    edge_cases: "Divided over credited reps. Absent if an exchange rate is missing.",
    source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::StageLostAmount(..)))],
    compute: |input| {
        let reporting = input.sums.amounts.reporting();
        let amount =
            |stage| input.sums.amounts.total(Measure::StageLostAmount(stage, reporting)).map(Value::Whole);
        let parts: Vec<Part> = open_stages(input).map(|stage| part(stage, amount(stage))).collect();
        let total = input
            .sums
            .amounts
            .total_of(open_stages(input).map(|stage| Measure::StageLostAmount(stage, reporting)));
        largest(Computed { parts, ..total.map(Value::Whole).into() })
    },
    ..BY_STAGE
};

pub(super) const STAGE_AMOUNT_LEAKAGE: Kpi = Kpi {
    name: "stage_amount_leakage",
    metric: "stage_amount_leakage",
    unit: Unit::Ratio,
    help: "Share of the amount that left a stage in the period that was lost from it; names the largest leak.",
    formula: "amount of the deals lost from the stage / amount of the deals that left it",
    edge_cases: "Amounts as known when the deal left, at the rate of that day. Absent if what left is not above 0, or an \
        exchange rate is missing.",
    source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(measure, Measure::StageLostAmount(..) | Measure::StageLeftAmount(..))
    })],
    compute: |input| {
        let reporting = input.sums.amounts.reporting();
        let ratio = |stage| {
            let lost = input.sums.amounts.total(Measure::StageLostAmount(stage, reporting))?;
            quotient(
                lost,
                input.sums.amounts.total(Measure::StageLeftAmount(stage, reporting))?,
                "amounts that left",
            )
        };
        let parts: Vec<Part> = open_stages(input).map(|stage| part(stage, ratio(stage))).collect();
        let total = |of: fn(StageIndex, Currency) -> Measure| {
            input.sums.amounts.total_of(open_stages(input).map(|stage| of(stage, reporting)))
        };
        let value = total(Measure::StageLostAmount)
            .and_then(|lost| quotient(lost, total(Measure::StageLeftAmount)?, "amounts that left"));
        largest(Computed { parts, ..value.into() })
    },
    ..BY_STAGE
};

pub(super) const REACHED_DEALS: Kpi = Kpi {
    name: "reached_deals",
    metric: "reached_deals",
    help: "The cohort funnel: of the deals created in the period, how many have come to each stage or behind it.",
    formula: "count of deals by creation day that have been in the stage or a later one of their pipeline; won deals have \
        been in all",
    edge_cases: "A skipped stage counts as passed. The value over all stages is that of deals created.",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(measure, Measure::CreatedDeals | Measure::Reached(_))
    })],
    compute: |input| {
        let reached = visits(input, Measure::Reached);
        Computed {
            value: Ok(Value::Whole(input.sums.tally.get(Measure::CreatedDeals))),
            ..by_stage(input, &reached)
        }
    },
    ..BY_STAGE
};

pub(super) const COHORT_CONVERSION: Kpi = Kpi {
    name: "cohort_conversion",
    metric: "cohort_conversion",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    help: "Share of the deals created in the period that are won.",
    formula: "won deals of the cohort / created_deals",
    edge_cases: "By creation day: deals that are still open stay in the denominator. Absent if none was created.",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(measure, Measure::CohortWon | Measure::CreatedDeals)
    })],
    compute: |input| {
        let won = input.sums.tally.get(Measure::CohortWon);
        quotient(won, input.sums.tally.get(Measure::CreatedDeals), "created deals").into()
    },
    ..BY_STAGE
};

pub(super) const MQL_DEALS: Kpi = Kpi {
    name: "mql_deals",
    metric: "mql_deals",
    dimension: Dimension::None,
    help: "Deals that became marketing qualified (MQL) in the period.",
    formula: "count of deals by the day they first came to the stage of role mql or behind it",
    edge_cases: "Absent stages count as passed. 0 where no stage has the role.",
    source: "deal events: stage; configuration: the stages' roles",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::Mql))],
    compute: |input| count(input, Measure::Mql),
    ..BY_STAGE
};

pub(super) const MQL_TO_SQL_DROP_OFF: Kpi = Kpi {
    name: "mql_to_sql_drop_off",
    metric: "mql_to_sql_drop_off",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    help: "Share of the deals that became MQL in the period that were lost before they became sales qualified (SQL).",
    formula: "MQL of the cohort that were lost without coming to role sql / (those + MQL that came to role sql)",
    edge_cases: "By MQL day. Open deals that are not SQL yet are left out. Absent if none was decided.",
    source: "deal events: stage; configuration: the stages' roles",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::MqlDropped | Measure::MqlToSql))],
    compute: |input| {
        let dropped = input.sums.tally.get(Measure::MqlDropped);
        quotient(dropped, dropped + input.sums.tally.get(Measure::MqlToSql), "decided MQL").into()
    },
    ..BY_STAGE
};

pub(super) const DWELL_MEAN: Kpi = Kpi {
    name: "dwell_mean",
    metric: "dwell_mean_seconds",
    unit: Unit::Days,
    help: "Mean time in a stage, of the visits that ended in the period.",
    formula: "sum of (end - begin) / count of visits that ended",
    edge_cases: "Visits that last are not in it. Absent if none ended.",
    source: "deal events: stage, occurred_at; days of 24 hours",
    made_of: &[Ingredient::of_period(|measure| {
        matches!(
            measure,
            Measure::DwellSeconds(_)
                | Measure::StageAdvanced(_)
                | Measure::StageMovedBack(_)
                | Measure::StageLost(_)
        )
    })],
    compute: |input| ratios(input, &visits(input, Measure::DwellSeconds), &left(input), "visits that ended"),
    ..BY_STAGE
};

pub(super) const DWELL_P50: Kpi = Kpi {
    name: "dwell_p50",
    metric: "dwell_p50_seconds",
    unit: Unit::Days,
    help: "Median time in a stage, of the visits that ended in the period.",
    formula: "quantile 0.5 of (end - begin): linear between neighbours at rank (n - 1) x 0.5",
    edge_cases: "Each visit's time is known within 1/128. Visits that last are not in it. Absent if none ended.",
    source: "deal events: stage, occurred_at; Hyndman and Fan (1996), type 7",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::DwellVisits(..)))],
    compute: |input| dwell(input, P50),
    ..BY_STAGE
};

pub(super) const DWELL_P90: Kpi = Kpi {
    name: "dwell_p90",
    metric: "dwell_p90_seconds",
    unit: Unit::Days,
    help: "Time in a stage that 9 of 10 visits that ended in the period stayed within.",
    formula: "quantile 0.9 of (end - begin): linear between neighbours at rank (n - 1) x 0.9",
    edge_cases: "Each visit's time is known within 1/128. Visits that last are not in it. Absent if none ended.",
    source: "deal events: stage, occurred_at; Hyndman and Fan (1996), type 7",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::DwellVisits(..)))],
    compute: |input| dwell(input, P90),
    ..BY_STAGE
};

pub(super) type ByStage = BTreeMap<StageIndex, i128>;

/// The sums of one measure by stage.
pub(super) fn visits(input: &Input<'_>, of: fn(StageIndex) -> Measure) -> ByStage {
    let sums = input.sums.tally.of_kind(of(StageIndex(0)));
    sums.filter_map(|(measure, sum)| Some((measure.stage()?, sum))).collect()
}

/// The visits that ended, by stage.
pub(super) fn left(input: &Input<'_>) -> ByStage {
    let mut left = visits(input, Measure::StageLost);
    for of in [Measure::StageAdvanced, Measure::StageMovedBack] {
        for (stage, count) in visits(input, of) {
            *left.entry(stage).or_insert(0) += count;
        }
    }
    left
}

fn open_stages<'a>(input: &'a Input<'_>) -> impl Iterator<Item = StageIndex> + 'a {
    const NONE: &ByStage = &ByStage::new();
    stages(input, NONE)
}

const fn part(stage: StageIndex, value: Result<Value, Absence>) -> Part {
    Part { key: PartKey::Stage(stage), value }
}

fn by_stage(input: &Input<'_>, counted: &ByStage) -> Computed {
    let value = |stage| Ok(Value::Whole(counted.get(&stage).copied().unwrap_or(0)));
    Computed {
        parts: stages(input, counted).map(|stage| part(stage, value(stage))).collect(),
        ..Ok(Value::Whole(counted.values().sum())).into()
    }
}

fn ratios(
    input: &Input<'_>,
    numerators: &ByStage,
    denominators: &ByStage,
    of_what: &'static str,
) -> Computed {
    let get = |sums: &ByStage, stage| sums.get(&stage).copied().unwrap_or(0);
    let ratio = |stage| quotient(get(numerators, stage), get(denominators, stage), of_what);
    Computed {
        parts: stages(input, denominators).map(|stage| part(stage, ratio(stage))).collect(),
        ..quotient(numerators.values().sum(), denominators.values().sum(), of_what).into()
    }
}

fn dwell(input: &Input<'_>, probability: Probability) -> Computed {
    let mut buckets: BTreeMap<StageIndex, BTreeMap<_, i128>> = BTreeMap::new();
    let mut all = BTreeMap::new();
    let any = Measure::DwellVisits(StageIndex(0), DurationBucket::of(0));
    for (measure, visits) in input.sums.tally.of_kind(any) {
        if let Measure::DwellVisits(stage, bucket) = measure {
            *buckets.entry(stage).or_default().entry(bucket).or_insert(0) += visits;
            *all.entry(bucket).or_insert(0) += visits;
        }
    }
    let value = |buckets: Option<&BTreeMap<_, i128>>| {
        let buckets = buckets.into_iter().flatten().map(|(&bucket, &visits)| (bucket, visits));
        quantile(&buckets, probability).ok_or(Absence::NothingToDivideBy("visits that ended"))
    };
    Computed {
        parts: stages(input, &buckets).map(|stage| part(stage, value(buckets.get(&stage)))).collect(),
        ..value(Some(&all)).into()
    }
}

/// Names the part with the largest value above 0; of equal ones, the first.
fn largest(computed: Computed) -> Computed {
    let mut named: Option<(PartKey, Value)> = None;
    for part in &computed.parts {
        if let Ok(value) = part.value
            && value.compare(named.map_or(Value::Whole(0), |(_, largest)| largest)).is_gt()
        {
            named = Some((part.key, value));
        }
    }
    Computed { named: named.map(|(key, _)| key), ..computed }
}
