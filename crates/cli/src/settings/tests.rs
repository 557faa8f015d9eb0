//! What is read from where, what is refused, and what is printed.

use std::collections::BTreeSet;

use super::*;

const DATA: &str = "open-sesame";

fn variables<'v>(pairs: &'v [(&'v str, &'v str)]) -> impl Iterator<Item = (OsString, OsString)> + 'v {
    pairs.iter().map(|&(name, value)| (format!("TALLYBOARD__{name}").into(), value.into()))
}

fn with_file_unchecked(text: &str, pairs: &[(&str, &str)]) -> Result<Settings> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Settings::merged(Some(file.path()), variables(pairs))
}

fn with(pairs: &[(&str, &str)]) -> Result<Settings> {
    Settings::read(None, variables(pairs))
}

fn with_file(text: &str, pairs: &[(&str, &str)]) -> Result<Settings> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Settings::read(Some(file.path()), variables(pairs))
}

#[test]
fn the_example_configuration_is_valid() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/tallyboard.toml");
    let settings = Settings::read(Some(Path::new(example)), []).unwrap();
    assert_eq!(settings.organisation.reporting_currency, "EUR");
}

#[test]
fn texts_are_taken_from_the_environment_as_they_are_written() {
    let pairs = [
        ("KAFKA__SECURITY_PROTOCOL", "sasl_ssl"),
        ("KAFKA__GROUP_ID", "123"),
        ("KAFKA__SASL_USERNAME", "007"),
        ("KAFKA__SASL_PASSWORD", "12345"),
        ("KAFKA__CLIENT_ID", "true"),
        ("KAFKA__SSL_KEY_PASSWORD", "{a=1}"),
        ("KAFKA__SSL_CA_LOCATION", "[1, 2]"),
        ("KAFKA__PROPERTIES__SESSION.TIMEOUT.MS", "10000"),
        ("KAFKA__PROPERTIES__HEARTBEAT_INTERVAL_MS", "2000"),
        ("REGISTRY__PASSWORD", "\"1.50\""),
        ("REGISTRY__URLS", "[\"http://a:1\", http://b:2]"),
        ("TOPICS__DEALS__NAME", "1"),
        ("TOPICS__DEALS__FORMAT", "confluent-avro"),
        ("FOLD__DEAL_RETENTION_DAYS", "90"),
        ("SERVE__LISTEN", "0.0.0.0:80"),
    ];
    // Unchecked: there are no such certificates.
    let settings = Settings::merged(None, variables(&pairs)).unwrap();
    let (kafka, registry) = (&settings.kafka, settings.registry.as_ref().unwrap());
    assert_eq!((kafka.group_id.as_str(), kafka.client_id.as_str()), ("123", "true"));
    assert_eq!(kafka.sasl_username.as_deref(), Some("007"));
    assert_eq!(kafka.sasl_password, Some(Secret::new("12345")));
    assert_eq!(kafka.ssl_key_password, Some(Secret::new("{a=1}")));
    assert_eq!(kafka.ssl_ca_location.as_deref(), Some("[1, 2]"));
    let properties: Vec<_> =
        kafka.properties.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert_eq!(properties, [("heartbeat.interval.ms", "2000"), ("session.timeout.ms", "10000")]);
    assert_eq!(registry.password, Some(Secret::new("\"1.50\"")));
    assert_eq!(registry.urls, ["http://a:1", "http://b:2"]);
    assert_eq!((settings.topics.deals.name.as_str(), settings.fold.deal_retention_days), ("1", 90));
    assert_eq!(settings.serve.listen.to_string(), "0.0.0.0:80");
}

