//! Fills topics with the events of a simulated sales floor.

use std::time::Duration;

use anyhow::Result;
use codec::encode::{self, Avro};
use codec::{Record, RecordKind};
use eventlog::{KafkaOptions, NewRecord, RecordProducer, RecordSink as _};
use model::{Day, Event, TopicName};
use salesfloor::{Floor, Scenario};
use tallyboard_end_to_end::Kafka;

use super::Form;
use crate::decode::{ACTIVITY_SCHEMA, DEAL_SCHEMA};

const PARTITIONS: usize = 6;
const FLUSH_DEADLINE: Duration = Duration::from_secs(120);

/// Two topics that were filled.
#[derive(Debug)]
pub(super) struct Topics {
    pub(super) deals: String,
    pub(super) activities: String,
    pub(super) events: u64,
    /// Bytes of all keys and values.
    pub(super) bytes: u64,
}

/// A company with 200 reps in 20 territories that goes on without end; about four of five events are of deals.
pub(crate) fn scenario() -> Scenario {
    let mut scenario = Scenario {
        // 2024-01-01: a broker refuses times that lie ahead of its own clock.
        start_day: Day(19_723),
        days: None,
        reps: 200,
        teams: 20,
        territories: 20,
        deals_per_day: 1_000,
        ..Scenario::demo()
    };
    for plan in &mut scenario.activities {
        plan.per_day /= 2.0;
    }
    scenario
}

/// Writes the scenario's first events, each at its own time, so that the log looks like one that grew over years.
pub(super) fn produce(kafka: &Kafka, form: Form, events: u64) -> Result<Topics> {
    let mut topics = Topics {
        deals: kafka.unique_name("deals"),
        activities: kafka.unique_name("activities"),
        events: 0,
        bytes: 0,
    };
    for topic in [&topics.deals, &topics.activities] {
        kafka.create_topic(topic, PARTITIONS, &[("retention.ms", "-1")])?;
    }
    let options = KafkaOptions { bootstrap_servers: kafka.bootstrap(), ..KafkaOptions::default() };
    let producer = RecordProducer::connect(&options)?;
    let (deals, activities) = (TopicName::from(&*topics.deals), TopicName::from(&*topics.activities));
    let mut floor = Floor::new(&scenario())?;
    while topics.events < events {
        let Some(event) = floor.next_event() else { break };
        let occurred_at = match &event {
            Event::Deal(deal) => deal.occurred_at,
            Event::Activity(activity) => activity.occurred_at,
        };
        let record = Record::Event(event);
        let (topic, schema) = match record.kind() {
            RecordKind::Deal => (&deals, DEAL_SCHEMA),
            _ => (&activities, ACTIVITY_SCHEMA),
        };
        let value = match form {
            Form::Json => encode::json(&record),
            Form::Avro => Avro::confluent(schema, &record),
        };
        let key = record.message_key();
        topics.events += 1;
        topics.bytes += (key.len() + value.len()) as u64;
        let record = NewRecord {
            timestamp_millis: Some(occurred_at.micros() / 1_000),
            key: Some(key.as_bytes()),
            value: Some(&value),
            headers: &[],
        };
        producer.send(topic, None, record)?;
    }
    producer.flush(FLUSH_DEADLINE)?;
    Ok(topics)
}
