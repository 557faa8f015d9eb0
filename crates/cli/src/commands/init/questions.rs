//! The questions, to the person at the terminal: one for everything that no flag has answered.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::Context as _;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Select};
use eventlog::registry::RegistryOptions;
use kpi::OBJECTIVES;
use model::{Pipelines, Stage};

use super::answers::{Answers, Form, currency, further, stage, time_zone, written};
use crate::settings::Settings;

/// Fills in what is not answered yet.
pub(super) fn ask(answers: &mut Answers) -> anyhow::Result<()> {
    let defaults = Settings::default();
    let organisation = defaults.organisation;
    let pipeline = &defaults.pipelines[0];
    fill(&mut answers.time_zone, || {
        text("Time zone, which decides on which day an event falls", organisation.time_zone, time_zone)
    })?;
    fill(&mut answers.fiscal_year_first_month, || {
        text("First month of the fiscal year, 1 to 12", organisation.fiscal_year_first_month, month)
    })?;
    fill(&mut answers.currency, || {
        text("Currency in which money is told", organisation.reporting_currency, currency)
    })?;
    fill(&mut answers.pipeline, || {
        text("Name of the pipeline, as events carry it", pipeline.name.clone(), |name: &str| {
            model::check_identifier(name)
                .map(|()| name.to_owned())
                .map_err(|error| format!("the name {error}"))
        })
    })?;
    fill(&mut answers.stages, || {
        let usual: Vec<String> = pipeline.stages.iter().map(written).collect();
        let prompt = "Stages in order: NAME[:won|:lost][:mql|:sql][:DAYS after which a deal is stalled]";
        let answer = text(prompt, usual.join(", "), |text| stages(text).map(|_| text.to_owned()))?;
        stages(&answer).map_err(anyhow::Error::msg)
    })?;
    fill(&mut answers.objectives, objectives)?;
    fill(&mut answers.also, || {
        let prompt = "Further KPIs to export as metrics, with commas between";
        let answer = text(prompt, String::new(), |text| list(text, further).map(|_| text.to_owned()))?;
        list(&answer, further).map_err(anyhow::Error::msg)
    })?;
    fill(&mut answers.brokers, || {
        let brokers = defaults.kafka.bootstrap_servers;
        text("Kafka's brokers, with commas between", brokers, |text| Ok(text.to_owned()))
    })?;
    if answers.form().is_none() {
        answers.format = Some(form()?);
    }
    if answers.form() == Some(Form::ConfluentAvro) {
        fill(&mut answers.registry, || {
            let prompt = "Addresses of the schema registry, with commas between";
            let usual = RegistryOptions::default().urls.join(", ");
            let answer = text(prompt, usual, |text| Ok(text.to_owned()))?;
            list(&answer, |url| Ok(url.to_owned())).map_err(anyhow::Error::msg)
        })?;
    }
    fill(&mut answers.listen, || {
        text("Address on which HTTP is served", defaults.serve.listen, |text| {
            text.parse().map_err(|_| "expected an address and a port, such as 127.0.0.1:8080".to_owned())
        })
    })
}

fn fill<T>(answer: &mut Option<T>, ask: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<()> {
    if answer.is_none() {
        *answer = Some(ask().context("the question could not be asked")?);
    }
    Ok(())
}

/// Asks until the answer can be read.
fn text<T: Display>(prompt: &str, default: T, read: impl Fn(&str) -> Result<T, String>) -> anyhow::Result<T> {
    let theme = ColorfulTheme::default();
    let input = Input::<String>::with_theme(&theme).with_prompt(prompt).allow_empty(true);
    let default = default.to_string();
    let input = input.show_default(!default.is_empty()).default(default);
    let input = input.validate_with(|text: &String| read(text).map(|_| ()));
    read(&input.interact_text()?).map_err(anyhow::Error::msg)
}

fn month(text: &str) -> Result<u32, String> {
    let month = u32::from_str(text).ok().filter(|month| (1..=12).contains(month));
    month.ok_or_else(|| "expected a number from 1 to 12".to_owned())
}

/// Texts with commas between; none is no text.
fn list<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(read).collect()
}

/// Stages that make a pipeline.
fn stages(text: &str) -> Result<Vec<Stage>, String> {
    let stages = list(text, stage)?;
    let pipeline = model::Pipeline { name: "default".to_owned(), stages: stages.clone() };
    Pipelines::new(vec![pipeline]).map(|_| stages).map_err(|error| error.to_string())
}

fn objectives() -> anyhow::Result<Vec<String>> {
    let all = (kpi::ALL, "Every KPI, for whatever may be asked.");
    let choices = OBJECTIVES.iter().map(|objective| (objective.name, objective.question)).chain([all]);
    let choices: Vec<(&str, &str)> = choices.collect();
    let shown = |(name, question): &(&str, &str)| {
        (format!("{name}: {question}"), kpi::DEFAULT_OBJECTIVES.contains(name))
    };
    let theme = ColorfulTheme::default();
    let chosen = MultiSelect::with_theme(&theme)
        .with_prompt("What matters? Few KPIs are exported as metrics: those of your objectives (space chooses, enter ends)")
        .items_checked(choices.iter().map(shown))
        .interact()?;
    Ok(chosen
        .into_iter()
        .filter_map(|index| choices.get(index))
        .map(|(name, _)| (*name).to_owned())
        .collect())
}

fn form() -> anyhow::Result<Form> {
    let forms = [
        (Form::Json, "json: JSON objects"),
        (Form::Avro, "avro: Avro with the built-in schema"),
        (Form::ConfluentAvro, "confluent-avro: Avro with a schema registry"),
    ];
    let theme = ColorfulTheme::default();
    let select = Select::with_theme(&theme).with_prompt("Form of the records in Kafka").default(0);
    let chosen = select.items(forms.iter().map(|(_, shown)| shown)).interact()?;
    Ok(forms.get(chosen).map_or(Form::Json, |(form, _)| *form))
}
