//! A thousand records that cannot be counted among thousands of good ones: each is in the dead-letter topic as it was,
//! with its place in the log and the reason, and the good ones are counted as if nothing had been there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use codec::Record;
use model::Event;
use salesfloor::disorder::shuffle_within;
use tallyboard_end_to_end::{
    Configuration, Exposition, Kafka, Message, Received, Registry, Sender, Service, eventually, require, tell,
};

use crate::faults::{Faults, Place, Wire};
use crate::scenario::{FISCAL_YEAR_FIRST_MONTH, SalesFloor, TIME_ZONE};

const BOUND: Duration = Duration::from_secs(60);
const PARTITIONS: usize = 6;
const BAD: usize = 1_000;
/// The last of the bad ones: by then, there are activities behind whose horizon they are.
const LATE: usize = 100;
/// Tells bad records apart, whatever is in them; a header, which must come through as it is.
const NUMBER: &str = "test.number";
/// In how many portions records are sent while a service is about to be killed.
const PORTIONS: usize = 20;

/// Good and bad records, mixed.
struct Mixture {
    floor: SalesFloor,
    messages: Vec<(Place, Message)>,
    /// The reason for each bad record by its number.
    reasons: BTreeMap<Vec<u8>, &'static str>,
}

impl Mixture {
    fn new(seed: u64, wire: &Wire) -> Mixture {
        let floor = SalesFloor::new(seed, 60);
        let message = |record: &Record<'_>| Message {
            key: Some(record.message_key().as_bytes().to_vec()),
            payload: Some(wire.encode(record)),
            ..Message::default()
        };
        let reference = floor.reference.iter().cloned().map(Record::Reference);
        let mut messages: Vec<(Place, Message)> =
            reference.map(|record| (Place::Reference, message(&record))).collect();
        let mut faults = Faults::new(wire, &floor.events, seed);
        let mut reasons = BTreeMap::new();
        let mut mixed = Vec::with_capacity(floor.events.len() + BAD);
        let mut made = 0;
        for (number, event) in floor.events.iter().enumerate() {
            let place = if matches!(event, Event::Deal(_)) { Place::Deals } else { Place::Activities };
            mixed.push((place, message(&Record::Event(event.clone()))));
            // Bad ones everywhere among the good ones.
            while made < BAD * (number + 1) / floor.events.len() {
                let (place, reason, payload) = if made < BAD - LATE {
                    faults.make(made)
                } else {
                    (Place::Activities, "late", faults.late())
                };
                mixed.push((place, bad(made, place, payload)));
                reasons.insert(made.to_string().into_bytes(), reason);
                made += 1;
            }
        }
        messages.extend(shuffle_within(mixed, 20, seed));
        Mixture { floor, messages, reasons }
    }

    fn count(&self, place: Place) -> usize {
        self.messages.iter().filter(|(other, _)| *other == place).count()
    }
}

fn bad(number: usize, place: Place, payload: Option<Vec<u8>>) -> Message {
    let partitions = if place == Place::Reference { 1 } else { PARTITIONS };
    Message {
        partition: i32::try_from(number % partitions).ok(),
        // Some keys are no text, and some are not there. The reference topic is compacted, so that all have one there.
        key: match number % 7 {
            0 if place != Place::Reference => None,
            1 => Some(vec![
                0xff,
                0x00,
                u8::try_from(number % 251).unwrap(),
                u8::try_from(number / 251).unwrap(),
            ]),
            _ => Some(format!("bad-{number}").into_bytes()),
        },
        // A tombstone on the reference topic is a good record.
        payload,
        headers: vec![
            (NUMBER.to_owned(), number.to_string().into_bytes()),
            ("ce_source".to_owned(), vec![0xfe, 0x00]),
        ],
        ..Message::default()
    }
}

/// A mixture on topics of its own, and a service that reads them.
struct Trial<'t> {
    kafka: &'t Kafka,
    mixture: &'t Mixture,
    configuration: Configuration,
    sender: Sender,
}

