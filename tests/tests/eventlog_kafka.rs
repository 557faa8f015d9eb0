//! The log in a real Kafka: the conformance suite, and what only a real broker can show.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

use std::time::{Duration, Instant};

use eventlog::conformance::{self, Harness};
use eventlog::registry::{RegistryOptions, SchemaRegistry};
use eventlog::{
    CompactedReader, DeadLetter, DeadLetterSink as _, Delivery, KafkaConsumer, KafkaDeadLetters,
    KafkaOptions, LogConsumer as _, LogError, NewRecord, OffsetProblem, RecordMark, RecordProducer,
    RecordSink as _, SaslMechanism, Secret, SecurityProtocol, StartPosition, TopicPartition, ensure_topic,
    topic_partitions,
};
use futures::executor::block_on;
use model::{LogPosition, Offset, PartitionId, RejectReason, TopicName};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use tallyboard_end_to_end::{Kafka, KafkaOptions as BrokerOptions, Registry, SASL_USER, require};

const BOUND: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(50);

fn options(kafka: &Kafka, group: &str) -> KafkaOptions {
    KafkaOptions {
        bootstrap_servers: kafka.bootstrap(),
        group_id: group.to_owned(),
        // Several deliveries for a few thousand records.
        batch_records_max: 2_000,
        ..KafkaOptions::default()
    }
}

struct KafkaLog<'a> {
    kafka: &'a Kafka,
    producer: RecordProducer,
}

impl Harness for KafkaLog<'_> {
    type Consumer = KafkaConsumer;
    type Reader = CompactedReader;

    fn create_topic(&self, prefix: &str, partitions: usize) -> TopicName {
        self.kafka.unique_topic(prefix, partitions).unwrap().into()
    }

    fn recreate_topic(&self, topic: &TopicName, partitions: usize) {
        self.kafka.delete_topic(topic).unwrap();
        self.kafka.create_topic(topic, partitions, &[]).unwrap();
    }

    fn append(&self, partition: &TopicPartition, records: &[NewRecord<'_>]) {
        for record in records {
            self.producer.send(&partition.topic, Some(partition.partition), *record).unwrap();
        }
        self.producer.flush(BOUND).unwrap();
    }

    fn delete_before(&self, partition: &TopicPartition, first_kept: Offset) {
        self.kafka.delete_records(&partition.topic, partition.partition.0, first_kept.0).unwrap();
    }

    fn consumer(&self, group: &str, topics: &[TopicName]) -> Result<KafkaConsumer, LogError> {
        KafkaConsumer::connect(&options(self.kafka, group), topics)
    }

    fn reader(&self, topic: &TopicName) -> Result<CompactedReader, LogError> {
        CompactedReader::connect(&options(self.kafka, "readers"), topic)
    }
}

#[test]
fn the_log_in_kafka_conforms() {
    let Some(kafka) = require("the log in kafka conforms", Kafka::shared) else {
        return;
    };
    conformance::run(&KafkaLog {
        kafka,
        producer: RecordProducer::connect(&options(kafka, "none")).unwrap(),
    });
}

/// Answers an assignment with the start of each partition; gives every other delivery that is not idle.
fn next_of(consumer: &mut KafkaConsumer) -> Result<Option<Delivery>, LogError> {
    match consumer.next(STEP)? {
        Delivery::Assigned(partitions) => {
            let start = |partition| (partition, StartPosition::default());
            consumer.begin(partitions.into_iter().map(start).collect())?;
            Ok(None)
        }
        Delivery::Revoked(_) => consumer.release().map(|()| None),
        Delivery::Idle => Ok(None),
        delivery => Ok(Some(delivery)),
    }
}

#[test]
fn markers_of_transactions_are_passed_over_and_aborted_records_are_not_seen() {
    let Some(kafka) = require("transactions", Kafka::shared) else {
        return;
    };
    let topic = kafka.unique_topic("transactions", 1).unwrap();
    let producer: BaseProducer = kafka.client().set("transactional.id", &topic).create().unwrap();
    producer.init_transactions(BOUND).unwrap();
    for (value, commit) in [("first", true), ("aborted", false), ("second", true)] {
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<str, str>::to(&topic).payload(value)).unwrap();
        if commit {
            producer.commit_transaction(BOUND).unwrap();
        } else {
            producer.flush(BOUND).unwrap();
            producer.abort_transaction(BOUND).unwrap();
        }
    }
    let topic = TopicName::from(topic);
    let mut consumer = KafkaConsumer::connect(&options(kafka, &topic), std::slice::from_ref(&topic)).unwrap();
    let deadline = Instant::now() + BOUND;
    let mut values = Vec::new();
    let end = loop {
        assert!(Instant::now() < deadline, "waited too long: {values:?}");
        match next_of(&mut consumer).unwrap() {
            Some(Delivery::Records(batch)) => {
                values.extend(batch.iter().map(|record| (record.offset.0, record.value.unwrap().to_vec())));
            }
            // Three records and a marker behind each.
            Some(Delivery::End(_, end)) if end >= Offset(6) => break end,
            _ => {}
        }
    };
    assert_eq!(values, [(0, b"first".to_vec()), (4, b"second".to_vec())]);
    assert_eq!(end, Offset(6));
    // No record was ever folded where a marker stands.
    let partition = TopicPartition::new(topic, 0);
    let last = Some(RecordMark { offset: Offset(1), appended_at_millis: 0, checksum: 0 });
    consumer.begin(vec![(partition.clone(), StartPosition { next: Offset(2), last })]).unwrap();
    let error = loop {
        assert!(Instant::now() < deadline, "waited too long for an error");
        if let Err(error) = consumer.next(STEP) {
            break error;
        }
    };
    assert_eq!(
        error,
        LogError::LogChanged {
            partition,
            needed: Offset(2),
            problem: OffsetProblem::NoRecord { found: Some(Offset(4)) },
        }
    );
}