#[test]
fn variables_win_over_the_file_and_leave_the_rest_of_it() {
    let file = "[kafka]\ngroup_id = \"file\"\nclient_id = \"file\"\n\
                [kafka.properties]\n\"session.timeout.ms\" = \"10000\"\n";
    let settings = with_file(file, &[("KAFKA__GROUP_ID", "variable")]);
    let kafka = settings.unwrap().kafka;
    assert_eq!((kafka.group_id.as_str(), kafka.client_id.as_str()), ("variable", "file"));
    assert_eq!(kafka.properties.len(), 1);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_without_the_value() {
    let secret = |line: &str| line.replace("SECRET", DATA);
    for (file, expected) in [
        (
            "[kafka]\nsasl_password = [\"SECRET\"]",
            "kafka.sasl_password is of type array; expected a text in quotes",
        ),
        ("[kafka]\nsasl_password = \"SECRET", "line 2: "),
        ("[kafka]\nsasl_password = SECRET", "line 2: "),
        ("[kafka]\nsasl_password = { x = \"SECRET\" }", "kafka.sasl_password is of type table"),
        ("[kafka]\nsasl_pasword = \"SECRET\"", "unknown field: found `sasl_pasword`"),
        (
            "[kafka.properties]\n\"ssl.keystore.password\" = [\"SECRET\"]",
            "kafka.properties.ssl.keystore.password is of",
        ),
        ("[kafka.properties]\nssl.keystore.password = \"SECRET\"", "kafka.properties.ssl is of type table"),
        ("kafka = \"SECRET\"", "kafka is of type string; expected a section with keys"),
        ("[registry]\npassword = [\"SECRET\"]", "registry.password is of type array"),
        (
            "[kafka]\nsasl_password = \"(hidden)\"",
            "kafka.sasl_password is \"(hidden)\", which check-config prints",
        ),
        ("[kafka]\nsasl_username = \"…\"", "kafka.sasl_username is \"…\""),
        ("[kafka.properties]\n\"ssl.keystore.password\" = \"(hidden)\"", "is \"(hidden)\""),
        (
            "[kafka]\nbatch_records_max = \"many\"",
            "kafka.batch_records_max is \"many\"; expected a whole number, 0 or above",
        ),
    ] {
        let error = format!("{:#}", with_file(&secret(file), &[]).unwrap_err());
        assert!(error.contains(expected) && !error.contains(DATA), "{file}: {error}");
        assert!(error.contains("configuration file /"), "{file}: {error}");
    }
    for (name, value, expected) in [
        ("KAFKA", "{sasl_password=12345}", "kafka.sasl_password is of type integer"),
        ("KAFKA", "{sasl_password=12345", "kafka is of type string"),
        ("KAFKA__SASL_PASSWORD__X", "12345", "kafka.sasl_password is of type table"),
        ("KAFKA__SASL_PASWORD", "12345", "unknown field: found `sasl_pasword`"),
        ("KAFKA__SASL_PASSWORD", "(hidden)", "which check-config prints"),
        ("PASSWORD", "12345", "unknown field: found `password`"),
    ] {
        let error = format!("{:#}", with(&[(name, value)]).unwrap_err());
        assert!(error.contains(expected) && !error.contains("12345"), "{name}: {error}");
        assert!(error.contains(&format!("environment variable TALLYBOARD__{name}")), "{name}: {error}");
    }
}

/// Settings in which every key has another value than its default.
fn unusual() -> Settings {
    let mut settings = Settings::complete();
    let text = || Some("a \"text\"\nof two lines\n[kafka]\ngroup_id = 1".to_owned());
    settings.kafka.security_protocol = eventlog::SecurityProtocol::SaslSsl;
    settings.kafka.sasl_username = text();
    settings.kafka.sasl_password = Some(Secret::new(DATA));
    settings.kafka.ssl_ca_location = text();
    settings.kafka.ssl_certificate_location = text();
    settings.kafka.ssl_key_location = text();
    settings.kafka.ssl_key_password = Some(Secret::new(DATA));
    for (name, value) in [("session.timeout.ms", "10000"), ("ssl.keystore.password", DATA)] {
        settings.kafka.properties.insert(name.to_owned(), value.to_owned());
    }
    let urls = vec!["http://a:1".to_owned(), "http://b:2".to_owned()];
    settings.registry = Some(RegistryOptions {
        urls,
        username: text(),
        password: Some(Secret::new(DATA)),
        ..RegistryOptions::default()
    });
    settings.pipelines[0].stages[0].name = "[kafka] = \"(hidden)\"".to_owned();
    settings.pipelines.push(Pipeline { name: "second".to_owned(), ..default_pipeline() });
    settings.contests.push(Contest { name: "second".to_owned(), target: None, ..Contest::example() });
    settings
}

#[test]
fn what_is_printed_is_read_back() {
    let settings = Settings::default();
    assert_eq!(with_file(&settings.text().unwrap(), &[]).unwrap(), settings);

    let settings = unusual();
    let text = settings.text().unwrap();
    assert!(!text.contains(DATA), "{text}");
    // The variables that the text names for what it does not show.
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("is set and not shown; write it here, or set TALLYBOARD__"))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names.len(), 4, "{text}");
    let secrets: Vec<(&str, &str)> = names.iter().map(|name| (*name, DATA)).collect();
    // Unchecked: there are no such certificates.
    assert_eq!(with_file_unchecked(&text, &secrets).unwrap(), settings);
}

#[test]
fn every_key_is_printed_and_those_without_a_value_as_comments() {
    let text = Settings::default().text().unwrap();
    for expected in [
        "# [registry]\n# urls = [\"http://127.0.0.1:8081\"]\n# username = \"…\"\n# password = \"…\"\n# timeout_ms = 10000\n",
        "# sasl_username = \"…\"\n# sasl_password = \"…\"\n# ssl_ca_location = \"…\"\n",
        "\n[fold]\ndeal_retention_days = 731\n",
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }
    // Without the comment marks, it is a file with every key.
    let uncommented = text.replace("# ", "");
    let (_, keys) = uncommented.split_once("\n\n").unwrap();
    let table: toml::Table = toml::from_str(keys).unwrap();
    let complete = toml::Table::try_from(Settings::complete()).unwrap();
    assert_eq!(known_keys(&table, ""), known_keys(&complete, ""));
}

