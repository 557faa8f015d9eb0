//! Writes images to the snapshot store, in a thread of its own, so that no fold waits for a disk.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use eventlog::TopicPartition;
use model::{Offset, Timestamp};
use snapshot::SnapshotStore;

use crate::Clock;
use crate::image::Image;
use crate::metrics::ServiceMetrics;

/// An image to write.
pub(crate) struct Order {
    pub(crate) image: Image,
    pub(crate) cluster_id: Arc<str>,
    pub(crate) fingerprint: u64,
    pub(crate) taken_at: Timestamp,
    /// Called when it is written or has failed.
    pub(crate) done: Box<dyn FnOnce(bool) + Send>,
}

/// What the writing thread is told.
pub(crate) enum Job {
    Write(Box<Order>),
    /// Answer once everything before this is done.
    Answer(Sender<()>),
}

/// Positions that a snapshot holds safely.
pub(crate) type Safe = Vec<(TopicPartition, Offset)>;

/// The writing thread. It ends when all senders of jobs are gone.
pub(crate) struct SnapshotWriter {
    pub(crate) jobs: Sender<Job>,
    /// What may be committed to the group.
    pub(crate) safe: Receiver<Safe>,
    thread: JoinHandle<()>,
}

impl SnapshotWriter {
    pub(crate) fn start(
        store: Arc<SnapshotStore>,
        metrics: Arc<ServiceMetrics>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let (jobs, incoming) = unbounded();
        let (outgoing, safe) = unbounded();
        let thread = std::thread::Builder::new().name("snapshot".to_owned()).spawn(move || {
            for job in incoming {
                let order = match job {
                    Job::Write(order) => order,
                    Job::Answer(asker) => {
                        let _ = asker.send(());
                        continue;
                    }
                };
                let (written, positions) = write(&store, &metrics, &clock, &order);
                if written {
                    // Nobody listens any more while the service shuts down.
                    let _ = outgoing.send(positions);
                }
                (order.done)(written);
            }
        })?;
        Ok(Self { jobs, safe, thread })
    }

    /// Waits until the orders so far are done.
    pub(crate) fn settle(&self) {
        let (asker, answer) = bounded(1);
        if self.jobs.send(Job::Answer(asker)).is_ok() {
            // Without an answer the thread is dead and writes nothing, either.
            let _ = answer.recv();
        }
    }

    /// Whether the thread has ended, which it must not before [`finish`](Self::finish).
    pub(crate) fn has_died(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the orders so far; the last ones are written, too.
    pub(crate) fn finish(self) {
        drop(self.jobs);
        if self.thread.join().is_err() {
            tracing::error!("the thread that writes snapshots died; the newest snapshots may be missing");
        }
    }
}

fn write(store: &SnapshotStore, metrics: &ServiceMetrics, clock: &Clock, order: &Order) -> (bool, Safe) {
    let partition = order.image.partition.to_string();
    let header = order.image.header(&order.cluster_id, order.fingerprint, order.taken_at);
    match store.write(&header, &order.image) {
        Ok(written) => {
            let age = clock().micros() - order.taken_at.micros();
            metrics.snapshot_duration_seconds.observe(written.duration.as_secs_f64());
            metrics.snapshot_size_bytes.with_label_values(&[&partition]).set(written.bytes.cast_signed());
            metrics.snapshot_age_seconds.with_label_values(&[&partition]).set(crate::seconds(age));
            tracing::debug!(snapshot = written.name, bytes = written.bytes, "snapshot written");
            let position = |(topic, position): &(model::TopicName, eventlog::StartPosition)| {
                (TopicPartition { topic: topic.clone(), partition: order.image.partition }, position.next)
            };
            (true, order.image.positions.iter().map(position).collect())
        }
        Err(error) => {
            metrics.snapshot_failures.inc();
            tracing::error!(partition, %error, "a snapshot is not written; it is tried again at the next interval");
            (false, Vec::new())
        }
    }
}
