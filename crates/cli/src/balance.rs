//! The balance of territories as text for a terminal.

use std::fmt::Write as _;

use serde_json::Value;

use crate::leaderboard::{figure, new_table, unit_of};

/// The document of `/api/v1/territories/balance` as text.
pub(crate) fn text(document: &Value) -> String {
    let mut table = new_table(
        &["territory", "reps", "open amount", "open deals", "minutes", "work by rep", ""],
        &[1, 2, 3, 4, 5],
    );
    for row in list(&document["territories"]) {
        let load = |component: &str| {
            let components = list(&row["components"]);
            let found = components.into_iter().find(|found| found["component"] == component);
            found.map_or_else(String::new, |found| figure(&found["load"], component))
        };
        let unserved = if list(&document["unserved"]).contains(&&row["id"]) { "unserved" } else { "" };
        table.add_row([
            named(row),
            row["reps"].to_string(),
            load("open_amount"),
            load("open_deals"),
            load("activity_minutes"),
            figure(&row["index"], "ratio"),
            row["verdict"].as_str().unwrap_or(unserved).to_owned(),
        ]);
    }
    let days = &document["activities"];
    let mut text = format!(
        "balance of territories · open deals now · activities of [{} to {})\n{table}\n",
        plain(&days["from"]),
        plain(&days["to"])
    );
    let dispersion = &document["dispersion"];
    match dispersion["absent_reason"].as_str() {
        None => put(&mut text, format_args!("dispersion {}", figure(dispersion, "ratio"))),
        Some(reason) => put(&mut text, format_args!("dispersion –: {reason}")),
    }
    for left_out in list(&document["left_out"]) {
        let (component, reason) = (plain(&left_out["component"]), plain(&left_out["absent_reason"]));
        put(&mut text, format_args!("without {}: {reason}", component.replace('_', " ")));
    }
    if document["reps_elsewhere"] != 0 {
        let reps = &document["reps_elsewhere"];
        put(&mut text, format_args!("reps at home in none of these territories: {reps}"));
    }
    let suggested = &document["suggested"];
    put_moves(&mut text, "reps to move", &suggested["rep_moves"]);
    put_moves(&mut text, "deals to move instead", &suggested["deal_moves"]);
    text.push('\n');
    text
}

fn put_moves(text: &mut String, title: &str, moves: &Value) {
    let moves = list(moves);
    if moves.is_empty() {
        return;
    }
    put(text, format_args!("\n{title}"));
    for (number, one) in (1..).zip(moves) {
        let what = match one["rep"].as_object() {
            Some(_) => {
                let rep = &one["rep"];
                format!("{}, who leaves {} behind", named(rep), deals(&rep["leaves_behind"]))
            }
            None => format!("about {}", deals(&one["deals"])),
        };
        put(text, format_args!("  {number}. {what}"));
        for (way, end) in [("from", &one["from"]), ("to", &one["to"])] {
            let change = change(&end["index_before"], &end["index_after"]);
            put(text, format_args!("     {way} {}: work by rep {change}", named(end)));
        }
        let change = change(&one["dispersion_before"], &one["dispersion_after"]);
        put(text, format_args!("     dispersion {change}"));
    }
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// `3 open deals (1 200.00 USD)`
fn deals(deals: &Value) -> String {
    let (count, amount) = (&deals["deals"], &deals["amount"]);
    let noun = if count["value"] == 1 { "open deal" } else { "open deals" };
    format!("{} {noun} ({} {})", figure(count, "deals"), figure(amount, "money"), unit_of(amount, "money"))
}

fn change(before: &Value, after: &Value) -> String {
    let ratio = |value: &Value| figure(&serde_json::json!({ "value": value }), "ratio");
    format!("{} → {}", ratio(before), ratio(after))
}

/// The name, and the id if it is another.
fn named(row: &Value) -> String {
    let (id, name) = (plain(&row["id"]), plain(&row["name"]));
    if id == name { name.to_owned() } else { format!("{name} ({id})") }
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}
