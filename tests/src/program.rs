//! Programs that run to their end: the command line of `tallyboard`, Python scripts, Schemathesis, Prometheus' `promtool`,
//! `systemd-analyze`, and `gzip`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::not_run::Missing;
use crate::paths;
use crate::process::GuardedProcess;
use crate::wait;

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
    tallyboard_with(arguments, &[])
}

/// As [`tallyboard`], with environment variables.
///
/// # Errors
///
/// Those of [`tallyboard`].
pub fn tallyboard_with(arguments: &[&str], variables: &[(String, String)]) -> anyhow::Result<Finished> {
    let mut command = Command::new(paths::tallyboard()?);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
    let name = format!("tallyboard-{}", arguments.first().unwrap_or(&"nothing"));
    run(&name, &command, BOUND).with_context(|| format!("tallyboard {}", arguments.join(" ")))
}

/// Imports an opportunity table and the teams beside it, by a mapping of the examples, into a file of lines.
///
/// # Errors
///
/// Those of [`tallyboard`], and if it does not succeed.
pub fn import_opportunities(
    data: &Path,
    mapping: &str,
    opportunities: &str,
    output: &Path,
) -> anyhow::Result<String> {
    let mapping = paths::in_workspace("examples/import").join(mapping);
    let input = |name: &str, file: &str| format!("{name}={}", data.join(file).display());
    let [opportunities, teams] = [input("opportunities", opportunities), input("teams", "sales_teams.csv")];
    let (mapping, output) = (mapping.display().to_string(), output.display().to_string());
    let inputs = ["--input", &opportunities, "--input", &teams];
    tallyboard(&[&["import", "--mapping", &mapping], &inputs[..], &["--output", &output]].concat())
        .and_then(Finished::success)
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

/// Runs `promtool` in a folder to its end.
///
/// # Errors
///
/// [`Missing`] if promtool is not installed; anything else if it does not end.
pub fn promtool(folder: &Path, arguments: &[&str]) -> anyhow::Result<Finished> {
    let mut command = Command::new(installed("promtool", "prometheus")?);
    command.args(arguments).current_dir(folder);
    run("promtool", &command, TOOL_BOUND)
}

/// Runs `systemd-analyze` to its end.
///
/// # Errors
///
/// [`Missing`] if systemd is not installed; anything else if it does not end.
pub fn systemd_analyze(arguments: &[&str]) -> anyhow::Result<Finished> {
    let mut command = Command::new(installed("systemd-analyze", "systemd")?);
    command.args(arguments);
    run("systemd-analyze", &command, TOOL_BOUND)
}

/// A program of a package of Debian.
///
/// # Errors
///
/// [`Missing`] if it is not installed.
pub(crate) fn installed(program: &str, package: &str) -> anyhow::Result<PathBuf> {
    in_path(program).ok_or_else(|| {
        Missing::new(format!("{program} is not installed; run: apt-get install -y {package}")).into()
    })
}

/// Runs a Python script of the workspace with the packages of a `requirements.txt` beside it, which are fetched once
/// into an environment under `target/`.
///
/// # Errors
///
/// [`Missing`] if Python cannot make environments or the packages cannot be fetched; anything else if the script cannot be
/// started or takes longer than three minutes.
pub fn python_with_packages(script: &str, arguments: &[&str]) -> anyhow::Result<Finished> {
    let script = paths::in_workspace(script);
    let environment = packages(&script.with_file_name("requirements.txt"))?;
    let mut command = Command::new(environment.join("bin/python"));
    // No files of its own beside the script.
    command.arg("-B").arg(script).args(arguments);
    run("python", &command, BOUND)
}

/// Runs Schemathesis, with the configuration in `tests/schemathesis`, whose packages are fetched once into an environment
/// under `target/`.
///
/// # Errors
///
/// [`Missing`] if Python cannot make environments or the packages cannot be fetched; anything else if it cannot be started
/// or takes longer than three minutes.
pub fn schemathesis(folder: &Path, arguments: &[&str]) -> anyhow::Result<Finished> {
    let own = paths::in_workspace("tests/schemathesis");
    let environment = packages(&own.join("requirements.txt"))?;
    let mut command = Command::new(environment.join("bin/schemathesis"));
    command.arg("--config-file").arg(own.join("schemathesis.toml")).arg("--no-color").args(arguments);
    command.current_dir(folder);
    run("schemathesis", &command, BOUND)
}

/// An environment under `target/` with the packages of a file, by the folder of that file.
fn packages(requirements: &Path) -> anyhow::Result<PathBuf> {
    let folder = requirements.parent().and_then(Path::file_name).unwrap_or_default();
    let environment = paths::python_environments().join(folder);
    fs::create_dir_all(&environment)?;
    let making = wait::alone(&environment.with_extension("lock"), BOUND)?;
    let wanted = fs::read_to_string(requirements)?;
    let done = environment.join("installed.txt");
    if fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        let hint = "run: apt-get install -y python3-venv, and let pip reach a package index";
        for (what, command) in [
            ("venv", Command::new("python3").args(["-m", "venv"]).arg(&environment)),
            (
                "pip",
                Command::new(environment.join("bin/pip"))
                    .args(["install", "--quiet", "--requirement"])
                    .arg(requirements),
            ),
        ] {
            let ended = run(what, command, BOUND)?;
            if !ended.status.success() {
                return Err(Missing::new(format!("python packages: {hint}: {}", ended.stderr)).into());
            }
        }
        fs::write(done, wanted)?;
    }
    drop(making);
    Ok(environment)
}

/// What `promtool check metrics` says of a page of metrics.
///
/// # Errors
///
/// [`Missing`] if promtool is not installed; anything else if it does not end.
pub fn promtool_check(page: &str) -> anyhow::Result<Finished> {
    let promtool = installed("promtool", "prometheus")?;
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
