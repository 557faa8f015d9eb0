//! What flags make, and that it is a configuration which says the same.

use clap::Parser;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::answers::{stage, written};
use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    init: InitArguments,
}

fn settings_of(flags: &[String]) -> Settings {
    let line = [&["init".to_owned()], flags].concat();
    Line::try_parse_from(line).unwrap().init.answers.settings().unwrap()
}

/// A flag with a value from some, or no such flag.
fn flag(name: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop::option::of(select(values))
        .prop_map(move |value| value.map(|value| vec![name.to_owned(), value.to_owned()]).unwrap_or_default())
}

fn objectives() -> impl Strategy<Value = Vec<String>> {
    let names: Vec<&str> = kpi::OBJECTIVES.iter().map(|objective| objective.name).chain([kpi::ALL]).collect();
    let kpis: Vec<&str> = kpi::CATALOGUE.iter().map(|kpi| kpi.name).collect();
    (subsequence(names, 1..4), subsequence(kpis, 1..4)).prop_map(|(names, kpis)| {
        vec!["--objectives".to_owned(), names.join(","), "--also".to_owned(), kpis.join(",")]
    })
}

fn flags() -> impl Strategy<Value = Vec<String>> {
    let strategies = (
        flag("--time-zone", &["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
        flag("--fiscal-year-first-month", &["1", "4", "12"]),
        flag("--currency", &["EUR", "usd", "JPY"]),
        flag("--pipeline", &["default", "new \"business\"", "neu=[ü]#"]),
        flag("--stages", &["lead:mql:14,demo:sql:21,offer:30,won:won,lost:lost", "a \"b\" # c,z\\:won"]),
        prop::option::of(objectives()).prop_map(Option::unwrap_or_default),
        flag("--brokers", &["kafka:9092", "one:9092,two:9093"]),
        flag("--format", &["json", "avro", "confluent-avro"]),
        flag("--listen", &["0.0.0.0:80", "[::1]:9000"]),
    );
    let registry = flag("--registry", &["http://r:8081", "http://a:1,http://b:2"]);
    (strategies, registry).prop_map(|((a, b, c, d, e, f, g, format, h), registry)| {
        // A registry is for one form alone.
        let registry =
            if format.iter().any(|form| form == "json" || form == "avro") { vec![] } else { registry };
        [a, b, c, d, e, f, g, format, h, registry].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_flags_say_is_what_the_file_says(flags in flags()) {
        let settings = settings_of(&flags);
        let text = settings.commented_text().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tallyboard.toml");
        std::fs::write(&file, &text).unwrap();
        prop_assert_eq!(Settings::load(Some(&file)).unwrap(), settings, "{}", text);
    }
}

#[test]
fn stages_are_read_as_they_are_written() {
    for text in ["lead", "mql:mql:14", "sql:sql", "won:won", "lost:lost:3"] {
        assert_eq!(written(&stage(text).unwrap()), text);
    }
    assert_eq!(stage(" lead:14:open:sql "), stage("lead:sql:14"));
    for (text, expected) in [
        ("lead:fourteen", "\"fourteen\" is none of open, won, lost, mql, sql or a number of days"),
        (":won", "the name of the stage \":won\" is empty"),
    ] {
        assert_eq!(stage(text).unwrap_err(), expected);
    }
}

#[test]
fn the_help_names_the_defaults() {
    let defaults = Settings::default();
    let organisation = &defaults.organisation;
    let [month, urls, objectives] = [
        organisation.fiscal_year_first_month.to_string(),
        eventlog::registry::RegistryOptions::default().urls.join(","),
        defaults.kpis.objectives.join(","),
    ];
    let help = <Line as clap::CommandFactory>::command().term_width(0).render_long_help().to_string();
    for default in [
        &organisation.time_zone,
        &month,
        &organisation.reporting_currency,
        &defaults.pipelines[0].name,
        &objectives,
        &defaults.kafka.bootstrap_servers,
        &urls,
        &defaults.serve.listen.to_string(),
    ] {
        assert!(help.contains(&format!("[default: {default}]")), "no {default} in {help}");
    }
}

#[test]
fn a_registry_brings_its_form_and_the_form_its_registry() {
    for flags in [["--registry", "http://r:8081"], ["--format", "confluent-avro"]] {
        let settings = settings_of(&flags.map(str::to_owned));
        assert_eq!(settings.topics.reference.format, runtime::Format::ConfluentAvro);
        assert_eq!(settings.registry.unwrap().urls.len(), 1);
    }
    assert_eq!(settings_of(&["--format".to_owned(), "avro".to_owned()]).registry, None);
}

#[test]
fn flags_that_say_nothing_sensible_are_refused() {
    for (flags, expected) in [
        (&["--time-zone", "Berlin"][..], "Berlin"),
        (&["--fiscal-year-first-month", "13"], "13 is not in 1..=12"),
        (&["--currency", "EURO"], "EURO"),
        (&["--objectives", "fix_funnel"], "nearest: fix_the_funnel"),
        (&["--also", "winrate"], "nearest: win_rate"),
        (&["--stages", "lead,won"], "no stage of kind Won"),
        (
            &["--stages", "lead:sql,mql:mql,won:won"],
            "the answers do not make a configuration: section [[pipelines]]",
        ),
        (&["--registry", "http://r:8081", "--format", "json"], "--registry is for --format confluent-avro"),
    ] {
        let error = match Line::try_parse_from([&["init"], flags].concat()) {
            Err(error) => error.to_string(),
            Ok(line) => format!("{:#}", line.init.answers.settings().unwrap_err()),
        };
        assert!(error.contains(expected), "{flags:?}: {error}");
    }
}
