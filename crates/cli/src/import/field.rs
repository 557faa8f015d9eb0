//! Fields: expressions of the mapping bound to the columns of one table (by `binder`), and what a row gives for them.
//!
//! A blank value is never a value: a template with a blank column is blank, a blank key is not
//! looked up, a blank word is not mapped; where a field is required, blank is a problem.

use std::borrow::Cow;
use std::rc::Rc;

use model::check_identifier;

use super::lookup::{Found, Lookups};
use super::mapping::Lookup;
use super::problem::{Problem, ProblemKind, shown};
use super::table::{Head, RawRow};
use super::words::{Mapped, WordMap};

/// A row with what is needed to evaluate fields over it.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    /// Its table.
    pub(super) head: &'r Head,
    /// Its fields.
    pub(super) raw: &'r RawRow,
    /// The tables that fields look into.
    pub(super) lookups: &'r Lookups,
}

/// One field of a rule.
#[derive(Debug)]
pub(super) struct Field {
    /// Where it stands in the mapping, `deals[0].amount`.
    pub(super) path: String,
    /// The columns it reads, for messages.
    pub(super) columns: Vec<String>,
    /// How its text is made.
    pub(super) shape: Shape,
}

/// How a field's text is made.
#[derive(Debug)]
pub(super) enum Shape {
    /// These parts, one behind the other.
    Template(Vec<Part>),
    /// The first start that is not blank, looked up, mapped, or else the default.
    Rich {
        /// The starts.
        starts: Vec<Shape>,
        /// The number of the lookup.
        lookup: Option<usize>,
        /// The word map.
        words: Option<Rc<WordMap>>,
        /// What stands in for blank.
        default: Option<String>,
    },
}

/// A part of a template.
#[derive(Debug)]
pub(super) enum Part {
    /// This text.
    Text(String),
    /// The text of this column.
    Column(usize),
}

impl Field {
    /// The text, which may be blank.
    pub(super) fn text<'v>(&'v self, row: &Row<'v>) -> Result<Cow<'v, str>, Problem> {
        self.evaluate(&self.shape, row)
    }

    /// The text, which must not be blank.
    pub(super) fn required<'v>(&'v self, row: &Row<'v>) -> Result<Cow<'v, str>, Problem> {
        let text = self.text(row)?;
        if text.is_empty() {
            return Err(self.problem(ProblemKind::Blank, "found nothing, expected a value".to_owned()));
        }
        Ok(text)
    }

    /// An identifier, if there is a text.
    pub(super) fn optional_identifier(&self, row: &Row<'_>) -> Result<Option<String>, Problem> {
        let text = self.text(row)?;
        if text.is_empty() {
            return Ok(None);
        }
        self.identifier_of(&text).map(Some)
    }

    /// An identifier, which must be there.
    pub(super) fn identifier(&self, row: &Row<'_>) -> Result<String, Problem> {
        let text = self.required(row)?;
        self.identifier_of(&text)
    }

    /// Checks that a text is an identifier.
    pub(super) fn identifier_of(&self, text: &str) -> Result<String, Problem> {
        check_identifier(text).map_err(|error| {
            self.problem(
                ProblemKind::BadIdentifier,
                format!(
                    "found {}, which {error}; expected 1 to 128 bytes without control characters",
                    shown(text)
                ),
            )
        })?;
        Ok(text.to_owned())
    }

