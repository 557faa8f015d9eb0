//! Restatements through the service: each is counted once, survives a restart and is told with its state.

use std::sync::Arc;
use std::time::Duration;

use board::Board;
use codec::{Carries, Decoder};
use engine::RESTATED_MEASURES;
use eventlog::{MemoryDeadLetters, NewRecord, RecordBatch, TopicPartition};
use model::{Currency, Offset, PartitionId};
use prometheus::Registry;
use tallyboard_runtime::{
    EventTopic, Format, PartitionParts, PartitionProcess, Recovered, ServiceMetrics, from_start, recover,
};

use crate::company;
use crate::site::{Site, calendar, config, now};

/// A process of the topic of deals that goes on where a state stands, and its metrics.
fn process(recovered: Recovered) -> (PartitionProcess, Arc<ServiceMetrics>) {
    let board = Board::new(company::pipelines(), calendar(), Currency::from_code("EUR").unwrap());
    let metrics = Arc::new(ServiceMetrics::register(&Registry::new()).unwrap());
    let topic = EventTopic { name: "deals".into(), carries: Carries::Deals, format: Format::Json };
    let position = recovered.positions[&topic.name];
    let process = PartitionProcess::new(PartitionParts {
        partition: PartitionId(0),
        state: recovered.state,
        inputs: vec![(topic, Decoder::json(Carries::Deals), position)],
        dead_letters: Box::new(MemoryDeadLetters::new()),
        writer: Board::writer(&Arc::new(board), PartitionId(0)),
        metrics: metrics.clone(),
    });
    (process, metrics)
}

fn counted(metrics: &ServiceMetrics) -> Vec<u64> {
    RESTATED_MEASURES.iter().map(|name| metrics.restatements.with_label_values(&[name]).get()).collect()
}

/// The log from its start to before an offset.
fn log_until(end: usize) -> RecordBatch {
    let deal = |event: &str, deal: &str, at: &str, stage: &str, amount: u32| {
        format!(
            r#"{{"type":"deal","event_id":"{event}","deal_id":"{deal}","occurred_at":"{at}T09:00:00Z","pipeline":"default","stage":"{stage}","rep_id":"ann","territory_id":"oslo","amount":"{amount}.00","currency":"EUR"}}"#
        )
    };
    let values = [
        deal("e0", "d1", "2026-03-20", "won", 100),
        deal("e1", "d2", "2026-04-20", "won", 50),
        deal("e2", "d1", "2026-04-21", "won", 120),
        deal("e3", "d1", "2026-04-22", "lost", 120),
        deal("e3", "d1", "2026-04-22", "lost", 120),
    ];
    let mut batch = RecordBatch::new(TopicPartition::new("deals", 0));
    for (offset, value) in (0..).zip(&values[..end]) {
        let timestamp_millis = Some(now().micros() / 1_000 + offset);
        let value = Some(value.as_bytes());
        batch.push(Offset(offset), NewRecord { timestamp_millis, value, ..NewRecord::default() });
    }
    batch
}

#[test]
fn each_is_counted_once_and_not_again_after_a_restart() {
    let (site, config) = (Site::new(), Arc::new(config(calendar())));
    let (store, topics) = (site.snapshots(), ["deals".into()]);
    let (mut straight, metrics) = process(from_start(&topics, &config));
    assert_eq!(counted(&metrics), [0, 0, 0, 0]);
    straight.fold(&log_until(3), 0);
    straight.fold(&log_until(3), 0);
    assert_eq!(counted(&metrics), [0, 0, 0, 1]);
    let image = straight.image(Duration::ZERO).unwrap();
    store.write(&image.header("one", config.fingerprint(), now()), &image).unwrap();
    straight.fold(&log_until(5), 0);
    // Lost instead of won: three changes of March.
    assert_eq!(counted(&metrics), [0, 1, 1, 2]);

    let recovered = recover(&store, PartitionId(0), "one", &topics, &config).unwrap();
    assert_eq!(recovered.source, "snapshot");
    let (mut again, metrics) = process(recovered);
    assert_eq!((counted(&metrics), again.state().restatements().iter().len()), (vec![0; 4], 1));
    again.fold(&log_until(5), 0);
    assert_eq!(counted(&metrics), [0, 1, 1, 1]);
    assert!(again.state().restatements().iter().eq(straight.state().restatements().iter()));
    let newest = again.state().restatements().iter().next_back().unwrap();
    assert_eq!((&*newest.event_id, newest.offset), ("e3", Offset(3)));
    assert_eq!(newest.appended_at.unwrap().micros(), now().micros() + 3_000);
}
