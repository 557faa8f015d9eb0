//! `tallyboard kpis`: what the numbers mean.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kpi::{CATALOGUE, Kpi};

use crate::exit::Failure;
use crate::show;

/// Prints the KPIs with their definitions.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard kpis                             # all of them, a line each
  tallyboard kpis win_rate stage_leakage      # these in full
  tallyboard kpis --format json | jq '.[].name'
  tallyboard kpis --format markdown > kpis.md")]
pub(crate) struct KpisArguments {
    /// The KPIs to print in full; without any, all of them.
    #[arg(value_name = "KPI", value_parser = PossibleValuesParser::new(CATALOGUE.iter().map(|kpi| kpi.name)), hide_possible_values = true)]
    names: Vec<String>,
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
    /// The page of all of them.
    Markdown,
}

pub(crate) fn run(arguments: &KpisArguments) -> Result<(), Failure> {
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