#[test]
fn a_broker_that_goes_and_comes_back_is_survived() {
    let broker = || Kafka::start(&BrokerOptions::default());
    let Some(mut kafka) = require("a broker that comes back", broker) else {
        return;
    };
    let topic = TopicName::from(kafka.unique_topic("survived", 1).unwrap());
    let partition = TopicPartition::new(topic.clone(), 0);
    let options = options(&kafka, &topic);
    let producer = RecordProducer::connect(&options).unwrap();
    let mut dead_letters = KafkaDeadLetters::connect(&options, &topic).unwrap();
    let mut consumer = KafkaConsumer::connect(&options, std::slice::from_ref(&topic)).unwrap();
    let record = NewRecord { value: Some(b"before"), ..NewRecord::default() };
    producer.send(&topic, None, record).unwrap();
    let mut values: Vec<Vec<u8>> = Vec::new();
    let deadline = Instant::now() + BOUND;
    while values.is_empty() {
        assert!(Instant::now() < deadline, "waited too long for the first record");
        take(&mut consumer, &mut values);
    }

    kafka.crash().unwrap();
    let deadline = Instant::now() + BOUND;
    let error = loop {
        assert!(Instant::now() < deadline, "nobody tells that the broker is gone");
        if let Err(error) = consumer.next(STEP) {
            break error;
        }
    };
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains(&kafka.bootstrap()), "{error}");
    // What cannot be written is kept.
    dead_letters.send(letter(b"k", b"kept")).unwrap();
    let error = dead_letters.flush(Duration::from_secs(1)).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let record = NewRecord { value: Some(b"after"), ..record };
    producer.send(&topic, None, record).unwrap();

    kafka.restart().unwrap();
    dead_letters.flush(BOUND).unwrap();
    producer.flush(BOUND).unwrap();
    let deadline = Instant::now() + 2 * BOUND;
    while values.len() < 3 {
        assert!(Instant::now() < deadline, "waited too long: {values:?}");
        take(&mut consumer, &mut values);
    }
    values.sort();
    assert_eq!(values, [b"after".to_vec(), b"before".to_vec(), b"kept".to_vec()]);
    assert_eq!(consumer.high_offset(&partition), Some(Offset(3)));

    // Without a broker, leaving the group must not take for ever.
    kafka.crash().unwrap();
    let started = Instant::now();
    drop(consumer);
    drop(producer);
    assert!(started.elapsed() < BOUND, "closing took {:?}", started.elapsed());
}

/// Reads on, whatever happens; begins where it was when it is assigned again.
fn take(consumer: &mut KafkaConsumer, values: &mut Vec<Vec<u8>>) {
    match consumer.next(STEP) {
        Ok(Delivery::Records(batch)) => {
            values.extend(batch.iter().map(|record| record.value.unwrap().to_vec()));
        }
        Ok(Delivery::Assigned(partitions)) => {
            let next = Offset(i64::try_from(values.len()).unwrap());
            let start = |partition| (partition, StartPosition::at(next));
            consumer.begin(partitions.into_iter().map(start).collect()).unwrap();
        }
        Ok(Delivery::Revoked(_)) => consumer.release().unwrap(),
        Ok(Delivery::End(..) | Delivery::Idle) => {}
        Err(error) => assert!(error.is_retryable(), "{error}"),
    }
}

