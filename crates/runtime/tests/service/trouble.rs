//! Trouble that passes: with the log, a registry, dead letters; and a worker that dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codec::encode::Avro;
use codec::{Carries, Decoder, Record, RecordKind, SchemaAnswer, SchemaSource, schema_text};
use eventlog::{DeadLetter, DeadLetterSink, LogError, MemoryDeadLetters, MemoryReader, TopicPartition};
use model::{Event, Timestamp};
use tallyboard_runtime::{Format, Options, ReferenceSource, ServiceError};

use crate::company::{self, events, events_in_two};
use crate::site::{PARTITIONS, Particulars, Site, calendar, eventually, now, pauses};

fn unreachable() -> LogError {
    LogError::Unreachable { bootstrap_servers: "nowhere".to_owned(), detail: "no answer".to_owned() }
}

/// An error that a consumer does not survive.
pub(crate) fn fatal() -> LogError {
    LogError::Other { action: "read".to_owned(), detail: "fenced".to_owned(), retryable: false }
}

/// Dead letters that are never taken.
pub(crate) fn closed_dead_letters() -> tallyboard_runtime::OpenDeadLetters {
    struct Closed;
    impl DeadLetterSink for Closed {
        fn send(&mut self, _: DeadLetter) -> Result<(), LogError> {
            Err(unreachable())
        }
        fn flush(&mut self, _: Duration) -> Result<(), LogError> {
            Ok(())
        }
    }
    Box::new(|| Ok(Box::new(Closed)))
}

#[test]
fn a_log_that_is_away_for_a_while() {
    let (first, second) = events_in_two(30);
    let site = Site::with_events(first);
    let particulars = Particulars::default();
    let script = particulars.script.clone();
    script.refusals.lock().unwrap().extend([unreachable(), fatal(), unreachable()]);
    script.failures.lock().unwrap().extend([unreachable(), unreachable()]);
    let running = site.start(particulars);
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!((running.log_errors("log_unreachable"), running.log_errors("log_failure")), (4, 1));

    // A consumer that has to be replaced: the workers' states stay.
    script.failures.lock().unwrap().push(fatal());
    eventually("the consumer is replaced", || running.log_errors("log_failure") == 2);
    site.append(second);
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.events_total(), site.records("deals") + site.records("activities"));
    running.finish();
}

#[test]
fn a_log_that_is_configured_wrongly_ends_the_service() {
    let wrong = || LogError::Configuration {
        option: "kafka.properties.session.timeot.ms".to_owned(),
        problem: "no such property".to_owned(),
    };
    for while_connected in [false, true] {
        let particulars = Particulars::default();
        let script = &particulars.script;
        let errors = if while_connected { &script.failures } else { &script.refusals };
        errors.lock().unwrap().extend([wrong(), unreachable()]);
        let error = Site::new().start_and_fail(particulars);
        assert_eq!(error.code(), "log_configuration");
        assert!(error.to_string().contains("session.timeot.ms"), "{error}");
    }
}

#[test]
fn ready_also_while_records_keep_coming() {
    let site = Site::with_events(events(32));
    let particulars = Particulars::default();
    particulars.script.phantom_records.store(1, Ordering::Relaxed);
    let running = site.start(particulars);
    running.await_ready();
    eventually("that one record is behind is told", || !running.board.readiness().caught_up);
    assert!(running.board.readiness().ready);
    running.finish();
}

/// A registry that does not know of a second schema until it answers again.
#[derive(Default)]
struct Registry {
    answers: AtomicBool,
}

const KNOWN: u32 = 1;
const LATE: u32 = 2;

impl SchemaSource for Registry {
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String> {
        match id {
            KNOWN => {}
            LATE if self.answers.load(Ordering::Relaxed) => {}
            _ => return Err("no answer".to_owned()),
        }
        Ok(SchemaAnswer::Schema(schema_text(RecordKind::Deal).to_owned()))
    }
}

/// A registry whose parts learn of a second schema one after the other: it says once that there is none.
#[derive(Default)]
struct Lagging {
    was_asked: AtomicBool,
}

impl SchemaSource for Lagging {
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String> {
        let is_known = id == KNOWN || self.was_asked.swap(true, Ordering::Relaxed);
        Ok(is_known.then(|| schema_text(RecordKind::Deal).to_owned()).into())
    }
}

