//! A service in good health: it starts, goes on, shares, leaves.

use std::time::{Duration, Instant};

use eventlog::TopicPartition;
use model::{Calendar, Event, Timestamp};
use tallyboard_runtime::ServiceError;

use crate::company::{events, events_in_two};
use crate::site::{PARTITIONS, Particulars, Site, await_sums, calendar, config, eventually};

#[test]
fn events_become_numbers_and_are_counted() {
    let site = Site::new();
    let running = site.start(Particulars::default());
    running.await_ready();
    assert!(running.board.readiness().caught_up);

    site.append(events(1));
    running.await_sums(&site.expected(&calendar()));
    for topic in ["deals", "activities"] {
        eventually("every record is counted", || running.events_of(topic) == site.records(topic));
        assert!(running.events(topic, "applied") > 0);
        assert!(running.events(topic, "duplicate") > 0, "events are repeated");
        assert_eq!((running.events(topic, "conflict"), running.events(topic, "rejected")), (0, 0));
        assert_eq!(running.metrics.key_mismatches.with_label_values(&[topic]).get(), 0);
    }
    let visible = running.metrics.event_to_visible_seconds.get_sample_count();
    assert_eq!(visible, running.events_total(), "each event was seen once on its way to the board");
    eventually("no lag is left", || {
        let lag = &running.metrics.lag_records;
        site.sources()
            .all(|source| lag.with_label_values(&[&*source.topic, &source.partition.to_string()]).get() == 0)
    });
    for topic in ["deals", "activities"] {
        eventually("the newest receipt is told", || {
            let received = running.metrics.last_received.with_label_values(&[topic]).get();
            received > 0.0 && received <= crate::site::now().micros() as f64 / 1e6
        });
    }
    eventually("readiness is in the metrics", || running.metrics.ready.get() > 0.0);
    assert_eq!(running.metrics.partitions_owned.get(), i64::try_from(PARTITIONS).unwrap());
    for source in site.sources() {
        let found = running
            .board
            .positions()
            .into_iter()
            .find(|(number, topic, _)| (*number, &**topic) == (source.partition, &*source.topic));
        assert_eq!(found.unwrap().2, site.log.offsets(&source).unwrap().1, "{source}");
    }
    running.finish();
    assert_eq!(site.letters.letters(), []);
}

/// The time of a clock that was never set falls on a day before 1970 in the west.
#[test]
fn events_of_the_first_moment_of_all_are_counted_in_every_zone() {
    for zone in ["America/New_York", "UTC", "Pacific/Kiritimati"] {
        let calendar = Calendar::new(zone, 1).unwrap();
        let mut all = events(3);
        for event in all.iter_mut().take(20) {
            let occurred_at = match event {
                Event::Deal(deal) => &mut deal.occurred_at,
                Event::Activity(activity) => &mut activity.occurred_at,
            };
            *occurred_at = Timestamp::from_micros(0).unwrap();
        }
        let site = Site::with_events(all);
        let running = site.start(Particulars { config: config(calendar.clone()), ..Particulars::default() });
        running.await_sums(&site.expected(&calendar));
        running.finish();
    }
}

#[test]
fn a_new_service_goes_on_from_the_snapshots() {
    let (first, second) = events_in_two(2);
    let site = Site::with_events(first);
    let running = site.start(Particulars::default());
    running.await_sums(&site.expected(&calendar()));
    // Those written meanwhile, as opposed to those at the end, are committed to the group.
    for source in site.sources() {
        eventually("the position is committed", || site.group.committed(&source).is_some());
    }
    assert!(site.snapshot_counts().iter().all(|&count| count > 0));
    let folded = running.events_total();
    running.finish();

    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.events_total(), 0, "no event is folded twice");

    site.append(second);
    running.await_sums(&site.expected(&calendar()));
    eventually("the rest is counted", || {
        folded + running.events_total() == site.records("deals") + site.records("activities")
    });
    running.finish();
}

