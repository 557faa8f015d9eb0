//! The KPIs: their definitions, and from sums to their values.
//!
//! A KPI is one entry of [`CATALOGUE`]; the API, the metrics and their help texts are made from it, so that a number
//! means the same wherever it is shown.

use std::collections::BTreeMap;

use model::{Currency, Measure, PeriodKind, StageIndex, StageKind};

use crate::ingredient::Ingredient;
use crate::input::Input;
use crate::value::{Absence, KpiValue, Part, PartKey, Unit, Value, Verdict};

mod activities;
mod aging;
mod association;
mod balance;
mod bottleneck;
mod coverage;
mod funnel;
mod objectives;
mod outcomes;
mod pipeline;
mod targets;
mod waterfall;

pub use objectives::{OBJECTIVES, Objective, find_objective};

/// By what a KPI is told beside its scope and period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// By nothing: one value.
    None,
    /// One value a stage.
    Stage,
    /// One value a category of activities.
    Category,
    /// One value a range of attainment.
    Attainment,
    /// One value a type of activities.
    ActivityType,
    /// One value a step of the pipeline waterfall.
    Flow,
}

impl Dimension {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stage => "stage",
            Self::Category => "category",
            Self::Attainment => "attainment",
            Self::ActivityType => "activity_type",
            Self::Flow => "flow",
        }
    }
}

/// The definition of a KPI.
#[derive(Debug)]
pub struct Kpi {
    /// Its name, in snake case.
    pub name: &'static str,
    /// Its name in metrics, behind `sales_<scope>_`: that of the base unit where it has another.
    pub metric: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// By what it is told beside scope and period.
    pub dimension: Dimension,
    /// For which kinds of periods it is told; none for what stands now.
    pub periods: &'static [PeriodKind],
    /// One sentence for those who read the number.
    pub help: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// What happens where the formula leaves a choice.
    pub edge_cases: &'static str,
    /// Which events it is made from, and whose definition it is where there are several.
    pub source: &'static str,
    /// The sums it is made from.
    pub made_of: &'static [Ingredient],
    compute: fn(&Input<'_>) -> Computed,
}

impl PartialEq for Kpi {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kpi {}

impl Kpi {
    /// Whether it tells what stands now, so that it has no period.
    #[must_use]
    pub const fn is_standing(&self) -> bool {
        self.periods.is_empty()
    }

    /// Whether it is told for periods of a kind; with no kind, for what stands now.
    #[must_use]
    pub fn is_told_for(&self, kind: Option<PeriodKind>) -> bool {
        kind.map_or(self.is_standing(), |kind| self.periods.contains(&kind))
    }

    /// For what it is told, in words: kinds of periods, or what stands now.
    #[must_use]
    pub fn told_for(&self) -> String {
        if self.is_standing() {
            return "what stands now".to_owned();
        }
        self.periods.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    }

