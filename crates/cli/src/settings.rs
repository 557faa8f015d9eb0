//! `tallyboard.toml`: what can be set, its defaults, and what is made of it.
//!
//! Layers, later ones win: defaults, the file, environment variables `TALLYBOARD__SECTION__KEY`. Unknown keys are errors.

mod commented;
mod contests;
mod kpis;
mod layers;
mod sentences;
mod shown;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use codec::Carries;
use engine::{FoldConfig, RestatementRules};
use eventlog::registry::RegistryOptions;
use eventlog::{KafkaOptions, Secret};
use figment::Figment;
use figment::providers::Serialized;
use kpi::Choice;
use model::{Calendar, Currency, Pipeline, Pipelines, Stage, StageKind, StageRole};
use runtime::{EventTopic, Format};
use serde::{Deserialize, Serialize};

pub(crate) use contests::Contest;
use kpis::Kpis;
use layers::{ABSENT, Layer};

/// The file that is read where none is named, if it is there.
pub(crate) const DEFAULT_FILE: &str = "tallyboard.toml";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) organisation: Organisation,
    pub(crate) fold: Fold,
    pub(crate) kafka: KafkaOptions,
    pub(crate) topics: Topics,
    pub(crate) registry: Option<RegistryOptions>,
    pub(crate) snapshots: snapshot::Options,
    pub(crate) runtime: runtime::Options,
    pub(crate) serve: serve::ServeOptions,
    pub(crate) kpis: Kpis,
    pub(crate) alerts: serve::AlertLines,
    pub(crate) pipelines: Vec<Pipeline>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) contests: Vec<Contest>,
}

/// Whose numbers these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organisation {
    /// A name of the tz database; decides which day an event falls on.
    pub(crate) time_zone: String,
    /// The month, 1 to 12, in which the fiscal year begins.
    pub(crate) fiscal_year_first_month: u32,
    /// The ISO 4217 code of the currency in which money is told.
    pub(crate) reporting_currency: String,
}

/// The horizons of memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fold {
    /// For how many days after its close a deal may still change.
    pub(crate) deal_retention_days: u32,
    /// For how many days behind the newest activity one may be reported, corrected or taken back.
    pub(crate) activity_horizon_days: u32,
    /// By how much an event's time may be ahead of the time at which the log received it.
    pub(crate) future_tolerance_seconds: u32,
    /// For how many days after its end a month may change without that being told as a restatement; 0 to 366.
    pub(crate) restatement_grace_days: u32,
    /// How many of the newest restatements are kept in each partition; 1 to 100 000.
    pub(crate) restatements_kept_max: u32,
}

/// The topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Topics {
    pub(crate) deals: Topic,
    pub(crate) activities: Topic,
    pub(crate) reference: Topic,
    /// Where records go that are not counted.
    pub(crate) dead_letters: String,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    pub(crate) name: String,
    /// `json`, `avro` (the built-in schema) or `confluent-avro` (framed with a schema registry's id).
    #[serde(default = "json")]
    pub(crate) format: Format,
}

const fn json() -> Format {
    Format::Json
}

impl Default for Organisation {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), fiscal_year_first_month: 1, reporting_currency: "USD".to_owned() }
    }
}

impl Default for Fold {
    fn default() -> Self {
        let RestatementRules { grace_days, kept_max } = RestatementRules::default();
        // 24 months and five weeks, as the KPI catalogue has them; clocks may be a day apart.
        Self {
            deal_retention_days: 731,
            activity_horizon_days: 35,
            future_tolerance_seconds: 86_400,
            restatement_grace_days: grace_days,
            restatements_kept_max: kept_max,
        }
    }
}

impl Fold {
    fn check(&self) -> Result<()> {
        for (key, found, low, high) in [
            ("restatement_grace_days", self.restatement_grace_days, 0, RestatementRules::GRACE_DAYS_MAX),
            ("restatements_kept_max", self.restatements_kept_max, 1, RestatementRules::KEPT_MAX),
        ] {
            ensure!((low..=high).contains(&found), "{key} is {found}; expected {low} to {high}");
        }
        Ok(())
    }
}

