//! What `tallyboard report` says of the bank's log, and figures out of its documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tallyboard_end_to_end::{Finished, tallyboard};

use crate::events::{CURRENCY, Categories, Event, Times, Told, pipelines, told};

/// Begins in July, so that the whole log is in one: then quantiles, which do not add up, are those of the whole log.
const FISCAL_YEAR: &str = "FY2012";
const FISCAL_YEAR_FIRST_MONTH: u32 = 7;
/// The bank's own time zone, as the log's offsets have it.
const BANK_TIME_ZONE: &str = "Europe/Amsterdam";
/// The first of them is that in which the log begins.
const MONTH_ENDS: [&str; 6] = ["2011-10", "2011-11", "2011-12", "2012-01", "2012-02", "2012-03"];

/// The documents that are compared with the oracle.
#[derive(Debug)]
pub(crate) struct Reports {
    /// The company over the whole log.
    pub(crate) whole: Value,
    /// The company by month, in UTC.
    pub(crate) months: BTreeMap<String, Value>,
    /// The company by month, in the bank's own time.
    pub(crate) local_months: BTreeMap<String, Value>,
    /// Each rep over the whole log, activities by task.
    pub(crate) reps: BTreeMap<String, Value>,
    /// Each rep over the whole log, where calls are what selling is.
    pub(crate) callers: BTreeMap<String, Value>,
    /// The company as it was at each month's end.
    pub(crate) month_ends: BTreeMap<String, Value>,
    /// What was folded.
    pub(crate) told: Told,
}

impl Reports {
    /// Folds the log, a table with a header.
    pub(crate) fn of(log: &str) -> Reports {
        let folder = tempfile::tempdir().unwrap();
        let utc = Board::new(folder.path(), "utc", "UTC");
        let told_by_task = told(log, Times::Utc, Categories::Task);
        let by_task = &told_by_task.events;
        // From last to first: then only times and versions can tell what came before what.
        utc.write(by_task.iter().rev());
        let whole = utc.report(&["--kind", "year", "--period", FISCAL_YEAR]);
        let months = by(&utc.report(&["--kind", "month", "--period", "all"]), "/period/name");
        let reps = by(&utc.report(&["--each", "rep", "--period", FISCAL_YEAR]), "/id");

        let local = Board::new(folder.path(), "local", BANK_TIME_ZONE);
        local.write(&told(log, Times::Local, Categories::Call).events);
        let local_months = by(&local.report(&["--kind", "month", "--period", "all"]), "/period/name");
        let callers = by(&local.report(&["--each", "rep", "--period", FISCAL_YEAR]), "/id");

        let month_ends = MONTH_ENDS.map(|month| {
            utc.write(by_task.iter().filter(|event| event.month.as_str() <= month));
            (month.to_owned(), utc.report(&["--kind", "year", "--period", FISCAL_YEAR]))
        });
        let month_ends = month_ends.into_iter().collect();
        Reports { whole, months, local_months, reps, callers, month_ends, told: told_by_task }
    }
}

/// A configuration and the lines that are folded with it.
struct Board {
    configuration: String,
    lines: String,
}

impl Board {
    fn new(folder: &Path, name: &str, time_zone: &str) -> Board {
        let path = |ending: &str| folder.join(format!("{name}.{ending}")).to_str().unwrap().to_owned();
        let board = Board { configuration: path("toml"), lines: path("jsonl") };
        let configuration = toml::to_string(&json!({
            "organisation": {
                "time_zone": time_zone,
                "fiscal_year_first_month": FISCAL_YEAR_FIRST_MONTH,
                "reporting_currency": CURRENCY,
            },
            // The log is not in order of time, and goes over five months.
            "fold": {"activity_horizon_days": 365},
            "pipelines": pipelines(),
        }));
        fs::write(&board.configuration, configuration.unwrap()).unwrap();
        board
    }

    fn write<'e>(&self, events: impl IntoIterator<Item = &'e Event>) {
        let lines: String = events.into_iter().flat_map(|event| [event.line.as_str(), "\n"]).collect();
        fs::write(&self.lines, lines).unwrap();
    }

    /// Fails if a single line is rejected.
    fn report(&self, which: &[&str]) -> Value {
        let fixed = ["report", &self.lines, "--config", &self.configuration, "--format", "json"];
        let printed = tallyboard(&[&fixed, which].concat()).and_then(Finished::success).unwrap();
        serde_json::from_str(&printed).unwrap()
    }
}

/// Documents by what is at a place in each.
fn by(documents: &Value, place: &str) -> BTreeMap<String, Value> {
    let key = |document: &Value| document.pointer(place).and_then(Value::as_str).unwrap().to_owned();
    let documents = documents.as_array().unwrap().iter();
    documents.map(|document| (key(document), document.clone())).collect()
}

/// A KPI, or its part for a stage or category; null if the document has none of the name.
pub(crate) fn figure<'d>(document: &'d Value, name: &str, part: Option<&str>) -> &'d Value {
    const NONE: &Value = &Value::Null;
    let of_name = |kpi: &&Value| kpi["name"] == name;
    let kpi = document["kpis"].as_array().and_then(|kpis| kpis.iter().find(of_name)).unwrap_or(NONE);
    let Some(part) = part else { return kpi };
    let parts = ["stage", "category"].into_iter().find_map(|dimension| {
        let parts = kpi["by"][dimension].as_array()?;
        parts.iter().find(|candidate| candidate[dimension] == part)
    });
    parts.unwrap_or(NONE)
}

/// A field of a figure, such as its value or numerator. Money has decimal text, exact as a number at this size.
pub(crate) fn number(figure: &Value, field: &str) -> Option<f64> {
    let field = &figure[field];
    field.as_f64().or_else(|| field.as_str()?.parse().ok())
}

/// The value of a KPI or of a part of it.
pub(crate) fn value(document: &Value, name: &str, part: Option<&str>) -> Option<f64> {
    number(figure(document, name, part), "value")
}

/// The sum over documents of what each has; none if one of them has none.
pub(crate) fn sum<'d>(
    documents: impl IntoIterator<Item = &'d Value>,
    each: impl Fn(&Value) -> Option<f64>,
) -> Option<f64> {
    documents.into_iter().map(each).sum()
}
