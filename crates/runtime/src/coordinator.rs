//! The thread that reads the log: it hands records to the workers, and partitions from one owner to the next.
//!
//! Rebalances are steps in the order of the log's answers: a revoked partition is fenced (its worker stopped) before the
//! log is told that it is released, an assigned one is recovered before reading begins. A partition that comes back
//! goes on from memory, since its state is a function of the log up to its position, whoever folded it meanwhile.

mod lost_log;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use board::{Board, Status};
use codec::{Decoder, SchemaSource};
use engine::FoldConfig;
use eventlog::{DeadLetterSink, Delivery, LogConsumer, LogError, StartPosition, TopicPartition};
use model::{PartitionId, TopicName};
use snapshot::SnapshotStore;

use crate::Clock;
use crate::error::ServiceError;
use crate::metrics::ServiceMetrics;
use crate::options::{BackOff, EventTopic, Format, OnLostLog, Options};
use crate::partition::{PartitionParts, PartitionProcess};
use crate::recovery::{Recovered, RecoveryError, from_start, recover};
use crate::snapshots::{Safe, SnapshotWriter};
use crate::states::States;
use crate::worker::{DEAD_LETTER_DEADLINE, Surroundings, Task, Worker, last_snapshot};

/// Makes a consumer of the log; called again after an error that a consumer does not survive.
pub type Connect = Box<dyn FnMut() -> Result<Box<dyn LogConsumer>, LogError> + Send>;
/// Makes a handle for dead letters.
pub type OpenDeadLetters = Box<dyn FnMut() -> Result<Box<dyn DeadLetterSink>, LogError> + Send>;

/// What the coordinator is made of.
pub(crate) struct CoordinatorParts {
    pub(crate) board: Arc<Board>,
    pub(crate) config: Arc<FoldConfig>,
    pub(crate) topics: Vec<EventTopic>,
    pub(crate) schemas: Option<Arc<dyn SchemaSource>>,
    pub(crate) connect: Connect,
    pub(crate) dead_letters: OpenDeadLetters,
    pub(crate) snapshots: Arc<SnapshotStore>,
    pub(crate) metrics: Arc<ServiceMetrics>,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
    pub(crate) on_lost_log: OnLostLog,
    pub(crate) shutdown: Arc<AtomicBool>,
    pub(crate) states: States,
}

/// How long the log is waited for at once; also how soon a shutdown is noticed.
const WAIT: Duration = Duration::from_millis(100);
/// How long a busy worker is waited for before its partition is paused.
const OFFER_WAIT: Duration = Duration::from_millis(20);
const TELL_INTERVAL: Duration = Duration::from_millis(500);
const WORKER: &str = "a partition's worker";

/// A worker, what waits for it, and whether its partitions are paused meanwhile.
struct Owned {
    worker: Worker,
    waiting: VecDeque<Task>,
    is_paused: bool,
    /// Whether the board was told that the worker has caught up.
    is_caught_up_told: bool,
}

pub(crate) struct Coordinator {
    parts: CoordinatorParts,
    surroundings: Surroundings,
    writer: SnapshotWriter,
    owned: BTreeMap<PartitionId, Owned>,
    /// Fenced partitions of which it is not known yet whether they come back.
    parked: BTreeMap<PartitionId, PartitionProcess>,
    /// Why snapshots were passed over, to be told if the log then turns out to be lost.
    passed_over: BTreeMap<PartitionId, Vec<String>>,
    /// Where the topics of partitions begin whose log is lost, as far as it is known, until they are read.
    beginnings: BTreeMap<PartitionId, BTreeMap<TopicName, StartPosition>>,
    on_lost_log: OnLostLog,
    /// A worker that died took its way onto the board along, so that the board cannot be trusted any more.
    has_lost_worker: bool,
    told_at: Instant,
}