fn known_keys(table: &toml::Table, section: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (key, value) in table {
        let name = format!("{section}{key}");
        if let toml::Value::Table(table) = value {
            keys.extend(known_keys(table, &format!("{name}.")));
        }
        keys.insert(name);
    }
    keys
}

/// What [`Settings::complete`] has must be all that there is, or a new key would be printed nowhere, and its texts would be
/// read as numbers.
#[test]
fn complete_settings_have_every_key() {
    let complete = toml::Table::try_from(Settings::complete()).unwrap();
    for section in [
        "",
        "organisation.",
        "fold.",
        "kafka.",
        "topics.",
        "topics.deals.",
        "registry.",
        "snapshots.",
        "runtime.",
        "serve.",
        "kpis.balance_weights.",
    ] {
        let path = format!("{section}no_such_key").replace('.', "__").to_uppercase();
        let layers = Layer::variables(variables(&[(&path, "x")]), &complete).unwrap();
        let figment =
            layers.into_iter().fold(Figment::from(Serialized::defaults(Settings::default())), Figment::merge);
        let kind = figment.extract::<Settings>().unwrap_err().kind;
        let figment::error::Kind::UnknownField(_, expected) = kind else { panic!("{section}: {kind:?}") };
        let mut keys = &complete;
        for key in section.split_terminator('.') {
            keys = keys[key].as_table().unwrap();
        }
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert_eq!(keys.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "[{section}]");
    }
}

#[test]
fn properties_that_librdkafka_does_not_know_are_refused() {
    let error = with(&[("KAFKA__PROPERTIES__SESSION.TIMEOT.MS", "10000")]).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("[kafka]") && error.contains("session.timeot.ms"), "{error}");
}

#[test]
fn what_matters_is_named_beside_thresholds() {
    let file = "[kpis]\nobjectives = [\"set_right_quotas\"]\nflat_within_percent = 7\n";
    let settings = with_file(file, &[("KPIS__ALSO", "[win_rate, \"won_deals\"]")]).unwrap();
    assert_eq!(settings.kpis.thresholds.flat_within_percent, 7);
    let names: Vec<&str> = settings.choice().unwrap().kpis().iter().map(|kpi| kpi.name).collect();
    let expected = ["won_deals", "won_amount", "win_rate", "quota_attainment", "reps_at_quota"];
    assert_eq!(names[..5], expected, "{names:?}");

    for (file, expected) in [
        (
            "objectives = [\"fix_funnel\"]",
            "section [kpis]: objectives: there is no objective \"fix_funnel\"; nearest: fix_the_funnel",
        ),
        ("also = [\"winrate\"]", "section [kpis]: also: there is no KPI \"winrate\"; nearest: win_rate"),
        (
            "objective = [\"all\"]",
            "there is no key kpis.objective; expected one of also, at_quota_percent_max, ",
        ),
        ("objectives = \"all\"", "found string \"all\", expected a sequence for key \"kpis.objectives\""),
        ("flat_within_percent = \"much\"", "kpis.flat_within_percent is \"much\"; expected a whole number"),
        ("flat_within_percent = -1", "kpis.flat_within_percent is -1; expected a whole number, 0 or above"),
        ("flat_within_percent = 101", "section [kpis]: flat_within_percent is 101; expected 0 to 100"),
    ] {
        let error = format!("{:#}", with_file(&format!("[kpis]\n{file}"), &[]).unwrap_err());
        assert!(error.contains(expected), "{file}: {error}");
    }
}

#[test]
fn contests_are_read_and_checked() {
    let file = "[[contests]]\nname = \"Sprint\"\nkpi = \"won_deals\"\ngroup = \"team\"\nstart = \"2026-12-01\"\nend = \"2026-12-01\"\n";
    let contests = with_file(file, &[]).unwrap().contests().unwrap();
    assert_eq!((contests.len(), contests[0].days.end.0 - contests[0].days.start.0), (1, 1));
    for (file, expected) in [
        (
            file.replace("won_deals", "open_deals"),
            "section [[contests]]: contest \"Sprint\": kpi is \"open_deals\"",
        ),
        (file.replace("end =", "finish ="), "unknown field: found `finish`, expected `one of `name`, `kpi`"),
    ] {
        let error = format!("{:#}", with_file(&file, &[]).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn restatements_have_bounds() {
    let rules = with_file("[fold]\nrestatement_grace_days = 0\nrestatements_kept_max = 5\n", &[]).unwrap();
    let rules = rules.fold_config().unwrap().restatements;
    assert_eq!((rules.grace_days, rules.kept_max), (0, 5));
    for (line, expected) in [
        ("restatement_grace_days = 367", "restatement_grace_days is 367; expected 0 to 366"),
        ("restatements_kept_max = 0", "restatements_kept_max is 0; expected 1 to 100000"),
    ] {
        let error = format!("{:#}", with_file(&format!("[fold]\n{line}\n"), &[]).unwrap_err());
        assert!(error.contains("section [fold]") && error.contains(expected), "{error}");
    }
}