#[test]
fn a_topic_that_grows_alone_stops_the_members() {
    let Some(kafka) = require("a topic that grows alone", Kafka::shared) else {
        return;
    };
    let topics =
        ["deals", "activities"].map(|prefix| TopicName::from(kafka.unique_topic(prefix, 2).unwrap()));
    let mut options = options(kafka, &topics[0]);
    options.properties.insert("topic.metadata.refresh.interval.ms".to_owned(), "500".to_owned());
    let mut consumer = KafkaConsumer::connect(&options, &topics).unwrap();
    let deadline = Instant::now() + BOUND;
    while !matches!(next_of(&mut consumer).unwrap(), Some(Delivery::End(..))) {
        assert!(Instant::now() < deadline, "waited too long for an assignment");
    }
    let admin: AdminClient<DefaultClientContext> = kafka.client().create().unwrap();
    let three = [NewPartitions::new(&topics[0], 3)];
    let results = block_on(admin.create_partitions(&three, &AdminOptions::new())).unwrap();
    assert!(results[0].is_ok(), "{results:?}");
    let error = loop {
        assert!(Instant::now() < deadline, "nobody tells that the topics differ");
        match next_of(&mut consumer) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!((error.code(), error.is_retryable()), ("log_partitions_differ", false));
    assert!(error.to_string().contains("{0, 1, 2}"), "{error}");
}

fn letter(key: &[u8], value: &[u8]) -> DeadLetter {
    DeadLetter {
        origin: LogPosition { topic: "deals".into(), partition: PartitionId(3), offset: Offset(41) },
        appended_at_millis: Some(1_700_000_000_123),
        key: Some(key.to_vec()),
        value: Some(value.to_vec()),
        headers: vec![("ce_type".to_owned(), Some(vec![0xff, 0x00]))],
        reason: RejectReason::MissingField,
        detail: "deal_id is missing".to_owned(),
    }
}

#[test]
fn dead_letters_keep_their_bytes_and_say_where_they_are_from() {
    let Some(kafka) = require("dead letters", Kafka::shared) else {
        return;
    };
    let topic = kafka.unique_name("dead-letters");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "300000")]).unwrap();
    let options = options(kafka, &topic);
    let mut first = KafkaDeadLetters::connect(&options, &TopicName::from(topic.clone())).unwrap();
    let mut second = first.clone();
    let large = incompressible(400_000);
    first.send(letter(b"small", b"\x00\xff")).unwrap();
    first.send(letter(b"large value", &large)).unwrap();
    second.send(letter(&large, b"large key")).unwrap();
    second.send(DeadLetter { value: None, ..letter(b"tombstone", b"") }).unwrap();
    first.flush(BOUND).unwrap();
    second.flush(BOUND).unwrap();

    let mut received = kafka.read_to_end(&topic, BOUND).unwrap();
    received.sort_by_key(|message| message.key.clone());
    let found: Vec<_> = received
        .iter()
        .map(|message| {
            let too_large = message.headers.contains(&("tallyboard.value".to_owned(), b"too_large".to_vec()));
            (message.key.as_deref(), message.payload.as_deref(), too_large)
        })
        .collect();
    assert_eq!(
        found,
        [
            (None, None, true),
            (Some(b"large value".as_slice()), None, true),
            (Some(b"small"), Some(b"\x00\xff".as_slice()), false),
            (Some(b"tombstone"), None, false),
        ]
    );
    let headers: Vec<_> =
        received[2].headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    assert_eq!(
        headers,
        [
            ("ce_type", [0xff, 0x00].as_slice()),
            ("tallyboard.origin.topic", b"deals"),
            ("tallyboard.origin.partition", b"3"),
            ("tallyboard.origin.offset", b"41"),
            ("tallyboard.origin.timestamp", b"1700000000123"),
            ("tallyboard.reason", b"missing_field"),
            ("tallyboard.detail", b"deal_id is missing"),
        ]
    );
}

#[test]
fn small_dead_letters_keep_their_value_when_a_large_one_of_their_batch_is_refused() {
    let Some(kafka) = require("dead letters in one batch", Kafka::shared) else {
        return;
    };
    let topic = kafka.unique_name("small-limit");
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "50000")]).unwrap();
    let mut sink =
        KafkaDeadLetters::connect(&options(kafka, &topic), &TopicName::from(topic.clone())).unwrap();
    let large = incompressible(100_000);
    for number in 0..20 {
        let value: &[u8] = if number == 7 { &large } else { b"small" };
        sink.send(letter(format!("{number:02}").as_bytes(), value)).unwrap();
    }
    sink.flush(BOUND).unwrap();
    let received = kafka.read_to_end(&topic, BOUND).unwrap();
    let without: Vec<_> = received
        .iter()
        .filter(|message| message.payload.is_none())
        .map(|message| message.key.clone().unwrap())
        .collect();
    assert_eq!((received.len(), without), (20, vec![b"07".to_vec()]));
}

/// Bytes that lz4 cannot make smaller.
fn incompressible(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(count)
    .collect()
}