impl Default for Topics {
    fn default() -> Self {
        let topic = |name: &str| Topic { name: name.to_owned(), format: Format::Json };
        Self {
            deals: topic("sales.deals"),
            activities: topic("sales.activities"),
            reference: topic("sales.reference"),
            dead_letters: "sales.dead-letters".to_owned(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            organisation: Organisation::default(),
            fold: Fold::default(),
            kafka: KafkaOptions::default(),
            topics: Topics::default(),
            registry: None,
            snapshots: snapshot::Options::default(),
            runtime: runtime::Options::default(),
            serve: serve::ServeOptions::default(),
            kpis: Kpis::default(),
            alerts: serve::AlertLines::default(),
            pipelines: vec![default_pipeline()],
            contests: Vec::new(),
        }
    }
}

/// The pipeline where none is configured: the usual stages of a business that sells to businesses.
fn default_pipeline() -> Pipeline {
    let stage = |name: &str, kind, limit_days| Stage { name: name.to_owned(), kind, limit_days, role: None };
    Pipeline {
        name: "default".to_owned(),
        stages: vec![
            stage("lead", StageKind::Open, Some(14)),
            Stage { role: Some(StageRole::Mql), ..stage("mql", StageKind::Open, Some(14)) },
            Stage { role: Some(StageRole::Sql), ..stage("sql", StageKind::Open, Some(21)) },
            stage("qualified", StageKind::Open, Some(21)),
            stage("proposal", StageKind::Open, Some(30)),
            stage("negotiation", StageKind::Open, Some(30)),
            stage("won", StageKind::Won, None),
            stage("lost", StageKind::Lost, None),
        ],
    }
}

impl Settings {
    /// Reads the layers and checks the result. `file` must be there if named; without a name, `tallyboard.toml` is read
    /// if it is there.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let file = match file {
            Some(file) => {
                ensure!(file.is_file(), "configuration file {} does not exist", file.display());
                Some(file.to_path_buf())
            }
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.is_file()),
        };
        Self::read(file.as_deref(), std::env::vars_os()).context("the configuration is not valid")
    }

    /// Reads one file over the defaults, whatever the environment says.
    pub(crate) fn of_file(file: &Path) -> Result<Self> {
        Self::read(Some(file), []).context("the configuration is not valid")
    }

    fn read(file: Option<&Path>, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self> {
        let settings = Self::merged(file, variables)?;
        settings.check()?;
        Ok(settings)
    }

    /// The layers, one over the other.
    fn merged(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let known = toml::Table::try_from(Self::complete())?;
        let file = file.map(|file| Layer::file(file, &known)).transpose()?;
        let layers = file.into_iter().chain(Layer::variables(variables, &known)?);
        let defaults = Figment::from(Serialized::defaults(Self::default()));
        Ok(layers.fold(defaults, Figment::merge).extract()?)
    }

    /// Settings that have every key, also those without a default.
    fn complete() -> Self {
        let (text, secret) = (|| Some(ABSENT.to_owned()), || Some(Secret::new(ABSENT)));
        let mut settings = Self::default();
        settings.kafka.sasl_username = text();
        settings.kafka.sasl_password = secret();
        settings.kafka.ssl_ca_location = text();
        settings.kafka.ssl_certificate_location = text();
        settings.kafka.ssl_key_location = text();
        settings.kafka.ssl_key_password = secret();
        settings.registry =
            Some(RegistryOptions { username: text(), password: secret(), ..RegistryOptions::default() });
        settings.contests = vec![Contest::example()];
        settings
    }

    /// The settings as a configuration file, without secrets.
    pub(crate) fn text(&self) -> Result<String> {
        shown::text(self)
    }

    /// The settings as a configuration file to go on from: a sentence for every key, defaults behind `#`. There must be
    /// no secrets in them.
    pub(crate) fn commented_text(&self) -> Result<String> {
        commented::text(self)
    }

    /// Whether they make sense.
    pub(crate) fn check(&self) -> Result<()> {
        self.fold_config()?;
        self.reporting_currency()?;
        self.kafka.check_clients().context("section [kafka]")?;
        self.fold.check().context("section [fold]")?;
        self.snapshots.check().context("section [snapshots]")?;
        self.runtime.check().context("section [runtime]")?;
        self.serve.check().context("section [serve]")?;
        self.kpis.thresholds.check().map_err(anyhow::Error::msg).context("section [kpis]")?;
        self.alerts.check().context("section [alerts]")?;
        self.choice()?;
        self.contests()?;
        let topics = &self.topics;
        let names =
            [&topics.deals.name, &topics.activities.name, &topics.reference.name, &topics.dead_letters];
        for (index, name) in names.iter().enumerate() {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if name.is_empty() || name.len() > 249 || !name.bytes().all(is_plain) {
                bail!(
                    "section [topics]: {name:?} is not a topic's name; expected 1 to 249 of a-z A-Z 0-9 . _ -"
                );
            }
            ensure!(
                !names[..index].contains(name),
                "section [topics]: {name:?} is there twice; each needs its own topic"
            );
        }
        let framed = [&topics.deals, &topics.activities, &topics.reference]
            .into_iter()
            .find(|topic| topic.format == Format::ConfluentAvro);
        if let (Some(topic), None) = (framed, &self.registry) {
            bail!(
                "topic {:?} has format confluent-avro, which needs a section [registry] with urls",
                topic.name
            );
        }
        Ok(())
    }

    /// What shapes the fold.
    pub(crate) fn fold_config(&self) -> Result<FoldConfig> {
        Ok(FoldConfig {
            pipelines: Pipelines::new(self.pipelines.clone()).context("section [[pipelines]]")?,
            calendar: self.calendar()?,
            deal_retention_days: self.fold.deal_retention_days,
            activity_horizon_days: self.fold.activity_horizon_days,
            future_tolerance_seconds: self.fold.future_tolerance_seconds,
            restatements: RestatementRules {
                grace_days: self.fold.restatement_grace_days,
                kept_max: self.fold.restatements_kept_max,
            },
        })
    }

    /// The organisation's calendar.
    pub(crate) fn calendar(&self) -> Result<Calendar> {
        let Organisation { time_zone, fiscal_year_first_month, .. } = &self.organisation;
        Calendar::new(time_zone, *fiscal_year_first_month).context("section [organisation]")
    }

    /// The currency in which money is told.
    pub(crate) fn reporting_currency(&self) -> Result<Currency> {
        let code = &self.organisation.reporting_currency;
        Currency::from_code(code)
            .with_context(|| format!("section [organisation]: reporting_currency {code:?}"))
    }

    /// The KPIs that are exported as metrics.
    pub(crate) fn choice(&self) -> Result<Choice> {
        self.kpis.choice().context("section [kpis]")
    }

    /// The contests.
    pub(crate) fn contests(&self) -> Result<Vec<board::Contest>> {
        contests::checked(&self.contests, self.reporting_currency()?).context("section [[contests]]")
    }

    /// The topics of events.
    pub(crate) fn event_topics(&self) -> Vec<EventTopic> {
        [(&self.topics.deals, Carries::Deals), (&self.topics.activities, Carries::Activities)]
            .map(|(topic, carries)| EventTopic {
                name: topic.name.as_str().into(),
                carries,
                format: topic.format,
            })
            .to_vec()
    }

    /// A new board for these settings.
    pub(crate) fn board(&self) -> Result<Arc<board::Board>> {
        let config = self.fold_config()?;
        let board = board::Board::new(config.pipelines, config.calendar, self.reporting_currency()?);
        Ok(Arc::new(board.with_thresholds(self.kpis.thresholds.clone())))
    }
}