impl Trial<'_> {
    fn new<'t>(
        kafka: &'t Kafka,
        registry: Option<&Registry>,
        wire: &Wire,
        mixture: &'t Mixture,
    ) -> anyhow::Result<Trial<'t>> {
        let mut configuration = Configuration::new(kafka, "dead-letters", wire.format())?;
        if let Some(registry) = registry {
            configuration.set("registry.urls", [registry.url()])?;
        }
        configuration.set("organisation.time_zone", TIME_ZONE)?;
        configuration.set("organisation.fiscal_year_first_month", FISCAL_YEAR_FIRST_MONTH)?;
        configuration.set("pipelines", mixture.floor.pipelines.as_slice())?;
        configuration.set("snapshots.interval_seconds", 1)?;
        configuration.set("kafka.batch_records_max", 50)?;
        configuration.set_kafka_property("session.timeout.ms", "2000")?;
        configuration.set_kafka_property("heartbeat.interval.ms", "500")?;
        let topics = configuration.topics();
        kafka.create_topic(&topics.deals, PARTITIONS, &[])?;
        kafka.create_topic(&topics.activities, PARTITIONS, &[])?;
        // The topic of dead letters is left to the service.
        kafka.create_topic(&topics.reference, 1, &[("cleanup.policy", "compact")])?;
        Ok(Trial { kafka, mixture, configuration, sender: kafka.sender()? })
    }

    fn topic(&self, place: Place) -> &str {
        let topics = self.configuration.topics();
        match place {
            Place::Deals => &topics.deals,
            Place::Activities => &topics.activities,
            Place::Reference => &topics.reference,
        }
    }

    fn send(&self, messages: &[(Place, Message)]) -> anyhow::Result<()> {
        for place in [Place::Reference, Place::Deals, Place::Activities] {
            let of_topic = messages.iter().filter(|(other, _)| *other == place);
            self.sender.enqueue(self.topic(place), of_topic.map(|(_, message)| message))?;
        }
        self.sender.wait()
    }

    /// Undisturbed: each bad record is buried and counted once.
    fn run_through(&self) -> anyhow::Result<usize> {
        self.send(&self.mixture.messages)?;
        let service = Service::start(&self.configuration.service()?)?;
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        for reason in self.mixture.reasons.values() {
            *expected.entry((*reason).to_owned()).or_default() += 1.0;
        }
        self.wait_folded(&service)?;
        eventually("the count of dead letters", BOUND, || {
            let mut buried = metrics(&service)?.by("tallyboard_dead_letters_total", "reason");
            buried.retain(|_, letters| *letters > 0.0);
            ensure!(buried == expected, "{buried:?} are buried, expected {expected:?}");
            Ok(())
        })?;
        let figures = self.finish(service)?;
        assert_eq!(self.compare_letters()?, BAD, "undisturbed, no letter comes twice");
        Ok(figures)
    }

    /// Killed in the middle of good and bad records: letters may come twice, but none is missing, and no good event.
    fn run_killed(&self) -> anyhow::Result<(usize, usize, usize)> {
        let portions: Vec<&[(Place, Message)]> =
            self.mixture.messages.chunks(self.mixture.messages.len().div_ceil(PORTIONS)).collect();
        let (first, second) = portions.split_at(PORTIONS / 4);
        self.send(&first.concat())?;
        let options = self.configuration.service()?;
        let mut service = Service::spawn(&options)?;
        eventually("the first dead letters", BOUND, || {
            let buried = self.buried(&service)?;
            ensure!(buried > 0, "{buried} are buried");
            Ok(())
        })?;
        // The last portion comes when the service is dead, so that it cannot have seen everything.
        let (while_alive, afterwards) = second.split_at(second.len() / 2);
        self.send(&while_alive.concat())?;
        let buried = self.buried(&service)?;
        service.kill_hard()?;
        assert!(buried < BAD, "everything was buried before the kill");
        self.send(&afterwards.concat())?;

        let service = Service::start(&options)?;
        self.wait_folded(&service)?;
        let figures = self.finish(service)?;
        Ok((figures, self.compare_letters()?, buried))
    }

    fn buried(&self, service: &Service) -> anyhow::Result<usize> {
        let sum = metrics(service)?.sum("tallyboard_dead_letters_total", &[]);
        Ok(format!("{sum:.0}").parse()?)
    }

    fn wait_folded(&self, service: &Service) -> anyhow::Result<()> {
        for place in [Place::Deals, Place::Activities] {
            service.wait_folded(self.topic(place), self.mixture.count(place), BOUND)?;
        }
        Ok(())
    }

    /// Compares what is served of the good events, and ends the service in order; how many figures there were.
    fn finish(&self, mut service: Service) -> anyhow::Result<usize> {
        let compared = self.mixture.floor.compare(&|path| service.get_json(path).unwrap());
        assert_eq!(service.terminate()?.code(), Some(0), "{}", service.process().log_tail());
        Ok(compared.figures)
    }

    /// Every bad record, and no other, is in the dead-letter topic as it was; how many letters there are in all.
    fn compare_letters(&self) -> anyhow::Result<usize> {
        let mut missing = BTreeMap::new();
        for place in [Place::Deals, Place::Activities, Place::Reference] {
            for record in self.kafka.read_to_end(self.topic(place), BOUND)? {
                if let Some(number) = header(&record, NUMBER).map(<[u8]>::to_vec) {
                    let origin = [
                        self.topic(place).to_owned(),
                        record.partition.to_string(),
                        record.offset.to_string(),
                    ];
                    missing.insert(origin, (number, record));
                }
            }
        }
        assert_eq!(missing.len(), BAD, "bad records in the log");
        let all = missing.clone();
        let letters = self.kafka.read_to_end(&self.configuration.topics().dead_letters, BOUND)?;
        for letter in &letters {
            let origin = ["topic", "partition", "offset"]
                .map(|part| text(letter, &format!("tallyboard.origin.{part}")));
            let Some((number, record)) = all.get(&origin) else {
                panic!("{origin:?} is a good record: {}", text(letter, "tallyboard.detail"));
            };
            let detail = text(letter, "tallyboard.detail");
            assert_eq!(letter.key, record.key, "{origin:?}: key");
            assert_eq!(letter.payload, record.payload, "{origin:?}: value");
            assert_eq!(letter.headers[..record.headers.len()], record.headers, "{origin:?}: headers");
            let timestamp = record.timestamp_ms.map(|millis| millis.to_string());
            assert_eq!(Some(text(letter, "tallyboard.origin.timestamp")), timestamp, "{origin:?}");
            assert_eq!(
                text(letter, "tallyboard.reason"),
                self.mixture.reasons[number],
                "{origin:?}: {detail}"
            );
            assert!(!detail.is_empty(), "{origin:?}: no detail");
            missing.remove(&origin);
        }
        assert!(missing.is_empty(), "not in the dead-letter topic: {:?}", missing.keys());
        Ok(letters.len())
    }
}

