//! What became of deals: the funnel, outcomes, cohorts and months.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compared::{Compared, Row, read};
use crate::oracle::by;
use crate::reports::{Reports, figure, number, sum, value};

const SECONDS_PER_DAY: f64 = 86_400.0;
/// In the minor units in which ratios of amounts have their parts.
const CENTS: f64 = 100.0;
/// Half of what an amount is rounded to, and of what the oracle rounds it to.
const HALF_A_CENT: f64 = 0.005_001;

/// What left a stage, by what the oracle says of it and of the later ones.
struct Step<'r> {
    row: &'r Row,
    /// The stage behind; what reached that has advanced.
    next: Option<&'r str>,
    /// The amount of all deals that reached the stage.
    amount: f64,
}

impl Step<'_> {
    fn stage(&self) -> &str {
        &self.row["stage"]
    }

    fn lost(&self) -> f64 {
        read(self.row, "stopped_declined") + read(self.row, "stopped_cancelled")
    }
}

pub(crate) fn compare_funnel(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let Some((won, open)) = rows.split_last() else { return };
    let mut amount = value(&reports.whole, "won_amount", None).unwrap_or(f64::NAN);
    let mut next = None;
    let mut steps = Vec::new();
    for row in open.iter().rev() {
        amount += read(row, "amount_stopped_lost");
        steps.push(Step { row, next, amount });
        next = Some(row["stage"].as_str());
    }
    steps.reverse();
    for step in &steps {
        compare_flow(step, reports, compared);
        compare_months(step, reports, compared);
        compare_dwell(step, reports, compared);
    }
    compare_conversions(rows, &reports.whole, compared);
    compared.text(format_args!("the last stage"), Some("won"), Some(&won["stage"]));
    let reached = value(&reports.whole, "won_deals", None);
    compared.same(format_args!("won reached"), reached, read(won, "reached"));
    compare_named(open, &reports.whole, compared);
}

/// What reached, left and was lost from a stage.
fn compare_flow(step: &Step<'_>, reports: &Reports, compared: &mut Compared) {
    let (row, stage, whole) = (step.row, step.stage(), &reports.whole);
    let of = |name| value(whole, name, Some(stage));
    compared.same(format_args!("{stage} reached"), of("reached_deals"), read(row, "reached"));
    compared.same(format_args!("{stage} entered"), of("stage_entered"), read(row, "reached"));
    compared.same(format_args!("{stage} moved back"), of("stage_moved_back"), 0.0);
    let advanced = read(row, "advance_n") + read(row, "stopped_won");
    compared.same(format_args!("{stage} advanced"), of("stage_advanced"), advanced);
    compared.same(format_args!("{stage} lost"), of("stage_lost"), step.lost());
    compared.same(format_args!("{stage} open"), of("open_deals"), read(row, "stopped_open"));
    let reached_next = step.next.map_or(Some(0.0), |next| value(whole, "reached_deals", Some(next)));
    let stopped = of("reached_deals").zip(reached_next).map(|(reached, next)| reached - next);
    compared.same(format_args!("{stage} stopped"), stopped, read(row, "stopped_here"));
    compared.ratio(format_args!("{stage} leakage"), of("stage_leakage"), read(row, "drop_off_rate"));

    let lost = read(row, "amount_stopped_lost");
    compared.same(format_args!("{stage} lost amount"), of("stage_lost_amount"), lost);
    let of_amount = figure(whole, "stage_amount_leakage", Some(stage));
    for (part, expected) in [("numerator", lost), ("denominator", step.amount)] {
        let found = number(of_amount, part);
        compared.same(format_args!("{stage} amount leakage {part}"), found, expected * CENTS);
    }
}

/// What is told by month adds up to the whole.
fn compare_months(step: &Step<'_>, reports: &Reports, compared: &mut Compared) {
    let (row, stage) = (step.row, step.stage());
    let advanced = read(row, "advance_n") + read(row, "stopped_won");
    for (name, expected) in [
        ("reached_deals", read(row, "reached")),
        ("stage_entered", read(row, "reached")),
        ("stage_advanced", advanced),
        ("stage_lost", step.lost()),
        ("stage_lost_amount", read(row, "amount_stopped_lost")),
    ] {
        let found = sum(reports.months.values(), |month| value(month, name, Some(stage)));
        compared.same(format_args!("{stage} {name} of all months"), found, expected);
    }
}

