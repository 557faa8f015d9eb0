//! What an import did: rows, records, what was left out and why, in numbers and with examples.
//!
//! Holds counts and a bounded number of examples, never rows; prints nothing by itself.

use std::collections::BTreeMap;
use std::fmt;

use super::field::{Field, Row};
use super::problem::{Problem, ProblemKind, shown};
use super::table::Head;

/// Something that is not wrong with a value, and yet a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NoteKind {
    /// Two formats of the list read the value, and differently; the first holds.
    DateReadTwoWays {
        /// The format that holds.
        first: String,
        /// The one that would have read another value.
        second: String,
    },
    /// A local time that the clock showed twice; the earlier holds.
    ClockSetBack,
    /// An event without a date got the configured one.
    UndatedConstant,
    /// An event without a date was left out, as configured.
    UndatedLeftOut,
    /// An amount with exactly three fraction digits, as a thousands separator would give.
    ThreeFractionDigits,
    /// Digits were rounded away, as configured.
    Rounded,
}

impl fmt::Display for NoteKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DateReadTwoWays { first, second } => {
                write!(formatter, "read as {first}, and {second} would have read another date")
            }
            Self::ClockSetBack => {
                formatter.write_str("local time that the clock showed twice: the earlier was taken")
            }
            Self::UndatedConstant => formatter.write_str("without a date: got the configured one"),
            Self::UndatedLeftOut => formatter.write_str("without a date: event left out as configured"),
            Self::ThreeFractionDigits => {
                formatter.write_str("three digits behind the decimal separator: is it a thousands separator?")
            }
            Self::Rounded => formatter.write_str("rounded to the digits that there are"),
        }
    }
}

/// Notes by field and kind, each with a count and its first value.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<(String, NoteKind), (u64, String)>);

impl Notes {
    /// Counts a note.
    pub(super) fn add(&mut self, field: &Field, kind: NoteKind, row: &Row<'_>, value: &str) {
        let first = || (0, format!("{} row {}: {}", row.head.file, row.raw.number, shown(value)));
        let (count, _) = self.0.entry((field.path.clone(), kind)).or_insert_with(first);
        *count += 1;
    }
}

/// What an import did.
#[derive(Debug, Default)]
pub(crate) struct ImportReport {
    /// Rows read, by file.
    rows: BTreeMap<String, u64>,
    /// Records written, by type.
    records: BTreeMap<&'static str, u64>,
    /// Records that were there before with the same content.
    repeated: u64,
    /// Rows that a rule's conditions left out, by rule.
    left_out: BTreeMap<String, u64>,
    /// Problems, by field and kind.
    pub(super) problems: BTreeMap<(String, ProblemKind), u64>,
    rejected_rows: u64,
    examples: Vec<String>,
    examples_max: usize,
    pub(super) notes: Notes,
    /// Where records went; none if they went nowhere.
    pub(super) written_to: Option<String>,
    /// Why nothing was written, if it was not.
    pub(super) nothing_written: Option<&'static str>,
}

impl ImportReport {
    /// An empty report that shows at most this many rejected rows.
    pub(super) fn new(examples_max: usize) -> Self {
        Self { examples_max, ..Self::default() }
    }

    /// How many rows were rejected, by one rule or more.
    pub(crate) const fn rejected_rows(&self) -> u64 {
        self.rejected_rows
    }

    /// How many records there are of a type (`deal`, `rep`, ...).
    #[cfg(test)]
    pub(super) fn records(&self, kind: &str) -> u64 {
        self.records.get(kind).copied().unwrap_or_default()
    }

    /// Counts the rows of a file.
    pub(super) fn count_rows(&mut self, file: &str, rows: u64) {
        *self.rows.entry(file.to_owned()).or_default() += rows;
    }

    /// Counts records by kind, and those that were there before.
    pub(super) fn count_records(&mut self, kinds: Vec<&'static str>, repeated: u64) {
        for kind in kinds {
            *self.records.entry(kind).or_default() += 1;
        }
        self.repeated += repeated;
    }

    /// Counts a row that a rule's conditions left out.
    pub(super) fn count_left_out(&mut self, rule: &str) {
        if let Some(count) = self.left_out.get_mut(rule) {
            *count += 1;
        } else {
            self.left_out.insert(rule.to_owned(), 1);
        }
    }

    /// Counts a row that one rule or more rejected.
    pub(super) const fn count_rejected_row(&mut self) {
        self.rejected_rows += 1;
    }

    /// Counts a problem, and keeps it as an example if there is room.
    pub(super) fn count_problem(&mut self, head: &Head, row: u64, problem: Problem) {
        if self.examples.len() < self.examples_max {
            self.examples.push(format!("{} row {row}: {problem}", head.file));
        }
        *self.problems.entry((problem.field, problem.kind)).or_default() += 1;
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.rows.iter().map(|(file, count)| format!("{count} from {file}")).collect();
        writeln!(formatter, "rows read: {}", rows.join(", "))?;
        for (rule, count) in &self.left_out {
            writeln!(formatter, "rows left out by the conditions of {rule}: {count}")?;
        }
        let records: Vec<_> = self.records.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let records = if records.is_empty() { "none".to_owned() } else { records.join(", ") };
        writeln!(formatter, "records: {records}")?;
        if self.repeated > 0 {
            writeln!(formatter, "repetitions of a record, not written again: {}", self.repeated)?;
        }
        for ((field, kind), (count, first)) in &self.notes.0 {
            writeln!(formatter, "note: {field}: {kind} ({count}, first {first})")?;
        }
        if self.rejected_rows > 0 {
            writeln!(formatter, "rows rejected: {}", self.rejected_rows)?;
            for ((field, kind), count) in &self.problems {
                writeln!(formatter, "  {count} x {field}: {}", kind.name())?;
            }
            for example in &self.examples {
                writeln!(formatter, "  {example}")?;
            }
            let all: u64 = self.problems.values().sum();
            let shown = u64::try_from(self.examples.len()).unwrap_or(u64::MAX);
            if all > shown {
                writeln!(formatter, "  … and {} more (--limit-errors)", all - shown)?;
            }
        }
        match (&self.written_to, self.nothing_written) {
            (Some(place), _) => writeln!(formatter, "written to {place}"),
            (None, Some(reason)) => writeln!(formatter, "nothing written: {reason}"),
            (None, None) => Ok(()),
        }
    }
}