impl Coordinator {
    pub(crate) fn new(parts: CoordinatorParts) -> std::io::Result<Self> {
        let writer =
            SnapshotWriter::start(parts.snapshots.clone(), parts.metrics.clone(), parts.clock.clone())?;
        let surroundings = Surroundings {
            options: parts.options.clone(),
            snapshot_interval: Duration::from_secs(parts.snapshots.options().interval_seconds),
            snapshot_jobs: writer.jobs.clone(),
            cluster_id: "".into(),
            fingerprint: parts.config.fingerprint(),
            metrics: parts.metrics.clone(),
            clock: parts.clock.clone(),
        };
        Ok(Self {
            on_lost_log: parts.on_lost_log,
            parts,
            surroundings,
            writer,
            owned: BTreeMap::new(),
            parked: BTreeMap::new(),
            passed_over: BTreeMap::new(),
            beginnings: BTreeMap::new(),
            has_lost_worker: false,
            told_at: Instant::now(),
        })
    }

    /// Runs until shutdown, or until a person has to decide.
    pub(crate) fn run(mut self) -> Result<(), ServiceError> {
        let mut back_off = BackOff::new(&self.parts.options);
        let mut outcome = Ok(());
        while !self.is_shutting_down() {
            let error = match (self.parts.connect)() {
                Ok(mut consumer) => {
                    let end = self.consume(consumer.as_mut(), &mut back_off);
                    self.fence();
                    match end {
                        Ok(()) => break,
                        Err(Trouble::Stop(error)) => {
                            outcome = Err(error);
                            break;
                        }
                        Err(Trouble::Log(error)) => error,
                    }
                }
                Err(error) => error,
            };
            if let LogError::Configuration { .. } = error {
                outcome = Err(ServiceError::Configuration(error));
                break;
            }
            self.report(&error, &mut back_off);
        }
        let deadline = Instant::now() + DEAD_LETTER_DEADLINE;
        for process in self.parked.values_mut() {
            last_snapshot(process, &self.surroundings, deadline);
        }
        drop(self.surroundings);
        self.writer.finish();
        if self.has_lost_worker { outcome.and(Err(ServiceError::Died(WORKER))) } else { outcome }
    }

    fn consume(&mut self, consumer: &mut dyn LogConsumer, back_off: &mut BackOff) -> Result<(), Trouble> {
        self.enter_cluster(consumer.cluster_id().unwrap_or("unknown"));
        while !self.is_shutting_down() {
            let is_any_paused = self.owned.values().any(|owned| owned.is_paused);
            match consumer.next(if is_any_paused { OFFER_WAIT } else { WAIT }) {
                Ok(Delivery::Idle) => {}
                Ok(delivery) => {
                    self.deliver(consumer, delivery)?;
                    back_off.reset();
                }
                Err(error) if error.is_lost_log() => self.resolve(consumer, error)?,
                Err(error) if error.is_retryable() => self.report(&error, back_off),
                Err(error) => return Err(Trouble::Log(error)),
            }
            self.hand_over_waiting(consumer)?;
            self.commit_safe(consumer);
            if self.told_at.elapsed() >= TELL_INTERVAL {
                self.tell(consumer);
            }
            if self.has_lost_worker || self.owned.values().any(|owned| owned.worker.has_died()) {
                return Err(Trouble::Stop(ServiceError::Died(WORKER)));
            }
            if self.writer.has_died() {
                return Err(Trouble::Stop(ServiceError::Died("the thread that writes snapshots")));
            }
        }
        Ok(())
    }

    /// Notes whose log is read from now on. What was folded from another cluster's log has no place in this one's.
    fn enter_cluster(&mut self, cluster_id: &str) {
        if *self.surroundings.cluster_id != *cluster_id {
            self.let_go(&[]);
            self.surroundings.cluster_id = cluster_id.into();
        }
    }

    fn deliver(&mut self, consumer: &mut dyn LogConsumer, delivery: Delivery) -> Result<(), Trouble> {
        match delivery {
            Delivery::Assigned(partitions) => self.assign(consumer, &partitions),
            Delivery::Revoked(_) => {
                self.fence();
                Ok(consumer.release()?)
            }
            Delivery::Records(batch) => self.hand_over(consumer, batch.partition(), Task::Records(batch)),
            Delivery::End(source, end) => self.hand_over(consumer, source.partition, Task::End(source, end)),
            Delivery::Idle => Ok(()),
        }
    }

