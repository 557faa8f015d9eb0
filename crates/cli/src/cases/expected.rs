//! `expected.json`: what a case says of itself, read strictly. A case that could not fail is an error.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use kpi::Dimension;
use model::{Calendar, RejectReason, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::figure::{Figure, PartFigure};

/// What a case expects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// What the case is about, and why its numbers are as they are.
    pub(super) description: String,
    /// When the board is looked at, and until when events are not in the future.
    #[serde(deserialize_with = "moment")]
    pub(super) as_of: Timestamp,
    /// Whether the order of events may change the numbers, as it does beyond the horizons.
    #[serde(default)]
    pub(super) order_matters: bool,
    #[serde(default)]
    pub(super) rejected: Rejected,
    /// How many events were there already.
    pub(super) duplicates: Option<u64>,
    /// How many events had the identity of another one and other content.
    pub(super) conflicts: Option<u64>,
    pub(super) expect: Vec<Expectation>,
}

/// How many records are refused: of all reasons together, or by reason.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "rejected: expected a count, or counts by reason such as {\"late\": 1}")]
pub(super) enum Rejected {
    All(u64),
    ByReason(BTreeMap<String, u64>),
}

impl Default for Rejected {
    fn default() -> Self {
        Self::All(0)
    }
}

/// For whom a KPI is expected: `company`, or `rep:alice` and the like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Whose {
    pub(super) scope: String,
    pub(super) id: Option<String>,
}

impl TryFrom<String> for Whose {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let whose =
            |scope: &str, id: Option<&str>| Self { scope: scope.to_owned(), id: id.map(str::to_owned) };
        match text.split_once(':') {
            None if text == "company" => Ok(whose("company", None)),
            Some((scope @ ("region" | "territory" | "team" | "rep"), id)) if !id.is_empty() => {
                Ok(whose(scope, Some(id)))
            }
            _ => Err(format!(
                "scope is {text:?}; expected company, region:ID, territory:ID, team:ID or rep:ID"
            )),
        }
    }
}

impl std::fmt::Display for Whose {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(formatter, "{}:{id}", self.scope),
            None => formatter.write_str(&self.scope),
        }
    }
}

/// What is expected of one KPI. What is not said is not compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    pub(super) scope: Whose,
    /// The name of the period; none for what stands now.
    pub(super) period: Option<String>,
    pub(super) kpi: String,
    pub(super) unit: Option<String>,
    pub(super) currency: Option<String>,
    value: Option<Value>,
    numerator: Option<Value>,
    denominator: Option<Value>,
    count: Option<Value>,
    absent: Option<String>,
    /// By how much a quantile may differ.
    pub(super) within_percent: Option<f64>,
    /// By stage, category, type, range of attainment or step; those that are not named are not compared.
    #[serde(default)]
    pub(super) parts: BTreeMap<String, PartFigure>,
    /// The part that the KPI names; `none` for none.
    pub(super) named: Option<String>,
    /// `none` for none.
    pub(super) verdict: Option<String>,
    /// The place on the leaderboard of this KPI, of those of the same scope; equal values share one.
    pub(super) rank: Option<u64>,
}

impl Expectation {
    /// What is expected over all parts.
    pub(super) fn figure(&self) -> Figure {
        Figure {
            value: self.value.clone(),
            numerator: self.numerator.clone(),
            denominator: self.denominator.clone(),
            count: self.count.clone(),
            absent: self.absent.clone(),
        }
    }

    fn check(&self, calendar: &Calendar) -> Result<()> {
        let Some(kpi) = kpi::find(&self.kpi) else {
            bail!("kpi is {:?}; expected one of those that `tallyboard kpis` prints", self.kpi);
        };
        let kind = match &self.period {
            None => None,
            Some(name) => Some(calendar.parse(name).context("period")?.kind),
        };
        if !kpi.is_told_for(kind) {
            let expected = if kpi.is_standing() {
                "no period, since it tells what stands now".to_owned()
            } else {
                let kinds: Vec<&str> = kpi.periods.iter().map(|kind| kind.name()).collect();
                format!("the name of a {}", kinds.join(", "))
            };
            bail!(
                "{} has period {:?}; expected {expected}",
                kpi.name,
                self.period.as_deref().unwrap_or("none")
            );
        }
        let figure = self.figure();
        if let Some(problem) = figure.problem() {
            bail!("{} {problem}", kpi.name);
        }
        for (name, part) in &self.parts {
            if let Some(problem) = part.0.problem() {
                bail!("part {name:?} {problem}");
            }
            ensure!(!part.0.is_empty(), "part {name:?} expects nothing; expected at least a value");
        }
        ensure!(
            self.parts.is_empty() || kpi.dimension != Dimension::None,
            "{} has no parts; expected none",
            kpi.name
        );
        ensure!(
            self.rank.is_none() || self.scope.id.is_some(),
            "the company has no rank; expected another scope"
        );
        if let Some(percent) = self.within_percent {
            let is_quantile = kpi.name.ends_with("_p50") || kpi.name.ends_with("_p90");
            ensure!(is_quantile, "{} is exact; expected within_percent with quantiles alone", kpi.name);
            ensure!(
                percent > 0.0 && percent <= 10.0,
                "within_percent is {percent}; expected more than 0 and at most 10"
            );
        }
        let says_nothing = figure.is_empty()
            && self.parts.is_empty()
            && [&self.named, &self.verdict, &self.unit, &self.currency].iter().all(|field| field.is_none())
            && self.rank.is_none();
        ensure!(!says_nothing, "{} expects nothing; expected such as a value", kpi.name);
        Ok(())
    }
}

fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |error| serde::de::Error::custom(format_args!("as_of is {text:?}, which {error}"));
    Timestamp::parse(&text).map_err(wrong)
}

impl Expected {
    pub(super) fn read(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Whether it can be compared, and can fail.
    pub(super) fn check(&self, calendar: &Calendar) -> Result<()> {
        ensure!(!self.description.trim().is_empty(), "description is empty; expected why the numbers are so");
        ensure!(!self.expect.is_empty(), "expect is empty: the case cannot fail; expected at least one KPI");
        for (number, expectation) in self.expect.iter().enumerate() {
            expectation.check(calendar).with_context(|| format!("expect[{number}]"))?;
        }
        if let Rejected::ByReason(reasons) = &self.rejected {
            let known = RejectReason::ALL.map(RejectReason::name);
            for reason in reasons.keys() {
                ensure!(
                    known.contains(&reason.as_str()),
                    "rejected: {reason:?} is no reason; expected any of {}",
                    known.join(", ")
                );
            }
        }
        Ok(())
    }
}
