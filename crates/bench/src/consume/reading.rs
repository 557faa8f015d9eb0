//! One reading of the topics from their beginning to their end, by one of the three readers.
//!
//! The clock runs from the moment at which reading begins (partitions are assigned; joining the group is not in it)
//! until the last event has been seen: by the board, where the service reads.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use board::Board;
use codec::Carries;
use engine::FoldConfig;
use eventlog::{
    Delivery, KafkaConsumer, KafkaOptions, LogConsumer, LogError, MemoryDeadLetters, StartPosition,
    TopicPartition,
};
use model::{Calendar, Currency, Offset, Reference, Timestamp, TopicName};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, TopicPartitionList};
use runtime::{EventTopic, Format, OnLostLog, ReferenceSource, Service, ServiceMetrics, ServiceParts};
use salesfloor::Floor;
use snapshot::SnapshotStore;
use tallyboard_end_to_end::Kafka;

use super::load::{Topics, scenario};
use super::{Form, Measured, Reader};
use crate::decode::BuiltIn;
use crate::process::{processor_time, processor_time_by_thread, resident_bytes};

/// How long a reading may take.
const BOUND: Duration = Duration::from_secs(300);
const WAIT: Duration = Duration::from_millis(100);
/// How often the board is asked how far it is.
const LOOK: Duration = Duration::from_millis(5);
const METADATA_BOUND: Duration = Duration::from_secs(10);

/// What is to be read, and by whom.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Task {
    #[arg(long)]
    reader: Reader,
    #[arg(long)]
    form: Form,
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    group: String,
    #[arg(long)]
    broker_process: u32,
    #[arg(long)]
    deals: String,
    #[arg(long)]
    activities: String,
    #[arg(long)]
    events: u64,
}

impl Task {
    pub(super) fn of(reader: Reader, form: Form, kafka: &Kafka, topics: &Topics) -> Self {
        Self {
            reader,
            form,
            bootstrap: kafka.bootstrap(),
            group: kafka.unique_name("bench"),
            broker_process: kafka.pid().unwrap_or(0),
            deals: topics.deals.clone(),
            activities: topics.activities.clone(),
            events: topics.events,
        }
    }

    /// The command line for a process of its own.
    pub(super) fn arguments(&self) -> Vec<String> {
        let pairs = [
            ("--reader", self.reader.argument()),
            ("--form", self.form.argument()),
            ("--bootstrap", &self.bootstrap),
            ("--group", &self.group),
            ("--broker-process", &self.broker_process.to_string()),
            ("--deals", &self.deals),
            ("--activities", &self.activities),
            ("--events", &self.events.to_string()),
        ];
        let words = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
        std::iter::once("measure-consume".to_owned()).chain(words).collect()
    }

    fn topics(&self) -> Vec<TopicName> {
        vec![self.deals.as_str().into(), self.activities.as_str().into()]
    }

    fn kafka(&self) -> KafkaOptions {
        KafkaOptions {
            bootstrap_servers: self.bootstrap.clone(),
            group_id: self.group.clone(),
            ..KafkaOptions::default()
        }
    }
}

/// Reads in this process.
pub(crate) fn measure(task: &Task) -> Result<Measured> {
    match task.reader {
        Reader::Bare => read_bare(task),
        Reader::Log => read_log(task),
        Reader::Service => read_by_service(task),
    }
}

/// Times and processor times from the moment at which it is made.
struct Stopwatch {
    broker: u32,
    start: Instant,
    processor: Duration,
    broker_processor: Duration,
    threads: BTreeMap<String, Duration>,
}

impl Stopwatch {
    fn start(task: &Task) -> Result<Self> {
        Ok(Self {
            broker: task.broker_process,
            start: Instant::now(),
            processor: processor_time(std::process::id())?,
            broker_processor: processor_time(task.broker_process)?,
            threads: processor_time_by_thread(std::process::id())?,
        })
    }

