//! The thread that owns a partition: it alone folds, publishes and freezes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded, select, unbounded};
use eventlog::{RecordBatch, TopicPartition};
use explain::Evidence;
use model::Offset;
use parking_lot::Mutex;

use crate::Clock;
use crate::metrics::ServiceMetrics;
use crate::options::{BackOff, Options};
use crate::partition::{PartitionProcess, Progress};
use crate::snapshots::{Job, Order};

/// What a worker is told.
pub(crate) enum Task {
    Records(RecordBatch),
    End(TopicPartition, Offset),
}

/// What a worker tells of itself, for metrics and status.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) positions: Vec<(model::TopicName, Offset, Option<model::Timestamp>)>,
    pub(crate) counts: engine::Counts,
    pub(crate) caught_up: bool,
    pub(crate) newest: Option<model::Timestamp>,
    pub(crate) snapshot_at: Option<model::Timestamp>,
    /// Since when changes may be in no snapshot; none if all are in the newest one.
    pub(crate) unsaved_since: Option<model::Timestamp>,
}

/// What all workers share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) options: Options,
    pub(crate) snapshot_interval: Duration,
    pub(crate) snapshot_jobs: Sender<Job>,
    pub(crate) cluster_id: Arc<str>,
    pub(crate) fingerprint: u64,
    pub(crate) metrics: Arc<ServiceMetrics>,
    pub(crate) clock: Clock,
}

/// Where a worker is asked for its state, and answers.
pub(crate) type StateRequests = Sender<Sender<Evidence>>;

/// A running worker.
pub(crate) struct Worker {
    tasks: Sender<Task>,
    pub(crate) state_requests: StateRequests,
    stop: Arc<AtomicBool>,
    pub(crate) standing: Arc<Mutex<Standing>>,
    thread: JoinHandle<PartitionProcess>,
}

/// How long dead letters may take to be acknowledged before a snapshot is put off, or left out.
pub(crate) const DEAD_LETTER_DEADLINE: Duration = Duration::from_secs(10);
/// How often a worker without records looks around.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// How often a worker counts what it holds.
const COUNT_INTERVAL: Duration = Duration::from_secs(5);
/// How many times as long as publishing took, and how many publish intervals, are between two of them at least: it takes
/// at most a fifth of a worker's time.
const PUBLISHING: (u32, u32) = (4, 1);
/// The same while history is read, which nobody waits to see half of.
const PUBLISHING_BEHIND: (u32, u32) = (39, 10);

impl Worker {
    pub(crate) fn start(process: PartitionProcess, surroundings: Surroundings) -> std::io::Result<Self> {
        let (tasks, incoming) = bounded(surroundings.options.batches_waiting_max);
        let (state_requests, asked) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let standing = Arc::new(Mutex::new(Standing::default()));
        let name = format!("partition-{}", process.partition());
        let mut shift = Shift::new(process, surroundings, stop.clone(), standing.clone(), asked);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            shift.run(&incoming);
            shift.process
        })?;
        Ok(Self { tasks, state_requests, stop, standing, thread })
    }

    /// Hands a task over, waiting a little if the worker is busy; gives it back if it does not take it.
    pub(crate) fn offer(&self, task: Task, wait: Duration) -> Option<Task> {
        match self.tasks.send_timeout(task, wait) {
            Ok(()) => None,
            Err(SendTimeoutError::Timeout(task) | SendTimeoutError::Disconnected(task)) => Some(task),
        }
    }

    pub(crate) fn has_died(&self) -> bool {
        self.thread.is_finished() && !self.stop.load(Ordering::Relaxed)
    }

    /// Lets the worker know that it will be stopped, without waiting for it.
    pub(crate) fn announce_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Stops the worker where it is and takes the process back; none if its thread died. What was handed over and is
    /// not folded is dropped: the position says so.
    pub(crate) fn stop(self) -> Option<PartitionProcess> {
        self.announce_stop();
        drop(self.tasks);
        self.thread.join().ok()
    }
}

