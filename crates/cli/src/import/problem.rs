//! What can be wrong with a row: a closed set of kinds, so that a report can count them, and words for a person.

use std::fmt;

/// How much of a found value is shown.
const SHOWN_CHARACTERS: usize = 60;

/// The kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ProblemKind {
    /// The row has more or fewer fields than the header.
    WrongColumnCount,
    /// A value is not UTF-8.
    NotUtf8,
    /// A required value is blank.
    Blank,
    /// A word is not in its word map.
    UnknownWord,
    /// A key is not in the table it is looked up in.
    KeyNotFound,
    /// A key stands in several rows with different values.
    KeyAmbiguous,
    /// An identifier is too long or holds control characters.
    BadIdentifier,
    /// A date is in none of the listed formats.
    BadDate,
    /// A date is earlier than the mapping believes or beyond 2199.
    DateOutOfRange,
    /// A local time that the clock skipped.
    SkippedTime,
    /// An event has no date.
    Undated,
    /// An amount or rate is not a number in the configured form.
    BadAmount,
    /// A currency is not an ISO 4217 code.
    BadCurrency,
    /// A version is not a whole number.
    BadVersion,
    /// A flag is neither true nor false.
    BadFlag,
    /// A category is not one of the seven.
    BadCategory,
    /// A duration is not a number, below zero or too long.
    BadDuration,
    /// A period is not one.
    BadPeriod,
    /// A goal's scope is not one of the four.
    BadScope,
    /// No step of the rule applies to the row.
    NoStep,
    /// A later step of a row has an earlier date.
    StepsOutOfOrder,
    /// An event id or reference key was given before, with other content.
    Conflict,
}

impl ProblemKind {
    /// All kinds.
    #[cfg(test)]
    pub(super) const ALL: [Self; 22] = [
        Self::WrongColumnCount,
        Self::NotUtf8,
        Self::Blank,
        Self::UnknownWord,
        Self::KeyNotFound,
        Self::KeyAmbiguous,
        Self::BadIdentifier,
        Self::BadDate,
        Self::DateOutOfRange,
        Self::SkippedTime,
        Self::Undated,
        Self::BadAmount,
        Self::BadCurrency,
        Self::BadVersion,
        Self::BadFlag,
        Self::BadCategory,
        Self::BadDuration,
        Self::BadPeriod,
        Self::BadScope,
        Self::NoStep,
        Self::StepsOutOfOrder,
        Self::Conflict,
    ];

    /// The kind in words, to stand before a count.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::WrongColumnCount => "wrong number of columns",
            Self::NotUtf8 => "not UTF-8",
            Self::Blank => "required and blank",
            Self::UnknownWord => "unknown word",
            Self::KeyNotFound => "key not found",
            Self::KeyAmbiguous => "key ambiguous",
            Self::BadIdentifier => "not an identifier",
            Self::BadDate => "not a date in the listed formats",
            Self::DateOutOfRange => "date out of range",
            Self::SkippedTime => "local time that does not exist",
            Self::Undated => "no date",
            Self::BadAmount => "not an amount",
            Self::BadCurrency => "not a currency",
            Self::BadVersion => "not a whole number",
            Self::BadFlag => "neither true nor false",
            Self::BadCategory => "not a category",
            Self::BadDuration => "not a duration",
            Self::BadPeriod => "not a period",
            Self::BadScope => "not a scope",
            Self::NoStep => "no step applies",
            Self::StepsOutOfOrder => "steps out of order",
            Self::Conflict => "conflicts with an earlier row",
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The kind.
    pub(super) kind: ProblemKind,
    /// The field of the mapping, `deals[0].amount`; the source's name where no rule is concerned.
    pub(super) field: String,
    /// The columns that the field reads.
    pub(super) columns: Vec<String>,
    /// What was found and what was expected.
    pub(super) detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.field)?;
        match self.columns.as_slice() {
            [] => {}
            [column] => write!(formatter, ", column {column:?}")?,
            columns => write!(formatter, ", columns {columns:?}")?,
        }
        write!(formatter, ": {}", self.detail)
    }
}

/// A value from outside as it may be shown: quoted, escaped, and not longer than a line.
pub(super) fn shown(value: &str) -> String {
    if value.chars().nth(SHOWN_CHARACTERS).is_none() {
        return format!("{value:?}");
    }
    let start: String = value.chars().take(SHOWN_CHARACTERS).collect();
    format!("{start:?}… ({} bytes)", value.len())
}