#[test]
fn a_registry_that_lags_for_one_answer_costs_no_record() {
    let site = framed_site();
    let running = site.start(Particulars {
        deals_format: Format::ConfluentAvro,
        schemas: Some(Arc::new(Lagging::default())),
        ..Particulars::default()
    });
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.metrics.schema_waits.get(), 1);
    running.finish();
    assert_eq!(site.letters.letters(), []);
}

/// A site with deals in Confluent's framing; in partition 0 the fourth has a schema that is late.
fn framed_site() -> Site {
    let site = Site::new();
    let deals = events(33).into_iter().filter(|event| matches!(event, Event::Deal(_))).collect();
    for (number, deals) in (0..).zip(salesfloor::disorder::partition(deals, PARTITIONS)) {
        assert!(deals.len() > 5, "partition {number} has {} deals", deals.len());
        for (index, deal) in deals.into_iter().enumerate() {
            let id = if (number, index) == (0, 3) { LATE } else { KNOWN };
            let value = Avro::confluent(id, &Record::Event(deal.clone()));
            site.append_value(&TopicPartition::new("deals", number), deal, &value);
        }
    }
    site
}

#[test]
fn a_registry_that_is_away_for_a_while() {
    for restarts in [false, true] {
        let site = framed_site();
        let registry = Arc::new(Registry::default());
        let particulars = || Particulars {
            deals_format: Format::ConfluentAvro,
            schemas: Some(registry.clone()),
            options: Options { retry_wait_ms_max: 400, ..Options::default() },
            ..Particulars::default()
        };
        let mut running = site.start(particulars());
        let waiting = site.high(&TopicPartition::new("deals", 0)) - 3;
        eventually("the other partitions go on", || {
            running.events_of("deals") == site.records("deals") - waiting
        });
        eventually("the registry is asked again", || running.metrics.schema_waits.get() > 2);
        let readiness = running.board.readiness();
        assert!(!readiness.ready);
        assert_eq!(running.events_of("deals"), site.records("deals") - waiting);
        // What is before the record that waits is shown, and so are the others.
        running.await_sums(&company::expected(
            site.appended
                .borrow()
                .iter()
                .filter(|appended| appended.source.partition.0 != 0 || appended.offset.0 < 3)
                .map(|appended| &appended.event),
            &calendar(),
        ));
        if restarts {
            running.finish();
            running = site.start(particulars());
            eventually("the registry is asked again", || running.metrics.schema_waits.get() > 0);
        }
        registry.answers.store(true, Ordering::Relaxed);
        running.await_ready();
        running.await_sums(&site.expected(&calendar()));
        running.finish();
        assert_eq!(site.letters.letters(), []);
    }
}

#[test]
fn shutdown_does_not_wait_for_a_registry() {
    let site = framed_site();
    let registry = Arc::new(Registry::default());
    let log = site.log.clone();
    log.create_topic("reference", 1);
    for _ in 0..3 {
        site.append_bytes(&TopicPartition::new("reference", 0), b"key", Some(&[0, 0, 0, 0, 7]));
    }
    let particulars = Particulars {
        deals_format: Format::ConfluentAvro,
        schemas: Some(registry.clone()),
        reference: ReferenceSource::Topic {
            connect: Box::new(move || Ok(Box::new(MemoryReader::new(&log, &"reference".into())?))),
            decoder: Decoder::confluent(Carries::Reference, registry),
            dead_letters: Box::new(site.letters.clone()),
        },
        options: Options { retry_wait_ms_max: 240_000, ..Options::default() },
        ..Particulars::default()
    };
    let running = site.start(particulars);
    // A partition and the reference wait; each wait is longer than all before together.
    let start = Instant::now();
    eventually("the waits become long", || running.metrics.schema_waits.get() >= 12);
    let waited = start.elapsed();
    let start = Instant::now();
    running.finish();
    assert!(start.elapsed() < waited / 2, "{:?} of {waited:?}", start.elapsed());
}

/// Dead letters that take their time.
struct Slow(MemoryDeadLetters);

impl DeadLetterSink for Slow {
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        std::thread::sleep(Duration::from_millis(50));
        self.0.send(letter)
    }

    fn flush(&mut self, deadline: Duration) -> Result<(), LogError> {
        self.0.flush(deadline)
    }
}

