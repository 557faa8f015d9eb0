//! The whole service from a real Kafka, beside a bare consumer of librdkafka reading the same topics in the same run.
//!
//! Three ways read the same two topics from the beginning, in turns, several times: a bare consumer that looks at
//! nothing but sizes, the log of this project alone, and the service with board and snapshots until the board shows
//! the last event. Each reading is a process of its own, so that its processor time can be told; broker and reader
//! share the machine.

mod load;
mod reading;

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tallyboard_end_to_end::{Kafka, KafkaOptions};

pub(crate) use load::scenario;
pub(crate) use reading::{Task, measure};

use crate::report::{Section, grouped, median, nanoseconds_each, progress, rate, rate_text};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reader {
    Bare,
    Log,
    Service,
}

impl Reader {
    const ALL: [Self; 3] = [Self::Bare, Self::Log, Self::Service];

    const fn argument(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Log => "log",
            Self::Service => "service",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare librdkafka consumer",
            Self::Log => "eventlog alone",
            Self::Service => "the whole service",
        }
    }
}

/// The form of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Json,
    Avro,
}

impl Form {
    const fn argument(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Avro => "avro",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Avro => "Avro, Confluent framing",
        }
    }
}

/// What one reading took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    events: u64,
    seconds: f64,
    /// Processor time of the reading process.
    processor_seconds: f64,
    /// Processor time of the broker meanwhile.
    broker_processor_seconds: f64,
    /// Processor time of the reading process by its threads' names, the most busy first.
    threads: Vec<(String, f64)>,
    /// The most memory that the process held.
    resident_bytes: u64,
}

impl Measured {
    fn per_second(&self) -> f64 {
        rate(self.events, self.seconds)
    }

    fn per_processor_second(&self) -> f64 {
        rate(self.events, self.processor_seconds)
    }
}

/// What the comparison gave.
pub(crate) struct Results {
    pub(crate) section: Section,
    /// The service's rate with the slower form.
    pub(crate) service_per_second: f64,
}

/// The readings of one form, by round; in a round one for each [`Reader::ALL`].
struct Rounds {
    form: Form,
    event_bytes: u64,
    rounds: Vec<Vec<Measured>>,
}

/// Makes the comparison.
pub(crate) fn run(quick: bool) -> Result<Results> {
    let events = if quick { 200_000 } else { 2_000_000 };
    let rounds = if quick { 2 } else { 5 };
    progress("consume: starting Kafka");
    let kafka = Kafka::start(&KafkaOptions::default())?;
    let mut all = Vec::new();
    for form in [Form::Json, Form::Avro] {
        progress(&format!("consume: writing {} events as {}", grouped(events), form.name()));
        let topics = load::produce(&kafka, form, events)?;
        let read = |reader: Reader| {
            let task = Task::of(reader, form, &kafka, &topics);
            crate::in_own_process::<Measured>(&task.arguments())
        };
        // The broker's first reading is slower: it is compiled and its files are not in memory.
        read(Reader::Bare)?;
        let mut form_rounds = Vec::new();
        for round in 1..=rounds {
            progress(&format!("consume: {}, round {round} of {rounds}", form.name()));
            form_rounds.push(Reader::ALL.into_iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        all.push(Rounds { form, event_bytes: topics.bytes / topics.events.max(1), rounds: form_rounds });
    }
    Ok(results(&all))
}

fn results(all: &[Rounds]) -> Results {
    let mut rows = Vec::new();
    let mut conclusions = Vec::new();
    let mut slowest = f64::INFINITY;
    for rounds in all {
        let form = rounds.form.name();
        for (place, reader) in Reader::ALL.into_iter().enumerate() {
            let middle = |value: &dyn Fn(&Measured) -> f64| rounds.middle(|round| value(&round[place]));
            let per_second = middle(&Measured::per_second);
            if reader == Reader::Service {
                slowest = slowest.min(per_second);
            }
            rows.push(vec![
                format!("{form} ({} B): {}", rounds.event_bytes, reader.name()),
                rate_text(per_second),
                rate_text(middle(&Measured::per_processor_second)),
                format!("{:.0}", middle(&|measured| nanoseconds_each(processor(measured), measured.events))),
                format!("{:.2}", middle(&|measured| measured.processor_seconds / measured.seconds)),
                format!("{:.2}", middle(&|measured| measured.broker_processor_seconds / measured.seconds)),
                format!("{:.0}", middle(&|measured| measured.resident_bytes as f64 / 1_048_576.0)),
            ]);
        }
        let (bare, log, service) = (0, 1, 2);
        conclusions.push(format!(
            "{form}: the service reads {:.2} times as many events a second as the bare consumer (aim: 0.5 at least), eventlog alone {:.2} times; per second of processor time {:.2} and {:.2}.",
            rounds.middle(|round| round[service].per_second() / round[bare].per_second()),
            rounds.middle(|round| round[log].per_second() / round[bare].per_second()),
            rounds.middle(|round| round[service].per_processor_second() / round[bare].per_processor_second()),
            rounds.middle(|round| round[log].per_processor_second() / round[bare].per_processor_second()),
        ));
        conclusions.push(format!(
            "{form}: the service's threads, ns of processor time per event: {}.",
            rounds.threads(service)
        ));
    }
    let data: Vec<_> = all
        .iter()
        .map(|rounds| json!({ "form": rounds.form, "event_bytes": rounds.event_bytes, "rounds": rounds.rounds }))
        .collect();
    let section = Section {
        name: "consume",
        title: "From Kafka on the same machine, 6 partitions of deals and activities, lz4; medians"
            .to_owned(),
        header: vec![
            "records and reader",
            "events/s",
            "events/CPU s",
            "CPU ns/event",
            "CPUs used",
            "CPUs of broker",
            "MiB",
        ],
        rows,
        conclusions,
        data: json!(data),
    };
    Results { section, service_per_second: slowest }
}

fn processor(measured: &Measured) -> Duration {
    Duration::from_secs_f64(measured.processor_seconds)
}

impl Rounds {
    fn middle(&self, value: impl Fn(&[Measured]) -> f64) -> f64 {
        median(self.rounds.iter().map(|round| value(round)).collect())
    }

    /// The threads of a reader's last reading.
    fn threads(&self, place: usize) -> String {
        let Some(measured) = self.rounds.last().map(|round| &round[place]) else {
            return String::new();
        };
        let each = |(name, seconds): &(String, f64)| {
            format!("{name} {:.0}", nanoseconds_each(Duration::from_secs_f64(*seconds), measured.events))
        };
        measured.threads.iter().take(6).map(each).collect::<Vec<_>>().join(", ")
    }
}
