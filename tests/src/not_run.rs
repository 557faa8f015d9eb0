//! What a missing server means for a test: never a silent pass.

use std::fs::OpenOptions;
use std::io::Write as _;

use crate::paths;

/// The server cannot be had on this machine, as against one that is there and fails: that is a failed test everywhere.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Missing(String);

impl Missing {
    /// A reason that says what is missing and what to install.
    pub fn new(reason: impl Into<String>) -> Missing {
        Missing(reason.into())
    }
}

/// Starts what the test named `test` needs, or says why the test does not run.
///
/// `None` means that the server is [`Missing`] and nobody insisted on it: the caller returns, and a line `NOT RUN` is on
/// standard error and in `target/not-run.txt`, which the makefile prints at the end.
///
/// # Panics
///
/// If the server is there but fails, or if it is missing and `CI` or `TALLYBOARD_REQUIRE_SERVERS=1` is set.
#[track_caller]
pub fn require<T>(test: &str, start: impl FnOnce() -> anyhow::Result<T>) -> Option<T> {
    match start() {
        Ok(server) => Some(server),
        Err(error) => {
            let missing = error.downcast_ref::<Missing>().is_some();
            assert!(missing, "{test}: a server failed to start: {error:#}");
            assert!(!servers_required(), "{test}: a server is missing and this run requires it: {error:#}");
            announce(test, &format!("{error:#}"));
            None
        }
    }
}

/// The same error once more, for the next test that asks for a shared server.
pub(crate) fn repeated(error: &anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Missing>() {
        Some(missing) => missing.clone().into(),
        None => anyhow::anyhow!("{error:#}"),
    }
}

fn servers_required() -> bool {
    ["CI", "TALLYBOARD_REQUIRE_SERVERS"].into_iter().any(|name| {
        std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
    })
}

fn announce(test: &str, reason: &str) {
    let line = format!("NOT RUN: {test}: {}\n", reason.replace('\n', " | "));
    // Written to the stream itself: the test runner swallows what the print macros of a passing test say.
    let told = std::io::stderr().write_all(line.as_bytes());
    let noted = OpenOptions::new()
        .create(true)
        .append(true)
        .open(paths::not_run_list())
        .and_then(|mut list| list.write_all(line.as_bytes()));
    assert!(told.is_ok() || noted.is_ok(), "a test was not run and nobody could be told: {line}");
}
