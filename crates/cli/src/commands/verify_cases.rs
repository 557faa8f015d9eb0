//! `tallyboard verify-cases`: golden cases, those of Tallyboard and those of an organisation.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cases::{self, Outcome, Status};
use crate::exit::Failure;
use crate::show;

/// Folds the events of cases and compares the KPIs with those that are expected. No broker is needed.
///
/// Every folder of DIR is a case: events.jsonl as for `tallyboard report`, tallyboard.toml, and expected.json, which says
/// what the board has to show, and as of when. Each case is folded in the order of its file, with its events reversed and
/// with every line twice; the numbers have to be the same. Nothing but the case's own files is read: no other configuration
/// and no environment variables.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard verify-cases tests/cases
  tallyboard verify-cases tests/cases --case split-credit
  tallyboard verify-cases cases --format json | jq '.cases[] | select(.status != \"ok\")'

An expected.json:
  {
    \"description\": \"d1 is won for 100.00 in May, reopened in June and won again in July: it counts in July alone.\",
    \"as_of\": \"2024-08-01T00:00:00Z\",
    \"expect\": [
      {\"scope\": \"rep:alice\", \"period\": \"2024-Q2\", \"kpi\": \"won_amount\", \"value\": \"0.00\"},
      {\"scope\": \"company\", \"period\": \"2024-07\", \"kpi\": \"win_rate\", \"numerator\": 1, \"denominator\": 1},
      {\"scope\": \"company\", \"kpi\": \"open_deals\", \"value\": 0}
    ]
  }

Exit codes: 0 all is as expected, 1 something is not, 4 some cases cannot be judged.")]
pub(crate) struct VerifyCasesArguments {
    /// The folder whose folders are the cases.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// This case alone.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// How the result is printed.
    #[arg(long, visible_alias = "output", value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a case, and a table of what differs.
    #[default]
    Table,
    /// To work with.
    Json,
}

pub(crate) fn run(arguments: &VerifyCasesArguments) -> Result<(), Failure> {
    let folders = chosen(arguments).map_err(|error| Failure::Rejected(format!("{error:#}")))?;
    let progress = progress(folders.len());
    let mut outcomes = Vec::with_capacity(folders.len());
    for folder in &folders {
        let outcome = cases::judge(folder);
        if arguments.format == Format::Table {
            progress.suspend(|| show(&outcome.text()))?;
        }
        outcomes.push(outcome);
        progress.inc(1);
    }
    progress.finish_and_clear();
    conclude(arguments.format, &outcomes)
}

fn chosen(arguments: &VerifyCasesArguments) -> Result<Vec<PathBuf>> {
    let mut folders = cases::folders(&arguments.folder)?;
    if let Some(case) = &arguments.case {
        folders.retain(|folder| folder.file_name().is_some_and(|name| name == case.as_str()));
        if folders.is_empty() {
            bail!(
                "{} has no case {case:?}; expected the name of one of its folders",
                arguments.folder.display()
            );
        }
    }
    Ok(folders)
}

/// Prints what is left to print, and tells the end.
fn conclude(format: Format, outcomes: &[Outcome]) -> Result<(), Failure> {
    let count = |is: fn(&Status) -> bool| outcomes.iter().filter(|outcome| is(&outcome.status)).count();
    let ok = count(|status| matches!(status, Status::Ok));
    let failed = count(|status| matches!(status, Status::Failed { .. }));
    let unreadable = count(|status| matches!(status, Status::Unreadable { .. }));
    match format {
        Format::Table => show(&format!("{ok} of {} cases are as expected\n", outcomes.len()))?,
        Format::Json => {
            let document = json!({ "ok": ok, "failed": failed, "unreadable": unreadable, "cases": outcomes });
            let text = serde_json::to_string_pretty(&document).context("the result cannot be written")?;
            show(&(text + "\n"))?;
        }
    }
    match (failed, unreadable) {
        (0, 0) => Ok(()),
        (failed, 0) => Err(Failure::Other(anyhow::anyhow!("{failed} cases are not as expected"))),
        (failed, unreadable) => Err(Failure::Rejected(format!(
            "{unreadable} cases cannot be judged, and {failed} are not as expected"
        ))),
    }
}

/// A bar on standard error where that is a terminal.
fn progress(cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(cases as u64), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:40} {pos} of {len} cases, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