    /// Takes over exactly these partitions.
    fn assign(&mut self, consumer: &mut dyn LogConsumer, assigned: &[TopicPartition]) -> Result<(), Trouble> {
        self.fence();
        let mut numbers: Vec<PartitionId> = assigned.iter().map(|partition| partition.partition).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.let_go(&numbers);
        self.parts.board.set_assignment(&numbers);
        self.parts.metrics.partitions_owned.set(i64::try_from(numbers.len()).unwrap_or(i64::MAX));
        tracing::info!(partitions = ?numbers.iter().map(|number| number.0).collect::<Vec<_>>(), "partitions assigned");
        for number in numbers {
            let process = match self.parked.remove(&number) {
                Some(process) => process,
                None => self.recover(number)?,
            };
            self.parked.insert(number, process);
        }
        self.begin(consumer)
    }

    /// Begins to read all parked partitions and starts their workers.
    fn begin(&mut self, consumer: &mut dyn LogConsumer) -> Result<(), Trouble> {
        let mut back_off = BackOff::new(&self.parts.options);
        loop {
            let positions = self.parked.iter().flat_map(|(&number, process)| {
                process.positions().map(move |(topic, position)| {
                    (TopicPartition { topic: topic.clone(), partition: number }, position)
                })
            });
            match consumer.begin(positions.collect()) {
                Ok(()) => break,
                Err(error) if error.is_lost_log() => self.rebuild(error)?,
                Err(error) if error.is_retryable() && !self.is_shutting_down() => {
                    self.report(&error, &mut back_off);
                }
                Err(error) => return Err(Trouble::Log(error)),
            }
        }
        for (number, process) in std::mem::take(&mut self.parked) {
            let is_caught_up_told = process.has_caught_up();
            let worker = Worker::start(process, self.surroundings.clone()).map_err(|error| {
                tracing::error!(%error, "a worker's thread cannot be started");
                Trouble::Stop(ServiceError::Died("the start of a worker"))
            })?;
            self.parts.states.add(number, worker.state_requests.clone());
            let (waiting, is_paused) = (VecDeque::new(), false);
            self.owned.insert(number, Owned { worker, waiting, is_paused, is_caught_up_told });
        }
        self.beginnings.clear();
        Ok(())
    }

    fn recover(&mut self, number: PartitionId) -> Result<PartitionProcess, Trouble> {
        let start = Instant::now();
        let topics = self.topic_names();
        let cluster_id = self.surroundings.cluster_id.clone();
        let recovered = match recover(&self.parts.snapshots, number, &cluster_id, &topics, &self.parts.config)
        {
            Ok(recovered) => recovered,
            Err(RecoveryError::Decide(ServiceError::AnotherCluster { .. }))
                if self.on_lost_log == OnLostLog::Rebuild =>
            {
                self.set_aside(number)?;
                from_start(&topics, &self.parts.config)
            }
            Err(RecoveryError::Decide(error)) => return Err(Trouble::Stop(error)),
            Err(RecoveryError::Store(error)) => return Err(Trouble::store(&error)),
        };
        let metrics = &self.parts.metrics;
        for passed_over in &recovered.passed_over {
            metrics.snapshots_passed_over.with_label_values(&[passed_over.reason]).inc();
        }
        let took = start.elapsed();
        metrics.restore_duration_seconds.with_label_values(&[recovered.source]).observe(took.as_secs_f64());
        tracing::info!(
            partition = %number, source = recovered.source, deals = recovered.state.counts().deals,
            took_ms = took.as_millis(), "partition recovered"
        );
        let because = recovered.passed_over.iter().map(|passed_over| passed_over.detail.clone());
        self.passed_over.insert(number, because.collect());
        self.process(number, recovered)
    }

    fn process(&mut self, number: PartitionId, recovered: Recovered) -> Result<PartitionProcess, Trouble> {
        let inputs = self.parts.topics.iter().map(|topic| {
            let position = recovered.positions.get(&topic.name).copied().unwrap_or_default();
            (topic.clone(), self.decoder(topic), position)
        });
        let inputs = inputs.collect();
        Ok(PartitionProcess::new(PartitionParts {
            partition: number,
            state: recovered.state,
            inputs,
            dead_letters: (self.parts.dead_letters)()?,
            writer: Board::writer(&self.parts.board, number),
            metrics: self.parts.metrics.clone(),
        }))
    }

