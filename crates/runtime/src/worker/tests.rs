//! A worker by itself, without its thread.

use board::Board;
use codec::{Carries, Decoder, Record, encode};
use crossbeam_channel::unbounded;
use engine::{FoldConfig, PartitionState};
use eventlog::{DeadLetter, DeadLetterSink, LogError, NewRecord, StartPosition};
use model::{Calendar, Currency, Event, PartitionId, Timestamp};
use prometheus::Registry;
use salesfloor::{Floor, Scenario};

use super::*;
use crate::options::{EventTopic, Format};
use crate::partition::PartitionParts;

/// Dead letters that note, for each, what is told and what is shown when it comes.
struct Witness {
    board: Arc<Board>,
    standing: Arc<Mutex<Standing>>,
    seen: Arc<Mutex<Vec<(bool, Offset)>>>,
}

impl DeadLetterSink for Witness {
    fn send(&mut self, _: DeadLetter) -> Result<(), LogError> {
        let shown = self.board.positions().into_iter().find(|(_, topic, _)| **topic == *"deals");
        let shown = shown.map_or(Offset(0), |(_, _, next)| next);
        self.seen.lock().push((self.standing.lock().caught_up, shown));
        Ok(())
    }

    fn flush(&mut self, _: Duration) -> Result<(), LogError> {
        Ok(())
    }
}

fn batch(first: i64, values: &[Vec<u8>]) -> Task {
    let mut batch = RecordBatch::new(TopicPartition::new("deals", 0));
    for (offset, value) in (first..).zip(values) {
        batch.push(Offset(offset), NewRecord { value: Some(value), ..NewRecord::default() });
    }
    Task::Records(batch)
}

/// An empty board, how events are folded, and the deals' events of a small floor.
fn floor() -> (Arc<Board>, FoldConfig, Vec<Vec<u8>>) {
    let scenario = Scenario::tiny(1);
    let deals = Floor::new(&scenario).unwrap().filter(|event| matches!(event, Event::Deal(_)));
    let values = deals.map(|event| encode::json(&Record::Event(event))).collect();
    let calendar = Calendar::new("UTC", 1).unwrap();
    let pipelines = scenario.pipelines().unwrap();
    let currency = Currency::from_code("EUR").unwrap();
    let board = Arc::new(Board::new(pipelines.clone(), calendar.clone(), currency));
    let config = FoldConfig {
        pipelines,
        calendar,
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 86_400,
        restatements: engine::RestatementRules::default(),
    };
    (board, config, values)
}

fn process(board: &Arc<Board>, config: FoldConfig, dead_letters: Witness) -> PartitionProcess {
    let metrics = Arc::new(ServiceMetrics::register(&Registry::new()).unwrap());
    let input = |name: &str, carries| {
        let topic = EventTopic { name: name.into(), carries, format: Format::Json };
        (topic, Decoder::json(carries), StartPosition::default())
    };
    PartitionProcess::new(PartitionParts {
        partition: PartitionId(0),
        state: PartitionState::new(Arc::new(config)),
        inputs: vec![input("deals", Carries::Deals), input("activities", Carries::Activities)],
        dead_letters: Box::new(dead_letters),
        writer: Board::writer(board, PartitionId(0)),
        metrics,
    })
}

/// A worker that is busy, and that has published a moment ago.
#[test]
fn what_is_told_to_be_caught_up_is_shown() {
    let (board, config, mut values) = floor();
    values.truncate(5);
    let (standing, seen) = (Arc::<Mutex<Standing>>::default(), Arc::<Mutex<Vec<_>>>::default());
    let witness = Witness { board: board.clone(), standing: standing.clone(), seen: seen.clone() };
    let process = process(&board, config, witness);
    let (tasks, incoming) = unbounded();
    let end = |topic, next| Task::End(TopicPartition::new(topic, 0), Offset(next));
    let bad = |offset| batch(offset, &[b"garbage".to_vec()]);
    for task in
        [batch(0, &values), end("deals", 5), bad(5), end("activities", 0), bad(6), end("deals", 7), bad(7)]
    {
        tasks.send(task).unwrap();
    }
    drop(tasks);

    let surroundings = Surroundings {
        options: Options { publish_interval_ms: 60_000, ..Options::default() },
        snapshot_interval: Duration::from_secs(3_600),
        snapshot_jobs: unbounded().0,
        cluster_id: "one".into(),
        fingerprint: 0,
        metrics: Arc::new(ServiceMetrics::register(&Registry::new()).unwrap()),
        clock: Arc::new(|| Timestamp::parse("2026-11-24T09:00:00Z").unwrap()),
    };
    // Nobody asks for the state, but somebody could.
    let (_state_requests, asked) = unbounded();
    Shift::new(process, surroundings, Arc::default(), standing, asked).run(&incoming);
    // Not at each end: publishing has its pace once it is told that all is counted.
    assert_eq!(*seen.lock(), [(false, Offset(0)), (true, Offset(6)), (true, Offset(6))]);
}

/// What was won before the log was read to its end is history, and what comes after is news.
#[test]
fn what_is_won_is_told_once_history_is_read() {
    let (board, config, values) = floor();
    let witness = Witness { board: board.clone(), standing: Arc::default(), seen: Arc::default() };
    let mut process = process(&board, config, witness);
    let now = Timestamp::parse("2026-11-24T09:00:00Z").unwrap();
    let half = values.len() / 2;
    let mut fold = |first: usize, values: &[Vec<u8>], is_end: bool| {
        let Task::Records(batch) = batch(i64::try_from(first).unwrap(), values) else { unreachable!() };
        assert!(matches!(process.fold(&batch, 0), Progress::Whole));
        for topic in ["deals", "activities"].into_iter().filter(|_| is_end) {
            process.reached_end(&TopicPartition::new(topic, 0), Offset(0));
        }
        process.publish(now);
    };
    fold(0, &values[..half], true);
    assert_eq!(board.closings_end(), 0);
    fold(half, &values[half..], false);
    let closings = board.closings_from(0);
    assert!(!closings.is_empty() && board.closings_end() == closings.len() as u64);
    for (announced, number) in closings.iter().zip(0..) {
        assert_eq!(
            (announced.number, &*announced.position.topic, announced.known_at),
            (number, "deals", now)
        );
        assert!(announced.position.offset >= Offset(i64::try_from(half).unwrap()));
        assert_eq!(announced.position.offset, announced.closing.offset);
    }
    assert_eq!(board.closings_from(1), closings[1..]);
}
