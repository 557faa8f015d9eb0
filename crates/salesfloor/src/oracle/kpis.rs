//! The naive oracle of the KPIs: each recomputed from the lists of deals and activities, by its definition in the
//! catalogue alone.
//!
//! It shares no code with what it judges (the fold, the definitions in code, the board): an [`Asked`] looks through all
//! deals for every number, and asks once more for what a definition needs of another scope or period.

use std::collections::BTreeMap;

use model::{Category, Currency, StageIndex};

mod activities;
mod asked;
mod association;
mod balance;
mod books;
mod funnel;
mod money;
mod organisation;
mod outcomes;
mod pipeline;
mod pressure;
mod quantiles;
mod targets;
mod waterfall;

pub use asked::{Asked, Setting, Thresholds};
pub use books::Books;
pub use organisation::Scope;

/// A number as its definition has it. Durations are in seconds, money in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A sum.
    Sum(i128),
    /// A share or a mean, of which both parts are told.
    Ratio(i128, i128),
    /// A quotient whose parts mean nothing by themselves.
    Exact(i128, i128),
    /// A quantile of durations, each of which may be told with a small error.
    Quantile(f64),
    /// Estimated from a sample, with its interval.
    Estimate {
        /// The estimate.
        value: f64,
        /// The lower end of its 95 % interval.
        low: f64,
        /// The upper end.
        high: f64,
        /// The size of the sample.
        count: i128,
    },
}

/// What a part of a KPI is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A stage.
    Stage(StageIndex),
    /// A category of activities.
    Category(Category),
    /// A range of attainment, or a step of the waterfall, by its name.
    Named(&'static str),
    /// A type of activities within its category.
    Type(Category, String),
}

/// A KPI's value for a scope and period; what cannot be told is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The value over all parts.
    pub value: Option<Number>,
    /// The parts, for those that have a dimension.
    pub parts: BTreeMap<Part, Option<Number>>,
    /// The part that the KPI names.
    pub named: Option<Part>,
    /// What the value means.
    pub verdict: Option<&'static str>,
    /// The amounts before conversion that are not 0, for sums of money.
    pub by_currency: BTreeMap<Currency, i128>,
}

impl Answer {
    fn of(value: Option<Number>) -> Self {
        Self { value, ..Self::default() }
    }

    fn sum(value: i128) -> Self {
        Self::of(Some(Number::Sum(value)))
    }

    fn ratio(numerator: i128, denominator: i128) -> Self {
        Self::of(ratio(numerator, denominator))
    }

    fn judged(self, verdict: Option<&'static str>) -> Self {
        Self { verdict, ..self }
    }
}

/// Nothing is divided by 0.
fn ratio(numerator: i128, denominator: i128) -> Option<Number> {
    (denominator != 0).then_some(Number::Ratio(numerator, denominator))
}

/// How many there are.
fn count<T>(all: impl IntoIterator<Item = T>) -> i128 {
    all.into_iter().fold(0, |count, _| count + 1)
}

/// The value of a KPI by its name in the catalogue; none for a name that is not there. Nobody asks for a KPI with a period
/// that it is not told for.
#[must_use]
pub fn answer(kpi: &str, asked: &Asked<'_>) -> Option<Answer> {
    Some(match kpi {
        "created_deals" => outcomes::created_deals(asked),
        "won_deals" => outcomes::won_deals(asked),
        "lost_deals" => outcomes::lost_deals(asked),
        "won_amount" => outcomes::won_amount(asked),
        "win_rate" => outcomes::win_rate(asked),
        "average_deal_size" => outcomes::average_deal_size(asked),
        "sales_cycle_mean" => outcomes::sales_cycle_mean(asked),
        "sales_cycle_p50" => outcomes::sales_cycle(asked, 5),
        "sales_cycle_p90" => outcomes::sales_cycle(asked, 9),
        "sales_velocity" => outcomes::sales_velocity(asked),
        "quota_attainment" => targets::quota_attainment(asked),
        "reps_at_quota" => targets::reps_at_quota(asked),
        "reps_by_attainment" => targets::reps_by_attainment(asked),
        "goal_attainment" => targets::goal_attainment(asked),
        "goal_pace" => targets::goal_pace(asked),
        "goal_pace_by_last_year" => targets::goal_pace_by_last_year(asked),
        "required_deals" => targets::required_deals(asked),
        "required_leads" => targets::required_leads(asked),
        "stage_entered" => funnel::stage_entered(asked),
        "stage_advanced" => funnel::stage_advanced(asked),
        "stage_moved_back" => funnel::stage_moved_back(asked),
        "stage_lost" => funnel::stage_lost(asked),
        "stage_conversion" => funnel::stage_conversion(asked),
        "stage_leakage" => funnel::stage_leakage(asked),
        "stage_lost_amount" => funnel::stage_lost_amount(asked),
        "stage_amount_leakage" => funnel::stage_amount_leakage(asked),
        "reached_deals" => funnel::reached_deals(asked),
        "cohort_conversion" => funnel::cohort_conversion(asked),
        "mql_deals" => funnel::mql_deals(asked),
        "mql_to_sql_drop_off" => funnel::mql_to_sql_drop_off(asked),
        "dwell_mean" => pressure::dwell_mean(asked),
        "dwell_p50" => pressure::dwell(asked, 5),
        "dwell_p90" => pressure::dwell(asked, 9),
        "bottleneck_score" => pressure::bottleneck_score(asked),
        "expected_open_deals" => pressure::expected_open_deals(asked),
        "open_deals" => pipeline::open_deals(asked),
        "open_amount" => pipeline::open_amount(asked),
        "open_age_mean" => pressure::open_age_mean(asked),
        "open_age_p50" => pressure::open_age(asked, 5),
        "open_age_p90" => pressure::open_age(asked, 9),
        "stage_limit" => pressure::stage_limit(asked),
        "stalled_deals" => pressure::stalled_deals(asked),
        "weighted_pipeline" => pipeline::weighted_pipeline(asked),
        "open_amount_due" => pipeline::open_amount_due(asked),
        "pipeline_coverage" => targets::pipeline_coverage(asked),
        "pipeline_waterfall" => waterfall::pipeline_waterfall(asked),
        "activities" => activities::activities(asked),
        "activity_minutes" => activities::activity_minutes(asked),
        "selling_time_share" => activities::selling_time_share(asked),
        "activities_by_type" => activities::activities_by_type(asked),
        "activity_minutes_by_type" => activities::activity_minutes_by_type(asked),
        "win_lift" => association::win_lift(asked),
        "win_correlation" => association::win_correlation(asked),
        "time_sinks" => association::time_sinks(asked),
        "territory_balance" => balance::territory_balance(asked),
        "territory_dispersion" => balance::territory_dispersion(asked),
        _ => return None,
    })
}
