//! How a value of the board is compared with the oracle's: which KPI how closely, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use kpi::{KpiValue, PartKey, Value, WaterfallStep};
use model::Currency;
use salesfloor::oracle::kpis::{Answer, Number, Part};
use tallyboard_board::Labels;

/// How closely a KPI is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// To the last unit; of shares and means both parts.
    Exactly,
    /// As a quantile of times that are each known within 1/128; limits that are configured exactly.
    Closely,
    /// As a rounded estimate with its interval; the size of the sample exactly.
    Roughly,
}

use How::{Closely, Exactly, Roughly};

/// Each KPI of the catalogue.
pub(crate) const TABLE: [(&str, How); 56] = [
    ("created_deals", Exactly),
    ("won_deals", Exactly),
    ("lost_deals", Exactly),
    ("won_amount", Exactly),
    ("win_rate", Exactly),
    ("average_deal_size", Exactly),
    ("sales_cycle_mean", Exactly),
    ("sales_cycle_p50", Closely),
    ("sales_cycle_p90", Closely),
    ("sales_velocity", Exactly),
    ("quota_attainment", Exactly),
    ("reps_at_quota", Exactly),
    ("reps_by_attainment", Exactly),
    ("goal_attainment", Exactly),
    ("goal_pace", Exactly),
    ("goal_pace_by_last_year", Exactly),
    ("required_deals", Exactly),
    ("required_leads", Exactly),
    ("stage_entered", Exactly),
    ("stage_advanced", Exactly),
    ("stage_moved_back", Exactly),
    ("stage_lost", Exactly),
    ("stage_conversion", Exactly),
    ("stage_leakage", Exactly),
    ("stage_lost_amount", Exactly),
    ("stage_amount_leakage", Exactly),
    ("reached_deals", Exactly),
    ("cohort_conversion", Exactly),
    ("mql_deals", Exactly),
    ("mql_to_sql_drop_off", Exactly),
    ("dwell_mean", Exactly),
    ("dwell_p50", Closely),
    ("dwell_p90", Closely),
    ("bottleneck_score", Exactly),
    ("expected_open_deals", Exactly),
    ("open_deals", Exactly),
    ("open_amount", Exactly),
    ("open_age_mean", Exactly),
    ("open_age_p50", Exactly),
    ("open_age_p90", Exactly),
    ("stage_limit", Closely),
    ("stalled_deals", Exactly),
    ("weighted_pipeline", Exactly),
    ("open_amount_due", Exactly),
    ("pipeline_coverage", Exactly),
    ("pipeline_waterfall", Exactly),
    ("activities", Exactly),
    ("activity_minutes", Exactly),
    ("selling_time_share", Exactly),
    ("activities_by_type", Exactly),
    ("activity_minutes_by_type", Exactly),
    ("win_lift", Roughly),
    ("win_correlation", Roughly),
    ("time_sinks", Exactly),
    ("territory_balance", Exactly),
    ("territory_dispersion", Exactly),
];

/// What differs between a value and what is expected, in words; none if nothing does.
pub(crate) fn difference(how: How, found: &KpiValue, expected: &Answer, labels: &Labels) -> Option<String> {
    let value = found.value.ok();
    if !agree(how, value, expected.value) {
        return Some(format!("value is {:?}; expected {:?}", found.value, expected.value));
    }
    let parts: BTreeMap<Part, Option<Value>> =
        found.parts.iter().map(|part| (named(part.key, labels), part.value.ok())).collect();
    for part in parts.keys().chain(expected.parts.keys()).collect::<BTreeSet<_>>() {
        let expected = expected.parts.get(part).copied().flatten();
        let agree = match parts.get(part) {
            Some(found) => agree(how, *found, expected),
            // Parts without anything need not be listed.
            None => matches!(expected, None | Some(Number::Sum(0))),
        };
        if !agree {
            return Some(format!("part {part:?} is {:?}; expected {expected:?}", parts.get(part)));
        }
    }
    let found_named = found.named.map(|part| named(part, labels));
    if found_named != expected.named {
        return Some(format!("names {found_named:?}; expected {:?}", expected.named));
    }
    let verdict = found.verdict.map(kpi::Verdict::name);
    if verdict != expected.verdict {
        return Some(format!("judged {verdict:?}; expected {:?}", expected.verdict));
    }
    let mut by_currency: BTreeMap<Currency, i128> = found.by_currency.iter().copied().collect();
    by_currency.retain(|_, sum| *sum != 0);
    (by_currency != expected.by_currency)
        .then(|| format!("is of {by_currency:?}; expected {:?}", expected.by_currency))
}

fn named(key: PartKey, labels: &Labels) -> Part {
    match key {
        PartKey::Stage(stage) => Part::Stage(stage),
        PartKey::Category(category) => Part::Category(category),
        PartKey::Attainment(range) => Part::Named(range.name()),
        PartKey::ActivityType(category, of_type) => {
            Part::Type(category, labels.activity_type(of_type).to_owned())
        }
        PartKey::Flow(WaterfallStep::Start) => Part::Named("start"),
        PartKey::Flow(step) => Part::Named(step.name()),
    }
}

fn agree(how: How, found: Option<Value>, expected: Option<Number>) -> bool {
    let (Some(found), Some(expected)) = (found, expected) else {
        return found.is_none() && expected.is_none();
    };
    match (expected, found) {
        (Number::Sum(sum), Value::Whole(whole)) => sum == whole,
        (Number::Ratio(above, below), Value::Quotient { numerator, denominator }) => {
            (above, below) == (numerator, denominator)
        }
        (Number::Exact(above, below), found) => {
            how == Exactly && {
                let (numerator, denominator) = found.fraction();
                numerator * below == above * denominator
            }
        }
        (Number::Quantile(seconds), found) => {
            // Buckets are by whole seconds, and limits are rounded down to such.
            how == Closely && (found.approximate() - seconds).abs() <= seconds / 128.0 + 1.0
        }
        (
            Number::Estimate { value, low, high, count },
            Value::Estimate { low_millionths, high_millionths, count: sample, .. },
        ) => {
            let millionths = |found: i128, expected: f64| {
                (found as f64 - expected * 1e6).abs() <= 1.0 + expected.abs() * 1e-3
            };
            how == Roughly
                && count == sample
                && (found.approximate() - value).abs() <= 0.500_001e-6
                && millionths(low_millionths, low)
                && millionths(high_millionths, high)
        }
        _ => false,
    }
}
