//! A case: its folder, and the verdict on it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::compare::{Difference, with_expected, with_first};
use super::expected::Expected;
use super::outcome::{Outcome, Status};
use super::run::{Arrangement, Line, Run};
use crate::files::Lines;
use crate::settings::Settings;

const EVENTS: &str = "events.jsonl";
const CONFIGURATION: &str = "tallyboard.toml";
const EXPECTED: &str = "expected.json";

/// The folders of a folder, by name; those whose name begins with a dot are none.
pub(crate) fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("the folder of cases {} cannot be read", parent.display());
    let mut folders = Vec::new();
    for entry in parent.read_dir().with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_dir() && !name(&path).starts_with('.') {
            folders.push(path);
        }
    }
    ensure!(
        !folders.is_empty(),
        "{} has no cases; expected folders with {EVENTS}, {CONFIGURATION} and {EXPECTED}",
        parent.display()
    );
    folders.sort();
    Ok(folders)
}

/// Folds a case in all arrangements and compares.
pub(crate) fn judge(folder: &Path) -> Outcome {
    let name = name(folder);
    match read(folder).and_then(|case| case.status()) {
        Ok(status) => Outcome { name, status },
        Err(error) => Outcome { name, status: Status::Unreadable { problem: format!("{error:#}") } },
    }
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

struct Case {
    settings: Settings,
    expected: Expected,
    lines: Vec<Line>,
}

fn read(folder: &Path) -> Result<Case> {
    let settings = Settings::of_file(&folder.join(CONFIGURATION))?;
    let path = folder.join(EXPECTED);
    let wrong = || path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(wrong)?;
    let expected = Expected::read(&text).with_context(wrong)?;
    expected.check(&settings.calendar()?).with_context(wrong)?;
    let mut file = Lines::open(&folder.join(EVENTS))?;
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    while let Some(number) = file.next(&mut line)? {
        lines.push(Line::new(number, line.clone()));
    }
    Ok(Case { settings, expected, lines })
}

impl Case {
    fn run(&self, arrangement: Arrangement) -> Result<Run> {
        Run::new(&self.settings, &self.expected, &self.lines, arrangement)
    }

    /// The first arrangement that differs, in the order of the file from what is expected, else from the order of the
    /// file, is told: what comes behind would mostly tell it again.
    fn status(&self) -> Result<Status> {
        let first = self.run(Arrangement::AsWritten)?;
        let differences = with_expected(&self.expected, &first);
        if !differences.is_empty() {
            return Ok(Status::failed(Arrangement::AsWritten, differences));
        }
        for arrangement in [Arrangement::EventsReversed, Arrangement::EveryLineTwice] {
            let mut differences = with_first(&first, &self.run(arrangement)?, arrangement);
            if arrangement == Arrangement::EventsReversed && self.expected.order_matters {
                // Said without need, it would only keep this comparison from failing.
                let does_not = differences.is_empty();
                differences.clear();
                if does_not {
                    differences.push(Difference::of_events("order_matters", true.into(), false.into()));
                }
            }
            if !differences.is_empty() {
                return Ok(Status::failed(arrangement, differences));
            }
        }
        Ok(Status::Ok)
    }
}
