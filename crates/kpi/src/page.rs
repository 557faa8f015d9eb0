//! The catalogue as a page to read, in Markdown.

use std::fmt::Write as _;

use crate::catalogue::{CATALOGUE, Kpi, OBJECTIVES};
use crate::choice::DEFAULT_OBJECTIVES;
use crate::value::Unit;

const HEAD: &str = "# KPI catalogue

Made by `tallyboard kpis --format markdown` from the definitions in the code; a test holds this page to them. A KPI has the same
name in the API, in `report` and on leaderboards; in metrics it is `sales_<scope>_<metric>`. Scopes are company, region,
territory, team and rep. A ratio has a numerator and a denominator beside it; what cannot be told is absent, never 0.
";

const OBJECTIVES_HEAD: &str = "## Objectives

What an organisation wants to reach, and the few KPIs that tell of each. `objectives` in the section `[kpis]` of the
configuration names those that matter, and `also` further KPIs: these are exported as metrics. The API and `report` have all
KPIs. The objective `all` stands for every one.

| objective | question | KPIs |
| --- | --- | --- |
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| KPI | unit | what it tells |\n| --- | --- | --- |\n");
    for Kpi { name, unit, help, .. } in CATALOGUE {
        line(&mut page, format_args!("| [{name}](#{name}) | {} | {help} |", unit.name()));
    }
    page.push('\n');
    page.push_str(&objectives_page());
    for kpi in CATALOGUE {
        let periods: Vec<&str> = kpi.periods.iter().map(|kind| kind.name()).collect();
        let periods = if periods.is_empty() { "what stands now".to_owned() } else { periods.join(", ") };
        line(&mut page, format_args!("\n## {}\n\n{}\n", kpi.name, kpi.help));
        line(&mut page, format_args!("- formula: {}", kpi.formula));
        line(&mut page, format_args!("- edge cases: {}", kpi.edge_cases));
        line(&mut page, format_args!("- unit: {}{}", kpi.unit.name(), held_as(kpi.unit)));
        line(&mut page, format_args!("- by: {}; for: {periods}", kpi.dimension.name()));
        line(&mut page, format_args!("- source: {}", kpi.source));
        line(&mut page, format_args!("- metric: `sales_<scope>_{}`", kpi.metric));
    }
    page
}

/// The part of the page with the objectives.
#[must_use]
pub fn objectives_page() -> String {
    let mut page = OBJECTIVES_HEAD.to_owned();
    for objective in OBJECTIVES {
        let kpis: Vec<String> = objective.kpis().map(|kpi| format!("[{0}](#{0})", kpi.name)).collect();
        line(
            &mut page,
            format_args!("| {} | {} | {} |", objective.name, objective.question, kpis.join(", ")),
        );
    }
    line(&mut page, format_args!("\nWithout a choice: {}.", DEFAULT_OBJECTIVES.join(" and ")));
    page
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

const fn held_as(unit: Unit) -> &'static str {
    match unit {
        Unit::Days | Unit::Minutes => " (seconds in metrics)",
        Unit::Money | Unit::MoneyPerDay => " (decimal, in the reporting currency)",
        Unit::Ratio => " (1 is 100 %)",
        Unit::Number => " (without a unit)",
        Unit::Deals | Unit::Activities | Unit::Reps => "",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_in_the_tree_is_the_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CATALOGUE.md");
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == super::page(),
            "{path} is behind the code; write it anew: tallyboard kpis --format markdown > {path}"
        );
    }
}
