//! `tallyboard kpis`: what the numbers mean.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kpi::{CATALOGUE, Choice, Kpi, OBJECTIVES, Objective};

use crate::exit::Failure;
use crate::show;

/// Prints the KPIs with their definitions, or the objectives that KPIs are chosen by.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard kpis                             # all of them, a line each
  tallyboard kpis win_rate stage_leakage      # these in full
  tallyboard kpis --objectives                # what to reach, and the KPIs that tell of it
  tallyboard kpis --format json | jq '.[].name'
  tallyboard kpis --format markdown > kpis.md")]
pub(crate) struct KpisArguments {
    /// The KPIs to print in full; without any, all of them.
    #[arg(value_name = "KPI", value_parser = PossibleValuesParser::new(CATALOGUE.iter().map(|kpi| kpi.name)), hide_possible_values = true)]
    names: Vec<String>,
    /// Print the objectives instead, each with its question and its KPIs; [kpis] objectives names those that matter.
    #[arg(long, conflicts_with = "names")]
    objectives: bool,
    /// How.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// To read in a terminal.
    #[default]
    Table,
    /// To work with.
    Json,
    /// To put on a page; of KPIs always all of them.
    Markdown,
}

pub(crate) fn run(arguments: &KpisArguments) -> Result<(), Failure> {
    if arguments.objectives {
        return Ok(show(&match arguments.format {
            Format::Markdown => kpi::objectives_page(),
            Format::Json => objectives_json(),
            Format::Table => OBJECTIVES.iter().map(objective_in_full).collect::<Vec<_>>().join("\n"),
        })?);
    }
    let named = arguments.names.iter().filter_map(|name| kpi::find(name));
    let chosen: Vec<&Kpi> =
        if arguments.names.is_empty() { CATALOGUE.iter().collect() } else { named.collect() };
    Ok(show(&match arguments.format {
        Format::Markdown => kpi::page(),
        Format::Json => json(&chosen),
        Format::Table if arguments.names.is_empty() => lines(&chosen),
        Format::Table => chosen.iter().map(|kpi| in_full(kpi)).collect::<Vec<_>>().join("\n"),
    })?)
}

fn lines(kpis: &[&Kpi]) -> String {
    let width = kpis.iter().map(|kpi| kpi.name.len()).max().unwrap_or(0);
    let line = |kpi: &&Kpi| format!("{:<width$}  {:<13}  {}\n", kpi.name, kpi.unit.name(), kpi.help);
    kpis.iter().map(line).collect()
}

fn periods(kpi: &Kpi) -> Vec<&'static str> {
    kpi.periods.iter().map(|kind| kind.name()).collect()
}

fn in_full(kpi: &Kpi) -> String {
    let periods = if kpi.is_standing() { "what stands now".to_owned() } else { periods(kpi).join(", ") };
    format!(
        "{}\n  {}\n  formula     {}\n  edge cases  {}\n  unit        {}, by {}, for {periods}\n  source      {}\n  metric      \
         sales_<scope>_{}\n",
        kpi.name,
        kpi.help,
        kpi.formula,
        kpi.edge_cases,
        kpi.unit.name(),
        kpi.dimension.name(),
        kpi.source,
        kpi.metric
    )
}

fn json(kpis: &[&Kpi]) -> String {
    let object = |kpi: &&Kpi| {
        serde_json::json!({
            "name": kpi.name, "metric": kpi.metric, "unit": kpi.unit.name(), "by": kpi.dimension.name(),
            "periods": periods(kpi), "help": kpi.help, "formula": kpi.formula, "edge_cases": kpi.edge_cases,
            "source": kpi.source,
        })
    };
    let objects: Vec<serde_json::Value> = kpis.iter().map(object).collect();
    format!("{:#}\n", serde_json::Value::Array(objects))
}

fn objective_in_full(objective: &Objective) -> String {
    let names: Vec<&str> = objective.kpis().map(|kpi| kpi.name).collect();
    format!("{}\n  {}\n  {}\n", objective.name, objective.question, names.join(", "))
}

fn objectives_json() -> String {
    let object = |objective: &Objective| {
        let names: Vec<&str> = objective.kpis().map(|kpi| kpi.name).collect();
        serde_json::json!({ "name": objective.name, "question": objective.question, "kpis": names })
    };
    let objects: Vec<serde_json::Value> = OBJECTIVES.iter().map(object).collect();
    format!("{:#}\n", serde_json::Value::Array(objects))
}

/// What is chosen, and for which questions, for a person who has a configuration before them.
pub(crate) fn in_words(choice: &Choice) -> String {
    let names: Vec<&str> = choice.kpis().iter().map(|kpi| kpi.name).collect();
    let mut text = format!("{} of {} KPIs are exported as metrics", names.len(), CATALOGUE.len());
    if names.len() < CATALOGUE.len() {
        text.push_str(&format!(" (the API has all): {}", names.join(", ")));
    }
    for objective in choice.objectives() {
        text.push_str(&format!("\n  {}: {}", objective.name, objective.question));
    }
    text
}
