//! Documents of the HTTP API as tables for a terminal.

use board::RankedRow;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use kpi::{KpiValue, Unit};
use serde_json::Value;

/// A document of KPIs or a leaderboard as text.
pub(crate) fn table(document: &Value) -> String {
    if document["rows"].is_array() { leaderboard(document) } else { kpis(document) }
}

pub(crate) fn new_table(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.iter().copied());
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn leaderboard(document: &Value) -> String {
    let unit = document["kpi"]["unit"].as_str().or_else(|| document["unit"].as_str()).unwrap_or_default();
    let kpi = document["kpi"]["name"].as_str().or_else(|| document["kpi"].as_str()).unwrap_or_default();
    let mut table = new_table(&["rank", "name", kpi], &[0, 2]);
    for row in document["rows"].as_array().into_iter().flatten() {
        let rank = row["rank"].as_u64().map_or_else(|| "–".to_owned(), |rank| rank.to_string());
        let name = row["name"].as_str().or_else(|| row["id"].as_str()).unwrap_or_default();
        table.add_row([rank, name.to_owned(), figure(row, unit)]);
    }
    format!("{}\n{table}\n\n", title(document))
}

fn kpis(document: &Value) -> String {
    format!("{}\n{}\n\n", title(document), kpi_table(document["kpis"].as_array().into_iter().flatten()))
}

/// KPIs and their parts.
pub(crate) fn kpi_table<'d>(kpis: impl IntoIterator<Item = &'d Value>) -> Table {
    let mut table = new_table(&["KPI", "value", "unit", ""], &[1]);
    for kpi in kpis {
        let unit = kpi["unit"].as_str().unwrap_or_default();
        let name = kpi["name"].as_str().unwrap_or_default();
        let verdict = kpi["verdict"].as_str().unwrap_or_default().replace('_', " ");
        table.add_row([name.to_owned(), figure(kpi, unit), unit_of(kpi, unit), verdict]);
        for (dimension, parts) in kpi["by"].as_object().into_iter().flatten() {
            for part in parts.as_array().into_iter().flatten() {
                let label = part[dimension].as_str().unwrap_or_default();
                // What a KPI is there to name is a part of it by all its names.
                let is_named = kpi["named"]
                    .as_object()
                    .is_some_and(|named| named.iter().all(|(name, value)| &part[name] == value));
                if part["value"].is_null() {
                    continue;
                }
                let mark = if is_named { "◀" } else { "" }.to_owned();
                table.add_row([format!("  {label}"), figure(part, unit), String::new(), mark]);
            }
        }
    }
    table
}

/// For whom and of which period or days a document is.
pub(crate) fn title(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scope = text(&document["scope"]);
    let who = match (document["name"].as_str(), document["id"].as_str()) {
        (Some(name), Some(id)) if name != id => format!("{scope} {name} ({id})"),
        (_, Some(id)) => format!("{scope} {id}"),
        _ => scope,
    };
    let (period, days) = (&document["period"], &document["days"]);
    if days.is_object() {
        return format!("{who} · {} to {}", text(&days["start"]), text(&days["end"]));
    }
    if period.is_null() {
        return format!("{who} · now");
    }
    let days = format!("{} to {}", text(&period["from"]), text(&period["to"]));
    format!("{who} · {} {} · [{days})", text(&period["kind"]), text(&period["name"]))
        .trim_start_matches(" · ")
        .to_owned()
}

pub(crate) fn unit_of(figure: &Value, unit: &str) -> String {
    match (figure["currency"].as_str(), unit) {
        (Some(currency), "money_per_day") => format!("{currency} a day"),
        (Some(currency), _) => currency.to_owned(),
        (None, unit) => unit.to_owned(),
    }
}

/// A value as people read it: thousands apart, shares in percent, at most two fraction digits.
pub(crate) fn figure(figure: &Value, unit: &str) -> String {
    amount(&figure["value"], unit)
}

/// The value itself.
pub(crate) fn amount(value: &Value, unit: &str) -> String {
    match value {
        Value::String(decimal) => grouped(decimal),
        Value::Number(number) => match (number.as_f64(), unit) {
            (Some(ratio), "ratio") => format!("{:.1} %", ratio * 100.0),
            (Some(value), _) if number.is_f64() => grouped(&format!("{value:.2}")),
            _ => grouped(&number.to_string()),
        },
        _ => "–".to_owned(),
    }
}

/// A ranking as text.
pub(crate) fn ranking(rows: &[RankedRow]) -> String {
    let header = rows.first().map_or("value", |row| row.value.kpi.name);
    let mut table = new_table(&["rank", "name", header], &[0, 2]);
    for row in rows {
        let rank = row.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
        table.add_row([rank, row.name.to_string(), value(&row.value)]);
    }
    format!("{table}\n")
}

/// A KPI's value as people read it.
pub(crate) fn value(value: &KpiValue) -> String {
    let Ok(exact) = value.value else { return "–".to_owned() };
    match (value.currency, value.kpi.unit) {
        (Some(currency), _) => {
            format!("{} {currency}", grouped(&model::decimal_text(exact.rounded(), currency)))
        }
        (None, Unit::Ratio) => format!("{:.1} %", exact.approximate() * 100.0),
        (None, unit) => {
            let (whole, per_unit) = (exact.rounded(), unit.held_per_unit());
            grouped(&(whole / per_unit).to_string())
        }
    }
}

/// Narrow spaces between thousands: the same in every country, unlike commas and points.
pub(crate) fn grouped(decimal: &str) -> String {
    let (whole, fraction) =
        decimal.split_once('.').map_or((decimal, None), |(whole, fraction)| (whole, Some(fraction)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_are_told_by_name_whatever_their_dimension() {
        let part = |dimension: &str| json!({ dimension: format!("a {dimension}"), "value": 1 });
        for dimension in ["stage", "category", "attainment", "flow"] {
            let kpi =
                json!({ "name": "kpi", "unit": "deals", "value": 1, "by": { dimension: [part(dimension)] } });
            let text = kpis(&json!({ "kpis": [kpi] }));
            assert!(text.contains(&format!("  a {dimension}")), "{text}");
        }
    }

    #[test]
    fn figures_are_read_by_people() {
        for (value, unit, expected) in [
            (json!("1234567.50"), "money", "1\u{202f}234\u{202f}567.50"),
            (json!("-123.00"), "money", "-123.00"),
            (json!(1234), "deals", "1\u{202f}234"),
            (json!(12.345), "days", "12.35"),
            (json!(0.631_4), "ratio", "63.1 %"),
            (json!(1), "ratio", "100.0 %"),
            (json!(null), "ratio", "–"),
        ] {
            assert_eq!(figure(&json!({ "value": value }), unit), expected);
        }
    }
}
