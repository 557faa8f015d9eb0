//! When the log gives trouble: the service says what is wrong and goes on trying, or stops where a person must decide.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use tallyboard_end_to_end::{
    Kafka, KafkaOptions, Message, SASL_USER, Service, ServiceOptions, eventually, free_ports, require,
    tallyboard,
};
use tempfile::TempDir;

const BOUND: Duration = Duration::from_secs(60);
/// The exit code for what a person has to decide.
const DECIDE: Option<i32> = Some(5);

/// A service with topics and snapshots of its own.
struct Setting {
    folder: TempDir,
    name: String,
    port: u16,
}

impl Setting {
    fn new(name: &str) -> Self {
        let [port] = free_ports().unwrap();
        Self { folder: tempfile::tempdir().unwrap(), name: name.to_owned(), port }
    }

    fn topic(&self, what: &str) -> String {
        format!("{}.{what}", self.name)
    }

    fn create_topics(&self, kafka: &Kafka) {
        for (what, partitions) in [("deals", 2), ("activities", 2), ("reference", 1)] {
            kafka.create_topic(&self.topic(what), partitions, &[]).unwrap();
        }
    }

    /// Options of `tallyboard serve` against these brokers; `more` are lines of section [kafka].
    fn options(&self, bootstrap: &str, more: &str) -> ServiceOptions {
        let config = self.folder.path().join("tallyboard.toml");
        let text = format!(
            "[kafka]\nbootstrap_servers = \"{bootstrap}\"\ngroup_id = \"{name}\"\nconnect_timeout_ms = 2000\n{more}\n\
             [topics]\ndeals = {{ name = \"{deals}\" }}\nactivities = {{ name = \"{activities}\" }}\n\
             reference = {{ name = \"{reference}\" }}\ndead_letters = \"{dead_letters}\"\n\
             [runtime]\nretry_wait_ms_max = 500\n\
             [snapshots]\nstore = \"{store}\"\ninterval_seconds = 1\n\
             [serve]\nlisten = \"127.0.0.1:{port}\"\n",
            name = self.name,
            deals = self.topic("deals"),
            activities = self.topic("activities"),
            reference = self.topic("reference"),
            dead_letters = self.topic("dead-letters"),
            store = self.folder.path().join("snapshots").display(),
            port = self.port,
        );
        std::fs::write(&config, text).unwrap();
        ServiceOptions::serve(&config, self.port)
    }

    /// Writes deals of these numbers, one event each, all to partition 0.
    fn write_deals(&self, kafka: &Kafka, numbers: std::ops::Range<u32>) {
        let deal = |number: u32| {
            let payload = format!(
                r#"{{"type":"deal","event_id":"e{number}","deal_id":"D{number}","occurred_at":"2026-11-02T09:30:00Z","pipeline":"default","stage":"lead","rep_id":"r1","territory_id":"west"}}"#
            );
            Message {
                partition: Some(0),
                key: Some(format!("D{number}").into_bytes()),
                payload: Some(payload.into_bytes()),
                ..Message::default()
            }
        };
        kafka.send(&self.topic("deals"), &numbers.map(deal).collect::<Vec<_>>()).unwrap();
    }
}

fn created(service: &Service) -> i64 {
    let kpis = service.get_json("/api/v1/kpis?period=2026").unwrap();
    let kpis = kpis["kpis"].as_array().unwrap();
    kpis.iter().find(|kpi| kpi["name"] == "created_deals").unwrap()["value"].as_i64().unwrap()
}

fn wait_for_log(service: &Service, text: &str) {
    eventually(text, BOUND, || {
        let log = service.process().log_text()?;
        anyhow::ensure!(log.contains(text), "the log does not say {text:?} yet");
        Ok(())
    })
    .unwrap();
}

/// The end of a service that stops by itself: its exit code and its log.
fn end(service: &mut Service) -> (Option<i32>, String) {
    let status = service.wait(BOUND).unwrap();
    (status.code(), service.process().log_text().unwrap())
}

#[test]
fn a_broker_that_is_away_is_waited_for() {
    let Some(mut kafka) =
        require("a broker that is away is waited for", || Kafka::start(&KafkaOptions::default()))
    else {
        return;
    };
    let setting = Setting::new("away");
    setting.create_topics(&kafka);
    setting.write_deals(&kafka, 0..10);
    kafka.stop().unwrap();
    let mut service = Service::spawn(&setting.options(&kafka.bootstrap(), "")).unwrap();
    wait_for_log(&service, "no broker of");
    assert_eq!(service.get("/healthz").unwrap().status, 200);
    assert_eq!(service.get("/readyz").unwrap().status, 503);
    // Counted when an attempt to connect is given up, while the log tells of each question without an answer.
    eventually("the error in the metrics", BOUND, || {
        let page = service.get_text("/metrics")?;
        anyhow::ensure!(page.contains("tallyboard_log_errors_total{code=\"log_unreachable\"}"), "{page}");
        Ok(())
    })
    .unwrap();

    kafka.restart().unwrap();
    service.wait_ready().unwrap();
    assert_eq!(created(&service), 10);

    // It goes away while the service runs, and comes back.
    kafka.crash().unwrap();
    assert_eq!(service.get("/healthz").unwrap().status, 200);
    assert_eq!(created(&service), 10);
    kafka.restart().unwrap();
    setting.write_deals(&kafka, 10..15);
    eventually("the further deals", BOUND, || {
        anyhow::ensure!(created(&service) == 15, "{} deals", created(&service));
        Ok(())
    })
    .unwrap();
    assert!(service.terminate().unwrap().success());

    // Another cluster under the same snapshots: a person decides.
    let Some(other) = require("another cluster", || Kafka::start(&KafkaOptions::default())) else { return };
    setting.create_topics(&other);
    setting.write_deals(&other, 0..3);
    let options = setting.options(&other.bootstrap(), "");
    let (code, log) = end(&mut Service::spawn(&options).unwrap());
    assert_eq!(code, DECIDE, "{log}");
    assert!(log.contains("is of cluster") && log.contains("--on-lost-log=rebuild"), "{log}");
    let service = Service::start(&rebuilding(options)).unwrap();
    assert_eq!(created(&service), 3);
}

