//! Programs that run to their end: the command line of `tallyboard`, Python scripts, Prometheus' `promtool`, and `gzip`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::not_run::Missing;
use crate::paths;
use crate::process::GuardedProcess;

const BOUND: Duration = Duration::from_secs(180);
const TOOL_BOUND: Duration = Duration::from_secs(30);

/// A program that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Its standard output.
    ///
    /// # Errors
    ///
    /// If it ended with another code than 0, with its standard error.
    pub fn success(self) -> anyhow::Result<String> {
        ensure!(self.status.success(), "ended with {}: {}", self.status, self.stderr);
        Ok(self.stdout)
    }
}

/// Runs the `tallyboard` that cargo built beside the running test to its end.
///
/// # Errors
///
/// [`Missing`] if it is not built; anything else if it cannot be started or takes longer than three minutes.
pub fn tallyboard(arguments: &[&str]) -> anyhow::Result<Finished> {
    let mut command = Command::new(paths::tallyboard()?);
    command.args(arguments);
    let name = format!("tallyboard-{}", arguments.first().unwrap_or(&"nothing"));
    run(&name, &command, BOUND).with_context(|| format!("tallyboard {}", arguments.join(" ")))
}

/// Runs a Python script of the workspace to its end.
///
/// # Errors
///
/// [`Missing`] if Python is not installed; anything else if it cannot be started or takes longer than three minutes.
pub fn python(script: &str, arguments: &[&str]) -> anyhow::Result<Finished> {
    let Some(python) = in_path("python3") else {
        return Err(Missing::new("python3 is not installed; run: apt-get install -y python3 tzdata").into());
    };
    let mut command = Command::new(python);
    command.arg(paths::in_workspace(script)).args(arguments);
    run("python3", &command, BOUND).with_context(|| format!("python3 {script}"))
}

/// What `promtool check metrics` says of a page of metrics.
///
/// # Errors
///
/// [`Missing`] if promtool is not installed; anything else if it does not end.
pub fn promtool_check(page: &str) -> anyhow::Result<Finished> {
    let Some(promtool) = in_path("promtool") else {
        return Err(Missing::new("promtool is not installed; run: apt-get install -y prometheus").into());
    };
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), page)?;
    // Guarded processes have no standard input of their own.
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$1" check metrics <"$2""#, "promtool"]).arg(promtool).arg(file.path());
    run("promtool", &command, TOOL_BOUND)
}

/// The text in a file that gzip has compressed.
///
/// # Errors
///
/// [`Missing`] if gzip is not installed; anything else if it cannot read the file.
pub fn gunzip(file: &Path) -> anyhow::Result<String> {
    let Some(gzip) = in_path("gzip") else {
        return Err(Missing::new("gzip is not installed; run: apt-get install -y gzip").into());
    };
    let mut command = Command::new(gzip);
    command.args(["--decompress", "--stdout"]).arg(file);
    run("gzip", &command, TOOL_BOUND).and_then(Finished::success)
}

pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn run(name: &str, command: &Command, bound: Duration) -> anyhow::Result<Finished> {
    let output = tempfile::NamedTempFile::new()?;
    let stdout = File::create(output.path())?;
    let mut process = GuardedProcess::spawn_into(name, command, None, Some(stdout))?;
    let status = process.wait(bound)?;
    Ok(Finished { status, stdout: fs::read_to_string(output.path())?, stderr: process.log_text()? })
}
