//! Holds a guarded process for the harness's own tests, to be killed while it does.
//! Its one argument is the scratch directory; it prints the guarded process's id.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use tallyboard_end_to_end::GuardedProcess;

fn main() -> anyhow::Result<()> {
    let scratch = std::env::args_os().nth(1).context("the scratch directory is missing")?;
    let mut sleep = Command::new("sleep");
    sleep.arg("600");
    let process = GuardedProcess::spawn("sleep", &sleep, Some(Path::new(&scratch)))?;
    writeln!(std::io::stdout(), "{}", process.pid())?;
    std::thread::sleep(Duration::from_secs(60));
    Ok(())
}
