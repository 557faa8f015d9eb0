//! The image: hadolint's rules, what it copies is there and enough to build, and it starts the program as the program wants it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tallyboard_end_to_end::{in_workspace, require, tallyboard_with};

use super::{check, configuration, read};

const DOCKERFILE: &str = "deploy/Dockerfile";

/// What is copied from the repository: sources and target.
fn copied() -> Vec<(String, String)> {
    let text = read(DOCKERFILE);
    let copies =
        text.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--"));
    let mut found = Vec::new();
    for copy in copies {
        let mut words: Vec<&str> = copy.split_whitespace().collect();
        let target = words.pop().unwrap();
        let is_folder = target.ends_with('/');
        found.extend(words.into_iter().map(|source| {
            let target = if is_folder { format!("{target}{source}") } else { target.to_owned() };
            (source.to_owned(), target)
        }));
    }
    found
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn hadolint_has_nothing_to_say() {
    let Some(found) = require("the image: hadolint", || check("dockerfile", &[DOCKERFILE])) else { return };
    assert!(found.status.success(), "{}", found.stderr);
}

/// Cargo reads the workspace from what is copied alone, and every file that a source includes is in it.
#[test]
fn what_is_copied_is_enough_to_build() {
    let context = tempfile::tempdir().unwrap();
    let copied = copied();
    assert!(copied.len() >= 4, "{copied:?}");
    let ignored = read(".dockerignore");
    for (source, target) in &copied {
        assert!(ignored.lines().any(|line| line == format!("!{source}")), ".dockerignore keeps {source} out");
        copy(&in_workspace(source), &context.path().join(target));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--locked", "--offline", "--format-version=1", "--no-deps"]);
    let output = metadata.current_dir(context.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut included = 0;
    includes(&context.path().join("crates"), &mut included);
    assert!(included >= 8, "{included}");
}

fn includes(folder: &Path, seen: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Only programs are built.
            if path.file_name().is_some_and(|name| name != "tests") {
                includes(&path, seen);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for part in text.split("include_str!(\"").skip(1) {
                let file = path.parent().unwrap().join(part.split('"').next().unwrap());
                assert!(file.is_file(), "{} includes {}", path.display(), file.display());
                *seen += 1;
            }
        }
    }
}

#[test]
fn it_starts_the_program_as_nobody_with_keys_that_exist() {
    let text = read(DOCKERFILE);
    let runtime = text.rsplit_once("\nFROM ").unwrap().1;
    let instruction = |name: &str| {
        let found: Vec<&str> = runtime.lines().filter_map(|line| line.strip_prefix(name)).collect();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found[0].trim().to_owned()
    };
    let numbers: Vec<u32> = instruction("USER ").split(':').map(|number| number.parse().unwrap()).collect();
    assert!(matches!(numbers[..], [user, group] if user >= 10_000 && group >= 10_000), "{numbers:?}");

    let environment = runtime.split_once("\nENV ").unwrap().1.split("\nVOLUME").next().unwrap();
    let pairs = environment.split_whitespace().filter(|word| *word != "\\");
    let variables: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    let volume = instruction("VOLUME ");
    let store = variables.iter().find(|(name, _)| name == "TALLYBOARD__SNAPSHOTS__STORE").unwrap();
    assert!(store.1.starts_with(volume.trim_matches(['[', ']', '"'])), "{} is in {volume}", store.1);

    let words = |instruction: &str| -> Vec<String> {
        serde_json::from_str(&instruction[instruction.find('[').unwrap()..]).unwrap()
    };
    assert_eq!(words(&instruction("ENTRYPOINT ")), ["tallyboard"]);
    let is_a_command = || {
        for call in [words(&instruction("CMD ")), words(&instruction("HEALTHCHECK "))[1..].to_vec()] {
            let mut arguments: Vec<&str> = call.iter().map(String::as_str).collect();
            arguments.push("--help");
            tallyboard_with(&arguments, &[])?.success()?;
        }
        configuration("deploy/tallyboard.toml", &variables)
    };
    let Some(printed) = require("the image: its commands and keys", is_a_command) else { return };
    assert!(printed.contains(r#"listen = "0.0.0.0:8080""#), "{printed}");
}