    fn stop(self, events: u64) -> Result<Measured> {
        let seconds = self.start.elapsed().as_secs_f64();
        let processor = processor_time(std::process::id())?.saturating_sub(self.processor);
        let broker = processor_time(self.broker)?.saturating_sub(self.broker_processor);
        let mut threads: Vec<(String, f64)> = processor_time_by_thread(std::process::id())?
            .into_iter()
            .map(|(name, time)| {
                let before = self.threads.get(&name).copied().unwrap_or_default();
                (name, time.saturating_sub(before).as_secs_f64())
            })
            .filter(|(_, seconds)| *seconds > 0.001)
            .collect();
        threads.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        Ok(Measured {
            events,
            seconds,
            processor_seconds: processor.as_secs_f64(),
            broker_processor_seconds: broker.as_secs_f64(),
            threads,
            resident_bytes: resident_bytes()?,
        })
    }

    fn check(&self, seen: u64, expected: u64) -> Result<()> {
        ensure!(self.start.elapsed() < BOUND, "{seen} of {expected} events after {BOUND:?}");
        Ok(())
    }
}

/// librdkafka's defaults, but for the settings of fetching, which are those of the log.
fn read_bare(task: &Task) -> Result<Measured> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &task.bootstrap)
        .set("group.id", &task.group)
        .set("enable.auto.commit", "false")
        .set("queued.max.messages.kbytes", task.kafka().queue_kibibytes_max.to_string())
        .set("fetch.queue.backoff.ms", "20")
        .set("check.crcs", "true")
        .create()?;
    let mut partitions = TopicPartitionList::new();
    for topic in task.topics() {
        let metadata = consumer.fetch_metadata(Some(&topic), METADATA_BOUND)?;
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            partitions.add_partition_offset(&topic, partition.id(), rdkafka::Offset::Beginning)?;
        }
    }
    let stopwatch = Stopwatch::start(task)?;
    consumer.assign(&partitions)?;
    let (mut seen, mut bytes) = (0, 0);
    while seen < task.events {
        match consumer.poll(WAIT) {
            Some(message) => {
                let message = message?;
                bytes += message.payload_len() + message.key_len();
                seen += 1;
            }
            None => stopwatch.check(seen, task.events)?,
        }
    }
    std::hint::black_box(bytes);
    stopwatch.stop(seen)
}

fn read_log(task: &Task) -> Result<Measured> {
    let mut consumer = KafkaConsumer::connect(&task.kafka(), &task.topics())?;
    let joined_by = Instant::now() + BOUND;
    let mut stopwatch = None;
    let (mut seen, mut bytes) = (0, 0);
    while seen < task.events {
        match consumer.next(WAIT)? {
            Delivery::Assigned(partitions) => {
                let positions =
                    partitions.into_iter().map(|partition| (partition, StartPosition::default())).collect();
                stopwatch = Some(Stopwatch::start(task)?);
                consumer.begin(positions)?;
            }
            Delivery::Records(batch) => {
                seen += batch.len() as u64;
                bytes += batch.byte_count();
            }
            Delivery::Revoked(_) => bail!("the partitions were taken away; nobody else is in the group"),
            Delivery::End(..) => {}
            Delivery::Idle => match &stopwatch {
                Some(stopwatch) => stopwatch.check(seen, task.events)?,
                None => ensure!(Instant::now() < joined_by, "no partitions were assigned in {BOUND:?}"),
            },
        }
    }
    std::hint::black_box(bytes);
    stopwatch.context("events were read before partitions were assigned")?.stop(seen)
}

