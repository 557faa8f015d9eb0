//! Log lines on standard error, for people or for machines.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging; a filter that cannot be read is told and the default used.
pub(crate) fn start_logging(filter: Option<&str>, default: &str, format: LogFormat) {
    let filter = filter.unwrap_or(default);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        crate::say(&format!("tallyboard: log filter {filter:?} is not valid ({error}); using {default:?}"));
        EnvFilter::new(default)
    });
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}
