//! `tallyboard health`: does a service live, and are its numbers whole?

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use reqwest::Url;
use serde_json::Value;

use crate::exit::Failure;
use crate::remote::{Remote, address};
use crate::show;

/// Asks a running service whether it lives, or with --ready whether everything in the log is counted.
///
/// Ends with exit code 0 if so and 1 if not, with the reason: for probes of containers, which need no other program.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard health
  tallyboard health --ready --server http://127.0.0.1:9090
  until tallyboard health --ready; do sleep 1; done")]
pub(crate) struct HealthArguments {
    /// Where the service is.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_parser = address, value_name = "URL")]
    server: Url,
    /// Ask whether the numbers are whole.
    #[arg(long)]
    ready: bool,
    /// How long to wait for the answer.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600), value_name = "N")]
    timeout_seconds: u64,
}

pub(crate) fn run(arguments: &HealthArguments) -> Result<(), Failure> {
    let remote = Remote::new(&arguments.server, Duration::from_secs(arguments.timeout_seconds))?;
    let (path, state) = if arguments.ready { ("readyz", "ready") } else { ("healthz", "alive") };
    let (status, body) = remote.answer(&[path], None)?;
    if status.is_success() {
        return Ok(show(&format!("{state}\n"))?);
    }
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    let why: Vec<&str> = document["why"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let why = if why.is_empty() { format!("/{path} answers with status {status}") } else { why.join("; ") };
    Err(Failure::Other(anyhow!("the service is not {state}: {why}")))
}
