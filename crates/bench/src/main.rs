//! How fast Tallyboard is, beside what it stands on: `make bench`.
//!
//! Ratios within one run are what counts; the figures are the machine's. Measurements that would disturb each other
//! run in processes of their own, which are this program again with a hidden command.

mod consume;
mod decode;
mod fold;
mod live;
mod process;
mod report;
mod snapshots;
mod workload;

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use serde::de::DeserializeOwned;
use tallyboard_end_to_end::Missing;

use crate::report::{Section, progress};

/// Measures speed and memory.
#[derive(Debug, Parser)]
#[command(name = "tallyboard-bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    /// What is measured.
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    /// Smaller sizes and fewer rounds: two minutes instead of ten. Its figures mean little.
    #[arg(long)]
    quick: bool,
    /// Results as JSON instead of tables.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The fold alone: time and memory by the number of deals.
    Fold,
    /// Snapshots: pause, write, restore, beside a replay.
    Snapshot,
    /// Decoding, beside apache-avro.
    Decode,
    /// The whole service from a real Kafka, beside a bare consumer.
    Consume,
    /// The live page: from the event to the screen, and what viewers cost; with a real Kafka and a real browser.
    Live,
    /// Everything.
    All,
}

/// A part of a measurement, in a process of its own.
#[derive(Debug, Subcommand)]
enum Part {
    #[command(hide = true, name = "measure-fold")]
    Fold {
        #[arg(long)]
        subject: fold::Subject,
        #[arg(long)]
        held: u64,
    },
    #[command(hide = true, name = "measure-snapshot")]
    Snapshot {
        #[arg(long)]
        deals: u64,
    },
    #[command(hide = true, name = "measure-consume")]
    Consume(consume::Task),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        None => measure(arguments.what, arguments.quick, arguments.json),
        Some(Part::Fold { subject, held }) => answer(&fold::measure(subject, held)?),
        Some(Part::Snapshot { deals }) => answer(&snapshots::measure(deals)?),
        Some(Part::Consume(task)) => answer(&consume::measure(&task)?),
    }
}

fn measure(what: What, quick: bool, as_json: bool) -> Result<()> {
    let is_wanted = |part| what == part || what == What::All;
    let mut sections: Vec<Section> = Vec::new();
    let mut end_to_end = None;
    // What cannot be had on this machine is passed over if everything is wanted.
    let is_passed_over = |name: &str, error: &anyhow::Error| {
        let is = what == What::All && error.downcast_ref::<Missing>().is_some();
        if is {
            progress(&format!("NOT RUN: {name}: {error:#}"));
        }
        is
    };
    if is_wanted(What::Fold) {
        sections.push(fold::run(quick)?);
    }
    if is_wanted(What::Decode) {
        sections.push(decode::run(quick)?);
    }
    if is_wanted(What::Consume) {
        match consume::run(quick) {
            Ok(results) => {
                end_to_end = Some(results.service_per_second);
                sections.push(results.section);
            }
            Err(error) if is_passed_over("consume", &error) => {}
            Err(error) => return Err(error),
        }
    }
    if is_wanted(What::Live) {
        match live::run(quick) {
            Ok(results) => sections.extend(results),
            Err(error) if is_passed_over("live", &error) => {}
            Err(error) => return Err(error),
        }
    }
    if is_wanted(What::Snapshot) {
        sections.push(snapshots::run(quick, end_to_end)?);
    }
    report::print(&sections, as_json)
}

/// Runs a part of a measurement in a process of its own and reads its answer.
fn in_own_process<T: DeserializeOwned>(arguments: &[impl AsRef<OsStr>]) -> Result<T> {
    let program = std::env::current_exe().context("finding this program")?;
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("starting this program for a part of the measurement")?;
    let part = arguments.first().map_or_else(String::new, |name| name.as_ref().display().to_string());
    ensure!(output.status.success(), "{part} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("reading the answer of {part}"))
}

/// Writes the answer of a part.
fn answer(result: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(std::io::stdout().lock(), result).context("writing the answer")
}
