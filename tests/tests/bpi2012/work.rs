//! Who did what, and for how long. Of all the tasks of a kind that a rep did, one part of a second was cut off.

use serde_json::Value;

use crate::compared::{Compared, Row, read};
use crate::events::{CALLS, NOBODY, categories};
use crate::oracle::by;
use crate::reports::{Reports, figure, value};

fn seconds(document: &Value, category: Option<&str>) -> Option<f64> {
    value(document, "activity_minutes", category).map(|minutes| (minutes * 60.0).round())
}

/// The most cuts in the time of a rep who did so many tasks.
fn cuts_of_rep(items: f64) -> f64 {
    items.min(categories().count() as f64)
}

fn cuts_of_company(reports: &Reports) -> f64 {
    reports.reps.len() as f64
}

/// The document of a rep, or one in which all is 0: the board does not know who did nothing that it counts.
struct Rep<'d>(Option<&'d Value>);

impl Rep<'_> {
    fn or_zero(&self, get: impl Fn(&Value) -> Option<f64>) -> Option<f64> {
        self.0.map_or(Some(0.0), get)
    }
}

pub(crate) fn compare_resources(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let expected = by(rows, "resource");
    for rep in reports.reps.keys().filter(|rep| *rep != NOBODY) {
        compared.text(
            format_args!("rep"),
            expected.get_key_value(rep.as_str()).map(|(rep, _)| *rep),
            Some(rep),
        );
    }
    for row in rows {
        let resource = &row["resource"];
        let rep = Rep(reports.reps.get(resource));
        let accepted = rep.or_zero(|rep| value(rep, "stage_entered", Some("accepted")));
        compared.same(format_args!("{resource} accepted"), accepted, read(row, "accepted"));
        let won = rep.or_zero(|rep| value(rep, "won_deals", None));
        compared.same(format_args!("{resource} won"), won, read(row, "approved"));
        let lost = rep.or_zero(|rep| value(rep, "lost_deals", None));
        let expected = read(row, "declined") + read(row, "cancelled");
        compared.same(format_args!("{resource} lost"), lost, expected);

        let (items, worked) = (read(row, "work_items"), read(row, "work_s"));
        let found = rep.or_zero(|rep| value(rep, "activities", None));
        compared.same(format_args!("{resource} activities"), found, items);
        let found = rep.or_zero(|rep| seconds(rep, None));
        compared.seconds(format_args!("{resource} time"), found, worked, cuts_of_rep(items));
        compare_calls(row, reports, compared);
    }
}

/// How much of a rep's time went into calls, where those are what selling is.
fn compare_calls(row: &Row, reports: &Reports, compared: &mut Compared) {
    let resource = &row["resource"];
    let rep = Rep(reports.callers.get(resource));
    let cuts = cuts_of_rep(read(row, "work_items"));
    let found = rep.or_zero(|rep| seconds(rep, Some(CALLS)));
    compared.seconds(format_args!("{resource} calls"), found, read(row, "call_s"), cuts);

    let share = rep.0.map_or(&Value::Null, |rep| figure(rep, "selling_time_share", None));
    if row["call_time_share"].is_empty() {
        let reason = rep.0.is_some().then_some("there are no tracked minutes to divide by");
        compared.text(format_args!("{resource} call share"), share["absent_reason"].as_str(), reason);
        return;
    }
    let expected = read(row, "call_time_share");
    // Either of the two sums is less by what was cut off.
    let worked = read(row, "work_s");
    let rounding = cuts / (worked - cuts).max(1.0);
    let (least, most) = (expected - rounding, expected + rounding);
    compared.between(format_args!("{resource} call share"), share["value"].as_f64(), least, most);
}

pub(crate) fn compare_resource_activities(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let of_reps = by(rows, "resource");
    let known: Vec<&str> = categories().map(|(task, _)| task).collect();
    for row in rows {
        let is_known =
            reports.reps.contains_key(&row["resource"]) && known.contains(&row["activity"].as_str());
        let activity = row["activity"].as_str();
        compared.text(format_args!("{row:?}"), is_known.then_some(activity), Some(activity));
    }
    for (rep, document) in reports.reps.iter().filter(|(rep, _)| *rep != NOBODY) {
        let rows = of_reps.get(rep.as_str()).map(Vec::as_slice).unwrap_or_default();
        for (task, category) in categories() {
            // Who has no row did no such task.
            let row = rows.iter().find(|row| row["activity"] == task);
            let [items, worked] = ["items", "total_s"].map(|column| row.map_or(0.0, |row| read(row, column)));
            let found = value(document, "activities", Some(category));
            compared.same(format_args!("{rep} {task}"), found, items);
            let found = seconds(document, Some(category));
            compared.seconds(format_args!("{rep} {task} time"), found, worked, 1.0);
        }
    }
}

pub(crate) fn compare_activities(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let expected = by(rows, "activity");
    for (task, category) in categories() {
        let row = |column| expected.get(task).map_or(f64::NAN, |rows| read(rows[0], column));
        let items = row("items");
        let found = value(&reports.whole, "activities", Some(category));
        compared.same(format_args!("{task}"), found, items);
        let found = seconds(&reports.whole, Some(category));
        compared.seconds(format_args!("{task} time"), found, row("total_s"), cuts_of_company(reports));
    }
}

pub(crate) fn compare_overall(rows: &[Row], reports: &Reports, compared: &mut Compared) {
    let [row] = rows else { return };
    let items = read(row, "paired_items");
    compared.same(format_args!("activities"), value(&reports.whole, "activities", None), items);
    let cuts = cuts_of_company(reports) * cuts_of_rep(items);
    compared.seconds(format_args!("time"), seconds(&reports.whole, None), read(row, "total_s"), cuts);
    let nobody = reports.reps.get(NOBODY).unwrap_or(&Value::Null);
    let found = value(nobody, "activities", None);
    compared.same(format_args!("activities of nobody"), found, read(row, "without_resource"));
}
