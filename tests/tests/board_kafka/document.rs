//! Figures out of a document of `/api/v1/kpis`, as exact numbers.

use std::collections::BTreeMap;

use serde_json::Value;

/// How many rows and figures were compared with what they must be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compared {
    pub(crate) rows: usize,
    pub(crate) figures: usize,
}

impl Compared {
    /// Compares one figure.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(&mut self, found: &T, expected: &T, what: &str) {
        assert_eq!(found, expected, "{what}: found (left) is not what was expected (right)");
        self.figures += 1;
    }
}

/// The path and query of a document.
pub(crate) fn path(scope: &str, id: Option<&str>, period: &str) -> String {
    let id = id.map(|id| format!("&id={}", encoded(id))).unwrap_or_default();
    format!("/api/v1/kpis?scope={scope}{id}&period={period}")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A KPI of a document by its name.
pub(crate) fn kpi<'d>(document: &'d Value, name: &str) -> &'d Value {
    let kpis = document["kpis"].as_array().unwrap_or_else(|| panic!("no KPIs in {document}"));
    let found = kpis.iter().find(|kpi| kpi["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document}"))
}

/// A count.
pub(crate) fn count(figure: &Value) -> i64 {
    figure["value"].as_i64().unwrap_or_else(|| panic!("no count in {figure}"))
}

/// The numerator and the denominator of a quotient, in the unit's own words; none if the quotient is absent, which has
/// to be told with a reason.
pub(crate) fn quotient(figure: &Value) -> Option<(&Value, i64)> {
    if figure["value"].is_null() {
        assert!(figure["absent_reason"].is_string(), "neither a value nor a reason in {figure}");
        return None;
    }
    let denominator = figure["denominator"].as_i64();
    Some((&figure["numerator"], denominator.unwrap_or_else(|| panic!("no denominator in {figure}"))))
}

/// Days as whole seconds.
pub(crate) fn seconds_of_days(days: &Value) -> i64 {
    let seconds = days.as_f64().unwrap_or_else(|| panic!("{days} are no days")) * 86_400.0;
    assert!((seconds - seconds.round()).abs() < 0.01, "{days} days are not whole seconds");
    integer(seconds)
}

/// A number that is whole but for the rounding of floating point.
pub(crate) fn integer(number: f64) -> i64 {
    format!("{number:.0}").parse().unwrap_or_else(|_| panic!("{number} is not whole"))
}

/// The parts of a KPI that are not 0, by the values of their labels.
pub(crate) fn parts(kpi: &Value, dimension: &str) -> BTreeMap<String, Value> {
    let parts = kpi["by"][dimension].as_array().unwrap_or_else(|| panic!("no parts in {kpi}"));
    let label = |part: &Value| part[dimension].as_str().unwrap_or_default().to_owned();
    let is_there = |part: &&Value| part["value"].as_f64() != Some(0.0);
    parts.iter().filter(is_there).map(|part| (label(part), part["value"].clone())).collect()
}