#[test]
fn a_missing_topic_is_named_and_waited_for() {
    let Some(kafka) = require("a missing topic is named and waited for", Kafka::shared) else { return };
    let setting = Setting::new(&kafka.unique_name("missing"));
    let mut service = Service::spawn(&setting.options(&kafka.bootstrap(), "")).unwrap();
    wait_for_log(&service, &format!("topic \"{}\" does not exist; create it", setting.topic("deals")));
    setting.create_topics(kafka);
    setting.write_deals(kafka, 0..4);
    service.wait_ready().unwrap();
    assert_eq!(created(&service), 4);
}

#[test]
fn wrong_credentials_are_told_without_the_password() {
    let Some(kafka) = require("wrong credentials are told without the password", Kafka::shared) else {
        return;
    };
    let setting = Setting::new(&kafka.unique_name("credentials"));
    setting.create_topics(kafka);
    let secret = "not-the-password-81723";
    let more = format!(
        "security_protocol = \"sasl_plaintext\"\nsasl_mechanism = \"PLAIN\"\nsasl_username = \"{SASL_USER}\"\nsasl_password = \"{secret}\""
    );
    let mut service = Service::spawn(&setting.options(&kafka.sasl_bootstrap(), &more)).unwrap();
    wait_for_log(&service, &format!("authentication with mechanism PLAIN as user \"{SASL_USER}\" failed"));
    wait_for_log(&service, "retry_in_ms=500");
    assert_eq!(service.get("/healthz").unwrap().status, 200);
    assert!(service.terminate().unwrap().success());
    assert!(!service.process().log_text().unwrap().contains(secret));
}

#[test]
fn expired_records_stop_the_service_until_a_person_decides() {
    let Some(kafka) = require("expired records stop the service", Kafka::shared) else { return };
    let setting = Setting::new(&kafka.unique_name("expired"));
    setting.create_topics(kafka);
    setting.write_deals(kafka, 0..10);
    let options = setting.options(&kafka.bootstrap(), "");
    let mut service = Service::start(&options).unwrap();
    assert!(service.terminate().unwrap().success());
    setting.write_deals(kafka, 10..20);
    kafka.delete_records(&setting.topic("deals"), 0, 15).unwrap();

    let (code, log) = end(&mut Service::spawn(&options).unwrap());
    assert_eq!(code, DECIDE, "{log}");
    assert!(log.contains("is needed from offset 10, but the log begins at 15"), "{log}");
    assert!(log.contains("--on-lost-log=rebuild"), "{log}");

    let mut service = Service::start(&rebuilding(options.clone())).unwrap();
    assert_eq!(created(&service), 5);
    assert!(service.terminate().unwrap().success());
    assert!(Path::new(&setting.folder.path().join("snapshots/set-aside")).is_dir());

    // The snapshots of the rebuilt state need no decision.
    assert_eq!(created(&Service::start(&options).unwrap()), 5);
}

#[test]
fn a_topic_created_anew_stops_the_service_until_a_person_decides() {
    let Some(kafka) = require("a topic created anew stops the service", Kafka::shared) else { return };
    for (name, deals_after) in [("fewer", 3), ("more", 30)] {
        let setting = Setting::new(&kafka.unique_name(name));
        setting.create_topics(kafka);
        setting.write_deals(kafka, 0..10);
        let options = setting.options(&kafka.bootstrap(), "");
        let mut service = Service::start(&options).unwrap();
        assert!(service.terminate().unwrap().success());
        kafka.delete_topic(&setting.topic("deals")).unwrap();
        kafka.create_topic(&setting.topic("deals"), 2, &[]).unwrap();
        setting.write_deals(kafka, 100..100 + deals_after);

        let (code, log) = end(&mut Service::spawn(&options).unwrap());
        assert_eq!(code, DECIDE, "{name}: {log}");
        assert!(log.contains("the topic was created anew or cut off"), "{name}: {log}");
        let service = Service::start(&rebuilding(options)).unwrap();
        assert_eq!(created(&service), i64::from(deals_after), "{name}");
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("tallyboard.toml");
    let test = "a wrong configuration is refused with its place";
    for (text, expected) in [
        ("[kafka]\nbootstrap_server = \"x\"\n", "bootstrap_server"),
        ("[organisation]\ntime_zone = \"Mars/Olympus\"\n", "Mars/Olympus"),
        ("[organisation]\nreporting_currency = \"XYZ\"\n", "XYZ"),
        ("[topics]\ndead_letters = \"sales.deals\"\n", "sales.deals"),
        ("[topics]\ndeals = { name = \"d\", format = \"confluent-avro\" }\n", "[registry]"),
        ("[runtime]\npublish_interval_ms = 0\n", "publish_interval_ms is 0"),
        ("[kafka\n", "tallyboard.toml"),
    ] {
        std::fs::write(&config, text).unwrap();
        let arguments = ["check-config", "--config", config.to_str().unwrap()];
        let Some(finished) = require(test, || tallyboard(&arguments)) else { return };
        let message = finished.stderr;
        assert_eq!(finished.status.code(), Some(3), "{text}: {message}");
        assert!(message.contains(expected), "{text}: {message}");
    }
}

fn rebuilding(mut options: ServiceOptions) -> ServiceOptions {
    options.arguments.push("--on-lost-log=rebuild".to_owned());
    options
}