/// How long deals were in a stage.
fn compare_dwell(step: &Step<'_>, reports: &Reports, compared: &mut Compared) {
    let (row, stage, whole) = (step.row, step.stage(), &reports.whole);
    let [mean, p50, p90] =
        ["dwell_mean", "dwell_p50", "dwell_p90"].map(|name| figure(whole, name, Some(stage)));
    let visits = read(row, "dwell_n");
    for (figure, field) in [(mean, "denominator"), (p50, "count"), (p90, "count")] {
        compared.same(format_args!("{stage} visits"), number(figure, field), visits);
    }
    let seconds = |figure, field| number(figure, field).map(|days| days * SECONDS_PER_DAY);
    let expected = read(row, "dwell_mean_s") * visits;
    let cut = reports.told.dwell_seconds.get(stage).map_or(f64::NAN, |seconds| *seconds as f64);
    compared.seconds(format_args!("{stage} dwell of the log"), Some(cut), expected, visits);
    let found = seconds(mean, "numerator").map(f64::round);
    compared.same(format_args!("{stage} dwell"), found, cut);
    compared.quantile(format_args!("{stage} p50"), seconds(p50, "value"), read(row, "dwell_p50_s"));
    compared.quantile(format_args!("{stage} p90"), seconds(p90, "value"), read(row, "dwell_p90_s"));
}

/// Which share comes to each stage, of the one before and of all.
fn compare_conversions(rows: &[Row], whole: &Value, compared: &mut Compared) {
    let created = value(whole, "created_deals", None);
    let mut before: Option<&str> = None;
    for row in rows {
        let stage = row["stage"].as_str();
        let of_all = match stage {
            "won" => value(whole, "cohort_conversion", None),
            stage => value(whole, "reached_deals", Some(stage)).zip(created).map(|(some, all)| some / all),
        };
        let of_before = before.map_or(of_all, |before| value(whole, "stage_conversion", Some(before)));
        compared.ratio(format_args!("{stage} of all"), of_all, read(row, "conv_from_first"));
        compared.ratio(format_args!("{stage} of {before:?}"), of_before, read(row, "conv_from_prev"));
        before = Some(stage);
    }
}

/// The stages that are named, or have the most, are those of the oracle.
fn compare_named(open: &[Row], whole: &Value, compared: &mut Compared) {
    let largest = |column: &str| {
        let row = open.iter().max_by(|one, other| read(one, column).total_cmp(&read(other, column)));
        row.map(|row| row["stage"].as_str())
    };
    for (name, column) in [("stage_leakage", "drop_off_rate"), ("stage_lost_amount", "amount_stopped_lost")] {
        let named = figure(whole, name, None)["named"]["stage"].as_str();
        compared.text(format_args!("the stage that {name} names"), named, largest(column));
    }
    let slowest = open.iter().map(|row| row["stage"].as_str()).max_by(|one, other| {
        let dwell = |stage| value(whole, "dwell_p90", Some(stage)).unwrap_or(f64::NAN);
        dwell(one).total_cmp(&dwell(other))
    });
    compared.text(format_args!("the slowest stage"), slowest, largest("dwell_p90_s"));
    compared.text(format_args!("the slowest stage"), slowest, Some("offer_sent"));
    let named = figure(whole, "bottleneck_score", None)["named"]["stage"].as_str();
    compared.text(format_args!("the bottleneck"), named, Some("offer_sent"));
}

pub(crate) fn compare_overall(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let whole = &reports.whole;
    let of = |name| value(whole, name, None);
    let [row] = rows else { return };
    let won = read(row, "outcome_counts/won");
    let lost = read(row, "outcome_counts/declined") + read(row, "outcome_counts/cancelled");
    let amount = read(row, "amount_requested_won");
    compared.same(format_args!("created"), of("created_deals"), read(row, "cases"));
    compared.same(format_args!("won"), of("won_deals"), won);
    compared.same(format_args!("lost"), of("lost_deals"), lost);
    compared.same(format_args!("won amount"), of("won_amount"), amount);
    compared.ratio(format_args!("win rate"), of("win_rate"), read(row, "approval_rate_decided"));
    compared.ratio(format_args!("conversion"), of("cohort_conversion"), read(row, "approval_rate_all"));

    let size = read(row, "amount_avg_won");
    let found = of("average_deal_size");
    compared.between(format_args!("average size"), found, size - HALF_A_CENT, size + HALF_A_CENT);
    let of_size = figure(whole, "average_deal_size", None);
    compared.same(format_args!("average size of"), number(of_size, "numerator"), amount);
    compared.same(format_args!("average size by"), number(of_size, "denominator"), won);
    let left = number(figure(whole, "stage_amount_leakage", Some("submitted")), "denominator");
    let requested = read(row, "amount_requested_total");
    compared.same(format_args!("amount of all"), left, requested * CENTS);

    let cycle = |column: &str| read(row, &format!("cycle_to_outcome_s/won/{column}"));
    let seconds = |name, field| number(figure(whole, name, None), field).map(|days| days * SECONDS_PER_DAY);
    let deals = cycle("n");
    let mean = figure(whole, "sales_cycle_mean", None);
    compared.same(format_args!("cycles"), number(mean, "denominator"), deals);
    let cut = reports.told.cycle_seconds as f64;
    compared.seconds(format_args!("cycles of the log"), Some(cut), cycle("mean_s") * deals, deals);
    let found = seconds("sales_cycle_mean", "numerator").map(f64::round);
    compared.same(format_args!("sum of cycles"), found, cut);
    compared.quantile(format_args!("cycle p50"), seconds("sales_cycle_p50", "value"), cycle("p50_s"));
    compared.quantile(format_args!("cycle p90"), seconds("sales_cycle_p90", "value"), cycle("p90_s"));
}