#[test]
fn a_worker_that_cannot_keep_up_is_waited_for() {
    let site = Site::new();
    let slow = TopicPartition::new("deals", 0);
    for _ in 0..12 {
        site.append_bytes(&slow, b"key", Some(b"garbage"));
    }
    site.append(events(34));
    let letters = site.letters.clone();
    let particulars = Particulars {
        options: Options { batches_waiting_max: 1, ..Options::default() },
        dead_letters: Some(Box::new(move || Ok(Box::new(Slow(letters.clone()))))),
        ..Particulars::default()
    };
    let script = particulars.script.clone();
    script.batch_records_max.store(2, Ordering::Relaxed);
    let running = site.start(particulars);
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    let (paused, resumed) = pauses(&script);
    assert!(paused > 0, "the partition was never paused");
    assert_eq!(paused, resumed);
    assert_eq!(running.events_total(), site.records("deals") + site.records("activities"));
    running.finish();
    assert_eq!(site.letters.letters().len(), 12);
}

#[test]
fn dead_letters_come_before_snapshots() {
    let site = Site::new();
    let bad = TopicPartition::new("deals", 1);
    site.append_bytes(&bad, b"key", Some(b"garbage"));
    site.append(events(35));
    site.letters.set_out_of_order(true);
    let running = site.start(Particulars::default());
    running.await_ready();
    running.finish();
    let counts = site.snapshot_counts();
    assert!(counts[0] > 0 && counts[1] == 0 && counts[2] > 0, "{counts:?}");

    site.letters.set_out_of_order(false);
    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    let again = site.high(&bad) + site.high(&TopicPartition::new("activities", 1));
    assert_eq!(running.events_total(), again, "only the partition without a snapshot is folded again");
    running.finish();
    let origins: Vec<_> = site.letters.letters().into_iter().map(|letter| letter.origin).collect();
    assert_eq!(origins, [bad.at(model::Offset(0))]);
    assert!(site.snapshot_counts()[1] > 0);
}

#[test]
fn dead_letters_that_are_not_taken_stop_their_partition_alone() {
    let site = Site::new();
    let bad = TopicPartition::new("deals", 1);
    site.append_bytes(&bad, b"other key", Some(b"garbage"));
    site.append(events(36));
    let running =
        site.start(Particulars { dead_letters: Some(closed_dead_letters()), ..Particulars::default() });
    eventually("the other partitions go on", || {
        running.board.readiness().partitions.iter().filter(|partition| partition.caught_up_once).count() == 2
    });
    assert_eq!(running.events_of("deals"), site.records("deals") - site.high(&bad));
    assert!(!running.board.readiness().ready);
    running.finish();

    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.events("deals", "rejected"), 1);
    running.finish();
    assert_eq!(site.letters.letters().len(), 1);
}

#[test]
fn a_snapshot_that_could_not_be_written_is_written_later() {
    let site = Site::new();
    let began = Instant::now();
    let clock = move || {
        let passed = i64::try_from(began.elapsed().as_micros()).unwrap();
        Timestamp::from_micros(now().micros() + passed).unwrap()
    };
    let running = site.start(Particulars { clock: Arc::new(clock), ..Particulars::default() });
    running.await_ready();
    // A file where the folder of partition 0 should be.
    let in_the_way = site.folder().join("partition-00000");
    std::fs::write(&in_the_way, b"").unwrap();
    site.append(events(37));
    running.await_sums(&site.expected(&calendar()));
    eventually("a snapshot fails", || running.metrics.snapshot_failures.get() > 0);
    // A partition whose snapshots are written has them every second.
    let unsaved = running.metrics.unsaved_seconds.with_label_values(&["0"]);
    eventually("that changes are in no snapshot is told", || unsaved.get() > 2.0);
    std::fs::remove_file(&in_the_way).unwrap();
    eventually("all changes are in a snapshot", || unsaved.get() == 0.0);
    running.finish();
    assert!(site.snapshot_counts().iter().all(|&count| count > 0));
    let running = site.start(Particulars::default());
    running.await_ready();
    assert_eq!(running.events_total(), 0);
    running.finish();
}

#[test]
fn a_worker_that_dies_ends_the_service() {
    struct Trap;
    impl SchemaSource for Trap {
        fn schema(&self, _: u32) -> Result<SchemaAnswer, String> {
            panic!("a defect, for the test")
        }
    }
    let site = framed_site();
    let error = site.start_and_fail(Particulars {
        deals_format: Format::ConfluentAvro,
        schemas: Some(Arc::new(Trap)),
        ..Particulars::default()
    });
    assert!(matches!(error, ServiceError::Died(_)), "{error}");
}
