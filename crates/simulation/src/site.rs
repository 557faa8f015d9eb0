//! What all instances of a world share.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use board::Board;
use codec::Decoder;
use engine::FoldConfig;
use eventlog::{MemoryConsumer, MemoryGroup, MemoryLog};
use model::{Calendar, Currency, MICROS_PER_SECOND, PartitionId, Timestamp, TopicName};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use runtime::{
    EventTopic, Format, Image, PartitionParts, PartitionProcess, Recovered, ServiceMetrics, recover,
};

use crate::audit;
use crate::disk::Disk;
use crate::fault::{Fault, Faults};
use crate::letters::DeadLetterOffice;
use crate::story::{FUTURE_TOLERANCE_SECONDS, Story, TOPICS};

/// Anything that keeps a world from going on.
pub(crate) type Anything = Box<dyn std::error::Error>;

/// The cluster's name, as the log in memory tells it.
pub(crate) const CLUSTER: &str = "memory";
/// So long that no event is late: what is late follows the log's order by nature, which the oracle does not know.
const HORIZON_DAYS: u32 = 100_000;

/// Made once: finding the clock changes of two centuries takes longer than a world.
static CALENDAR: LazyLock<Result<Calendar, model::CalendarError>> =
    LazyLock::new(|| Calendar::new("Europe/Berlin", 4));

/// A state that is to be written as a snapshot.
struct Pending {
    image: Image,
    taken_at: Timestamp,
}

/// Log, group, snapshots, dead letters and time.
pub(crate) struct Site {
    pub(crate) story: Story,
    pub(crate) log: MemoryLog,
    pub(crate) disk: Disk,
    pub(crate) letters: DeadLetterOffice,
    pub(crate) config: Arc<FoldConfig>,
    pub(crate) faults: Faults,
    group: MemoryGroup,
    metrics: Arc<ServiceMetrics>,
    now: Timestamp,
    batch_records_max: usize,
    pending: VecDeque<Pending>,
}

impl Site {
    pub(crate) fn new(seed: u64, chance: &mut ChaCha8Rng) -> Result<Self, Anything> {
        let story = Story::new(seed, chance)?;
        let log = MemoryLog::new();
        for (topic, _) in TOPICS {
            log.create_topic(topic, story.partitions);
        }
        let config = FoldConfig {
            pipelines: story.pipelines.clone(),
            calendar: CALENDAR.as_ref().map_err(Clone::clone)?.clone(),
            deal_retention_days: HORIZON_DAYS,
            activity_horizon_days: HORIZON_DAYS,
            future_tolerance_seconds: FUTURE_TOLERANCE_SECONDS,
            restatements: engine::RestatementRules::default(),
        };
        Ok(Self {
            group: MemoryGroup::new(&log, "tallyboard", &topic_names())?,
            log,
            disk: Disk::new()?,
            letters: DeadLetterOffice::default(),
            config: Arc::new(config),
            faults: Faults::default(),
            metrics: Arc::new(ServiceMetrics::register(&prometheus::Registry::new())?),
            now: Timestamp::parse("2026-11-24T00:00:00Z")?,
            batch_records_max: chance.random_range(1..=24),
            pending: VecDeque::new(),
            story,
        })
    }

    /// An empty board.
    pub(crate) fn board(&self) -> Result<Arc<Board>, Anything> {
        let reporting = Currency::from_code("EUR")?;
        Ok(Arc::new(Board::new(self.config.pipelines.clone(), self.config.calendar.clone(), reporting)))
    }

    /// A new member of the group.
    pub(crate) fn join(&self) -> MemoryConsumer {
        self.group.join().with_batch_records_max(self.batch_records_max)
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub(crate) fn pass_seconds(&mut self, seconds: i64) -> Result<(), Anything> {
        self.now = Timestamp::from_micros(self.now.micros() + seconds * MICROS_PER_SECOND)?;
        Ok(())
    }

    /// What the snapshots of a partition give, or the log's start.
    pub(crate) fn recover(&self, partition: PartitionId) -> Result<Recovered, Anything> {
        Ok(recover(self.disk.store(), partition, CLUSTER, &topic_names(), &self.config)?)
    }

    /// A process that goes on where a partition is recovered to.
    pub(crate) fn process(
        &mut self,
        partition: PartitionId,
        board: &Arc<Board>,
    ) -> Result<PartitionProcess, Anything> {
        let recovered = self.recover(partition)?;
        self.faults.note(match recovered.source {
            "snapshot" => Fault::RestoreFromSnapshot,
            _ => Fault::RestoreFromLog,
        });
        if !recovered.passed_over.is_empty() {
            self.faults.note(Fault::PassOver);
        }
        let inputs = TOPICS.map(|(name, carries)| {
            let topic = EventTopic { name: name.into(), carries, format: Format::Json };
            let position = recovered.positions.get(&topic.name).copied().unwrap_or_default();
            (topic, Decoder::json(carries), position)
        });
        let process = PartitionProcess::new(PartitionParts {
            partition,
            state: recovered.state,
            inputs: inputs.into(),
            dead_letters: self.letters.open(),
            writer: Board::writer(board, partition),
            metrics: self.metrics.clone(),
        });
        audit::process(self, &process)?;
        Ok(process)
    }

    /// Takes an image of a process, to be written some time; whether dead letters allowed it.
    pub(crate) fn take_image(&mut self, process: &mut PartitionProcess) -> Result<bool, Anything> {
        if !process.has_changed() {
            return Ok(false);
        }
        let Ok(image) = process.image(Duration::ZERO) else {
            self.faults.note(Fault::PutOffSnapshot);
            return Ok(false);
        };
        audit::letters_before(self, process)?;
        self.pending.push_back(Pending { image, taken_at: self.now });
        Ok(true)
    }

    /// How many images are still to be written.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Writes one of the images.
    pub(crate) fn write_pending(&mut self, index: usize) -> Result<(), Anything> {
        let Some(Pending { image, taken_at }) = self.pending.remove(index) else {
            return Ok(());
        };
        let header = image.header(CLUSTER, self.config.fingerprint(), taken_at);
        let newest = self.disk.newest(header.partition)?;
        let progress: u64 = header.positions.iter().map(|position| position.next.0.cast_unsigned()).sum();
        if newest.is_some_and(|newest| newest.progress > progress) {
            self.faults.note(Fault::LateSnapshot);
        }
        self.disk.store().write(&header, &image)?;
        Ok(())
    }
}

/// The names of the topics.
pub(crate) fn topic_names() -> Vec<TopicName> {
    TOPICS.iter().map(|&(name, _)| name.into()).collect()
}
