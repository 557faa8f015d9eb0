//! What became of a case, as a line, as a table and as JSON.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;
use serde_json::Value;

use super::compare::Difference;
use super::run::Arrangement;

/// A case with its verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    #[serde(rename = "case")]
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) status: Status,
}

/// The verdict on a case.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum Status {
    /// All is as expected, in every arrangement.
    Ok,
    /// Something is not.
    Failed {
        /// In which arrangement of the lines.
        when: &'static str,
        differences: Vec<Difference>,
    },
    /// It cannot be judged.
    Unreadable { problem: String },
}

impl Status {
    pub(super) const fn failed(arrangement: Arrangement, differences: Vec<Difference>) -> Self {
        Self::Failed { when: arrangement.words(), differences }
    }
}

impl Outcome {
    /// A line, and a table of the differences.
    pub(crate) fn text(&self) -> String {
        let name = &self.name;
        match &self.status {
            Status::Ok => format!("ok      {name}\n"),
            Status::Failed { when, differences } => {
                format!("FAILED  {name}, {when}\n{}\n", table(differences))
            }
            Status::Unreadable { problem } => format!("FAILED  {name} cannot be judged: {problem}\n"),
        }
    }
}

fn table(differences: &[Difference]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["scope", "period", "KPI", "", "expected", "found"]);
    for difference in differences {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        table.add_row([
            text(&difference.scope),
            text(&difference.period),
            text(&difference.kpi),
            difference.field.clone(),
            shown(&difference.expected),
            shown(&difference.found),
        ]);
    }
    table
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Array(lines) => lines.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}