/// A worker's thread at work.
struct Shift {
    process: PartitionProcess,
    began_at: model::Timestamp,
    surroundings: Surroundings,
    stop: Arc<AtomicBool>,
    standing: Arc<Mutex<Standing>>,
    asked: Receiver<Sender<Evidence>>,
    published_at: Instant,
    publish_took: Duration,
    snapshot_at: Instant,
    snapshot_under_way: Arc<AtomicBool>,
    snapshot_failed: Arc<AtomicBool>,
    snapshot_taken_at: Arc<Mutex<Option<model::Timestamp>>>,
    told_at: Option<Instant>,
    /// Counting passes over all pages, so it is done now and then only.
    counts: (Option<Instant>, engine::Counts),
}

impl Shift {
    fn new(
        process: PartitionProcess,
        surroundings: Surroundings,
        stop: Arc<AtomicBool>,
        standing: Arc<Mutex<Standing>>,
        asked: Receiver<Sender<Evidence>>,
    ) -> Self {
        Self {
            began_at: (surroundings.clock)(),
            process,
            surroundings,
            stop,
            standing,
            asked,
            published_at: Instant::now(),
            publish_took: Duration::ZERO,
            snapshot_at: Instant::now(),
            snapshot_under_way: Arc::new(AtomicBool::new(false)),
            snapshot_failed: Arc::new(AtomicBool::new(false)),
            snapshot_taken_at: Arc::new(Mutex::new(None)),
            told_at: None,
            counts: (None, engine::Counts::default()),
        }
    }

    fn run(&mut self, tasks: &Receiver<Task>) {
        // All that was restored is shown at once.
        self.publish();
        while !self.stop.load(Ordering::Relaxed) {
            let was_behind = !self.process.has_caught_up();
            let task = select! {
                recv(tasks) -> task => match task {
                    Ok(task) => Some(task),
                    Err(_) => break,
                },
                recv(self.asked) -> answer => {
                    answer.into_iter().for_each(|answer| self.testify(&answer));
                    None
                }
                default(LOOK_AROUND) => None,
            };
            let ended = match task {
                Some(Task::Records(batch)) => {
                    self.fold(&batch);
                    false
                }
                Some(Task::End(source, end)) => {
                    self.process.reached_end(&source, end);
                    true
                }
                None => false,
            };
            let is_behind = !self.process.has_caught_up();
            let (share, intervals) = if is_behind { PUBLISHING_BEHIND } else { PUBLISHING };
            let pause = self.surroundings.options.publish_interval() * intervals;
            let pause = pause.max(self.publish_took * share);
            let is_idle = tasks.is_empty() && !is_behind;
            let is_time = is_idle || self.published_at.elapsed() >= pause;
            // Before it is told for the first time that all is counted, all that is counted must be shown.
            let has_just_caught_up = was_behind && self.process.has_caught_up();
            if has_just_caught_up || is_time && (self.process.has_unpublished() || ended) {
                self.publish();
            }
            if self.told_at.is_none_or(|at| at.elapsed() >= LOOK_AROUND) || ended {
                self.tell();
            }
            self.note_failed_snapshot();
            let is_due = self.snapshot_at.elapsed() >= self.surroundings.snapshot_interval;
            if is_due && self.process.has_changed() && !self.stop.load(Ordering::Relaxed) {
                self.snapshot();
            }
        }
        self.note_failed_snapshot();
        self.publish();
    }

    fn note_failed_snapshot(&mut self) {
        if self.snapshot_failed.swap(false, Ordering::Relaxed) {
            self.process.note_unsaved();
        }
    }