pub(crate) fn compare_outcome_months(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    for row in rows {
        let is_known = ["won", "declined", "cancelled"].contains(&row["outcome"].as_str());
        compared.text(format_args!("outcome"), is_known.then_some(&row["outcome"]), Some(&row["outcome"]));
    }
    let expected = by(rows, "outcome_month_utc");
    for (month, document) in told(&reports.months, &expected) {
        let rows = expected.get(month).map(Vec::as_slice).unwrap_or_default();
        let total = |is_won: bool, column| {
            let of_kind = rows.iter().filter(|row| (row["outcome"] == "won") == is_won);
            of_kind.map(|row| read(row, column)).sum()
        };
        let (won, lost): (f64, f64) = (total(true, "cases"), total(false, "cases"));
        let of = |name| value(document, name, None);
        compared.same(format_args!("{month} won"), of("won_deals"), won);
        compared.same(format_args!("{month} won amount"), of("won_amount"), total(true, "amount"));
        compared.same(format_args!("{month} lost"), of("lost_deals"), lost);
        compared.same(format_args!("{month} lost amount"), of("stage_lost_amount"), total(false, "amount"));
        let closed = number(figure(document, "win_rate", None), "denominator");
        compared.same(
            format_args!("{month} closed"),
            closed.or((won + lost == 0.0).then_some(0.0)),
            won + lost,
        );
    }
}

pub(crate) fn compare_submit_months(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    compare_cohorts(&by(rows, "month_utc"), &reports.months, compared);
}

pub(crate) fn compare_submit_months_local(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    compare_cohorts(&by(rows, "month_local"), &reports.local_months, compared);
}

fn compare_cohorts(
    expected: &BTreeMap<&str, Vec<&Row>>,
    months: &BTreeMap<String, Value>,
    compared: &mut Compared,
) {
    for (month, document) in told(months, expected) {
        let created = value(document, "created_deals", None);
        let conversion = figure(document, "cohort_conversion", None);
        match expected.get(month).map(Vec::as_slice) {
            Some([row]) => {
                compared.same(format_args!("{month} created"), created, read(row, "cases"));
                let won = number(conversion, "numerator");
                compared.same(format_args!("{month} cohort won"), won, read(row, "won"));
                let rate = number(conversion, "value");
                let expected = read(row, "approval_rate_decided");
                compared.ratio(format_args!("{month} cohort conversion"), rate, expected);
            }
            _ => {
                compared.same(format_args!("{month} created"), created, 0.0);
                let absent = conversion["absent_reason"].as_str();
                let expected = Some("there are no created deals to divide by");
                compared.text(format_args!("{month} cohort conversion"), absent, expected);
            }
        }
    }
}

pub(crate) fn compare_month_ends(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let expected = by(rows, "month");
    for (month, document) in told(&reports.month_ends, &expected) {
        let of = |name| value(document, name, None);
        let row = |column| expected.get(month).map_or(f64::NAN, |rows| read(rows[0], column));
        compared.same(format_args!("until {month} created"), of("created_deals"), row("submitted_so_far"));
        let closed = of("won_deals").zip(of("lost_deals")).map(|(won, lost)| won + lost);
        compared.same(format_args!("until {month} closed"), closed, row("decided_so_far"));
        compared.same(format_args!("end of {month} open"), of("open_deals"), row("open"));
        if expected.contains_key(month) {
            // From the first month's end on, and while it is empty again.
            let named = figure(document, "bottleneck_score", None)["named"]["stage"].as_str();
            compared.text(format_args!("the bottleneck until {month}"), named, Some("offer_sent"));
        }
    }
}

/// The documents of all that either side tells of; null where there is none.
fn told<'d, T>(
    documents: &'d BTreeMap<String, Value>,
    expected: &BTreeMap<&'d str, T>,
) -> BTreeMap<&'d str, &'d Value> {
    let keys: BTreeSet<&str> = documents.keys().map(String::as_str).chain(expected.keys().copied()).collect();
    keys.into_iter().map(|key| (key, documents.get(key).unwrap_or(&Value::Null))).collect()
}
