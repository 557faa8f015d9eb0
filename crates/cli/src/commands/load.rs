//! `tallyboard load`: JSON lines into Kafka.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use codec::encode::Avro;
use codec::{Carries, DecodeFailure, Decoder, Record, RecordKind, schema_text};
use eventlog::registry::SchemaRegistry;
use eventlog::{NewRecord, RecordProducer, RecordSink as _, ensure_topic};
use indicatif::{ProgressBar, ProgressStyle};
use model::TopicName;
use runtime::Format;

use crate::exit::Failure;
use crate::files::{Lines, Rejections};
use crate::settings::{Settings, Topic, Topics};
use crate::wiring::KEPT_FOR_EVER;

/// Writes files of JSON lines into Kafka: each record to the topic of its type, in the topic's format, with its key.
///
/// Lines that are not valid records are told and left out. Events carry ids, so loading a file twice changes no number.
/// With Confluent-framed Avro the schemas are registered first, under the subjects TOPIC-value (for the topic with
/// reference records, TOPIC-RECORD).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard load events.jsonl
  tallyboard load --create-topics --partitions 6 reference.jsonl events.jsonl
  tallyboard import --mapping crm.toml | tallyboard load -")]
pub(crate) struct LoadArguments {
    /// Files of JSON lines; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Create the topics that are missing.
    #[arg(long)]
    create_topics: bool,
    /// How many partitions created topics of events have.
    #[arg(long, default_value_t = 6, requires = "create_topics", value_name = "N")]
    partitions: usize,
    /// How many replicas created topics have.
    #[arg(long, default_value_t = 1, requires = "create_topics", value_name = "N")]
    replication: usize,
    /// Write every record this many times, to see that repetition changes nothing.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: usize,
    /// How many rejected lines are told, each with its reason.
    #[arg(long, default_value_t = 10, value_name = "N")]
    show_rejected: u64,
}

const FLUSH_DEADLINE: Duration = Duration::from_secs(120);

pub(crate) fn run(arguments: &LoadArguments, settings: &Settings) -> Result<(), Failure> {
    if arguments.create_topics {
        create_topics(arguments, settings)?;
    }
    let targets = Targets::new(settings)?;
    let producer = RecordProducer::connect(&settings.kafka).context("connecting to Kafka")?;
    let progress = progress(&arguments.files);
    let mut rejections = Rejections::new(arguments.show_rejected);
    let mut decoder = Decoder::json(Carries::Anything);
    let (mut line, mut written) = (Vec::new(), 0_u64);
    for file in &arguments.files {
        let mut lines = Lines::open(file)?;
        while let Some(number) = lines.next(&mut line)? {
            progress.inc(line.len() as u64 + 1);
            let record = match decoder.decode(&line) {
                Ok(record) => record,
                Err(DecodeFailure::Reject(reject)) => {
                    progress.suspend(|| rejections.add(&lines.place(number), &reject));
                    continue;
                }
                Err(failure) => return Err(Failure::Other(failure.into())),
            };
            let (topic, value) = targets.encode(&record, &line);
            let key = record.message_key();
            for _ in 0..arguments.repeat {
                let record = NewRecord {
                    timestamp_millis: None,
                    key: Some(key.as_bytes()),
                    value: Some(&value),
                    headers: &[],
                };
                producer
                    .send(topic, None, record)
                    .with_context(|| format!("writing {}", lines.place(number)))?;
                written += 1;
            }
            if written.is_multiple_of(4_096) {
                progress.set_message(format!("{written} records"));
            }
        }
    }
    progress.set_message(format!("{written} records, waiting for the last acknowledgements"));
    producer.flush(FLUSH_DEADLINE).context("waiting for acknowledgements")?;
    progress.finish_and_clear();
    crate::say(&format!("{written} records written to {}", settings.kafka.bootstrap_servers));
    match rejections.summary() {
        Some(summary) => Err(Failure::Rejected(summary)),
        None => Ok(()),
    }
}

/// The bar is of bytes where all files tell how many they have; drawn only on a terminal.
fn progress(files: &[PathBuf]) -> ProgressBar {
    let sizes: Option<u64> = files
        .iter()
        .map(|file| file.metadata().ok().filter(|file| file.is_file()).map(|file| file.len()))
        .sum();
    let style = "{spinner} {elapsed_precise} [{wide_bar}] {bytes}/{total_bytes} {msg} eta {eta}";
    match sizes {
        Some(bytes) => ProgressBar::new(bytes)
            .with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar())),
        None => ProgressBar::new_spinner(),
    }
}

