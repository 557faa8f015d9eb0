//! The mapping file: which tables there are and how their rows become records, as TOML.
//!
//! Only the form is known here: names of columns are checked where the tables are opened, values where rows are
//! read. A key that is not known is an error, so that a typing mistake never changes what is imported in silence.

mod expression;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

pub(super) use expression::{Condition, Expression, Lookup, Otherwise, RichExpression, Several, Words};
pub(super) use rules::{
    ActivityRule, DealRule, DurationUnit, FxRateRule, GoalRule, QuotaRule, RepRule, TerritoryRule, Undated,
};

/// The largest mapping file that is read.
const MAX_MAPPING_BYTES: u64 = 1 << 20;

/// The whole mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// The tables, by the name that rules and lookups use.
    pub(super) sources: BTreeMap<String, Source>,
    /// How dates are written, unless a rule says otherwise.
    #[serde(default)]
    pub(super) dates: Dates,
    /// How amounts are written, unless a rule says otherwise.
    #[serde(default)]
    pub(super) amounts: Amounts,
    /// Word maps, by name.
    #[serde(default)]
    pub(super) words: BTreeMap<String, Words>,
    /// Rules for territories.
    #[serde(default)]
    pub(super) territories: Vec<TerritoryRule>,
    /// Rules for reps.
    #[serde(default)]
    pub(super) reps: Vec<RepRule>,
    /// Rules for quotas.
    #[serde(default)]
    pub(super) quotas: Vec<QuotaRule>,
    /// Rules for exchange rates.
    #[serde(default)]
    pub(super) fx_rates: Vec<FxRateRule>,
    /// Rules for goals.
    #[serde(default)]
    pub(super) goals: Vec<GoalRule>,
    /// Rules for deals.
    #[serde(default)]
    pub(super) deals: Vec<DealRule>,
    /// Rules for activities.
    #[serde(default)]
    pub(super) activities: Vec<ActivityRule>,
}

/// A CSV table with a header row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Where it is, relative to the mapping file; `--input name=path` takes its place.
    pub(super) path: Option<PathBuf>,
    /// What stands between fields.
    #[serde(default = "comma")]
    pub(super) delimiter: String,
    /// What stands around fields that hold a delimiter; empty where nothing is quoted.
    #[serde(default = "double_quote")]
    pub(super) quote: String,
    /// Values that stand for no value, beside the empty one.
    #[serde(default)]
    pub(super) blank_values: Vec<String>,
}

fn comma() -> String {
    ",".to_owned()
}

fn double_quote() -> String {
    "\"".to_owned()
}

/// How dates and times are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dates {
    /// Tried in this order: `iso`, `epoch_seconds`, `epoch_millis` or a strptime pattern such as `%m/%d/%Y`.
    pub(super) formats: Vec<String>,
    /// The tz database zone of times that are written without an offset.
    pub(super) time_zone: String,
    /// The time of day of dates that are written without one. Noon exists on every day of every zone.
    pub(super) time_of_day: String,
    /// The first day that is believed; earlier dates come from broken clocks and mixed-up units.
    pub(super) earliest: String,
}

impl Default for Dates {
    fn default() -> Self {
        Self {
            formats: vec!["iso".to_owned()],
            time_zone: "UTC".to_owned(),
            time_of_day: "12:00:00".to_owned(),
            earliest: "1990-01-01".to_owned(),
        }
    }
}

/// How amounts are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Amounts {
    /// What stands before the fraction digits.
    pub(super) decimal_separator: char,
    /// What stands between groups of digits, if anything does.
    pub(super) thousands_separator: Option<char>,
    /// What is taken off either end, such as `$` or `EUR`.
    pub(super) strip: Vec<String>,
    /// What happens to digits that the currency does not have.
    pub(super) excess_digits: ExcessDigits,
    /// The currency; the text is an expression: `USD` or `{currency_code}`.
    pub(super) currency: Option<Expression>,
}