    /// Folds a batch; waits where it cannot go on, and gives up only when stopped.
    fn fold(&mut self, batch: &RecordBatch) {
        let mut from = 0;
        let mut back_off = BackOff::new(&self.surroundings.options);
        while let Progress::Stopped { at, cause } = self.process.fold(batch, from) {
            if at > from {
                back_off.reset();
            }
            from = at;
            let wait = back_off.wait();
            tracing::warn!(partition = %self.process.partition(), %cause, wait_ms = wait.as_millis(), "the partition waits");
            self.publish();
            self.tell();
            let until = Instant::now() + wait;
            while Instant::now() < until {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                while let Ok(answer) = self.asked.try_recv() {
                    self.testify(&answer);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Answers with the state as it stands; who asked may be gone.
    fn testify(&mut self, answer: &Sender<Evidence>) {
        let _ = answer.send(self.process.evidence());
    }

    fn publish(&mut self) {
        let start = Instant::now();
        self.process.publish((self.surroundings.clock)());
        self.publish_took = start.elapsed();
        self.published_at = Instant::now();
        self.surroundings.metrics.publish_duration_seconds.observe(self.publish_took.as_secs_f64());
    }

    fn tell(&mut self) {
        if self.counts.0.is_none_or(|at| at.elapsed() >= COUNT_INTERVAL) {
            self.counts = (Some(Instant::now()), self.process.counts());
        }
        let positions =
            self.process.appended_last().map(|(topic, next, at)| (topic.clone(), next, at)).collect();
        let snapshot_at = *self.snapshot_taken_at.lock();
        let is_unsaved = self.process.has_changed() || self.snapshot_under_way.load(Ordering::Acquire);
        *self.standing.lock() = Standing {
            positions,
            counts: self.counts.1,
            caught_up: self.process.has_caught_up(),
            newest: self.process.state().newest(),
            snapshot_at,
            unsaved_since: is_unsaved.then(|| snapshot_at.unwrap_or(self.began_at)),
        };
        self.told_at = Some(Instant::now());
    }

    fn snapshot(&mut self) {
        self.snapshot_at = Instant::now();
        if self.snapshot_under_way.load(Ordering::Acquire) {
            return;
        }
        let start = Instant::now();
        let taken_at = (self.surroundings.clock)();
        match self.process.image(DEAD_LETTER_DEADLINE) {
            Ok(image) => {
                self.surroundings.metrics.snapshot_pause_seconds.observe(start.elapsed().as_secs_f64());
                self.snapshot_under_way.store(true, Ordering::Release);
                let (under_way, newest) = (self.snapshot_under_way.clone(), self.snapshot_taken_at.clone());
                let failed = self.snapshot_failed.clone();
                let done = Box::new(move |written: bool| {
                    failed.store(!written, Ordering::Relaxed);
                    if written {
                        *newest.lock() = Some(taken_at);
                    }
                    under_way.store(false, Ordering::Release);
                });
                self.order(image, taken_at, done);
            }
            Err(error) => {
                tracing::warn!(partition = %self.process.partition(), %error, "dead letters are not acknowledged yet, the snapshot is put off");
            }
        }
    }

    fn order(
        &self,
        image: crate::image::Image,
        taken_at: model::Timestamp,
        done: Box<dyn FnOnce(bool) + Send>,
    ) {
        let order = Order {
            image,
            cluster_id: self.surroundings.cluster_id.clone(),
            fingerprint: self.surroundings.fingerprint,
            taken_at,
            done,
        };
        if self.surroundings.snapshot_jobs.send(Job::Write(Box::new(order))).is_err() {
            tracing::error!("the thread that writes snapshots is gone");
        }
    }
}

/// Takes the last image of a process that leaves this instance, and orders it written. Best effort: without it, the
/// next owner folds a little more again, so that it does not wait for dead letters beyond `deadline`.
pub(crate) fn last_snapshot(process: &mut PartitionProcess, surroundings: &Surroundings, deadline: Instant) {
    if !process.has_changed() {
        return;
    }
    let taken_at = (surroundings.clock)();
    match process.image(deadline.saturating_duration_since(Instant::now())) {
        Ok(image) => {
            let order = Order {
                image,
                cluster_id: surroundings.cluster_id.clone(),
                fingerprint: surroundings.fingerprint,
                taken_at,
                done: Box::new(|_| {}),
            };
            let _ = surroundings.snapshot_jobs.send(Job::Write(Box::new(order)));
        }
        Err(error) => {
            tracing::warn!(partition = %process.partition(), %error, "dead letters are not acknowledged, the last snapshot is left out");
        }
    }
}

#[cfg(test)]
mod tests;
