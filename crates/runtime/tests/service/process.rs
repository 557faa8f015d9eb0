//! A process by itself: what only a log with transaction markers shows.

use std::sync::Arc;
use std::time::Duration;

use board::Board;
use codec::{Carries, Decoder};
use engine::PartitionState;
use eventlog::{MemoryDeadLetters, StartPosition, TopicPartition};
use model::{Currency, Offset, PartitionId};
use prometheus::Registry;
use tallyboard_runtime::{EventTopic, Format, PartitionParts, PartitionProcess, ServiceMetrics};

use crate::company;
use crate::site::{calendar, config};

#[test]
fn a_position_behind_markers_wants_a_snapshot() {
    let board = Board::new(company::pipelines(), calendar(), Currency::from_code("EUR").unwrap());
    let topic = EventTopic { name: "deals".into(), carries: Carries::Deals, format: Format::Json };
    let mut process = PartitionProcess::new(PartitionParts {
        partition: PartitionId(0),
        state: PartitionState::new(Arc::new(config(calendar()))),
        inputs: vec![(topic, Decoder::json(Carries::Deals), StartPosition::at(Offset(7)))],
        dead_letters: Box::new(MemoryDeadLetters::new()),
        writer: Board::writer(&Arc::new(board), PartitionId(0)),
        metrics: Arc::new(ServiceMetrics::register(&Registry::new()).unwrap()),
    });
    let source = TopicPartition::new("deals", 0);
    for (end, next, has_changed) in [(7, 7, false), (9, 9, true), (9, 9, false), (8, 9, false)] {
        process.reached_end(&source, Offset(end));
        assert_eq!(process.positions().next().unwrap().1, StartPosition::at(Offset(next)));
        assert_eq!(process.has_changed(), has_changed, "end {end}");
        process.image(Duration::ZERO).unwrap();
    }
}