#[test]
fn a_wrong_password_is_told_without_the_password() {
    let Some(kafka) = require("a wrong password", Kafka::shared) else {
        return;
    };
    let options = KafkaOptions {
        bootstrap_servers: kafka.sasl_bootstrap(),
        security_protocol: SecurityProtocol::SaslPlaintext,
        sasl_mechanism: SaslMechanism::Plain,
        sasl_username: Some(SASL_USER.to_owned()),
        sasl_password: Some(Secret::new("open-sesame")),
        ..options(kafka, "wrong-password")
    };
    let started = Instant::now();
    let errors = [
        KafkaConsumer::connect(&options, &["any".into()]).err(),
        RecordProducer::connect(&options).err(),
        topic_partitions(&options, "any").err(),
    ];
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    for error in errors {
        let error = error.unwrap();
        let message = error.to_string();
        assert_eq!(error.code(), "log_authentication", "{message}");
        assert!(!error.is_retryable());
        assert!(message.contains("PLAIN") && message.contains(SASL_USER), "{message}");
        assert!(!message.contains("open-sesame"), "{message}");
    }
    let right =
        KafkaOptions { sasl_password: Some(Secret::new(tallyboard_end_to_end::SASL_PASSWORD)), ..options };
    assert_eq!(topic_partitions(&right, "no-such-topic"), Ok(None));
}

#[test]
fn nobody_there_is_told_with_the_address() {
    let address = format!("127.0.0.1:{}", tallyboard_end_to_end::free_ports::<1>().unwrap()[0]);
    let options = KafkaOptions {
        bootstrap_servers: address.clone(),
        connect_timeout_ms: 2_000,
        ..KafkaOptions::default()
    };
    let error = KafkaConsumer::connect(&options, &["any".into()]).err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), ("log_unreachable", true));
    assert!(error.to_string().contains(&address), "{error}");
}

#[test]
fn topics_are_created_once() {
    let Some(kafka) = require("topics are created once", Kafka::shared) else {
        return;
    };
    let name = kafka.unique_name("ensured");
    let options = options(kafka, "none");
    let configs = [("cleanup.policy", "compact")];
    assert_eq!(topic_partitions(&options, &name), Ok(None));
    assert_eq!(ensure_topic(&options, &name, 3, 1, &configs), Ok(true));
    assert_eq!(ensure_topic(&options, &name, 5, 1, &configs), Ok(false));
    assert_eq!(topic_partitions(&options, &name), Ok(Some(3)));
    let refused = kafka.unique_name("refused");
    let error = ensure_topic(&options, &refused, 1, 3, &[]).unwrap_err();
    assert!(error.to_string().contains("3 replicas"), "{error}");
    assert!(!error.is_retryable());
}

#[test]
fn a_producer_counts_and_tells_what_was_not_written() {
    let Some(kafka) = require("a producer counts", Kafka::shared) else {
        return;
    };
    let topic = TopicName::from(kafka.unique_topic("counted", 4).unwrap());
    let producer = RecordProducer::connect(&options(kafka, "none")).unwrap();
    for number in 0..100 {
        let key = format!("deal-{number}");
        let record = NewRecord { key: Some(key.as_bytes()), value: Some(b"v"), ..NewRecord::default() };
        producer.send(&topic, None, record).unwrap();
    }
    producer.flush(BOUND).unwrap();
    assert_eq!((producer.delivered(), producer.failed(), producer.outstanding()), (100, 0, 0));
    // Kafka's own clients put these keys there, too.
    let partitions = (0..4).filter(|&partition| kafka.offsets(&topic, partition).unwrap().1 > 0);
    assert!(partitions.count() > 1);

    let missing = TopicName::from(kafka.unique_name("missing"));
    producer.send(&missing, None, NewRecord::default()).unwrap();
    let error = producer.flush(2 * BOUND).unwrap_err();
    assert!(error.to_string().contains(&*missing), "{error}");
    assert_eq!(producer.failed(), 1);
    producer.flush(BOUND).unwrap();
}

#[test]
fn schemas_are_registered_and_found() {
    let Some(registry) = require("schemas are registered and found", Registry::shared) else {
        return;
    };
    let client =
        SchemaRegistry::new(&RegistryOptions { urls: vec![registry.url()], ..RegistryOptions::default() })
            .unwrap();
    let schema = r#"{"type":"record","name":"Event","fields":[{"name":"id","type":"string"}]}"#;
    let id = client.register("eventlog-value", schema).unwrap();
    assert_eq!(client.register("eventlog-value", schema), Ok(id));
    let found = client.schema_by_id(id).unwrap().unwrap();
    assert!(found.contains("\"Event\""), "{found}");
    assert_eq!(client.schema_by_id(987_654), Ok(None));
    let error = client.register("eventlog-value", "no schema").unwrap_err();
    assert_eq!(error.code(), "registry_refused", "{error}");
}
