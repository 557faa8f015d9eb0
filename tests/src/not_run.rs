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
    settle(test, start(), servers_required(), announce)
}

/// As [`require`], for what no machine can be asked to have, such as data that must not be passed on: without it the test
/// is `NOT RUN` everywhere, also under continuous integration.
///
/// # Panics
///
/// If it is there but cannot be used.
#[track_caller]
pub fn if_there<T>(test: &str, find: impl FnOnce() -> anyhow::Result<T>) -> Option<T> {
    settle(test, find(), false, announce)
}

/// A line for the person who runs the tests, shown also when the test passes.
pub fn tell(line: &str) {
    // Written to the stream itself: the test runner swallows what the print macros of a passing test say. There is
    // nobody else to tell if that fails.
    drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
}

#[track_caller]
fn settle<T>(
    test: &str,
    outcome: anyhow::Result<T>,
    required: bool,
    announce: impl FnOnce(&str, &str),
) -> Option<T> {
    let error = match outcome {
        Ok(server) => return Some(server),
        Err(error) => error,
    };
    let missing = error.downcast_ref::<Missing>().is_some();
    assert!(missing, "{test}: a server failed to start: {error:#}");
    assert!(!required, "{test}: a server is missing and this run requires it: {error:#}");
    announce(test, &format!("{error:#}"));
    None
}

/// The same error once more, for the next test that asks for a shared server.
pub(crate) fn repeated(error: &anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Missing>() {
        Some(missing) => missing.clone().into(),
        None => anyhow::anyhow!("{error:#}"),
    }
}

fn servers_required() -> bool {
    ["CI", "TALLYBOARD_REQUIRE_SERVERS"]
        .into_iter()
        .any(|name| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false")))
}

fn announce(test: &str, reason: &str) {
    let line = format!("NOT RUN: {test}: {}\n", reason.replace('\n', " | "));
    // Written to the stream itself: the test runner swallows what the print macros of a passing test say.
    let told = std::io::stderr().write_all(line.as_bytes());
    let noted = note(&line);
    assert!(told.is_ok() || noted.is_ok(), "a test was not run and nobody could be told: {line}");
}

fn note(line: &str) -> std::io::Result<()> {
    let list = paths::not_run_list();
    // Not there yet where cargo builds into another folder.
    list.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    OpenOptions::new().create(true).append(true).open(list)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// What becomes of a test: `ran`, `not run: TEST: WHY`, or `failed`.
    fn check(outcome: anyhow::Result<()>, required: bool, expected: &str) {
        let mut told = String::new();
        let settled = catch_unwind(AssertUnwindSafe(|| {
            settle("the test", outcome, required, |test, reason| {
                told = format!("not run: {test}: {reason}");
            })
        }));
        let found = match settled {
            Ok(Some(())) => "ran",
            Ok(None) => told.as_str(),
            Err(_) => "failed",
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn only_a_missing_server_that_nobody_requires_is_no_failure() {
        let missing = || Err(Missing::new("no java").into());
        check(Ok(()), false, "ran");
        check(Ok(()), true, "ran");
        check(missing(), false, "not run: the test: no java");
        check(missing(), true, "failed");
        check(Err(anyhow::anyhow!("crashed")), false, "failed");
        check(Err(anyhow::anyhow!("crashed")), true, "failed");
    }

    #[test]
    fn a_reason_stays_what_it_is_for_the_next_test_that_shares_the_server() {
        check(Err(repeated(&Missing::new("no java").into())), false, "not run: the test: no java");
        check(Err(repeated(&anyhow::anyhow!("crashed"))), false, "failed");
    }
}