    fn decoder(&self, topic: &EventTopic) -> Decoder {
        match (topic.format, &self.parts.schemas) {
            (Format::Json, _) => Decoder::json(topic.carries),
            (Format::ConfluentAvro, Some(schemas)) => Decoder::confluent(topic.carries, schemas.clone()),
            (Format::Avro | Format::ConfluentAvro, _) => Decoder::avro(topic.carries),
        }
    }

    fn topic_names(&self) -> Vec<TopicName> {
        self.parts.topics.iter().map(|topic| topic.name.clone()).collect()
    }

    /// Stops all workers where they are; their processes are parked.
    fn fence(&mut self) {
        self.parts.states.clear();
        // All at once: each may have to wait for something.
        self.owned.values().for_each(|owned| owned.worker.announce_stop());
        for (number, owned) in std::mem::take(&mut self.owned) {
            match owned.worker.stop() {
                Some(process) => drop(self.parked.insert(number, process)),
                None => self.has_lost_worker = true,
            }
        }
    }

    /// Lets go of parked partitions that are not among these: their last state goes to the store, their numbers leave.
    fn let_go(&mut self, keep: &[PartitionId]) {
        let leaving: Vec<PartitionId> =
            self.parked.keys().copied().filter(|number| !keep.contains(number)).collect();
        let deadline = Instant::now() + DEAD_LETTER_DEADLINE;
        for number in leaving {
            if let Some(mut process) = self.parked.remove(&number) {
                last_snapshot(&mut process, &self.surroundings, deadline);
                process.retract();
                let topics = self.parts.topics.iter().map(|topic| &*topic.name);
                self.parts.metrics.forget_partition(&number.to_string(), topics);
            }
        }
    }

    fn hand_over(
        &mut self,
        consumer: &mut dyn LogConsumer,
        number: PartitionId,
        task: Task,
    ) -> Result<(), Trouble> {
        let topics = self.topic_names();
        let Some(owned) = self.owned.get_mut(&number) else {
            return Ok(());
        };
        let refused =
            if owned.waiting.is_empty() { owned.worker.offer(task, OFFER_WAIT) } else { Some(task) };
        if let Some(task) = refused {
            owned.waiting.push_back(task);
            if !owned.is_paused {
                owned.is_paused = true;
                consumer.pause(&partitions(&topics, number))?;
            }
        }
        Ok(())
    }

    /// Offers again what was refused; partitions whose workers took all are read again.
    fn hand_over_waiting(&mut self, consumer: &mut dyn LogConsumer) -> Result<(), Trouble> {
        let topics = self.topic_names();
        for (&number, owned) in &mut self.owned {
            while let Some(task) = owned.waiting.pop_front() {
                if let Some(task) = owned.worker.offer(task, Duration::ZERO) {
                    owned.waiting.push_front(task);
                    break;
                }
            }
            if owned.is_paused && owned.waiting.is_empty() {
                owned.is_paused = false;
                consumer.resume(&partitions(&topics, number))?;
            }
        }
        Ok(())
    }

    fn commit_safe(&self, consumer: &mut dyn LogConsumer) {
        while let Ok(safe) = self.writer.safe.try_recv() {
            let safe: Safe =
                safe.into_iter().filter(|(source, _)| self.owned.contains_key(&source.partition)).collect();
            if safe.is_empty() {
                continue;
            }
            if let Err(error) = consumer.commit(&safe) {
                tracing::debug!(%error, "positions are not committed to the group; lag tools show older ones");
            }
        }
    }

