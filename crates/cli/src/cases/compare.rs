//! What differs: a run from what the case expects, and a run from the run in the order of the file.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::expected::{Expectation, Expected, Rejected};
use super::figure::Mismatch;
use super::run::{Arrangement, Run};

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// For whom; none for what became of the events.
    pub(crate) scope: Option<String>,
    pub(crate) period: Option<String>,
    pub(crate) kpi: Option<String>,
    /// What of it: `value`, `verdict`, `parts.lead.value` and the like.
    pub(crate) field: String,
    pub(crate) expected: Value,
    pub(crate) found: Value,
}

impl Difference {
    pub(super) fn of_events(field: &str, expected: Value, found: Value) -> Self {
        Self { scope: None, period: None, kpi: None, field: field.to_owned(), expected, found }
    }

    fn of(expectation: &Expectation, field: String, expected: Value, found: Value) -> Self {
        Self {
            scope: Some(expectation.scope.to_string()),
            period: expectation.period.clone(),
            kpi: Some(expectation.kpi.clone()),
            field,
            expected,
            found,
        }
    }
}

/// How a run differs from what is expected.
pub(super) fn with_expected(expected: &Expected, run: &Run) -> Vec<Difference> {
    let mut differences = of_lines(expected, run);
    for expectation in &expected.expect {
        let mut differs = |field: String, expected: Value, found: Value| {
            differences.push(Difference::of(expectation, field, expected, found));
        };
        let question = (expectation.scope.clone(), expectation.period.clone());
        let found = match run.kpis.get(&question) {
            Some(Ok(kpis)) => kpis.iter().find(|kpi| kpi["name"] == expectation.kpi.as_str()),
            Some(Err(problem)) => {
                differs("scope".to_owned(), json!("is there"), json!(problem));
                continue;
            }
            None => None,
        };
        let Some(found) = found else {
            differs("kpi".to_owned(), json!("is told"), Value::Null);
            continue;
        };
        for Mismatch { field, expected, found } in
            expectation.figure().mismatches(found, expectation.within_percent)
        {
            differs(field.to_owned(), expected, found);
        }
        for (field, expected, found) in words(expectation, found) {
            if expected != found {
                differs(field.to_owned(), json!(expected), json!(found));
            }
        }
        for (name, part) in &expectation.parts {
            let Some(found) = parts(found).find(|part| label(part) == *name) else {
                let names: Vec<String> = parts(found).map(label).collect();
                differs(format!("parts.{name}"), json!("is there"), json!(names));
                continue;
            };
            for Mismatch { field, expected, found } in part.0.mismatches(found, expectation.within_percent) {
                differs(format!("parts.{name}.{field}"), expected, found);
            }
        }
        if let Some(rank) = expectation.rank {
            let found = run.ranks.get(&(question, expectation.kpi.clone()));
            if found != Some(&json!(rank)) {
                differs("rank".to_owned(), json!(rank), found.cloned().unwrap_or_default());
            }
        }
    }
    differences
}

/// How a run differs from the one in the order of the file, in anything of what was asked.
pub(super) fn with_first(first: &Run, run: &Run, arrangement: Arrangement) -> Vec<Difference> {
    let mut differences = Vec::new();
    let repeated = first.rejected.iter().map(|(&reason, count)| (reason, count * arrangement.repeats()));
    let repeated = repeated.collect();
    if run.rejected != repeated {
        differences.push(Difference::of_events("rejected", json!(repeated), json!(run.rejected)));
    }
    for (question, before) in &first.kpis {
        let after = run.kpis.get(question);
        let mut differs = |kpi: Option<&str>, field: &str, expected: Value, found: Value| {
            differences.push(Difference {
                scope: Some(question.0.to_string()),
                period: question.1.clone(),
                kpi: kpi.map(str::to_owned),
                field: field.to_owned(),
                expected,
                found,
            });
        };
        if let (Ok(before), Some(Ok(after))) = (before, after) {
            for (before, after) in before.iter().zip(after).filter(|(before, after)| before != after) {
                let (mut before, after) = (fields(before), fields(after));
                for name in after.keys() {
                    before.entry(name.clone()).or_default();
                }
                let name = before.get("name").and_then(Value::as_str);
                for (field, expected) in &before {
                    let found = after.get(field).cloned().unwrap_or_default();
                    if *expected != found {
                        differs(name, field, expected.clone(), found);
                    }
                }
            }
        } else if Some(before) != after {
            let told =
                |kpis: &Result<_, String>| kpis.as_ref().map_or_else(|no| json!(no), |_| json!("is there"));
            differs(None, "scope", told(before), after.map(told).unwrap_or_default());
        }
    }
    for ((question, kpi), rank) in &first.ranks {
        let found = run.ranks.get(&(question.clone(), kpi.clone())).cloned().unwrap_or_default();
        if *rank != found {
            differences.push(Difference {
                scope: Some(question.0.to_string()),
                period: question.1.clone(),
                kpi: Some(kpi.clone()),
                field: "rank".to_owned(),
                expected: rank.clone(),
                found,
            });
        }
    }
    differences
}

