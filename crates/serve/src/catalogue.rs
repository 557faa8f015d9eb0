//! `/api/v1/catalogue`: what every number means, by what it is judged, and how much can be asked at once.

use board::Contest;
use kpi::{CATALOGUE, Choice, Kpi, OBJECTIVES, OF_ANY_DAYS, Objective, Thresholds};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::LEADERBOARD_LIMIT;
use crate::explanation::CAUSES_LIMIT;
use crate::openapi::words;
use crate::options::ServeOptions;
use crate::restatements::RESTATEMENTS_LIMIT;
use crate::series::COUNT;

/// What every number means.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Catalogue")]
pub(crate) struct CatalogueDocument {
    kpis: Vec<DefinitionDocument>,
    objectives: Vec<ObjectiveDocument>,
    thresholds: ThresholdsDocument,
    limits: LimitsDocument,
}

/// Where the verdicts of KPIs change, in percent, as it is configured.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Thresholds")]
struct ThresholdsDocument {
    /// An average deal size within this of the previous period's is flat.
    flat_within_percent: u32,
    /// With a smaller share of reps at quota, quotas are too high.
    at_quota_percent_min: u32,
    /// With a larger share of reps at quota, quotas are too low.
    at_quota_percent_max: u32,
    /// The share of tracked time that should go into selling.
    selling_time_percent: u32,
    /// From which share of the tracked time on a category that does not go with winning is a time sink.
    time_sink_percent: u32,
    /// A territory whose index is within this of the company's mean is balanced.
    balance_within_percent: u32,
}

/// How much can be asked at once.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Limits")]
struct LimitsDocument {
    /// The most rows of a leaderboard.
    leaderboard_rows_max: usize,
    /// The most periods of a series.
    series_periods_max: usize,
    /// The most causes of a page of an explanation.
    explain_causes_max: usize,
    /// The most restatements of a page.
    restatements_max: usize,
    /// The most days of an explanation, or of a contest.
    days_max: i32,
    /// The most documents that a client of the live feed watches.
    live_watches_max: usize,
}

/// The definition of a KPI.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Definition")]
struct DefinitionDocument {
    #[schemars(with = "words::KpiName")]
    name: &'static str,
    metric: &'static str,
    #[schemars(with = "words::UnitName")]
    unit: &'static str,
    #[schemars(with = "words::DimensionName")]
    dimension: &'static str,
    standing: bool,
    /// Whether it is exported as a metric.
    chosen: bool,
    /// Whether it is told of any days, too, as contests and explanations have them.
    of_any_days: bool,
    #[schemars(with = "Vec<words::PeriodKindName>")]
    periods: Vec<&'static str>,
    help: &'static str,
    formula: &'static str,
    edge_cases: &'static str,
    source: &'static str,
}

/// What is to be reached, and the KPIs that tell of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Objective")]
struct ObjectiveDocument {
    name: &'static str,
    question: &'static str,
    chosen: bool,
    #[schemars(with = "Vec<words::KpiName>")]
    kpis: Vec<&'static str>,
}

/// All definitions and objectives, which of them are chosen, and what holds for all.
pub(crate) fn catalogue(
    choice: &Choice,
    thresholds: &Thresholds,
    options: &ServeOptions,
) -> CatalogueDocument {
    let definition = |kpi: &Kpi| DefinitionDocument {
        name: kpi.name,
        metric: kpi.metric,
        unit: kpi.unit.name(),
        dimension: kpi.dimension.name(),
        standing: kpi.is_standing(),
        chosen: choice.has(kpi),
        of_any_days: OF_ANY_DAYS.contains(&kpi.name),
        periods: kpi.periods.iter().map(|kind| kind.name()).collect(),
        help: kpi.help,
        formula: kpi.formula,
        edge_cases: kpi.edge_cases,
        source: kpi.source,
    };
    let objective = |objective: &Objective| ObjectiveDocument {
        name: objective.name,
        question: objective.question,
        chosen: choice.objectives().contains(&objective),
        kpis: objective.kpis().map(|kpi| kpi.name).collect(),
    };
    CatalogueDocument {
        kpis: CATALOGUE.iter().map(definition).collect(),
        objectives: OBJECTIVES.iter().map(objective).collect(),
        thresholds: ThresholdsDocument::new(thresholds),
        limits: LimitsDocument::new(options),
    }
}

impl ThresholdsDocument {
    fn new(thresholds: &Thresholds) -> Self {
        // What makes a territory's index is no threshold.
        let &Thresholds {
            flat_within_percent,
            at_quota_percent_min,
            at_quota_percent_max,
            selling_time_percent,
            time_sink_percent,
            balance_within_percent,
            balance_weights: _,
        } = thresholds;
        Self {
            flat_within_percent,
            at_quota_percent_min,
            at_quota_percent_max,
            selling_time_percent,
            time_sink_percent,
            balance_within_percent,
        }
    }
}

impl LimitsDocument {
    fn new(options: &ServeOptions) -> Self {
        Self {
            leaderboard_rows_max: (LEADERBOARD_LIMIT.max)(options),
            series_periods_max: (COUNT.max)(options),
            explain_causes_max: (CAUSES_LIMIT.max)(options),
            restatements_max: (RESTATEMENTS_LIMIT.max)(options),
            days_max: Contest::DAYS_MAX,
            live_watches_max: options.live_watches_per_client_max,
        }
    }
}
