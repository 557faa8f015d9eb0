//! A log, a snapshot store and dead letters, and services that are started on them.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use board::Board;
use codec::{Carries, Record, SchemaSource, encode};
use engine::FoldConfig;
use eventlog::{
    DeadLetterSink, LogConsumer, MemoryDeadLetters, MemoryGroup, MemoryLog, NewRecord, TopicPartition,
};
use model::{Calendar, Currency, Event, Offset, PartitionId, Reference, Timestamp, TopicName};
use prometheus::Registry;
use snapshot::SnapshotStore;
use tallyboard_runtime::{
    EventTopic, Format, OnLostLog, Options, ReferenceSource, Service, ServiceError, ServiceMetrics,
    ServiceParts,
};

use crate::company::{self, Appended, Sums};
use crate::spy::{Script, Spy};

pub(crate) const PARTITIONS: usize = 3;
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T09:00:00Z").unwrap()
}

pub(crate) fn calendar() -> Calendar {
    Calendar::new("Europe/Berlin", 1).unwrap()
}

pub(crate) fn config(calendar: Calendar) -> FoldConfig {
    FoldConfig {
        pipelines: company::pipelines(),
        calendar,
        deal_retention_days: 100_000,
        activity_horizon_days: 100_000,
        future_tolerance_seconds: 86_400,
        restatements: engine::RestatementRules::default(),
    }
}

pub(crate) fn topics() -> [TopicName; 2] {
    ["deals".into(), "activities".into()]
}

/// What services are started on.
pub(crate) struct Site {
    pub(crate) log: MemoryLog,
    pub(crate) group: MemoryGroup,
    pub(crate) letters: MemoryDeadLetters,
    pub(crate) appended: RefCell<Vec<Appended>>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

/// What is particular about a service.
pub(crate) struct Particulars {
    pub(crate) config: FoldConfig,
    pub(crate) on_lost_log: OnLostLog,
    pub(crate) options: Options,
    pub(crate) script: Arc<Script>,
    pub(crate) deals_format: Format,
    pub(crate) schemas: Option<Arc<dyn SchemaSource>>,
    pub(crate) reference: ReferenceSource,
    pub(crate) dead_letters: Option<tallyboard_runtime::OpenDeadLetters>,
    pub(crate) clock: tallyboard_runtime::Clock,
}

impl Default for Particulars {
    fn default() -> Self {
        Self {
            config: config(calendar()),
            on_lost_log: OnLostLog::Stop,
            options: Options { publish_interval_ms: 10, retry_wait_ms_max: 100, ..Options::default() },
            script: Arc::default(),
            deals_format: Format::Json,
            schemas: None,
            reference: ReferenceSource::Fixed(Reference::default()),
            dead_letters: None,
            clock: Arc::new(now),
        }
    }
}

impl Particulars {
    pub(crate) fn rebuild() -> Self {
        Self { on_lost_log: OnLostLog::Rebuild, ..Self::default() }
    }
}

/// A service at work.
pub(crate) struct Running {
    pub(crate) board: Arc<Board>,
    pub(crate) metrics: Arc<ServiceMetrics>,
    pub(crate) service: Service,
}

impl Site {
    pub(crate) fn new() -> Self {
        let log = MemoryLog::new();
        topics().into_iter().for_each(|topic| log.create_topic(topic, PARTITIONS));
        Self {
            group: MemoryGroup::new(&log, "tallyboard", &topics()).unwrap(),
            log,
            letters: MemoryDeadLetters::new(),
            appended: RefCell::default(),
            folder: tempfile::tempdir().unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
        }
    }

    /// A site where these events are in the log.
    pub(crate) fn with_events(events: Vec<Event<'static>>) -> Self {
        let site = Self::new();
        site.append(events);
        site
    }

    /// Appends events to the partitions of their keys.
    pub(crate) fn append(&self, events: Vec<Event<'static>>) {
        for (number, events) in (0..).zip(salesfloor::disorder::partition(events, PARTITIONS)) {
            for event in events {
                let topic = if matches!(event, Event::Deal(_)) { "deals" } else { "activities" };
                let value = encode::json(&Record::Event(event.clone()));
                self.append_value(&TopicPartition::new(topic, number), event, &value);
            }
        }
    }

    /// Appends an event in a form of its own.
    pub(crate) fn append_value(&self, source: &TopicPartition, event: Event<'static>, value: &[u8]) {
        let key = salesfloor::disorder::partition_key(&event).to_owned();
        let offset = self.append_bytes(source, key.as_bytes(), Some(value));
        self.appended.borrow_mut().push(Appended { source: source.clone(), offset, event });
    }

    /// Appends anything.
    pub(crate) fn append_bytes(&self, source: &TopicPartition, key: &[u8], value: Option<&[u8]>) -> Offset {
        let timestamp_millis = Some(now().micros() / 1_000);
        let record = NewRecord { timestamp_millis, key: Some(key), value, headers: &[] };
        self.log.append(source, record).unwrap()
    }

    /// How many records there are on a topic, expired ones included.
    pub(crate) fn records(&self, topic: &str) -> u64 {
        self.sources().filter(|source| *source.topic == *topic).map(|source| self.high(&source)).sum()
    }

