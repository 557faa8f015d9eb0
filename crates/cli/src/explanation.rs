//! What a number is made of, as text for a terminal.

use std::fmt::Write as _;

use comfy_table::Table;
use serde_json::Value;

use crate::leaderboard::{amount, kpi_table, new_table, title};

/// The document of `/api/v1/explain` as text.
pub(crate) fn text(document: &Value) -> String {
    let kpi = &document["kpi"];
    let mut text = format!("{}\n{}\n", title(document), kpi_table([kpi]));
    if let Some(reason) = kpi["absent_reason"].as_str() {
        put(&mut text, format_args!("no value: {reason}"));
    }
    if !kpi["numerator"].is_null() {
        let [numerator, denominator] = ["numerator", "denominator"].map(|name| amount(&kpi[name], ""));
        put(&mut text, format_args!("value = {numerator} / {denominator}"));
    }
    put(&mut text, format_args!("formula: {}", plain(&document["formula"])));
    if list(&document["sums"]).is_empty() {
        put(&mut text, format_args!("nothing is counted in it"));
    } else {
        put(&mut text, format_args!("\nsums\n{}", sums(document)));
    }
    let causes = list(&document["causes"]);
    if !causes.is_empty() {
        put(&mut text, format_args!("\ndeals and activities, the largest part first\n{}", table_of(&causes)));
    }
    let total = amount(&document["causes_total"], "");
    let more = document["next"].as_str().map(|next| format!("; more with --after {}", quoted(next)));
    put(
        &mut text,
        format_args!("{} of {total} deals and activities{}", causes.len(), more.unwrap_or_default()),
    );
    text
}

fn sums(document: &Value) -> Table {
    let mut table = new_table(&["sum", "of", "total", "unit", "of which final", "causes"], &[2, 4, 5]);
    for sum in list(&document["sums"]) {
        table.add_row([
            plain(&sum["measure"]).to_owned(),
            of_what(sum),
            amount(&sum["total"], ""),
            plain(&sum["currency"]).to_owned(),
            amount(&sum["final"], ""),
            amount(&sum["causes"], ""),
        ]);
    }
    table
}

/// One table of all causes, so that their columns stand below each other.
fn table_of(causes: &[&Value]) -> Table {
    let mut table = new_table(&["", "when", "of", "rep", "value", "◀ decides"], &[4]);
    for cause in causes {
        let place = format!("{} partition {}", plain(&cause["topic"]), cause["partition"]);
        table.add_row([
            format!("{} {}", plain(&cause["kind"]), plain(&cause["id"])),
            String::new(),
            place,
            String::new(),
            String::new(),
            String::new(),
        ]);
        for part in list(&cause["parts"]) {
            table.add_row([
                format!("  {}", plain(&part["measure"])),
                part["day"].as_str().unwrap_or("now").to_owned(),
                of_what(part),
                plain(&part["rep_id"]).to_owned(),
                with_currency(&part["value"], part),
                notes(part),
            ]);
        }
        for event in list(&cause["events"]) {
            table.add_row([
                format!("  offset {}", event["offset"]),
                plain(&event["occurred_at"]).to_owned(),
                plain(&event["stage"]).to_owned(),
                plain(&event["rep_id"]).to_owned(),
                with_currency(&event["amount"], event),
                match (event["deleted"] == true, event["decides"] == true) {
                    (true, true) => "deleted ◀",
                    (true, false) => "deleted",
                    (false, true) => "◀",
                    (false, false) => "",
                }
                .to_owned(),
            ]);
        }
    }
    table
}

/// What a measure is of, beside the period that is asked for: the stage, the category and the type, another time.
fn of_what(measure: &Value) -> String {
    let stage = match (measure["pipeline"].as_str(), measure["stage"].as_str()) {
        (None | Some("default"), stage) => stage.map(str::to_owned),
        (Some(pipeline), stage) => Some(format!("{pipeline}/{}", stage.unwrap_or_default())),
    };
    let time = measure["of"].as_str().filter(|of| *of != "period").map(str::to_owned);
    let words = ["category", "activity_type"].map(|name| measure[name].as_str().map(str::to_owned));
    let all: Vec<String> = [stage].into_iter().chain(words).chain([time]).flatten().collect();
    all.join(", ")
}

/// What else a part says.
fn notes(part: &Value) -> String {
    let mut notes = Vec::new();
    match part.get("exchange_rate") {
        Some(Value::String(rate)) => notes.push(format!("× {rate}")),
        Some(_) => notes.push("no exchange rate".to_owned()),
        None => {}
    }
    if let Some(seconds) = part["seconds"].as_f64() {
        notes.push(format!("about {:.2} days", seconds / 86_400.0));
    }
    if let Some(activities) = part["activities"].as_u64() {
        let won = if part["won"] == true { "won" } else { "lost" };
        notes.push(format!("{won} with {activities} activities"));
    }
    notes.join(", ")
}

fn with_currency(value: &Value, of: &Value) -> String {
    if value.is_null() {
        return String::new();
    }
    let text = format!("{} {}", amount(value, ""), plain(&of["currency"]));
    text.trim_end().to_owned()
}

/// A text as a shell takes it for one word.
fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_say_what_they_are_of() {
        for (part, of, said) in [
            (json!({"of": "period"}), "", ""),
            (json!({"of": "previous", "currency": "EUR", "exchange_rate": "1.085"}), "previous", "× 1.085"),
            (json!({"of": "period", "exchange_rate": null}), "", "no exchange rate"),
            (json!({"of": "standing", "pipeline": "default", "stage": "lead"}), "lead, standing", ""),
            (
                json!({"of": "period", "pipeline": "renewals", "stage": "lead", "seconds": 129_600}),
                "renewals/lead",
                "about 1.50 days",
            ),
            (
                json!({"of": "period", "category": "travel", "activity_type": "train", "activities": 2, "won": false}),
                "travel, train",
                "lost with 2 activities",
            ),
        ] {
            assert_eq!((of_what(&part).as_str(), notes(&part).as_str()), (of, said), "{part}");
        }
    }

    #[test]
    fn cursors_are_one_word_for_a_shell() {
        for (cursor, expected) in
            [("0.12.deal.0.D-1", "0.12.deal.0.D-1"), ("0.1.deal.0.it's 5", r"'0.1.deal.0.it'\''s 5'")]
        {
            assert_eq!(quoted(cursor), expected);
        }
    }
}