fn create_topics(arguments: &LoadArguments, settings: &Settings) -> anyhow::Result<()> {
    for topic in new_topics(&settings.topics, arguments.partitions) {
        let (name, replication) = (topic.name, arguments.replication);
        if ensure_topic(&settings.kafka, name, topic.partitions, replication, &topic.configs)
            .with_context(|| format!("creating topic {name}"))?
        {
            crate::say(&format!("topic {name} created"));
        }
    }
    Ok(())
}

/// A topic to be created.
struct NewTopic<'t> {
    name: &'t str,
    partitions: usize,
    configs: Vec<(&'static str, &'static str)>,
}

fn new_topics(topics: &Topics, partitions: usize) -> [NewTopic<'_>; 4] {
    // Events are kept for ever: a board can be folded anew from them at any time. Their time of receipt is the broker's,
    // since an event is compared with it: the clock of a producer would agree with whatever the producer says.
    let events = [&KEPT_FOR_EVER[..], &[("message.timestamp.type", "LogAppendTime")]].concat();
    [
        NewTopic { name: &topics.deals.name, partitions, configs: events.clone() },
        NewTopic { name: &topics.activities.name, partitions, configs: events },
        NewTopic {
            name: &topics.reference.name,
            partitions: 1,
            configs: vec![("cleanup.policy", "compact")],
        },
        NewTopic { name: &topics.dead_letters, partitions: 1, configs: KEPT_FOR_EVER.to_vec() },
    ]
}

/// Where each kind of record goes, and as what.
struct Targets {
    /// By the number of the kind: its topic, its format and its schema's id in the registry.
    by_kind: Vec<(RecordKind, TopicName, Format, u32)>,
}

impl Targets {
    fn new(settings: &Settings) -> anyhow::Result<Self> {
        let registry = match &settings.registry {
            Some(options) => Some(SchemaRegistry::new(options).context("section [registry]")?),
            None => None,
        };
        let mut by_kind = Vec::new();
        for kind in RecordKind::ALL {
            let (topic, subject) = target(kind, settings);
            let id = match (topic.format, &registry) {
                (Format::ConfluentAvro, Some(registry)) => registry
                    .register(&subject, schema_text(kind))
                    .with_context(|| format!("registering the schema of {subject}"))?,
                _ => 0,
            };
            by_kind.push((kind, topic.name.as_str().into(), topic.format, id));
        }
        Ok(Self { by_kind })
    }

    fn encode(&self, record: &Record<'_>, line: &[u8]) -> (&TopicName, Vec<u8>) {
        let wanted = record.kind();
        let (_, topic, format, id) = self
            .by_kind
            .iter()
            .find(|(kind, ..)| *kind == wanted)
            .unwrap_or_else(|| unreachable!("all kinds are there"));
        let value = match format {
            // As it is: fields that are not folded stay with the event.
            Format::Json => line.to_vec(),
            Format::Avro => Avro::plain(record),
            Format::ConfluentAvro => Avro::confluent(*id, record),
        };
        (topic, value)
    }
}

fn target(kind: RecordKind, settings: &Settings) -> (&Topic, String) {
    let topics = &settings.topics;
    match kind {
        RecordKind::Deal => (&topics.deals, format!("{}-value", topics.deals.name)),
        RecordKind::Activity => (&topics.activities, format!("{}-value", topics.activities.name)),
        _ => (&topics.reference, format!("{}-{}", topics.reference.name, kind.schema_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_created_so_that_nothing_is_lost_and_times_can_be_trusted() {
        let topics = Topics::default();
        for topic in new_topics(&topics, 7) {
            let has = |config| topic.configs.contains(&config);
            let is_of_events =
                [&topics.deals.name, &topics.activities.name].contains(&&topic.name.to_owned());
            let is_reference = topic.name == topics.reference.name;
            let name = topic.name;
            assert_eq!(topic.partitions, if is_of_events { 7 } else { 1 }, "{name}");
            assert_eq!(has(("message.timestamp.type", "LogAppendTime")), is_of_events, "{name}");
            assert_eq!(has(("cleanup.policy", "compact")), is_reference, "{name}");
            assert_eq!(KEPT_FOR_EVER.into_iter().all(has), !is_reference, "{name}");
        }
    }
}