/// Everything that a KPI of the API says, by field.
fn fields(kpi: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    for (name, value) in kpi.as_object().into_iter().flatten().filter(|(name, _)| *name != "by") {
        if name == "named" {
            fields.insert(name.clone(), json!(label(value)));
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    for part in parts(kpi) {
        for (name, value) in part.as_object().into_iter().flatten() {
            fields.insert(format!("parts.{}.{name}", label(part)), value.clone());
        }
    }
    fields
}

/// What became of the lines.
fn of_lines(expected: &Expected, run: &Run) -> Vec<Difference> {
    let mut differences = Vec::new();
    let rejected = match &expected.rejected {
        Rejected::All(count) if *count == run.rejected.values().sum::<u64>() => None,
        Rejected::All(count) => Some(json!(count)),
        Rejected::ByReason(reasons) => {
            let counted = reasons.iter().filter(|(_, count)| **count > 0);
            let is_same = counted
                .map(|(reason, &count)| (reason.as_str(), count))
                .eq(run.rejected.iter().map(|(&reason, &count)| (reason, count)));
            (!is_same).then(|| json!(reasons))
        }
    };
    if let Some(rejected) = rejected {
        differences.push(Difference::of_events("rejected", rejected, json!(run.rejections)));
    }
    let counts = [
        ("duplicates", expected.duplicates, run.duplicates),
        ("conflicts", expected.conflicts, run.conflicts),
    ];
    for (field, expected, found) in counts {
        if let Some(expected) = expected.filter(|&expected| expected != found) {
            differences.push(Difference::of_events(field, json!(expected), json!(found)));
        }
    }
    differences
}

/// What is said of a KPI in words: expected, and found.
fn words(expectation: &Expectation, found: &Value) -> Vec<(&'static str, String, String)> {
    const NONE: &str = "none";
    let text = |name: &str| found[name].as_str().unwrap_or(NONE).to_owned();
    let named = || if found["named"].is_object() { label(&found["named"]) } else { NONE.to_owned() };
    let said = [
        ("unit", &expectation.unit, text("unit")),
        ("currency", &expectation.currency, text("currency")),
        ("named", &expectation.named, named()),
        ("verdict", &expectation.verdict, text("verdict")),
    ];
    said.into_iter().filter_map(|(field, expected, found)| Some((field, expected.clone()?, found))).collect()
}

fn parts(kpi: &Value) -> impl Iterator<Item = &Value> {
    kpi["by"].as_object().into_iter().flat_map(|by| by.values()).filter_map(Value::as_array).flatten()
}

/// How a part is called: its stage, with the pipeline before it if that is not `default`; its category, with the
/// type behind it; its range; its step.
fn label(part: &Value) -> String {
    let text = |name: &str| part[name].as_str();
    match (text("pipeline"), text("stage")) {
        (None | Some("default"), Some(stage)) => stage.to_owned(),
        (Some(pipeline), Some(stage)) => format!("{pipeline}/{stage}"),
        (_, None) => match (text("category"), text("activity_type")) {
            (Some(category), Some(of_type)) => format!("{category}/{of_type}"),
            (category, _) => category
                .or_else(|| text("attainment"))
                .or_else(|| text("flow"))
                .unwrap_or_default()
                .to_owned(),
        },
    }
}
