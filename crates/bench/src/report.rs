//! Results as tables for people and as JSON for machines.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Map, Value};

/// The results of one measurement.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    /// What was measured.
    pub(crate) title: String,
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What follows from the table.
    pub(crate) conclusions: Vec<String>,
    pub(crate) data: Value,
}

/// Writes sections to standard output.
pub(crate) fn print(sections: &[Section], as_json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let object: Map<String, Value> =
            sections.iter().map(|section| (section.name.to_owned(), section.data.clone())).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&Value::Object(object))?)?;
        return Ok(());
    }
    for section in sections {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(section.header.clone()).add_rows(section.rows.clone());
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(out, "\n{}\n{table}", section.title)?;
        for conclusion in &section.conclusions {
            writeln!(out, "{conclusion}")?;
        }
    }
    Ok(())
}

/// Tells on standard error what is being done.
pub(crate) fn progress(text: &str) {
    // Nobody is served by a measurement that ends because nobody listens.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A number with spaces between thousands.
pub(crate) fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

fn grouped_digits(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds for each of so many.
pub(crate) fn nanoseconds_each(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e9 / (count.max(1) as f64)
}

/// How many a second.
pub(crate) fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-9)
}

/// A rate as text, to the thousand.
pub(crate) fn rate_text(per_second: f64) -> String {
    grouped_digits(&format!("{:.0}000", per_second / 1e3))
}

/// The middle value, or the mean of the two in the middle; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => 0.0,
        (count, middle) if count % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        (_, middle) => values[middle],
    }
}

/// The least of the sorted values that so large a share of them does not exceed; 0 of none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0);
    sorted.iter().zip(1_u32..).find(|(_, place)| f64::from(*place) >= rank).map_or(0.0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        for (share, expected) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.995, 100.0), (1.0, 100.0)] {
            assert!((quantile(&hundred, share) - expected).abs() < 1e-9, "{share}");
        }
        assert!(quantile(&[], 0.5).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_told() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1 000"), (12_345_678, "12 345 678")] {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(rate_text(1_417_600.0), "1 418 000");
        for (values, expected) in [(vec![], 0.0), (vec![3.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0], 2.5)] {
            assert!((median(values) - expected).abs() < 1e-9);
        }
    }
}