#[test]
fn instances_share_the_partitions() {
    let (first, second) = events_in_two(3);
    let site = Site::with_events(first);
    let one = site.start(Particulars::default());
    one.await_sums(&site.expected(&calendar()));

    let other = site.start(Particulars::default());
    eventually("both have partitions", || {
        (one.metrics.partitions_owned.get(), other.metrics.partitions_owned.get()) == (2, 1)
    });
    await_sums(&[&one, &other], &site.expected(&calendar()));
    site.append(second);
    await_sums(&[&one, &other], &site.expected(&calendar()));
    other.await_ready();
    // The series of partitions that left are gone.
    let lags = |running: &crate::site::Running| {
        use prometheus::core::Collector as _;
        running.metrics.lag_records.collect()[0].get_metric().len()
    };
    eventually("each tells the lag of its own partitions", || (lags(&one), lags(&other)) == (4, 2));

    one.finish();
    eventually("the other has all", || other.metrics.partitions_owned.get() == 3);
    other.await_sums(&site.expected(&calendar()));
    other.await_ready();
    other.finish();
}

#[test]
fn another_configuration_folds_from_the_start() {
    let site = Site::with_events(events(4));
    let running = site.start(Particulars::default());
    running.await_sums(&site.expected(&calendar()));
    running.finish();

    let tokyo = Calendar::new("Asia/Tokyo", 1).unwrap();
    assert_ne!(site.expected(&tokyo), site.expected(&calendar()));
    let changed = || Particulars { config: config(tokyo.clone()), ..Particulars::default() };
    let running = site.start(changed());
    running.await_ready();
    running.await_sums(&site.expected(&tokyo));
    assert_eq!(running.events_total(), site.records("deals") + site.records("activities"));
    let passed_over = |reason| running.metrics.snapshots_passed_over.with_label_values(&[reason]).get();
    assert!(passed_over("configuration") >= PARTITIONS as u64);
    assert_eq!((passed_over("damaged"), passed_over("restore")), (0, 0));
    running.finish();

    let running = site.start(changed());
    running.await_ready();
    running.await_sums(&site.expected(&tokyo));
    assert_eq!(running.events_total(), 0, "it goes on from its own snapshots");
    running.finish();

    // Where the log's beginning is gone, the words say why it was needed.
    for source in site.sources() {
        site.log.delete_before(&source, model::Offset(1)).unwrap();
    }
    let other = Particulars { config: config(Calendar::new("UTC", 1).unwrap()), ..Particulars::default() };
    let error = site.start_and_fail(other);
    assert!(matches!(error, ServiceError::LostLog { because: Some(_), .. }), "{error}");
    assert!(error.to_string().contains("another configuration"), "{error}");
}

#[test]
fn damaged_snapshots_are_passed_over_and_counted_as_such() {
    let site = Site::with_events(events(5));
    let running = site.start(Particulars::default());
    running.await_sums(&site.expected(&calendar()));
    running.finish();

    let mut damaged = 0;
    for file in std::fs::read_dir(site.folder().join("partition-00000")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        damaged += 1;
    }
    assert!(damaged > 0);
    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    let passed_over = |reason| running.metrics.snapshots_passed_over.with_label_values(&[reason]).get();
    assert_eq!((passed_over("damaged"), passed_over("configuration")), (damaged, 0));
    running.finish();
}

/// The workers tell their states while they fold, each up to its own position; nobody is asked behind the end.
#[test]
fn the_states_of_all_partitions_can_be_had() {
    let in_a_while = || Instant::now() + Duration::from_secs(10);
    let (first, second) = events_in_two(1);
    let site = Site::with_events(first);
    let running = site.start(Particulars::default());
    let states = running.service.states();
    running.await_ready();
    site.append(second);
    let early = states.freeze(in_a_while()).unwrap();
    assert_eq!(early.len(), PARTITIONS);
    running.await_sums(&site.expected(&calendar()));
    let states_now = states.freeze(in_a_while()).unwrap();
    for (early, evidence) in early.iter().zip(&states_now) {
        assert!(early.positions.iter().zip(&evidence.positions).all(|(early, late)| early.1 <= late.1));
        assert_eq!((&*evidence.deals, &*evidence.activities), ("deals", "activities"));
        for (topic, next) in &evidence.positions {
            let source = TopicPartition { topic: topic.clone(), partition: evidence.partition };
            assert_eq!(*next, site.log.offsets(&source).unwrap().1, "{source}");
        }
    }
    let cells: usize = states_now.iter().map(|evidence| evidence.frozen.cells().len()).sum();
    assert_eq!(cells, running.board.counts().0);
    running.finish();
    assert!(states.freeze(in_a_while()).unwrap_err().contains("no partition is assigned"));
}
