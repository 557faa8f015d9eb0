//! A CRM's export with known answers, all the way: imported, loaded into Kafka as Avro under a schema registry, served,
//! and compared with every row of the oracle; and the same from `tallyboard report`, without a broker.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{document, maven};
use serde_json::Value;
use tallyboard_end_to_end::{
    Configuration, Exposition, Kafka, Registry, Service, if_there, import_opportunities, require,
    shared_data, tallyboard, tell,
};

const BOUND: Duration = Duration::from_secs(60);

/// What says how far a board is, rather than what its numbers are.
const PROGRESS: [&str; 5] = ["as_of", "complete", "caught_up", "newest_event_at", "positions"];

fn configuration(kafka: &Kafka, registry: &Registry) -> anyhow::Result<Configuration> {
    let mut configuration = Configuration::new(kafka, "maven", "confluent-avro")?;
    configuration.set("registry.urls", [registry.url()])?;
    configuration.set("organisation.time_zone", maven::TIME_ZONE)?;
    configuration.set("pipelines", maven::pipelines())?;
    Ok(configuration)
}

#[test]
fn every_row_of_the_oracle_is_served() {
    const TEST: &str = "maven_crm: every row of the oracle is served";
    let Some(data) = if_there(TEST, || shared_data("maven_crm")) else { return };
    let Some(kafka) = require(TEST, Kafka::shared) else { return };
    let Some(registry) = require(TEST, Registry::shared) else { return };
    let started = Instant::now();

    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("events.jsonl");
    import_opportunities(&data, "opportunity-table.toml", "sales_pipeline.csv", &lines).unwrap();
    let from_us_dates = folder.path().join("events.us-dates.jsonl");
    import_opportunities(
        &data,
        "opportunity-table.us-dates.toml",
        "sales_pipeline.us_dates.csv",
        &from_us_dates,
    )
    .unwrap();
    let text = fs::read_to_string(&lines).unwrap();
    assert!(text == fs::read_to_string(&from_us_dates).unwrap(), "dates as M/D/YYYY give other lines");

    let configuration = configuration(kafka, registry).unwrap();
    let file = configuration.file().unwrap();
    let config = file.to_str().unwrap();
    let run = |arguments: &[&str]| {
        tallyboard(&[arguments, &["--config", config]].concat())
            .and_then(tallyboard_end_to_end::Finished::success)
            .unwrap()
    };
    assert_eq!(run(&["check-config", "--quiet"]), "");
    run(&["load", "--create-topics", "--partitions", "6", lines.to_str().unwrap()]);

    let mut service = Service::start(&configuration.service().unwrap()).unwrap();
    let deal_events = text.lines().filter(|line| line.starts_with(r#"{"type":"deal""#)).count();
    service.wait_folded(&configuration.topics().deals, deal_events, BOUND).unwrap();
    let ask = |path: &str| service.get_json(path).unwrap();
    let compared = maven::Oracle::read(&data).compare(&ask);

    let reported = compare_with_report(&run, &lines, &ask);
    explained_adds_up(&run, &service.url("/"), &ask);
    let page = service.get_text("/metrics").unwrap();
    let letters = Exposition::read(&page).unwrap().sum("tallyboard_dead_letters_total", &[]);
    assert_eq!(letters, 0.0, "there are dead letters");
    let status = service.terminate().unwrap();
    assert_eq!(status.code(), Some(0), "{}", service.process().log_tail());

    tell(&format!(
        "maven_crm: {} rows of the oracle with {} figures are as served, {reported} documents of `report` equal those \
         served; {deal_events} events; {:.1} s",
        compared.rows,
        compared.figures,
        started.elapsed().as_secs_f32()
    ));
}

/// Compares all documents that `report` prints of the lines with those that are served; how many there were.
fn compare_with_report(run: &dyn Fn(&[&str]) -> String, lines: &Path, ask: &dyn Fn(&str) -> Value) -> usize {
    // The day decides which period is the current one.
    let as_of = ask("/api/v1/kpis")["as_of"].as_str().unwrap().to_owned();
    let mut compared = 0;
    for each in ["company", "territory", "team", "rep"] {
        for kind in ["month", "quarter", "year"] {
            let mut arguments =
                vec!["report", lines.to_str().unwrap(), "--format", "json", "--period", "all"];
            arguments.extend(["--kind", kind, "--as-of", &as_of]);
            if each != "company" {
                arguments.extend(["--each", each]);
            }
            let documents: Vec<Value> = serde_json::from_str(&run(&arguments)).unwrap();
            assert!(!documents.is_empty(), "report has no {kind} of any {each}");
            for reported in documents {
                let period = reported["period"]["name"].as_str().unwrap();
                let served = ask(&document::path(each, reported["id"].as_str(), period));
                let (reported, served) = (without_progress(reported.clone()), without_progress(served));
                assert_eq!(reported, served, "report (left) and service (right) differ for {each} {period}");
                compared += 1;
            }
        }
    }
    compared
}

/// A number of the running service, opened page by page: its value is the one that is served, and its parts are all of it.
fn explained_adds_up(run: &dyn Fn(&[&str]) -> String, server: &str, ask: &dyn Fn(&str) -> Value) {
    let question = ["explain", "--server", server, "--kpi", "won_amount", "--period", "2017-Q4"];
    let text = run(&[&question[..], &["--all", "--format", "json"]].concat());
    let explanation: Value = serde_json::from_str(&text).unwrap();
    let served = ask(&document::path("company", None, "2017-Q4"));
    assert_eq!(&explanation["kpi"], document::kpi(&served, "won_amount"));
    let causes = explanation["causes"].as_array().unwrap();
    // More than a page.
    assert!(causes.len() > 1_000, "{} causes", causes.len());
    assert_eq!(explanation["causes_total"], causes.len());
    let parts = causes.iter().flat_map(|cause| cause["parts"].as_array().unwrap());
    let cents = |value: &Value| value.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let sum: i64 = parts.map(|part| cents(&part["value"])).sum();
    assert_eq!(
        (sum, sum),
        (cents(&explanation["sums"][0]["total"]), cents(&explanation["kpi"]["value"])),
        "the parts of all deals, the sum and the value"
    );
}

fn without_progress(mut document: Value) -> Value {
    let fields = document.as_object_mut().unwrap();
    for name in PROGRESS {
        assert!(fields.remove(name).is_some(), "there is no {name}");
    }
    document
}
