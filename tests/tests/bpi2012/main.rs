//! A bank's loan pipeline with known answers (BPI Challenge 2012): its log as events of ours, folded by the real
//! `tallyboard report`, and compared with every table of the oracle that has a KPI of ours.
//!
//! The log has milliseconds and so have the oracle's durations, while the board cuts each duration to whole seconds, so
//! that a sum may be less by up to a second for each. How much it is less is known for deals (the test sums their whole
//! seconds itself, and holds that sum to the oracle) and less than a second for a rep's tasks of a kind (the test gives
//! what it cuts off to the next task). Quantiles come from a sketch; everything else is exact, or within the oracle's
//! own six decimals. Which tables and columns are left out, and why, is in [`oracle::TABLES`], which
//! a test holds to the truth, and is said when the tests run.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

mod compared;
mod deals;
mod events;
mod oracle;
mod reports;
mod work;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use compared::Row;
use oracle::{TABLES, Table};
use reports::Reports;
use tallyboard_end_to_end::{gunzip, if_there, require, shared_data, tell};

/// Shown of the differences, which are many where something is wrong from the ground up.
const DIFFERENCES_SHOWN: usize = 30;

/// Where the oracle is and what is reported, once for all tests; none if the data is not there.
fn prepared(test: &str) -> Option<(PathBuf, &'static Reports)> {
    static REPORTS: OnceLock<Reports> = OnceLock::new();
    let data = if_there(test, || shared_data("bpi2012"))?;
    let log = require(test, || gunzip(&data.join("events.csv.gz")))?;
    Some((data.join("oracle"), REPORTS.get_or_init(|| Reports::of(&log))))
}

#[test]
fn every_row_of_the_oracle_is_as_reported() {
    let started = Instant::now();
    let Some((folder, reports)) = prepared("bpi2012: every row of the oracle is as reported") else { return };
    let (mut rows, mut figures, mut differences) = (0, 0, Vec::new());
    for table in TABLES.iter().filter(|table| table.compare.is_some()) {
        let table_rows = table.rows(&folder);
        let compared = table.compare(&table_rows, reports);
        assert!(compared.figures >= table_rows.len(), "{}: rows are passed over", table.file);
        rows += table_rows.len();
        figures += compared.figures;
        differences.extend(compared.differences.iter().map(|text| format!("{} {text}", table.file)));
    }
    let shown = &differences[..differences.len().min(DIFFERENCES_SHOWN)];
    assert!(differences.is_empty(), "{} of {figures} figures differ: {shown:#?}", differences.len());
    tell(&format!(
        "bpi2012: {rows} rows of the oracle with {figures} figures are as reported; {} events; {:.1} s",
        reports.told.events.len(),
        started.elapsed().as_secs_f32()
    ));
    for left_out in TABLES.iter().flat_map(Table::says_left_out) {
        tell(&format!("bpi2012: left out: {left_out}"));
    }
}

/// The comparison is only worth what it would notice: another value in any place of the oracle but those left out.
#[test]
fn every_figure_of_the_oracle_is_compared_or_named_as_left_out() {
    const TEST: &str = "bpi2012: every figure of the oracle is compared or named as left out";
    let Some((folder, reports)) = prepared(TEST) else { return };
    let files = std::fs::read_dir(&folder).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let named: BTreeSet<String> = TABLES.iter().map(|table| table.file.to_owned()).collect();
    assert_eq!(files, named, "the files of the oracle (left) are not those that are named (right)");
    let mut wrong = Vec::new();
    for table in TABLES {
        let rows = table.rows(&folder);
        for (number, row) in rows.iter().enumerate() {
            for (column, text) in row.iter().filter(|(_, text)| !text.is_empty()) {
                let mut changed: Vec<Row> = rows.clone();
                changed[number].insert(column.clone(), another(column, text));
                let is_noticed = !table.compare(&changed, reports).differences.is_empty();
                if is_noticed == table.leaves_out(column) {
                    wrong.push(format!("{} row {number} {column} {text}", table.file));
                }
            }
        }
    }
    let shown = &wrong[..wrong.len().min(DIFFERENCES_SHOWN)];
    assert!(wrong.is_empty(), "{} are not compared, or compared though left out: {shown:#?}", wrong.len());
}

/// Another value, further away than rounding to whole seconds and sketches of quantiles may lead.
fn another(column: &str, text: &str) -> String {
    match text.parse::<f64>() {
        // Names of resources are numbers, too.
        Ok(_) if column == "resource" => format!("{text}x"),
        Ok(number) if column.ends_with("_s") => (number * 1.02 + 7.0).to_string(),
        Ok(number) if column.ends_with("_share") => (number + 0.5).to_string(),
        Ok(number) if number < 1.0 => (number + 0.001).to_string(),
        Ok(number) => (number + 1.0).to_string(),
        Err(_) => format!("{text}x"),
    }
}