impl Default for Amounts {
    fn default() -> Self {
        Self {
            decimal_separator: '.',
            thousands_separator: None,
            strip: Vec::new(),
            excess_digits: ExcessDigits::Reject,
            currency: None,
        }
    }
}

/// What happens to digits that a currency does not have: 12.345 USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExcessDigits {
    /// The row is rejected.
    Reject,
    /// The amount is rounded to the nearest, halves away from zero.
    Round,
}

impl Mapping {
    /// Reads and checks a mapping file; paths in it become relative to its folder, those of `inputs` take their place.
    ///
    /// # Errors
    /// The file, TOML or the first rule of the form that it breaks.
    pub(super) fn read(path: &Path, inputs: &[(String, PathBuf)]) -> anyhow::Result<Self> {
        let shown = path.display();
        let bytes = std::fs::metadata(path).with_context(|| format!("mapping {shown}"))?.len();
        ensure!(
            bytes <= MAX_MAPPING_BYTES,
            "mapping {shown} has {bytes} bytes; expected at most {MAX_MAPPING_BYTES}"
        );
        let text = std::fs::read_to_string(path).with_context(|| format!("mapping {shown}"))?;
        let mut mapping = Self::parse(&text).with_context(|| format!("mapping {shown}"))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for source in mapping.sources.values_mut() {
            source.path = source.path.take().map(|path| folder.join(path));
        }
        for (name, path) in inputs {
            let Some(source) = mapping.sources.get_mut(name) else {
                let known: Vec<_> = mapping.sources.keys().collect();
                bail!("--input {name}=…: mapping {shown} has no source {name:?}; it has {known:?}");
            };
            source.path = Some(path.clone());
        }
        Ok(mapping)
    }

    /// Reads and checks the text of a mapping.
    ///
    /// # Errors
    /// TOML or the first rule of the form that it breaks.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mapping: Self = toml::from_str(text)?;
        let used = mapping.rule_sources();
        ensure!(
            !used.is_empty(),
            "there is no rule; expected at least one of [[deals]], [[activities]], [[reps]], [[territories]], \
             [[quotas]], [[fx_rates]] or [[goals]]"
        );
        for name in used {
            mapping.source(name)?;
        }
        for (name, source) in &mapping.sources {
            single_byte(name, "delimiter", &source.delimiter)?;
            if !source.quote.is_empty() {
                single_byte(name, "quote", &source.quote)?;
            }
            ensure!(source.delimiter != source.quote, "sources.{name}: delimiter and quote are the same");
        }
        for (number, rule) in mapping.deals.iter().enumerate() {
            rule.check().with_context(|| format!("deals[{number}]"))?;
        }
        Ok(mapping)
    }

    /// The source of a name.
    ///
    /// # Errors
    /// That there is none.
    pub(super) fn source(&self, name: &str) -> anyhow::Result<&Source> {
        let Some(source) = self.sources.get(name) else {
            let known: Vec<_> = self.sources.keys().collect();
            bail!("source {name:?} is used and not described under [sources]; described are {known:?}");
        };
        Ok(source)
    }

    /// The sources that rules read, each once, in the order in which they are read: reference records first.
    pub(super) fn rule_sources(&self) -> Vec<&str> {
        let reference = (self.territories.iter().map(|rule| &rule.source))
            .chain(self.reps.iter().map(|rule| &rule.source))
            .chain(self.quotas.iter().map(|rule| &rule.source))
            .chain(self.fx_rates.iter().map(|rule| &rule.source))
            .chain(self.goals.iter().map(|rule| &rule.source));
        let events = (self.deals.iter().map(|rule| &rule.source))
            .chain(self.activities.iter().map(|rule| &rule.source));
        let mut seen = BTreeSet::new();
        reference.chain(events).map(String::as_str).filter(|name| seen.insert(*name)).collect()
    }
}

fn single_byte(source: &str, key: &str, text: &str) -> anyhow::Result<()> {
    ensure!(
        text.len() == 1 && text.is_ascii() && text != "\n" && text != "\r",
        "sources.{source}: {key} is {text:?}; expected one ASCII character"
    );
    Ok(())
}
