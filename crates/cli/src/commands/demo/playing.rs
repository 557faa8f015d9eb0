//! The floor's time, and the thread that plays the floor into the broker.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use board::Board;
use codec::Record;
use codec::encode::json;
use eventlog::{NewRecord, RecordProducer, RecordSink as _};
use model::{DealEvent, Event, MICROS_PER_SECOND, StageKind, Timestamp};
use parking_lot::Mutex;
use runtime::Clock;
use salesfloor::Floor;

use crate::settings::Settings;
use crate::wiring;

/// The broker keeps 5 MiB a partition and drops what is older, read or not: so many events may wait to be counted.
const AHEAD_MAX: u64 = 20_000;
/// How many deals that closed lately are told.
const CLOSED_KEPT: usize = 5;

/// Time on the floor: faster than outside, and never ahead of it.
#[derive(Clone)]
pub(super) struct FloorTime {
    pub(super) live: Timestamp,
    started: Instant,
    speed: u32,
}

impl FloorTime {
    pub(super) fn new(live: Timestamp, speed: u32) -> Self {
        Self { live, started: Instant::now(), speed }
    }

    pub(super) fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let micros = self.live.micros().saturating_add(passed.saturating_mul(i64::from(self.speed)));
        Timestamp::from_micros(micros.min(wiring::now().micros())).unwrap_or(self.live)
    }

    pub(super) fn clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || time.now())
    }
}

/// What others may know of the play while it goes on.
#[derive(Default)]
pub(super) struct Progress {
    sent: AtomicU64,
    until: AtomicI64,
    closed: Mutex<VecDeque<DealEvent<'static>>>,
}

impl Progress {
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Everything on the floor before this moment was sent; 0 before the beginning.
    pub(super) fn until_micros(&self) -> i64 {
        self.until.load(Ordering::Relaxed)
    }

    /// The deals that closed lately, the newest first.
    pub(super) fn closed(&self) -> Vec<DealEvent<'static>> {
        self.closed.lock().iter().cloned().collect()
    }

    fn note(&self, deal: &DealEvent<'static>) {
        let mut closed = self.closed.lock();
        closed.push_front(deal.clone());
        closed.truncate(CLOSED_KEPT);
    }
}

/// The thread that plays the floor into the broker.
pub(super) struct Playing {
    thread: std::thread::JoinHandle<anyhow::Result<u64>>,
    pub(super) progress: Arc<Progress>,
}

impl Playing {
    pub(super) fn start(
        settings: &Settings,
        mut floor: Floor,
        time: &FloorTime,
        board: &Arc<Board>,
        stop: Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let (kafka, topics) = (settings.kafka.clone(), settings.topics.clone());
        let (time, board) = (time.clone(), board.clone());
        let progress = Arc::new(Progress::default());
        let told = progress.clone();
        let mut closed = HashSet::new();
        let play = move || {
            let producer = RecordProducer::connect(&kafka)?;
            let send = |topic: &str, record: &Record<'_>| {
                let (key, value) = (record.message_key(), json(record));
                let record = NewRecord {
                    timestamp_millis: None,
                    key: Some(key.as_bytes()),
                    value: Some(&value),
                    headers: &[],
                };
                producer.send(&topic.into(), None, record)
            };
            for record in floor.reference() {
                send(&topics.reference.name, &Record::Reference(record))?;
            }
            while !stop.load(Ordering::Relaxed) {
                if told.sent() > counted(&board) + AHEAD_MAX {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                }
                // A day at a time, so that history does not wait in memory and the stop is noticed.
                let begun = told.until_micros().max(floor.next_at().map_or(0, Timestamp::micros));
                let next_day = begun + 86_400 * MICROS_PER_SECOND;
                let until = Timestamp::from_micros(next_day.min(time.now().micros()))?;
                for event in floor.advance(until) {
                    let topic = match &event {
                        Event::Deal(deal) => {
                            // What happens to a closed deal is no second close.
                            if !closes(floor.pipelines(), deal) {
                                closed.remove(&*deal.deal_id);
                            } else if closed.insert(deal.deal_id.to_string()) {
                                told.note(deal);
                            }
                            &topics.deals.name
                        }
                        Event::Activity(_) => &topics.activities.name,
                    };
                    send(topic, &Record::Event(event))?;
                    told.sent.fetch_add(1, Ordering::Relaxed);
                }
                told.until.store(until.micros(), Ordering::Relaxed);
                if until.micros() < next_day {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            producer.flush(Duration::from_secs(30))?;
            Ok(told.sent())
        };
        let thread = std::thread::Builder::new().name("floor".to_owned()).spawn(play)?;
        Ok(Self { thread, progress })
    }

    pub(super) fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    pub(super) fn finish(self) -> anyhow::Result<u64> {
        self.thread.join().map_err(|_| anyhow!("the simulated floor died"))?
    }
}

fn closes(pipelines: &model::Pipelines, deal: &DealEvent<'_>) -> bool {
    let stage = pipelines.find(&deal.pipeline, &deal.stage);
    let stage = stage.and_then(|stage| pipelines.get(stage));
    !deal.deleted && stage.is_some_and(|(_, stage)| stage.kind != StageKind::Open)
}

/// How many events the board has counted.
pub(super) fn counted(board: &Board) -> u64 {
    let reference_topic = Settings::default().topics.reference.name;
    let positions = board.positions();
    let events = positions.iter().filter(|(_, topic, _)| **topic != *reference_topic);
    events.map(|(_, _, offset)| offset.0.max(0).cast_unsigned()).sum()
}

/// Waits until the board has counted all events that were sent.
pub(super) fn caught_up(board: &Board, sent: u64) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if counted(board) >= sent {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}