    /// A whole number, if there is a text.
    pub(super) fn whole_number(&self, row: &Row<'_>) -> Result<Option<i64>, Problem> {
        let text = self.text(row)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            self.problem(
                ProblemKind::BadVersion,
                format!("found {}, expected a whole number such as 17", shown(&text)),
            )
        })
    }

    /// A flag; blank is false.
    pub(super) fn flag(&self, row: &Row<'_>) -> Result<bool, Problem> {
        let text = self.text(row)?;
        match text.to_ascii_lowercase().as_str() {
            "" | "false" | "no" | "0" => Ok(false),
            "true" | "yes" | "1" => Ok(true),
            _ => Err(self.problem(
                ProblemKind::BadFlag,
                format!("found {}, expected true, yes, 1, false, no, 0 or nothing", shown(&text)),
            )),
        }
    }

    /// A problem of this field.
    pub(super) fn problem(&self, kind: ProblemKind, detail: String) -> Problem {
        Problem { kind, field: self.path.clone(), columns: self.columns.clone(), detail }
    }

    fn evaluate<'v>(&'v self, shape: &'v Shape, row: &Row<'v>) -> Result<Cow<'v, str>, Problem> {
        let (starts, lookup, words, default) = match shape {
            Shape::Template(parts) => return self.fill(parts, row),
            Shape::Rich { starts, lookup, words, default } => (starts, lookup, words, default),
        };
        let mut text = Cow::Borrowed("");
        for start in starts {
            text = self.evaluate(start, row)?;
            if !text.is_empty() {
                break;
            }
        }
        if let (Some(number), false) = (lookup, text.is_empty()) {
            text = self.look_up(*number, &text, default.is_some(), row.lookups)?;
        }
        if let (Some(words), false) = (words, text.is_empty()) {
            text = match words.word(&text) {
                Some(Mapped::To(word)) => Cow::Borrowed(word),
                Some(Mapped::Same) => text,
                None => {
                    let detail = format!("found {}, expected {}", shown(&text), words.expected());
                    return Err(self.problem(ProblemKind::UnknownWord, detail));
                }
            };
        }
        match default {
            Some(default) if text.is_empty() => Ok(Cow::Borrowed(default)),
            _ => Ok(text),
        }
    }

    fn fill<'v>(&self, parts: &'v [Part], row: &Row<'v>) -> Result<Cow<'v, str>, Problem> {
        let text_of = |column: usize| {
            (row.raw.text(row.head, column))
                .map_err(|problem| Problem { field: self.path.clone(), ..problem })
        };
        match parts {
            [] => return Ok(Cow::Borrowed("")),
            [Part::Text(text)] => return Ok(Cow::Borrowed(text)),
            [Part::Column(column)] => return text_of(*column).map(Cow::Borrowed),
            _ => {}
        }
        let mut filled = String::new();
        for part in parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Column(column) => {
                    let text = text_of(*column)?;
                    if text.is_empty() {
                        return Ok(Cow::Borrowed(""));
                    }
                    filled.push_str(text);
                }
            }
        }
        Ok(Cow::Owned(filled))
    }

    fn look_up<'v>(
        &self,
        number: usize,
        key: &str,
        has_default: bool,
        lookups: &'v Lookups,
    ) -> Result<Cow<'v, str>, Problem> {
        let Some((lookup, found)) = lookups.find(number, key) else {
            return Ok(Cow::Borrowed(""));
        };
        let Lookup { source, key: column, column: taken, .. } = lookup;
        match found {
            Some(Found { value, row, other: Some(other) }) => {
                let detail = format!(
                    "found {}, which stands in column {column:?} of source {source:?} in row {row} ({taken} {}) and in \
                     row {other} with another {taken}; expected one",
                    shown(key),
                    shown(value)
                );
                Err(self.problem(ProblemKind::KeyAmbiguous, detail))
            }
            Some(found) => Ok(Cow::Borrowed(&found.value)),
            None if has_default => Ok(Cow::Borrowed("")),
            None => {
                let detail = format!(
                    "found {}, which is not in column {column:?} of source {source:?}; add the row, map the word, or set \
                     default (\"\" for none)",
                    shown(key)
                );
                Err(self.problem(ProblemKind::KeyNotFound, detail))
            }
        }
    }
}

/// Conditions, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct Conditions(pub(super) Vec<BoundCondition>);

/// One condition.
#[derive(Debug)]
pub(super) struct BoundCondition {
    /// What is looked at.
    pub(super) field: Field,
    /// It must be one of these.
    pub(super) is: Option<Vec<String>>,
    /// It must be none of these.
    pub(super) is_not: Option<Vec<String>>,
}

impl Conditions {
    /// Whether they hold for a row.
    pub(super) fn hold(&self, row: &Row<'_>) -> Result<bool, Problem> {
        for BoundCondition { field, is, is_not } in &self.0 {
            let text = field.text(row)?;
            let among = |texts: &Vec<String>| texts.iter().any(|other| *other == text);
            if is.as_ref().is_some_and(|texts| !among(texts)) || is_not.as_ref().is_some_and(among) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