    /// Tells board and metrics how far everything is.
    fn tell(&mut self, consumer: &dyn LogConsumer) {
        self.told_at = Instant::now();
        let now = (self.parts.clock)();
        let metrics = &self.parts.metrics;
        let mut totals = engine::Counts::default();
        let mut received: BTreeMap<TopicName, model::Timestamp> = BTreeMap::new();
        for (&number, owned) in &mut self.owned {
            let standing = owned.worker.standing.lock().clone();
            let label = number.to_string();
            let (mut lag_records, mut lag_seconds) = (0, 0);
            for (topic, next, appended_last) in &standing.positions {
                let source = TopicPartition { topic: topic.clone(), partition: number };
                let behind = consumer.high_offset(&source).map_or(0, |high| (high.0 - next.0).max(0));
                let age = match appended_last {
                    Some(appended_at) if behind > 0 => (now.micros() - appended_at.micros()).max(0),
                    _ => 0,
                };
                if let Some(at) = appended_last.or(standing.newest) {
                    let known = received.entry(topic.clone()).or_insert(at);
                    *known = at.max(*known);
                }
                metrics.lag_records.with_label_values(&[&**topic, &label]).set(behind);
                metrics.lag_seconds.with_label_values(&[&**topic, &label]).set(crate::seconds(age));
                lag_records += behind.cast_unsigned();
                lag_seconds = lag_seconds.max((age / model::MICROS_PER_SECOND).cast_unsigned());
            }
            let unsaved = standing.unsaved_since.map_or(0, |since| (now.micros() - since.micros()).max(0));
            metrics.unsaved_seconds.with_label_values(&[&label]).set(crate::seconds(unsaved));
            if let Some(taken_at) = standing.snapshot_at {
                let age = crate::seconds(now.micros() - taken_at.micros());
                metrics.snapshot_age_seconds.with_label_values(&[&label]).set(age);
            }
            // The first time, the worker's word counts: while records keep coming, one more is behind it already.
            let is_first =
                standing.caught_up && !std::mem::replace(&mut owned.is_caught_up_told, standing.caught_up);
            let status = Status {
                caught_up: standing.caught_up && (lag_records == 0 || is_first),
                lag_records,
                lag_seconds,
                newest_event_at: standing.newest,
            };
            self.parts.board.set_status(number, status);
            totals.deals += standing.counts.deals;
            totals.deals_final += standing.counts.deals_final;
            totals.deals_unknown += standing.counts.deals_unknown;
            totals.activities += standing.counts.activities;
            totals.cells += standing.counts.cells;
            totals.memory_bytes += standing.counts.memory_bytes;
        }
        for (topic, at) in received {
            metrics.last_received.with_label_values(&[&*topic]).set(crate::seconds(at.micros()));
        }
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.deals.with_label_values(&["held"]).set(gauge(totals.deals));
        metrics.deals.with_label_values(&["final"]).set(gauge(totals.deals_final));
        metrics.deals.with_label_values(&["unknown"]).set(gauge(totals.deals_unknown));
        metrics.activities.set(gauge(totals.activities));
        metrics.cells.set(gauge(totals.cells));
        metrics.state_memory_bytes.set(gauge(totals.memory_bytes));
        let is_ready = self.parts.board.readiness().ready;
        metrics.ready.set(f64::from(u8::from(is_ready)));
        if is_ready && !self.owned.is_empty() {
            // The decision of a person was for the log as it was found at the start, not for ever.
            self.on_lost_log = OnLostLog::Stop;
        }
    }

    fn report(&self, error: &LogError, back_off: &mut BackOff) {
        self.parts.metrics.log_errors.with_label_values(&[error.code()]).inc();
        let wait = back_off.wait();
        tracing::error!(code = error.code(), %error, retry_in_ms = wait.as_millis(), "the log gives trouble");
        let until = Instant::now() + wait;
        while Instant::now() < until && !self.is_shutting_down() {
            std::thread::sleep(WAIT.min(wait));
        }
    }

    fn is_shutting_down(&self) -> bool {
        self.parts.shutdown.load(Ordering::Relaxed)
    }
}

fn partitions(topics: &[TopicName], number: PartitionId) -> Vec<TopicPartition> {
    topics.iter().map(|topic| TopicPartition { topic: topic.clone(), partition: number }).collect()
}

/// What interrupts consuming.
enum Trouble {
    /// Try again with a new consumer.
    Log(LogError),
    /// A person has to decide.
    Stop(ServiceError),
}

impl Trouble {
    /// The snapshot store does not answer: as with the log, waiting may help.
    fn store(error: &snapshot::SnapshotError) -> Self {
        Self::Log(LogError::Other {
            action: "recover a partition".to_owned(),
            detail: error.to_string(),
            retryable: true,
        })
    }
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}