    pub(crate) fn high(&self, source: &TopicPartition) -> u64 {
        self.log.offsets(source).unwrap().1.0.cast_unsigned()
    }

    /// All partitions of all topics.
    pub(crate) fn sources(&self) -> impl Iterator<Item = TopicPartition> {
        topics().into_iter().flat_map(|topic| {
            (0..).take(PARTITIONS).map(move |number| TopicPartition::new(topic.clone(), number))
        })
    }

    /// What the oracle says of everything that was appended and that the log still holds.
    pub(crate) fn expected(&self, calendar: &Calendar) -> Sums {
        let appended = self.appended.borrow();
        let held = appended
            .iter()
            .filter(|appended| appended.offset >= self.log.offsets(&appended.source).unwrap().0);
        company::expected(held.map(|appended| &appended.event), calendar)
    }

    /// Where the snapshots are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) fn snapshots(&self) -> SnapshotStore {
        let store = self.folder.path().to_str().unwrap().to_owned();
        let options = snapshot::Options { store, interval_seconds: 1, ..snapshot::Options::default() };
        SnapshotStore::open(options, self.runtime.handle().clone()).unwrap()
    }

    /// How many snapshots there are of each partition.
    pub(crate) fn snapshot_counts(&self) -> Vec<usize> {
        let store = self.snapshots();
        (0..).take(PARTITIONS).map(|number| store.candidates(PartitionId(number)).unwrap().len()).collect()
    }

    pub(crate) fn start(&self, particulars: Particulars) -> Running {
        let board = Arc::new(Board::new(
            company::pipelines(),
            particulars.config.calendar.clone(),
            Currency::from_code("EUR").unwrap(),
        ));
        let metrics = Arc::new(ServiceMetrics::register(&Registry::new()).unwrap());
        let topic = |name: &str, carries, format| EventTopic { name: name.into(), carries, format };
        let (group, script) = (self.group.clone(), particulars.script);
        let letters = self.letters.clone();
        let dead_letters = particulars
            .dead_letters
            .unwrap_or_else(|| Box::new(move || Ok(Box::new(letters.clone()) as Box<dyn DeadLetterSink>)));
        let service = Service::start(ServiceParts {
            board: board.clone(),
            config: Arc::new(particulars.config),
            topics: vec![
                topic("deals", Carries::Deals, particulars.deals_format),
                topic("activities", Carries::Activities, Format::Json),
            ],
            schemas: particulars.schemas,
            connect: Box::new(move || {
                script.refusals.lock().unwrap().pop().map_or(Ok(()), Err)?;
                Ok(Box::new(Spy::join(&group, &script)) as Box<dyn LogConsumer>)
            }),
            dead_letters,
            reference: particulars.reference,
            snapshots: Arc::new(self.snapshots()),
            metrics: metrics.clone(),
            clock: particulars.clock,
            options: particulars.options,
            on_lost_log: particulars.on_lost_log,
        });
        Running { board, metrics, service: service.unwrap() }
    }

    /// Starts a service that cannot go on, and waits for its end.
    pub(crate) fn start_and_fail(&self, particulars: Particulars) -> ServiceError {
        let running = self.start(particulars);
        eventually("the service ends by itself", || running.service.has_ended());
        running.service.finish().unwrap_err()
    }
}

impl Running {
    pub(crate) fn await_ready(&self) {
        eventually("the service is ready", || self.board.readiness().ready);
    }

    /// Waits until the board shows these sums.
    pub(crate) fn await_sums(&self, expected: &Sums) {
        await_sums(&[self], expected);
    }

    /// Events so far, by topic and outcome.
    pub(crate) fn events(&self, topic: &str, outcome: &str) -> u64 {
        self.metrics.events.with_label_values(&[topic, outcome]).get()
    }

    /// Events so far on a topic, whatever became of them.
    pub(crate) fn events_of(&self, topic: &str) -> u64 {
        ["applied", "duplicate", "conflict", "rejected"]
            .map(|outcome| self.events(topic, outcome))
            .iter()
            .sum()
    }

    pub(crate) fn events_total(&self) -> u64 {
        topics().iter().map(|topic| self.events_of(topic)).sum()
    }

    pub(crate) fn log_errors(&self, code: &str) -> u64 {
        self.metrics.log_errors.with_label_values(&[code]).get()
    }

    pub(crate) fn finish(self) {
        self.service.finish().unwrap();
    }
}

/// Waits until boards together show these sums.
pub(crate) fn await_sums(all: &[&Running], expected: &Sums) {
    let boards: Vec<&Board> = all.iter().map(|running| &*running.board).collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = company::shown(&boards, now());
        if shown == *expected {
            return;
        }
        if Instant::now() >= deadline || all.iter().any(|running| running.service.has_ended()) {
            panic!("the boards do not show what the oracle says: {}", company::differences(&shown, expected));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What was paused and resumed so far.
pub(crate) fn pauses(script: &Script) -> (u64, u64) {
    (script.pauses.load(Ordering::Relaxed), script.resumes.load(Ordering::Relaxed))
}
