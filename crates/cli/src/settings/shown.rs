//! Settings as a configuration file that gives the same settings again, but for secrets.

use anyhow::{Context as _, Result};
use serde::Serialize;
use toml::{Table, Value};

use super::layers::{ABSENT, HIDDEN};
use super::{Contest, Pipeline, Settings};

const HEAD: &str = "\
# Every key of the configuration with its value. What stands behind # is not set: keys with … have no default, and
# secrets are never shown. A key can be set by an environment variable, too: TALLYBOARD__SECTION__KEY.
";

/// What stands in `[[…]]`, behind all sections.
#[derive(Serialize)]
struct Lists<'s> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pipelines: &'s [Pipeline],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    contests: &'s [Contest],
}

/// The text. Keys come in the order in which they are declared, those that are not set as comments.
pub(super) fn text(settings: &Settings) -> Result<String> {
    let unwritable = "the configuration cannot be written as TOML";
    let set = Table::try_from(settings).context(unwritable)?;
    let known = known()?;
    let mut text = HEAD.to_owned();
    for (section, lines) in sections(&known) {
        text.push('\n');
        put_section(&mut text, section, &lines, find(&set, section));
    }
    text.push('\n');
    let lists = Lists { pipelines: &settings.pipelines, contests: &settings.contests };
    text.push_str(&toml::to_string(&lists).context(unwritable)?);
    if settings.contests.is_empty() {
        text.push('\n');
        for line in example()?.lines() {
            put(&mut text, &format!("# {line}"));
        }
    }
    Ok(text)
}

/// A contest, where there are none.
pub(super) fn example() -> Result<String> {
    let contests = Lists { pipelines: &[], contests: &[Contest::example()] };
    toml::to_string(&contests).context("a contest cannot be written as TOML")
}

/// Every key with a value of its type. Tables know no order of declaration; this text does.
pub(super) fn known() -> Result<String> {
    toml::to_string(&Settings::complete()).context("the configuration cannot be written as TOML")
}

/// The sections of such a text with their lines, without lists of sections, which come last.
pub(super) fn sections(known: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in known.lines().filter(|line| !line.is_empty()) {
        match sections.last_mut() {
            _ if line.starts_with("[[") => break,
            Some((_, lines)) if !line.starts_with('[') => lines.push(line),
            _ => sections.push((line.trim_matches(['[', ']']), Vec::new())),
        }
    }
    sections
}

pub(super) fn find<'s>(set: &'s Table, section: &str) -> Option<&'s Table> {
    section.split('.').try_fold(set, |table, key| table.get(key)?.as_table())
}

/// A section with the lines that it has where every key is set, and what is set.
fn put_section(text: &mut String, section: &str, known: &[&str], set: Option<&Table>) {
    let mark = if set.is_some() { "" } else { "# " };
    put(text, &format!("{mark}[{section}]"));
    for line in known {
        let key = key(line);
        match set.and_then(|set| set.get(key)) {
            Some(value) => put_value(text, section, key, value),
            None => put(text, &format!("# {}", line.replace(HIDDEN, ABSENT))),
        }
    }
    // Keys that are free: properties.
    let set = set.into_iter().flatten().filter(|(_, value)| !value.is_table());
    for (name, value) in set.filter(|(name, _)| !known.iter().any(|line| key(line) == *name)) {
        put_value(text, section, &Value::from(name.as_str()).to_string(), value);
    }
}

fn put_value(text: &mut String, section: &str, key: &str, value: &Value) {
    if value.as_str() == Some(HIDDEN) {
        let name = key.trim_matches('"').replace('.', "_");
        let variable = format!("TALLYBOARD__{}__{name}", section.replace('.', "__")).to_uppercase();
        put(text, &format!("# {key} is set and not shown; write it here, or set {variable}"));
    } else {
        put(text, &format!("{key} = {value}"));
    }
}

fn put(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

pub(super) fn key(line: &str) -> &str {
    line.split_once(" = ").map_or(line, |(key, _)| key)
}
