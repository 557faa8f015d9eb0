//! The oracle's tables: which there are, what of them is compared with what, and what is left out and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::compared::{Compared, Row};
use crate::reports::Reports;
use crate::{deals, work};

/// A table of the oracle.
pub(crate) struct Table {
    pub(crate) file: &'static str,
    /// Compares all rows; without it, none of the table is compared.
    pub(crate) compare: Option<fn(&[Row], &Reports, &mut Compared)>,
    /// Columns that are not compared, or all paths of a document that begin so, with the reason.
    pub(crate) left_out: &'static [(&'static [&'static str], &'static str)],
}

const fn compared(
    file: &'static str,
    compare: fn(&[Row], &Reports, &mut Compared),
    left_out: &'static [(&'static [&'static str], &'static str)],
) -> Table {
    Table { file, compare: Some(compare), left_out }
}

const fn left_out(file: &'static str, left_out: &'static [(&'static [&'static str], &'static str)]) -> Table {
    Table { file, compare: None, left_out }
}

const OF_COHORTS: &[(&[&str], &str)] = &[
    (&["declined", "cancelled", "open"], "no KPI tells what else became of a cohort than won deals"),
    (&["amount", "amount_won", "cycle_p50_s_won"], "no KPI tells amounts or cycles by creation day"),
];
/// Every column begins with an empty text.
const EVERY: &[&str] = &[""];
const OF_ACTIVITIES: &[(&[&str], &str)] =
    &[(EVERY, "about activities of the log of which most are no stage of the pipeline")];

/// Every file of the oracle.
pub(crate) const TABLES: &[Table] = &[
    compared(
        "stage_funnel_and_dwell.csv",
        deals::compare_funnel,
        &[
            (&["step", "activity"], "say where the stage is from"),
            (&["advance_p50_s", "advance_p90_s"], "no KPI tells dwell by how the visit ended"),
        ],
    ),
    compared(
        "overall.json",
        deals::compare_overall,
        &[
            (
                &["events", "variants", "activities", "resources", "first_event", "last_event"],
                "about the log",
            ),
            (&["throughput_all_s"], "about the log: to its last event, whatever that is"),
            (&["stage_order_violations"], "about the log: there are none"),
            (&["win_rate_excl_cancelled"], "no KPI tells kinds of losses apart"),
            (&["amount_median_won"], "no KPI tells quantiles of amounts"),
            (
                &["cycle_to_outcome_s/cancelled", "cycle_to_outcome_s/declined", "cycle_to_outcome_s/all"],
                "the sales cycle is that of won deals",
            ),
            (&["cycle_to_outcome_s/won/p95_s", "cycle_to_outcome_s/won/max_s"], "p50 and p90 are told"),
        ],
    ),
    compared("by_outcome_month_utc.csv", deals::compare_outcome_months, &[]),
    compared("by_submit_month_utc.csv", deals::compare_submit_months, OF_COHORTS),
    compared("by_submit_month_local.csv", deals::compare_submit_months_local, OF_COHORTS),
    compared("open_at_month_end_utc.csv", deals::compare_month_ends, &[]),
    compared(
        "by_resource.csv",
        work::compare_resources,
        &[
            (&["events", "cases", "first", "last", "active_days_utc"], "about all events of the log"),
            (&["offers_sent"], "counts offers that are sent again"),
            (&["work_p50_s"], "no KPI tells quantiles of activities"),
        ],
    ),
    compared(
        "work_by_resource_activity.csv",
        work::compare_resource_activities,
        &[(&["time_share_of_resource"], "the quotient of two sums that are compared")],
    ),
    compared(
        "work_by_activity.csv",
        work::compare_activities,
        &[
            (&["mean_s", "time_share"], "the quotients of sums that are compared"),
            (&["p50_s", "p90_s", "max_s"], "no KPI tells quantiles of activities"),
        ],
    ),
    compared(
        "work_overall.json",
        work::compare_overall,
        &[
            (&["unmatched_starts", "unmatched_completes"], "no activities: without a start or an end"),
            (&["over_8h", "zero"], "no KPI tells activities by their duration"),
        ],
    ),
    left_out("by_amount_band.csv", &[(EVERY, "no KPI tells deals by amount")]),
    left_out("activity_counts.csv", OF_ACTIVITIES),
    left_out("dwell_until_next_A_only.csv", OF_ACTIVITIES),
    left_out("dwell_until_next_O_only.csv", OF_ACTIVITIES),
    left_out("dwell_until_next_all_complete.csv", OF_ACTIVITIES),
    left_out("end_activities_A_only.csv", OF_ACTIVITIES),
    left_out("end_activities_O_only.csv", OF_ACTIVITIES),
    left_out("end_activities_all_complete.csv", OF_ACTIVITIES),
    left_out("transitions_A_only.csv", OF_ACTIVITIES),
    left_out("transitions_O_only.csv", OF_ACTIVITIES),
    left_out("transitions_all_complete.csv", OF_ACTIVITIES),
    left_out("resource_balance.json", &[(EVERY, "no KPI tells how evenly events are spread over reps")]),
    left_out("gotchas.json", &[(EVERY, "about the log")]),
];

impl Table {
    /// Whether a column or a path is left out.
    pub(crate) fn leaves_out(&self, column: &str) -> bool {
        self.left_out.iter().any(|(columns, _)| columns.iter().any(|start| column.starts_with(start)))
    }

    /// What is left out and why, for people.
    pub(crate) fn says_left_out(&self) -> Vec<String> {
        let say = |(columns, why): &(&[&str], &str)| match columns.join(", ").as_str() {
            "" => format!("{}: {why}", self.file),
            columns => format!("{} {columns}: {why}", self.file),
        };
        self.left_out.iter().map(say).collect()
    }

    /// Reads the rows; a document is one row.
    pub(crate) fn rows(&self, folder: &Path) -> Vec<Row> {
        let text = fs::read_to_string(folder.join(self.file)).unwrap();
        let rows: Vec<Row> = if self.file.ends_with(".json") {
            let mut row = Row::new();
            flatten("", &serde_json::from_str(&text).unwrap(), &mut row);
            vec![row]
        } else {
            csv::Reader::from_reader(text.as_bytes()).into_deserialize().map(Result::unwrap).collect()
        };
        assert!(!rows.is_empty(), "{} is empty", self.file);
        rows
    }

    /// What a comparison of these rows finds.
    pub(crate) fn compare(&self, rows: &[Row], reports: &Reports) -> Compared {
        let mut compared = Compared::default();
        if let Some(compare) = self.compare {
            compare(rows, reports, &mut compared);
        }
        compared
    }
}

/// The values of a document by their paths.
fn flatten(path: &str, value: &Value, row: &mut Row) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                flatten(&path, field, row);
            }
        }
        Value::String(text) => drop(row.insert(path.to_owned(), text.clone())),
        other => drop(row.insert(path.to_owned(), other.to_string())),
    }
}

/// The rows by what they have in a column.
pub(crate) fn by<'r>(rows: &'r [Row], column: &str) -> BTreeMap<&'r str, Vec<&'r Row>> {
    let mut grouped: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        grouped.entry(row[column].as_str()).or_default().push(row);
    }
    grouped
}
