//! A log that does not hold what was folded before: a person decides.

use eventlog::{LOST_LOG_FLAG, TopicPartition};
use model::{Event, Offset};
use tallyboard_runtime::{OnLostLog, ServiceError};

use crate::company::{events, events_in_two};
use crate::site::{PARTITIONS, Particulars, Running, Site, calendar, eventually};

/// A site whose log was folded, with snapshots at its end.
fn folded(events: Vec<Event<'static>>) -> Site {
    let site = Site::with_events(events);
    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    running.finish();
    site
}

fn assert_stops(site: &Site, code: &str) {
    let error = site.start_and_fail(Particulars::default());
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(LOST_LOG_FLAG), "{error}");
}

/// Decides, and then starts again without a decision, which must go on from there.
fn rebuild(site: &Site) {
    let running = site.start(Particulars::rebuild());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    running.finish();
    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.events_total(), 0, "what was decided holds");
    running.finish();
}

/// Removes a topic's records and appends others in their place.
fn create_anew(site: &Site, topic: &str, seed: u64) {
    site.log.create_topic(topic, PARTITIONS);
    site.appended.borrow_mut().retain(|appended| *appended.source.topic != *topic);
    let others = events(seed).into_iter().filter(|event| matches!(event, Event::Deal(_)));
    site.append(others.take(30).collect());
}

#[test]
fn records_expired_that_were_never_folded() {
    for missing_snapshots in [false, true] {
        let (first, second) = events_in_two(10);
        let site = if missing_snapshots { Site::with_events(first) } else { folded(first) };
        let folded: Vec<u64> = site.sources().map(|source| site.high(&source)).collect();
        site.append(second);
        for (source, folded) in site.sources().zip(folded) {
            // One partition loses all it had, the others all but the last, and one keeps its deals.
            if source != TopicPartition::new("deals", 2) {
                let first_kept = site.high(&source) - u64::from(source.partition.0 > 0);
                assert!(first_kept > folded, "{source} loses nothing that was not folded");
                site.log.delete_before(&source, Offset(first_kept.cast_signed())).unwrap();
            }
        }
        assert_stops(&site, "log_offset_expired");
        rebuild(&site);
    }
}

#[test]
fn records_expired_that_were_folded_are_no_loss() {
    let site = folded(events(12));
    let expected = site.expected(&calendar());
    for source in site.sources() {
        site.log.delete_before(&source, site.log.offsets(&source).unwrap().1).unwrap();
    }
    let running = site.start(Particulars::default());
    running.await_ready();
    running.await_sums(&expected);
    running.finish();
}

#[test]
fn a_topic_created_anew() {
    let site = folded(events(13));
    create_anew(&site, "deals", 14);
    assert_stops(&site, "log_changed");
    rebuild(&site);
}

#[test]
fn a_topic_created_anew_where_nothing_counted() {
    let site = Site::new();
    for source in site.sources() {
        for _ in 0..200 {
            site.append_bytes(&source, b"key", Some(b"garbage"));
        }
    }
    let running = site.start(Particulars::default());
    running.await_ready();
    running.finish();
    assert_eq!(site.letters.letters().len(), 1_200);
    create_anew(&site, "deals", 15);
    assert_stops(&site, "log_changed");
    // The activities are still there, so that their rejects are written once more.
    let running = site.start(Particulars::rebuild());
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    running.finish();
}

fn await_lost_log(running: Running, code: &str) {
    eventually("the service ends by itself", || running.service.has_ended());
    let error = running.service.finish().unwrap_err();
    assert!(matches!(error, ServiceError::LostLog { .. }), "{error}");
    assert_eq!(error.code(), code);
}

#[test]
fn a_topic_created_anew_while_it_is_read() {
    // A decision was for the log as it was at the start: once ready, it does not hold any more.
    for on_lost_log in [OnLostLog::Stop, OnLostLog::Rebuild] {
        let site = Site::with_events(events(16));
        let running = site.start(Particulars { on_lost_log, ..Particulars::default() });
        eventually("readiness is told", || running.metrics.ready.get() > 0.0);
        create_anew(&site, "deals", 17);
        await_lost_log(running, "log_changed");
    }
}

#[test]
fn a_topic_created_anew_before_the_service_was_ready() {
    let site = Site::with_events(events(18));
    // A partition that never catches up keeps the service from being ready.
    let blocked = TopicPartition::new("activities", 0);
    site.append_bytes(&blocked, b"key", Some(b"garbage"));
    let particulars =
        Particulars { dead_letters: Some(crate::trouble::closed_dead_letters()), ..Particulars::rebuild() };
    let running = site.start(particulars);
    let folded = |running: &Running| running.events_of("deals") == site.records("deals");
    eventually("all deals are folded", || folded(&running));
    eventually("other partitions have caught up", || {
        running.board.readiness().partitions.iter().filter(|partition| partition.caught_up_once).count() == 2
    });
    assert!(!running.board.readiness().ready);

    // What was known of the others was known of another log: one of them never catches up again.
    create_anew(&site, "deals", 19);
    site.append_bytes(&TopicPartition::new("deals", 1), b"key", Some(b"garbage"));
    eventually("one has caught up, and two wait", || {
        let partitions = running.board.readiness().partitions;
        partitions.iter().map(|partition| partition.caught_up_once).eq([false, false, true])
    });
    eventually("the new topic is folded from its start", || {
        let found = crate::company::shown(&[&running.board], crate::site::now());
        let deals = |sums: &crate::company::Sums| {
            use model::Measure;
            let whose = (board::PeriodSlot::Standing, crate::company::Whose::Company);
            sums.get(&whose).map(|tally| {
                tally
                    .iter()
                    .filter(|(measure, _)| matches!(measure, Measure::OpenDeals(_)))
                    .collect::<Vec<_>>()
            })
        };
        deals(&found) == deals(&site.expected(&calendar()))
    });
    assert!(!running.board.readiness().ready, "two partitions still wait");
    running.finish();
}

#[test]
fn another_cluster() {
    let site = folded(events(20));
    let elsewhere = |particulars: Particulars| {
        *particulars.script.cluster_id.lock().unwrap() = "two";
        particulars
    };
    let error = site.start_and_fail(elsewhere(Particulars::default()));
    assert_eq!(error.code(), "log_another_cluster");
    for words in ["\"one\"", "\"two\"", LOST_LOG_FLAG] {
        assert!(error.to_string().contains(words), "{error} does not say {words}");
    }
    let running = site.start(elsewhere(Particulars::rebuild()));
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.events_total(), site.records("deals") + site.records("activities"));
    running.finish();
}

#[test]
fn another_cluster_behind_the_same_address() {
    let site = folded(events(21));
    let particulars = Particulars::default();
    let script = particulars.script.clone();
    let running = site.start(particulars);
    running.await_ready();
    *script.cluster_id.lock().unwrap() = "two";
    script.failures.lock().unwrap().push(crate::trouble::fatal());
    eventually("the service ends by itself", || running.service.has_ended());
    assert_eq!(running.service.finish().unwrap_err().code(), "log_another_cluster");
}