/// The service as `tallyboard serve` runs it, with its defaults, without HTTP.
fn read_by_service(task: &Task) -> Result<Measured> {
    let scenario = scenario();
    let floor = Floor::new(&scenario)?;
    let calendar = Calendar::new("Europe/Berlin", 1)?;
    let currency = Currency::from_code(&scenario.reporting_currency)?;
    let mut reference = Reference::default();
    for record in floor.reference() {
        if let Err(reject) = reference.apply(record, &calendar) {
            bail!("a reference record is refused: {reject}");
        }
    }
    let board = Arc::new(Board::new(floor.pipelines().clone(), calendar.clone(), currency));
    let config = FoldConfig {
        pipelines: floor.pipelines().clone(),
        calendar,
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 86_400,
        restatements: engine::RestatementRules::default(),
    };
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let folder = tempfile::Builder::new().prefix("tallyboard-bench-").tempdir()?;
    let options = snapshot::Options { store: folder.path().display().to_string(), ..Default::default() };
    let metrics = Arc::new(ServiceMetrics::register(&prometheus::Registry::new())?);
    let (begun, begin) = channel();
    let letters = MemoryDeadLetters::new();
    let service = Service::start(ServiceParts {
        board: board.clone(),
        config: Arc::new(config),
        topics: event_topics(task),
        schemas: Some(Arc::new(BuiltIn)),
        connect: connect(task, begun),
        dead_letters: Box::new(move || Ok(Box::new(letters.clone()))),
        reference: ReferenceSource::Fixed(reference),
        snapshots: Arc::new(SnapshotStore::open(options, tokio.handle().clone())?),
        metrics: metrics.clone(),
        clock: Arc::new(system_time),
        options: runtime::Options::default(),
        on_lost_log: OnLostLog::Stop,
    })?;
    let measured = await_board(task, &board, &service, &begin);
    service.finish()?;
    let measured = measured?;
    let count = |topic: &str, outcome| metrics.events.with_label_values(&[topic, outcome]).get();
    let rejected = count(&task.deals, "rejected") + count(&task.activities, "rejected");
    ensure!(rejected == 0, "{rejected} events were rejected; expected none");
    Ok(measured)
}

fn event_topics(task: &Task) -> Vec<EventTopic> {
    let format = match task.form {
        Form::Json => Format::Json,
        Form::Avro => Format::ConfluentAvro,
    };
    let topic = |name: &str, carries| EventTopic { name: name.into(), carries, format };
    vec![topic(&task.deals, Carries::Deals), topic(&task.activities, Carries::Activities)]
}

fn connect(task: &Task, begun: Sender<Result<Stopwatch>>) -> runtime::Connect {
    let (kafka, topics, task) = (task.kafka(), task.topics(), task.clone());
    let begun = Mutex::new(Some(begun));
    Box::new(move || {
        let consumer = KafkaConsumer::connect(&kafka, &topics)?;
        let begun = begun.lock().ok().and_then(|mut begun| begun.take());
        Ok(Box::new(Timed { consumer, task: task.clone(), begun }))
    })
}

fn await_board(
    task: &Task,
    board: &Board,
    service: &Service,
    begin: &Receiver<Result<Stopwatch>>,
) -> Result<Measured> {
    let stopwatch = begin.recv_timeout(BOUND).context("the service did not begin to read")??;
    loop {
        let shown: u64 = board.positions().iter().map(|(_, _, next)| next.0.cast_unsigned()).sum();
        if shown >= task.events {
            return stopwatch.stop(shown);
        }
        ensure!(!service.has_ended(), "the service ended by itself");
        stopwatch.check(shown, task.events)?;
        std::thread::sleep(LOOK);
    }
}

fn system_time() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(0);
    Timestamp::from_micros(micros).unwrap_or_else(|_| unreachable!("the machine's clock is before 2200"))
}

/// A consumer that tells when reading begins.
struct Timed {
    consumer: KafkaConsumer,
    task: Task,
    begun: Option<Sender<Result<Stopwatch>>>,
}

impl LogConsumer for Timed {
    fn begin(&mut self, positions: Vec<(TopicPartition, StartPosition)>) -> Result<(), LogError> {
        if let Some(begun) = self.begun.take() {
            // Without a receiver the reading is over.
            let _ = begun.send(Stopwatch::start(&self.task));
        }
        self.consumer.begin(positions)
    }

    fn next(&mut self, wait: Duration) -> Result<Delivery, LogError> {
        self.consumer.next(wait)
    }

    fn release(&mut self) -> Result<(), LogError> {
        self.consumer.release()
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.consumer.commit(positions)
    }

    fn cluster_id(&self) -> Option<&str> {
        self.consumer.cluster_id()
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.consumer.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.consumer.resume(partitions)
    }

    fn high_offset(&self, partition: &TopicPartition) -> Option<Offset> {
        self.consumer.high_offset(partition)
    }
}
