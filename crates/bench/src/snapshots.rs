//! Snapshots: what taking one costs the fold, and restoring one beside folding the same records again.
//!
//! The records are in memory and their making is not counted, so that the replay is told faster than one from a log
//! can be. Each size has a process of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use board::Board;
use codec::encode::Avro;
use codec::{Carries, Decoder, Record};
use engine::{FoldConfig, PartitionState};
use eventlog::{MemoryDeadLetters, NewRecord, RecordBatch, StartPosition, TopicPartition};
use model::{Currency, Event, Offset, PartitionId, Timestamp, TopicName};
use runtime::{EventTopic, Format, PartitionParts, PartitionProcess, Progress, ServiceMetrics, recover};
use serde::{Deserialize, Serialize};
use serde_json::json;
use snapshot::SnapshotStore;

use crate::report::{Section, grouped, nanoseconds_each, progress, rate};
use crate::workload::{self, Ids, Step, Workload};

const BATCH: usize = 4_096;
const BATCHES_PER_PUBLISH: u64 = 24;
const TOPIC: &str = "deals";
const PARTITION: PartitionId = PartitionId(0);
const CLUSTER: &str = "bench";
const DEADLINE: Duration = Duration::from_secs(10);
/// Of so many deals one has a record before, and one after freezing, to see what the copies of shared pages cost.
const DEALS_PER_RECORD: u64 = 8;

/// What one size costs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    deals: u64,
    records: u64,
    cells: usize,
    /// How long the worker stands still while its state is frozen, dead letters and counting included.
    freeze_seconds: f64,
    /// How long the first record after that takes.
    first_write_seconds: f64,
    /// Nanoseconds per record just before, and just after while the frozen state is still held.
    before_ns: f64,
    after_ns: f64,
    write_seconds: f64,
    bytes: u64,
    bytes_raw: u64,
    restore_seconds: f64,
    /// Showing all of a restored state on an empty board.
    first_publish_seconds: f64,
    /// Decoding and folding all records, which are in memory as Avro.
    replay_seconds: f64,
    /// Publishing meanwhile; not in `replay_seconds`.
    replay_publish_seconds: f64,
}

/// Measures one size in this process.
pub(crate) fn measure(deals: u64) -> Result<Cost> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let folder = tempfile::Builder::new().prefix("tallyboard-bench-").tempdir()?;
    let options = snapshot::Options { store: folder.path().display().to_string(), ..Default::default() };
    let store = SnapshotStore::open(options, tokio.handle().clone())?;
    let config = Arc::new(workload::fold_config()?);
    let board = board(&config)?;

    let mut replay = Replay::new(process(&config, &board, PartitionState::new(config.clone()), Offset(0))?)?;
    replay.fold_all(workload::build_up(deals))?;
    let (replay_time, publish_time, records) =
        (replay.time, replay.publish_time, replay.next.0.cast_unsigned());

    let mut further = workload::further(deals);
    let around_freeze = usize::try_from(deals / DEALS_PER_RECORD)?;
    replay.time = Duration::ZERO;
    let around = replay.fold_all(further.by_ref().take(around_freeze))?;
    let before_ns = nanoseconds_each(replay.time, around);
    let counts = replay.process.counts();
    let start = Instant::now();
    let image = replay.process.image(DEADLINE)?;
    let freeze = start.elapsed();
    replay.time = Duration::ZERO;
    replay.fold_all(further.by_ref().take(1))?;
    let first_write = replay.time;
    replay.time = Duration::ZERO;
    let around = replay.fold_all(further.by_ref().take(around_freeze))?;
    let after_ns = nanoseconds_each(replay.time, around);

    let start = Instant::now();
    let header = image.header(CLUSTER, config.fingerprint(), now()?);
    let written = store.write(&header, &image)?;
    let write = start.elapsed();
    drop((image, replay, board));

    let start = Instant::now();
    let recovered = recover(&store, PARTITION, CLUSTER, &[TopicName::from(TOPIC)], &config)?;
    let restore = start.elapsed();
    ensure!(recovered.source == "snapshot", "the snapshot was passed over: {:?}", recovered.passed_over);
    ensure!(recovered.state.counts().deals == counts.deals, "the restored state has other deals");
    let shown = self::board(&config)?;
    let mut process = process(&config, &shown, recovered.state, Offset(0))?;
    let start = Instant::now();
    process.publish(now()?);
    let first_publish = start.elapsed();
    Ok(Cost {
        deals,
        records,
        cells: counts.cells,
        freeze_seconds: freeze.as_secs_f64(),
        first_write_seconds: first_write.as_secs_f64(),
        before_ns,
        after_ns,
        write_seconds: write.as_secs_f64(),
        bytes: written.bytes,
        bytes_raw: written.bytes_raw,
        restore_seconds: restore.as_secs_f64(),
        first_publish_seconds: first_publish.as_secs_f64(),
        replay_seconds: replay_time.as_secs_f64(),
        replay_publish_seconds: publish_time.as_secs_f64(),
    })
}

fn board(config: &FoldConfig) -> Result<Arc<Board>> {
    let usd = Currency::from_code("USD")?;
    Ok(Arc::new(Board::new(config.pipelines.clone(), config.calendar.clone(), usd)))
}