    /// The value from the sums of a scope and period. Cost: at most a few passes over the tally.
    #[must_use]
    pub fn evaluate(&'static self, input: &Input<'_>) -> KpiValue {
        let Computed { value, parts, by_currency, named, verdict } = (self.compute)(input);
        let currency =
            matches!(self.unit, Unit::Money | Unit::MoneyPerDay).then(|| input.sums.amounts.reporting());
        KpiValue { kpi: self, value, currency, parts, by_currency, named, verdict }
    }
}

/// The KPI of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kpi> {
    CATALOGUE.iter().find(|kpi| kpi.name == name)
}

/// All KPIs, in the order in which they are shown.
pub static CATALOGUE: &[Kpi] = &[
    outcomes::CREATED_DEALS,
    outcomes::WON_DEALS,
    outcomes::LOST_DEALS,
    outcomes::WON_AMOUNT,
    outcomes::WIN_RATE,
    outcomes::AVERAGE_DEAL_SIZE,
    outcomes::SALES_CYCLE_MEAN,
    outcomes::SALES_CYCLE_P50,
    outcomes::SALES_CYCLE_P90,
    outcomes::SALES_VELOCITY,
    targets::QUOTA_ATTAINMENT,
    targets::REPS_AT_QUOTA,
    targets::REPS_BY_ATTAINMENT,
    targets::GOAL_ATTAINMENT,
    targets::GOAL_PACE,
    targets::GOAL_PACE_BY_LAST_YEAR,
    targets::REQUIRED_DEALS,
    targets::REQUIRED_LEADS,
    funnel::STAGE_ENTERED,
    funnel::STAGE_ADVANCED,
    funnel::STAGE_MOVED_BACK,
    funnel::STAGE_LOST,
    funnel::STAGE_CONVERSION,
    funnel::STAGE_LEAKAGE,
    funnel::STAGE_LOST_AMOUNT,
    funnel::STAGE_AMOUNT_LEAKAGE,
    funnel::REACHED_DEALS,
    funnel::COHORT_CONVERSION,
    funnel::MQL_DEALS,
    funnel::MQL_TO_SQL_DROP_OFF,
    funnel::DWELL_MEAN,
    funnel::DWELL_P50,
    funnel::DWELL_P90,
    bottleneck::BOTTLENECK_SCORE,
    bottleneck::EXPECTED_OPEN_DEALS,
    pipeline::OPEN_DEALS,
    pipeline::OPEN_AMOUNT,
    aging::OPEN_AGE_MEAN,
    aging::OPEN_AGE_P50,
    aging::OPEN_AGE_P90,
    aging::STAGE_LIMIT,
    aging::STALLED_DEALS,
    coverage::WEIGHTED_PIPELINE,
    coverage::OPEN_AMOUNT_DUE,
    coverage::PIPELINE_COVERAGE,
    waterfall::PIPELINE_WATERFALL,
    activities::ACTIVITIES,
    activities::ACTIVITY_MINUTES,
    activities::SELLING_TIME_SHARE,
    activities::ACTIVITIES_BY_TYPE,
    activities::ACTIVITY_MINUTES_BY_TYPE,
    association::WIN_LIFT,
    association::WIN_CORRELATION,
    association::TIME_SINKS,
    balance::TERRITORY_BALANCE,
    balance::TERRITORY_DISPERSION,
];

/// What a definition gives.
struct Computed {
    value: Result<Value, Absence>,
    parts: Vec<Part>,
    by_currency: Vec<(Currency, i128)>,
    named: Option<PartKey>,
    verdict: Option<Verdict>,
}

impl From<Result<Value, Absence>> for Computed {
    fn from(value: Result<Value, Absence>) -> Self {
        Self { value, parts: Vec::new(), by_currency: Vec::new(), named: None, verdict: None }
    }
}

fn count(input: &Input<'_>, measure: Measure) -> Computed {
    Ok(Value::Whole(input.sums.tally.get(measure))).into()
}

fn quotient(numerator: i128, denominator: i128, of_what: &'static str) -> Result<Value, Absence> {
    if denominator > 0 {
        Ok(Value::Quotient { numerator, denominator })
    } else {
        Err(Absence::NothingToDivideBy(of_what))
    }
}

/// The open stages in order, and any other that has a sum.
fn stages<'a>(
    input: &'a Input<'_>,
    counted: &'a BTreeMap<StageIndex, impl Sized>,
) -> impl Iterator<Item = StageIndex> {
    let open = |stage: &StageIndex| input.pipelines.kind(*stage) == StageKind::Open;
    let unknown = counted.keys().copied().filter(|&stage| input.pipelines.get(stage).is_none());
    let known = input.pipelines.indices().filter(move |stage| open(stage) || counted.contains_key(stage));
    known.chain(unknown)
}

#[cfg(test)]
mod aging_tests;
#[cfg(test)]
mod ingredient_tests;
#[cfg(test)]
mod pipeline_tests;
#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
