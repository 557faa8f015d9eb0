//! The harness itself: what the other end-to-end tests rely on.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::ensure;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tallyboard_end_to_end::{
    Kafka, KafkaOptions, Message, Registry, SASL_PASSWORD, SASL_USER, Service, ServiceOptions, eventually,
    free_ports, require,
};

const BOUND: Duration = Duration::from_secs(30);

fn message(partition: i32, payload: &str) -> Message {
    Message {
        partition: Some(partition),
        key: Some(b"key".to_vec()),
        payload: Some(payload.as_bytes().to_vec()),
        headers: vec![("origin".to_owned(), b"harness".to_vec())],
        timestamp_ms: Some(1_750_000_000_000),
    }
}

/// Nobody runs under this id: a zombie that waits for its parent counts as gone.
fn is_gone(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')),
        Err(_) => true,
    }
}

fn wait_gone(pid: u32) {
    eventually("the end of a process", BOUND, || {
        ensure!(is_gone(pid), "{pid} still runs");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_message_and_its_header_come_back_from_the_shared_kafka() {
    let Some(kafka) = require("harness: a message comes back", Kafka::shared) else {
        return;
    };
    let topic = kafka.unique_topic("round-trip", 6).unwrap();

    kafka.send(&topic, &[message(4, "hello")]).unwrap();
    let received = kafka.read_to_end(&topic, BOUND).unwrap();

    assert_eq!(received.len(), 1);
    let first = &received[0];
    assert_eq!((first.partition, first.offset), (4, 0));
    assert_eq!(first.payload.as_deref(), Some(b"hello".as_slice()));
    assert_eq!(first.headers, [("origin".to_owned(), b"harness".to_vec())]);
    assert_eq!(first.timestamp_ms, Some(1_750_000_000_000));
}

#[test]
fn offsets_expire_and_topics_go() {
    let Some(kafka) = require("harness: offsets expire", Kafka::shared) else {
        return;
    };
    let topic = kafka.unique_name("expiring");
    kafka.create_topic(&topic, 1, &[("retention.ms", "3600000000000")]).unwrap();
    let messages: Vec<Message> = (0..10).map(|number| message(0, &number.to_string())).collect();
    kafka.send(&topic, &messages).unwrap();
    assert_eq!(kafka.offsets(&topic, 0).unwrap(), (0, 10));

    kafka.delete_records(&topic, 0, 7).unwrap();
    assert_eq!(kafka.offsets(&topic, 0).unwrap(), (7, 10));
    assert_eq!(kafka.read_to_end(&topic, BOUND).unwrap().len(), 3);

    kafka.delete_topic(&topic).unwrap();
    assert!(kafka.read_to_end(&topic, BOUND).is_err());

    let retained = kafka.unique_name("retained");
    kafka.create_topic(&retained, 1, &[("retention.ms", "1000")]).unwrap();
    kafka.send(&retained, &messages).unwrap();
    eventually("retention", BOUND, || {
        let offsets = kafka.offsets(&retained, 0)?;
        ensure!(offsets == (10, 10), "the topic still holds {offsets:?}");
        Ok(())
    })
    .unwrap();
}

/// Keeps what librdkafka reports beside the calls.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<KafkaError>>>);

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, _reason: &str) {
        self.0.lock().unwrap().push(error);
    }
}

impl ConsumerContext for Reports {}

fn log_in(kafka: &Kafka, password: &str) -> (bool, Vec<KafkaError>) {
    let reports = Reports::default();
    let mut config = kafka.client();
    config.set("bootstrap.servers", kafka.sasl_bootstrap());
    config.set("security.protocol", "SASL_PLAINTEXT").set("sasl.mechanism", "PLAIN");
    config.set("sasl.username", SASL_USER).set("sasl.password", password);
    let consumer: BaseConsumer<Reports> = config.create_with_context(reports.clone()).unwrap();
    let answered = consumer.fetch_metadata(None, Duration::from_secs(5)).is_ok();
    consumer.poll(Duration::from_millis(100));
    let errors = reports.0.lock().unwrap().clone();
    (answered, errors)
}

#[test]
fn a_wrong_password_is_refused() {
    let Some(kafka) = require("harness: a wrong password", Kafka::shared) else {
        return;
    };

    let (answered, errors) = log_in(kafka, SASL_PASSWORD);
    assert!(answered, "the right password was refused: {errors:?}");

    let (answered, errors) = log_in(kafka, "a-wrong-password");
    assert!(!answered);
    let refused = KafkaError::Global(RDKafkaErrorCode::Authentication);
    assert!(errors.contains(&refused), "no refusal among {errors:?}");
}

#[test]
fn a_kafka_of_its_own_keeps_data_over_restarts_and_ends_with_its_owner() {
    let options = KafkaOptions { settings: vec![("message.max.bytes".to_owned(), "2000".to_owned())] };
    let Some(mut kafka) = require("harness: a broker restarts", || Kafka::start(&options)) else {
        return;
    };
    let address = kafka.bootstrap();
    kafka.create_topic("kept", 2, &[]).unwrap();
    kafka.send("kept", &[message(1, "before")]).unwrap();
    assert!(kafka.send("kept", &[message(1, &"long".repeat(1000))]).is_err(), "the setting has no effect");

    let first = kafka.pid().unwrap();
    kafka.stop().unwrap();
    assert_eq!(kafka.pid(), None);
    assert!(is_gone(first));

    kafka.restart().unwrap();
    assert_eq!(kafka.bootstrap(), address);
    kafka.send("kept", &[message(1, "between")]).unwrap();

    kafka.crash().unwrap();
    kafka.restart().unwrap();
    let payloads: Vec<_> =
        kafka.read_to_end("kept", BOUND).unwrap().into_iter().map(|message| message.payload).collect();
    assert_eq!(payloads, [Some(b"before".to_vec()), Some(b"between".to_vec())]);

    let last = kafka.pid().unwrap();
    assert!(!is_gone(last));
    drop(kafka);
    assert!(is_gone(last));
}

#[test]
fn a_schema_keeps_its_id_in_the_registry() {
    let Some(mut registry) = require("harness: a schema keeps its id", Registry::start) else {
        return;
    };
    let schema = r#"{"type":"record","name":"Order","fields":[{"name":"cents","type":"long"}]}"#;

    let id = registry.register("orders-value", schema).unwrap();
    assert_eq!(registry.register("orders-value", schema).unwrap(), id);
    assert_ne!(registry.register("names-value", r#"{"type":"string"}"#).unwrap(), id);
    let stored: serde_json::Value = serde_json::from_str(&registry.schema(id).unwrap()).unwrap();
    assert_eq!(stored, serde_json::from_str::<serde_json::Value>(schema).unwrap());
    let unknown = registry.schema(999).unwrap_err().to_string();
    assert!(unknown.contains("404"), "{unknown}");

    registry.restart().unwrap();
    assert_eq!(registry.register("orders-value", schema).unwrap(), id);

    let pid = registry.pid().unwrap();
    drop(registry);
    assert!(is_gone(pid));
}

fn fake_service() -> ServiceOptions {
    let [port] = free_ports().unwrap();
    let mut options = ServiceOptions::serve(Path::new("unused"), port);
    options.binary = Some(PathBuf::from(env!("CARGO_BIN_EXE_fake-service")));
    options.arguments = vec![port.to_string()];
    options
}

#[test]
fn a_service_is_awaited_asked_and_ended() {
    use std::os::unix::process::ExitStatusExt as _;

    let mut service = Service::start(&fake_service()).unwrap();
    assert_eq!(service.get_json("/anything").unwrap()["answer"], 42);
    assert_eq!(service.get_text("/readyz").unwrap(), "ready");
    assert_eq!(service.get("/missing").unwrap().status, 404);
    assert!(service.get_text("/missing").is_err());
    assert!(service.process().log_text().unwrap().contains("fake service on port"));
    assert_eq!(service.terminate().unwrap().signal(), Some(15));

    let mut service = Service::start(&fake_service()).unwrap();
    let pid = service.process().pid();
    assert_eq!(service.kill_hard().unwrap().signal(), Some(9));
    assert!(is_gone(pid));

    let service = Service::start(&fake_service()).unwrap();
    let pid = service.process().pid();
    drop(service);
    assert!(is_gone(pid));
}

#[test]
fn a_service_that_ends_early_is_told_with_its_log() {
    let mut options = fake_service();
    options.arguments = vec!["no-port".to_owned()];
    let started = Instant::now();
    let error = Service::start(&options).unwrap_err().to_string();
    assert!(error.contains("ended") && error.contains("invalid digit"), "{error}");
    assert!(started.elapsed() < options.ready_bound);
}

#[test]
fn a_killed_test_leaves_no_process_and_no_directory() {
    let scratch = tempfile::tempdir().unwrap().keep();
    let mut owner =
        Command::new(env!("CARGO_BIN_EXE_guard-owner")).arg(&scratch).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let guarded: u32 = line.trim().parse().unwrap();
    assert!(!is_gone(guarded));

    owner.kill().unwrap();
    owner.wait().unwrap();

    wait_gone(guarded);
    eventually("the end of the scratch directory", BOUND, || {
        ensure!(!scratch.exists(), "{} is still there", scratch.display());
        Ok(())
    })
    .unwrap();
}