fn process(
    config: &Arc<FoldConfig>,
    board: &Arc<Board>,
    state: PartitionState,
    next: Offset,
) -> Result<PartitionProcess> {
    debug_assert_eq!(config.fingerprint(), workload::fold_config()?.fingerprint());
    let topic = EventTopic { name: TOPIC.into(), carries: Carries::Deals, format: Format::Avro };
    Ok(PartitionProcess::new(PartitionParts {
        partition: PARTITION,
        state,
        inputs: vec![(topic, Decoder::avro(Carries::Deals), StartPosition::at(next))],
        dead_letters: Box::new(MemoryDeadLetters::new()),
        writer: Board::writer(board, PARTITION),
        metrics: Arc::new(ServiceMetrics::register(&prometheus::Registry::new())?),
    }))
}

fn now() -> Result<Timestamp> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros())?)?)
}

/// A partition that is folded from records in memory.
struct Replay {
    process: PartitionProcess,
    workload: Workload,
    next: Offset,
    batches: u64,
    time: Duration,
    publish_time: Duration,
}

impl Replay {
    fn new(process: PartitionProcess) -> Result<Self> {
        let (time, publish_time) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { process, workload: Workload::new()?, next: Offset(0), batches: 0, time, publish_time })
    }

    /// Folds all of these; how many there were.
    fn fold_all(&mut self, steps: impl Iterator<Item = Step>) -> Result<u64> {
        let first = self.next;
        let mut steps = steps.peekable();
        let mut batch = Vec::with_capacity(BATCH);
        let mut ids = Ids::default();
        while steps.peek().is_some() {
            batch.clear();
            batch.extend(steps.by_ref().take(BATCH));
            ids.fill(&batch)?;
            let records = self.records(&batch, &ids)?;
            let start = Instant::now();
            let progress = self.process.fold(&records, 0);
            self.time += start.elapsed();
            ensure!(matches!(progress, Progress::Whole), "a batch was not folded whole: {progress:?}");
            self.batches += 1;
            if self.batches.is_multiple_of(BATCHES_PER_PUBLISH) {
                let start = Instant::now();
                self.process.publish(now()?);
                self.publish_time += start.elapsed();
            }
        }
        Ok((self.next.0 - first.0).cast_unsigned())
    }

    fn records(&mut self, steps: &[Step], ids: &Ids) -> Result<RecordBatch> {
        let mut batch = RecordBatch::new(TopicPartition { topic: TOPIC.into(), partition: PARTITION });
        for event in self.workload.deals(steps, ids)? {
            let Event::Deal(deal) = &event else { continue };
            let (key, millis) = (deal.deal_id.clone().into_owned(), deal.occurred_at.micros() / 1_000);
            let value = Avro::plain(&Record::Event(event));
            batch.push(
                self.next,
                NewRecord {
                    timestamp_millis: Some(millis),
                    key: Some(key.as_bytes()),
                    value: Some(&value),
                    headers: &[],
                },
            );
            self.next = self.next.next();
        }
        Ok(batch)
    }
}

/// Measures all sizes, each in a process of its own. `end_to_end` is how many events a second came from a real log in
/// the same run, if that was measured.
pub(crate) fn run(quick: bool, end_to_end: Option<f64>) -> Result<Section> {
    let sizes: &[u64] = if quick { &[200_000] } else { &[1_000_000, 5_000_000] };
    let mut costs = Vec::new();
    for &deals in sizes {
        progress(&format!("snapshot: {} deals", grouped(deals)));
        costs.push(crate::in_own_process::<Cost>(&["measure-snapshot", "--deals", &deals.to_string()])?);
    }
    Ok(section(&costs, end_to_end))
}

fn section(costs: &[Cost], end_to_end: Option<f64>) -> Section {
    let mebibytes = |bytes: u64| format!("{:.0}", bytes as f64 / f64::from(1 << 20));
    let milliseconds = |seconds: f64| format!("{:.2}", seconds * 1e3);
    let row = |cost: &Cost| {
        vec![
            grouped(cost.deals),
            grouped(cost.records),
            milliseconds(cost.freeze_seconds),
            milliseconds(cost.first_write_seconds),
            format!("{:.0} / {:.0}", cost.before_ns, cost.after_ns),
            format!("{:.2}", cost.write_seconds),
            format!("{} / {}", mebibytes(cost.bytes), mebibytes(cost.bytes_raw)),
            format!("{:.2}", cost.restore_seconds),
            format!("{:.2}", cost.first_publish_seconds),
            format!("{:.2}", cost.replay_seconds),
            format!("{:.1}", cost.replay_seconds / cost.restore_seconds),
        ]
    };
    let mut conclusions = Vec::new();
    for cost in costs {
        let publish_share = cost.replay_publish_seconds / cost.replay_seconds;
        let mut text = format!(
            "{} deals: replay from memory takes {:.1} times as long as restoring (aim: 20); a replay at {:.0} records a second, publishing taking {:.0} % on top",
            grouped(cost.deals),
            cost.replay_seconds / cost.restore_seconds,
            rate(cost.records, cost.replay_seconds),
            publish_share * 100.0,
        );
        if let Some(per_second) = end_to_end {
            let seconds = cost.records as f64 / per_second;
            text.push_str(&format!(
                "; from Kafka, at the service's own {per_second:.0} a second, {seconds:.1} s: {:.1} times",
                seconds / cost.restore_seconds
            ));
        }
        conclusions.push(text + ".");
    }
    Section {
        name: "snapshot",
        title: "Snapshots of one partition in a local folder (zstd level 1), one thread".to_owned(),
        header: vec![
            "deals",
            "records",
            "freeze ms",
            "first write ms",
            "ns/record before / while frozen",
            "write s",
            "MiB stored / raw",
            "restore s",
            "first publish s",
            "replay s",
            "replay / restore",
        ],
        rows: costs.iter().map(row).collect(),
        conclusions,
        data: json!({ "sizes": costs, "end_to_end_events_per_second": end_to_end }),
    }
}
