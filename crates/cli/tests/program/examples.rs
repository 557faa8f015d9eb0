//! The commands that the READMEs give for the example imports, one after the other, as they stand there; and those of
//! `--help`.

use crate::run::{Folder, repository};

/// The indented lines of a file that need no server, without what stands behind `#`.
fn commands(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    let commands = text.lines().filter_map(|line| line.strip_prefix("    tallyboard "));
    let commands = commands.map(|line| line.split('#').next().unwrap_or_default().trim().to_owned());
    let offline = |line: &String| {
        ["import ", "report ", "explain "].iter().any(|command| line.starts_with(command))
            && !line.contains("--server")
    };
    commands.filter(offline).collect()
}

#[test]
fn what_the_readmes_say_of_the_examples_counts_every_event() {
    for (file, expected) in [("README.md", 4), ("examples/import/README.md", 7)] {
        let folder = Folder::new();
        for shown in ["examples", "tests"] {
            std::os::unix::fs::symlink(repository().join(shown), folder.path(shown)).unwrap();
        }
        let commands = commands(file);
        assert_eq!(commands.len(), expected, "{file}");
        for command in commands {
            let found = folder.call(&command.split_whitespace().collect::<Vec<_>>(), &[]);
            assert_eq!(found.code, Some(0), "{file}: {command}: {}", found.stderr);
            if command.starts_with("explain ") {
                assert!(found.stdout.contains("◀ decides"), "{}", found.stdout);
            }
            if command.starts_with("report ") {
                assert!(
                    found.stdout.contains("won_amount") || found.stdout.contains("Ada"),
                    "{}",
                    found.stdout
                );
            }
        }
    }
}

#[test]
fn every_example_has_its_commands() {
    let commands = commands("examples/import/README.md");
    let folder = repository().join("examples/import");
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let examples: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(examples.len(), 6);
    for name in examples {
        let word = format!("examples/import/{name}");
        let is_named = commands.iter().any(|command| command.split_whitespace().any(|found| found == word));
        assert!(is_named, "no command for {name}");
    }
}

#[test]
fn every_command_has_examples_in_its_help() {
    let folder = Folder::new();
    for command in [
        "init",
        "serve",
        "demo",
        "report",
        "explain",
        "health",
        "verify-cases",
        "load",
        "import",
        "check-config",
        "kpis",
        "completions",
    ] {
        let found = folder.call(&[command, "--help"], &[]);
        assert!(found.stdout.contains("\nExamples:\n"), "{command}: {}", found.stdout);
    }
}
