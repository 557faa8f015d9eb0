//! What is asked, as flags: each of them optional, checked when it is given, and settings made of them.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use eventlog::registry::RegistryOptions;
use kpi::Choice;
use model::{Calendar, Currency, Stage, StageKind, StageRole};
use runtime::Format;

use crate::settings::Settings;

const NONE: &[&str] = &[];

/// What is answered so far.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Answers")]
pub(super) struct Answers {
    /// The organisation's time zone, by its name in the tz database; decides on which day an event falls [default: UTC].
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    pub(super) time_zone: Option<String>,
    /// The month, 1 to 12, in which the fiscal year begins [default: 1].
    #[arg(long, value_name = "MONTH", value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(super) fiscal_year_first_month: Option<u32>,
    /// The currency in which money is told, by its ISO 4217 code [default: USD].
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub(super) currency: Option<String>,
    /// The name of the pipeline, as events carry it [default: default].
    #[arg(long, value_name = "NAME")]
    pub(super) pipeline: Option<String>,
    /// The stages in the order in which deals pass them, with commas between: NAME, and behind colons, in any order, its kind
    /// (open, won or lost; open goes without saying), its role (mql or sql) and after how many days a deal in it is
    /// stalled.
    #[arg(long, value_name = "STAGES", value_delimiter = ',', value_parser = stage)]
    pub(super) stages: Option<Vec<Stage>>,
    /// What is to be reached, with commas between; only KPIs that tell of it are exported as metrics. `tallyboard kpis
    /// --objectives` lists them; "all" exports every KPI [default: grow_revenue,fix_the_funnel].
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = objective)]
    pub(super) objectives: Option<Vec<String>>,
    /// Further KPIs that are exported as metrics, with commas between; `tallyboard kpis` lists them.
    #[arg(long, value_name = "KPIS", value_delimiter = ',', value_parser = further)]
    pub(super) also: Option<Vec<String>>,
    /// Kafka's brokers: host:port, with commas between [default: 127.0.0.1:9092].
    #[arg(long, value_name = "ADDRESSES")]
    pub(super) brokers: Option<String>,
    /// In which form records are [default: json; with --registry, confluent-avro].
    #[arg(long, value_enum, value_name = "FORM")]
    pub(super) format: Option<Form>,
    /// The schema registry's addresses, with commas between, for confluent-avro [default: http://127.0.0.1:8081].
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    pub(super) registry: Option<Vec<String>>,
    /// Where HTTP is served [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
}

/// The form of records in all topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// JSON objects.
    Json,
    /// Avro with the built-in schema.
    Avro,
    /// Avro framed with the id of its schema in a registry.
    ConfluentAvro,
}

impl Answers {
    /// The form, as far as it is answered.
    pub(super) fn form(&self) -> Option<Form> {
        self.format.or(self.registry.as_ref().map(|_| Form::ConfluentAvro))
    }

    /// The settings, with defaults for what is not answered.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::default();
        set(&mut settings.organisation.time_zone, &self.time_zone);
        set(&mut settings.organisation.fiscal_year_first_month, &self.fiscal_year_first_month);
        set(&mut settings.organisation.reporting_currency, &self.currency);
        set(&mut settings.pipelines[0].name, &self.pipeline);
        set(&mut settings.pipelines[0].stages, &self.stages);
        set(&mut settings.kpis.objectives, &self.objectives);
        set(&mut settings.kpis.also, &self.also);
        set(&mut settings.kafka.bootstrap_servers, &self.brokers);
        set(&mut settings.serve.listen, &self.listen);
        let form = self.form().unwrap_or(Form::Json);
        let format = match form {
            Form::Json => Format::Json,
            Form::Avro => Format::Avro,
            Form::ConfluentAvro => Format::ConfluentAvro,
        };
        let topics = &mut settings.topics;
        for topic in [&mut topics.deals, &mut topics.activities, &mut topics.reference] {
            topic.format = format;
        }
        if form == Form::ConfluentAvro {
            let mut registry = RegistryOptions::default();
            set(&mut registry.urls, &self.registry);
            settings.registry = Some(registry);
        } else {
            anyhow::ensure!(
                self.registry.is_none(),
                "--registry is for --format confluent-avro; leave one of them away"
            );
        }
        settings.check().context("the answers do not make a configuration")?;
        Ok(settings)
    }
}

fn set<T: Clone>(setting: &mut T, answer: &Option<T>) {
    if let Some(answer) = answer {
        setting.clone_from(answer);
    }
}

pub(super) fn time_zone(text: &str) -> Result<String, String> {
    Calendar::new(text, 1).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

pub(super) fn currency(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    Currency::from_code(&code).map_err(|error| error.to_string())?;
    Ok(code)
}

pub(super) fn objective(text: &str) -> Result<String, String> {
    Choice::new(&[text], NONE).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

pub(super) fn further(text: &str) -> Result<String, String> {
    Choice::new(NONE, &[text]).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// A stage as it is written in a flag: `lead:14`, `mql:mql:14`, `won:won`.
pub(super) fn stage(text: &str) -> Result<Stage, String> {
    let mut words = text.trim().split(':');
    let name = words.next().unwrap_or_default();
    let mut stage = Stage { name: name.to_owned(), kind: StageKind::Open, limit_days: None, role: None };
    model::check_identifier(name).map_err(|error| format!("the name of the stage {text:?} {error}"))?;
    for word in words {
        match word {
            "open" => stage.kind = StageKind::Open,
            "won" => stage.kind = StageKind::Won,
            "lost" => stage.kind = StageKind::Lost,
            "mql" => stage.role = Some(StageRole::Mql),
            "sql" => stage.role = Some(StageRole::Sql),
            days => {
                let days = days.parse();
                stage.limit_days = Some(days.map_err(|_| {
                    format!("{word:?} is none of open, won, lost, mql, sql or a number of days")
                })?);
            }
        }
    }
    Ok(stage)
}

/// The stage as [`stage`] reads it.
pub(super) fn written(stage: &Stage) -> String {
    let kind = match stage.kind {
        StageKind::Open => "",
        StageKind::Won => ":won",
        StageKind::Lost => ":lost",
    };
    let role = match stage.role {
        None => "",
        Some(StageRole::Mql) => ":mql",
        Some(StageRole::Sql) => ":sql",
    };
    let limit = stage.limit_days.map(|days| format!(":{days}")).unwrap_or_default();
    format!("{}{kind}{role}{limit}", stage.name)
}
