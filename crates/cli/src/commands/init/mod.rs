//! `tallyboard init`: a configuration file from answers, of flags or of the person at the terminal.

mod answers;
mod questions;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::commands::kpis;
use crate::exit::Failure;
use crate::files::{check_new, write_new};
use crate::settings::{DEFAULT_FILE, Settings};
use crate::{say, show};
use answers::Answers;

/// Writes a configuration file: asks at a terminal what no flag says.
///
/// The file has every key with a sentence; what is left at its default is a comment. Only the KPIs of the chosen objectives
/// are exported as metrics; the API has all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard init                               asks, and writes tallyboard.toml
  tallyboard init --yes                         all defaults
  tallyboard init --yes --time-zone Europe/Berlin --currency EUR --brokers kafka-1:9092,kafka-2:9092
  tallyboard init --yes --objectives set_right_quotas,reach_the_goal --also sales_cycle_p90
  tallyboard init --yes --stages lead:mql:14,demo:sql:21,offer:30,won:won,lost:lost
  tallyboard init --yes --registry http://registry:8081 --output /etc/tallyboard.toml
  tallyboard init --yes --output -              prints it")]
pub(crate) struct InitArguments {
    /// The file to write; - for standard output. One that is there already is left alone.
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_FILE)]
    output: PathBuf,
    /// Write the file even if it is there already. What is in it is lost.
    #[arg(long)]
    force: bool,
    /// Ask nothing: take the defaults for what no flag says.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    answers: Answers,
}

pub(crate) fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let is_file = arguments.output != Path::new("-");
    if is_file {
        check_new(&arguments.output, arguments.force)?;
    }
    let mut answers = arguments.answers.clone();
    if !arguments.yes {
        // Questions are written to standard error, so that standard output may be a file.
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(Failure::CommandLine(anyhow!(
                "there is no terminal to ask at; add --yes to take the defaults for what no flag says"
            )));
        }
        questions::ask(&mut answers)?;
    }
    let settings = answers.settings().map_err(Failure::CommandLine)?;
    let text = settings.commented_text()?;
    if is_file {
        write_new(&arguments.output, &text, arguments.force)?;
        say(&format!("written to {}", arguments.output.display()));
    } else {
        show(&text)?;
    }
    say(&kpis::in_words(&settings.choice()?));
    say(&next(&settings, &arguments.output));
    Ok(())
}

/// What to do with the file.
fn next(settings: &Settings, file: &Path) -> String {
    let config = match file.to_str() {
        Some(DEFAULT_FILE) => String::new(),
        Some("-") => " --config FILE".to_owned(),
        _ => format!(" --config {}", file.display()),
    };
    let listen = settings.serve.listen;
    format!(
        "What to do next:\n  tallyboard check-config{config}\n      checks it, and prints every key with its value\n  \
         tallyboard load{config} --create-topics events.jsonl\n      creates the topics and writes events into them\n  \
         tallyboard serve{config}\n      serves http://{listen}/ with http://{listen}/metrics for Prometheus"
    )
}
