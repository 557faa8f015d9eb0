//! Where settings come from: a file and environment variables, each a tree of keys that is merged over the defaults.
//!
//! A key of text takes what a variable says as it is written: a user `007`, a password `12345`. No message shows the value
//! of such a key, since it may be a password.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use figment::value::{Dict, Map, Value as Merged};
use figment::{Metadata, Profile, Provider};
use toml::{Table, Value};

/// What environment variables begin with.
const PREFIX: &str = "TALLYBOARD__";
/// The section whose keys are free, each of them with a text.
const PROPERTIES: [&str; 2] = ["kafka", "properties"];
/// The section that two structs share: what serde says of an unknown key there names no known ones.
const SHARED: [&str; 1] = ["kpis"];
/// What `check-config` prints where there is a value that is not shown, and where there is none.
pub(super) const HIDDEN: &str = "(hidden)";
pub(super) const ABSENT: &str = "…";

/// What one place says.
#[derive(Debug)]
pub(super) struct Layer {
    origin: String,
    table: Table,
}

impl Layer {
    /// What a file says. `known` has every key, with a value of its type.
    pub(super) fn file(path: &Path, known: &Table) -> Result<Self> {
        let origin = format!("configuration file {}", path.display());
        let text = std::fs::read_to_string(path).with_context(|| format!("{origin} cannot be read"))?;
        // The error's own text would quote the line, and with it a password.
        let table = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            anyhow::anyhow!("{origin}, line {line}: {}", error.message())
        })?;
        Self { origin, table }.checked(known)
    }

    /// What environment variables say, one layer each.
    pub(super) fn variables(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        known: &Table,
    ) -> Result<Vec<Self>> {
        let mut layers = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some((prefix, path)) = name.split_at_checked(PREFIX.len()) else { continue };
            if !prefix.eq_ignore_ascii_case(PREFIX) {
                continue;
            }
            let origin = format!("environment variable {name}");
            let Some(value) = value.to_str() else { bail!("{origin} is not UTF-8") };
            let table = variable(&path.to_ascii_lowercase(), value, known);
            layers.push(Self { origin, table }.checked(known)?);
        }
        layers.sort_by(|left, right| left.origin.cmp(&right.origin));
        Ok(layers)
    }

    fn checked(self, known: &Table) -> Result<Self> {
        check(&self.table, known, &mut Vec::new()).with_context(|| self.origin.clone())?;
        Ok(self)
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone()).interpolater(|_, keys| keys.join("."))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let merged = Merged::serialize(&self.table)?;
        Ok(Map::from([(Profile::Default, merged.into_dict().unwrap_or_default())]))
    }
}

/// A tree with the one key that a variable names.
fn variable(path: &str, value: &str, known: &Table) -> Table {
    let mut keys: Vec<String> = path.split("__").map(str::to_owned).collect();
    let is_property =
        keys.len() > PROPERTIES.len() && keys.iter().zip(PROPERTIES).all(|(key, own)| key == own);
    if is_property {
        // No shell has names with dots, and no property has an underscore.
        let property = keys.split_off(PROPERTIES.len()).join("__").replace('_', ".");
        keys.push(property);
    }
    let value = match known_value(&keys, known) {
        Some(Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_)) => {
            let parsed = value.parse().unwrap_or_else(|never: std::convert::Infallible| match never {});
            Value::try_from::<Merged>(parsed).unwrap_or_else(|_| Value::String(value.to_owned()))
        }
        _ => Value::String(value.to_owned()),
    };
    let last = keys.pop().unwrap_or_default();
    let nest = |table, key| Table::from_iter([(key, Value::Table(table))]);
    keys.into_iter().rev().fold(Table::from_iter([(last, value)]), nest)
}

fn known_value<'k>(keys: &[String], known: &'k Table) -> Option<&'k Value> {
    let (first, rest) = keys.split_first()?;
    let value = known.get(first)?;
    if rest.is_empty() { Some(value) } else { known_value(rest, value.as_table()?) }
}

/// Checks that texts are texts, whole numbers are whole numbers and sections are sections, and that no text is one that
/// `check-config` printed in place of a value. All else is for the reading of the whole to see.
fn check<'t>(table: &'t Table, known: &Table, section: &mut Vec<&'t str>) -> Result<()> {
    let is_free = section[..] == PROPERTIES;
    for (key, found) in table {
        section.push(key);
        match (known.get(key), found) {
            (Some(Value::String(_)), Value::String(text)) => check_text(text, section)?,
            (None, Value::String(text)) if is_free => check_text(text, section)?,
            (Some(Value::Table(known)), Value::Table(table)) => check(table, known, section)?,
            (Some(Value::Table(_)), _) => {
                bail!("{} is of type {}; expected a section with keys", section.join("."), found.type_str());
            }
            (expected, _) if is_free || matches!(expected, Some(Value::String(_))) => {
                bail!("{} is of type {}; expected a text in quotes", section.join("."), found.type_str());
            }
            (Some(Value::Integer(_)), found) if found.as_integer().is_none_or(i64::is_negative) => {
                bail!("{} is {found}; expected a whole number, 0 or above", section.join("."));
            }
            (None, _) if section[..section.len() - 1] == SHARED => {
                let keys: Vec<&str> = known.keys().map(String::as_str).collect();
                bail!("there is no key {}; expected one of {}", section.join("."), keys.join(", "));
            }
            _ => {}
        }
        section.pop();
    }
    Ok(())
}

fn check_text(text: &str, key: &[&str]) -> Result<()> {
    ensure!(
        text != HIDDEN && text != ABSENT,
        "{} is {text:?}, which check-config prints in place of a value; expected the value, or no such line",
        key.join(".")
    );
    Ok(())
}
