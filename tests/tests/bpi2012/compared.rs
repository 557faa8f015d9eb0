//! Comparing figures within what their rounding allows.

use std::collections::BTreeMap;
use std::fmt::Arguments;

/// A row of a table by column, or a document by path.
pub(crate) type Row = BTreeMap<String, String>;

/// The tables have six decimals, of which a sum of thousands makes more.
const ROUNDED: f64 = 0.000_000_6;
/// What means of milliseconds, told with six decimals, are rounded by in the sums that are made from them is below this.
const SLACK_SECONDS: f64 = 0.01;
/// A quantile is interpolated between durations that are each known within 1/128.
const SKETCH: f64 = 1.0 / 128.0;
/// What a quantile may be wrong by at most.
const QUANTILE: f64 = 0.02;

/// How much was compared, and what was not as expected.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) figures: usize,
    pub(crate) differences: Vec<String>,
}

impl Compared {
    /// A figure that is exact.
    pub(crate) fn same(&mut self, what: Arguments<'_>, found: Option<f64>, expected: f64) {
        self.between(what, found, expected, expected);
    }

    /// A ratio, told with six decimals.
    pub(crate) fn ratio(&mut self, what: Arguments<'_>, found: Option<f64>, expected: f64) {
        self.between(what, found, expected - ROUNDED, expected + ROUNDED);
    }

    /// A sum in seconds, of which a part of a second was cut off up to so many times.
    pub(crate) fn seconds(&mut self, what: Arguments<'_>, found: Option<f64>, expected: f64, cuts: f64) {
        self.between(what, found, expected - cuts - SLACK_SECONDS, expected + SLACK_SECONDS);
    }

    /// A quantile of durations, in seconds.
    pub(crate) fn quantile(&mut self, what: Arguments<'_>, found: Option<f64>, expected: f64) {
        let sketched = expected * SKETCH;
        let bound = expected * QUANTILE;
        let (below, above) = ((sketched + 1.0).min(bound), sketched.min(bound));
        self.between(what, found, expected - below, expected + above);
    }

    /// A figure within bounds.
    pub(crate) fn between(&mut self, what: Arguments<'_>, found: Option<f64>, lowest: f64, highest: f64) {
        self.figures += 1;
        if !found.is_some_and(|found| lowest <= found && found <= highest) {
            self.differences.push(format!("{what}: found {found:?}, expected {lowest} to {highest}"));
        }
    }

    /// A name, or that there is nothing.
    pub(crate) fn text(&mut self, what: Arguments<'_>, found: Option<&str>, expected: Option<&str>) {
        self.figures += 1;
        if found != expected {
            self.differences.push(format!("{what}: found {found:?}, expected {expected:?}"));
        }
    }
}

/// A number of a row, NaN, which is equal to nothing, if there is none.
pub(crate) fn read(row: &Row, column: &str) -> f64 {
    row.get(column).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}
