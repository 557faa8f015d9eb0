//! Reference records from their topic.

use std::sync::Arc;

use board::{NotReady, Scope};
use codec::{Carries, Decoder, Record, encode};
use eventlog::{LogError, MemoryReader, NewRecord, TopicPartition, TopicReader};
use model::{ReferenceRecord, RejectReason, Rep};
use tallyboard_runtime::ReferenceSource;

use crate::company::events;
use crate::site::{Particulars, Running, Site, calendar, eventually};

const TOPIC: &str = "reference";

fn rep(rep_id: &str, name: &str) -> ReferenceRecord {
    ReferenceRecord::Rep(Rep {
        rep_id: rep_id.to_owned(),
        name: name.to_owned(),
        team_id: None,
        territory_id: None,
        started_on: None,
        ended_on: None,
    })
}

fn append(site: &Site, key: &str, value: Option<&[u8]>) {
    let record = NewRecord { timestamp_millis: None, key: Some(key.as_bytes()), value, headers: &[] };
    site.log.append(&TopicPartition::new(TOPIC, 0), record).unwrap();
}

fn append_record(site: &Site, record: &ReferenceRecord) {
    append(site, &record.key(), Some(&encode::json(&Record::Reference(record.clone()))));
}

fn start(site: &Site) -> Running {
    let log = site.log.clone();
    let mut refusals = 2;
    let reference = ReferenceSource::Topic {
        connect: Box::new(move || {
            if refusals > 0 {
                refusals -= 1;
                return Err(LogError::UnknownTopic { topic: TOPIC.to_owned() });
            }
            Ok(Box::new(MemoryReader::new(&log, &TOPIC.into())?) as Box<dyn TopicReader>)
        }),
        decoder: Decoder::json(Carries::Reference),
        dead_letters: Box::new(site.letters.clone()),
    };
    site.start(Particulars { reference, ..Particulars::default() })
}

fn name_of(running: &Running, rep_id: &str) -> Option<Arc<str>> {
    running.board.name(&Scope::Rep(rep_id.to_owned()))
}

#[test]
fn good_records_hold_and_bad_ones_are_dead_letters() {
    let site = Site::with_events(events(40));
    site.log.create_topic(TOPIC, 1);
    append_record(&site, &rep("x1", "Ann"));
    append(&site, "rep/x2", Some(b"garbage"));
    append(&site, "deal", Some(&encode::json(&Record::Event(events(40).remove(0)))));
    append_record(&site, &rep("x3", "Eve"));
    append_record(&site, &rep("x1", "Anna"));

    let running = start(&site);
    running.await_ready();
    running.await_sums(&site.expected(&calendar()));
    assert_eq!(running.log_errors("log_unknown_topic"), 2);
    assert_eq!(name_of(&running, "x1").as_deref(), Some("Anna"));
    assert_eq!(name_of(&running, "x3").as_deref(), Some("Eve"));
    assert_eq!(running.metrics.reference_records.get(), 2);
    eventually("bad records are dead letters", || site.letters.letters().len() == 2);
    let letters = site.letters.letters();
    let found: Vec<_> = letters.iter().map(|letter| (letter.origin.offset.0, letter.reason)).collect();
    assert_eq!(found, [(1, RejectReason::Undecodable), (2, RejectReason::UnexpectedType)]);
    assert!(letters.iter().all(|letter| *letter.origin.topic == *TOPIC));

    // They are followed: changed, new and taken back.
    append_record(&site, &rep("x3", "Eva"));
    append_record(&site, &rep("x4", "Bob"));
    append(&site, "rep/x1", None);
    eventually("the changes show", || {
        let names = ["x1", "x3", "x4"].map(|rep_id| name_of(&running, rep_id));
        names.each_ref().map(Option::as_deref) == [None, Some("Eva"), Some("Bob")]
    });
    running.finish();
}

#[test]
fn a_service_without_its_reference_is_not_ready() {
    let site = Site::with_events(events(41));
    let running = start(&site);
    running.await_sums(&site.expected(&calendar()));
    eventually("only the reference is missing", || running.board.readiness().why == [NotReady::NoReference]);
    site.log.create_topic(TOPIC, 1);
    running.await_ready();
    running.finish();
}
