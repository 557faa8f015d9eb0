//! The form of expressions: where a field's text comes from, the words it goes through, and conditions on it.
//!
//! Only the form: names of columns, sources and word maps are resolved by `binder`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

/// Words of a table and what they are here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Words {
    /// Word there = word here.
    pub(in super::super) map: BTreeMap<String, String>,
    /// What happens to a word that is not in the map.
    #[serde(default)]
    pub(in super::super) otherwise: Otherwise,
    /// Whether upper and lower case are the same.
    #[serde(default)]
    pub(in super::super) ignore_case: bool,
}

/// What happens to a word that is not in a map.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Otherwise {
    /// The row is rejected.
    #[default]
    Reject,
    /// It stays as it is.
    Keep,
    /// It becomes this word.
    Use(String),
}

/// Where a field's text comes from. As a TOML string it is a template; as a table it can say more.
#[derive(Debug, Clone)]
pub(in super::super) enum Expression {
    /// `text {column} text`: braces name columns.
    Template(String),
    /// With fallbacks, a lookup, words or a default.
    Rich(Box<RichExpression>),
}

/// An expression with more to it than a template. The steps are taken in the order of the fields here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RichExpression {
    /// The text to start from.
    pub(in super::super) value: Option<Expression>,
    /// In place of `value`: the first of these that is not blank.
    #[serde(default)]
    pub(in super::super) first_of: Vec<Expression>,
    /// Takes the text as a key into another table.
    pub(in super::super) lookup: Option<Lookup>,
    /// The name of a word map that the text then goes through.
    pub(in super::super) words: Option<String>,
    /// What holds where the text is blank or its key is not found; an empty one lets an optional field be absent.
    pub(in super::super) default: Option<String>,
}

/// A lookup of a key in another table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Lookup {
    /// The table.
    pub(in super::super) source: String,
    /// The column that holds the key.
    pub(in super::super) key: String,
    /// The column that is taken.
    pub(in super::super) column: String,
    /// Whether upper and lower case of keys are the same.
    #[serde(default)]
    pub(in super::super) ignore_case: bool,
    /// What happens where a key stands in several rows that differ in the column taken.
    #[serde(default)]
    pub(in super::super) several: Several,
}

/// What happens where a key stands in several rows that differ in the column taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Several {
    /// The row that looks it up is rejected.
    #[default]
    Reject,
    /// The first row of the table holds.
    First,
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Expression;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a template such as \"{column}\" or a table with value, first_of, lookup, words or default")
            }

            fn visit_str<E>(self, text: &str) -> Result<Expression, E> {
                Ok(Expression::Template(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Expression, M::Error> {
                let rich = RichExpression::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Expression::Rich(Box::new(rich)))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// Which rows a rule is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Condition {
    /// What is looked at.
    pub(in super::super) value: Expression,
    /// It must be one of these; an empty text stands for a blank value.
    pub(in super::super) is: Option<Vec<String>>,
    /// It must be none of these.
    pub(in super::super) is_not: Option<Vec<String>>,
}