fn metrics(service: &Service) -> anyhow::Result<Exposition> {
    Exposition::read(&service.get_text("/metrics")?)
}

fn header<'r>(record: &'r Received, name: &str) -> Option<&'r [u8]> {
    record.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &value[..])
}

fn text(record: &Received, name: &str) -> String {
    let value = header(record, name).unwrap_or_else(|| panic!("no header {name} in {record:?}"));
    String::from_utf8(value.to_vec()).unwrap()
}

fn bury(kafka: &Kafka, registry: Option<&Registry>, wire: &Wire, seed: u64) {
    let started = Instant::now();
    let mixture = Mixture::new(seed, wire);
    let trial = || Trial::new(kafka, registry, wire, &mixture).unwrap();
    let figures = trial().run_through().unwrap();
    let (figures_killed, letters, buried) = trial().run_killed().unwrap();
    tell(&format!(
        "dead letters: {}: {} records, {BAD} of them bad in {} ways; each is in the dead-letter topic as it was, once; \
         after a kill when {buried} were buried, {letters} letters, none missing; {} figures of the good ones are as \
         expected; {:.1} s",
        wire.format(),
        mixture.messages.len(),
        wire.faults() + 1,
        figures + figures_killed,
        started.elapsed().as_secs_f32()
    ));
}

#[test]
fn bad_json_is_buried_and_good_json_counted() {
    const TEST: &str = "dead letters: bad JSON is buried and good JSON counted";
    let Some(kafka) = require(TEST, Kafka::shared) else { return };
    bury(kafka, None, &Wire::Json, 7);
}

#[test]
fn bad_avro_is_buried_and_good_avro_counted() {
    const TEST: &str = "dead letters: bad Avro is buried and good Avro counted";
    let Some(kafka) = require(TEST, Kafka::shared) else { return };
    let Some(registry) = require(TEST, Registry::shared) else { return };
    let wire = Wire::confluent(registry).unwrap();
    bury(kafka, Some(registry), &wire, 8);
}
