//! What `deploy/` has for containers, Kubernetes and systemd: held against the schemas and tools of those who read it, against
//! the program, and against the repository. No container runs here.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

mod compose;
mod dockerfile;
mod kubernetes;
mod systemd;

use std::fs;

use serde_json::Value;
use tallyboard_end_to_end::{Finished, in_workspace, python_with_packages, tallyboard_with};

const CHECK: &str = "tests/scripts/deploy/check.py";

fn read(path: &str) -> String {
    fs::read_to_string(in_workspace(path)).unwrap()
}

/// What the tool of `what` says of files of the workspace.
fn check(what: &str, files: &[&str]) -> anyhow::Result<Finished> {
    let paths: Vec<String> = files.iter().map(|file| in_workspace(file).display().to_string()).collect();
    let mut arguments = vec![what];
    arguments.extend(paths.iter().map(String::as_str));
    python_with_packages(CHECK, &arguments)
}

/// The documents in YAML files of the workspace.
fn documents(files: &[&str]) -> anyhow::Result<Vec<Value>> {
    Ok(serde_json::from_str(&check("documents", files)?.success()?)?)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `check-config` accepts a file of the workspace with these variables, of which each has to be a key; gives what it prints.
fn configuration(file: &str, variables: &[(String, String)]) -> anyhow::Result<String> {
    let file = in_workspace(file).display().to_string();
    // Those with one underscore are of the command line.
    let is_known = |name: &str| name.starts_with("TALLYBOARD__") || name == "TALLYBOARD_CONFIG";
    assert!(variables.iter().all(|(name, _)| is_known(name)), "{variables:?}");
    tallyboard_with(&["check-config", "--config", &file], variables)?.success()
}
