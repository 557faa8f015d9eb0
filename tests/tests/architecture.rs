//! The tree is what the map says: the edges between rooms, and what no file may hold.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The rooms and what each knows, from the table in ARCHITECTURE.md.
fn edges_on_the_map() -> BTreeMap<String, BTreeSet<String>> {
    let map = std::fs::read_to_string(root().join("crates/ARCHITECTURE.md")).unwrap();
    let table = map.split("## Rooms").nth(1).unwrap().split("\n## ").next().unwrap();
    let names =
        |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        (names(cells[0]).pop_first().unwrap(), names(cells[2]))
    })
    .collect()
}

#[test]
fn rooms_know_what_the_map_says() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let room = |name: &str| name.strip_prefix("tallyboard-").map(str::to_owned);
    let mut edges = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        // What only tests use is free.
        let known = dependencies.filter(|dependency| dependency["kind"].is_null());
        let known: BTreeSet<String> =
            known.filter_map(|dependency| room(dependency["name"].as_str().unwrap())).collect();
        edges.insert(room(package["name"].as_str().unwrap()).unwrap(), known);
    }
    assert_eq!(edges, edges_on_the_map());
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut silent = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !std::fs::read_to_string(&path).unwrap().starts_with("//!")
            {
                silent.push(path);
            }
        }
    }
    assert!(silent.is_empty(), "these files do not begin with `//!` and what they are for: {silent:#?}");
}
