//! What all clients of the feed are told, in one order. One task writes each watched document once for all, only while
//! somebody watches it, and only when the board has moved or the time of day has.
//!
//! A round writes all documents that are quick to write, and then one of those that take long: whoever watches costly ones
//! makes the others wait for one of them at most. A round that panics is logged and counted, and the next one follows.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::FutureExt as _;
use model::{MICROS_PER_SECOND, Timestamp};
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use super::clients::Clients;
use super::frame::{Body, Event, LiveProblem, LiveReset, Message, read_id};
use super::metrics::LiveMetrics;
use super::stream::Feed;
use super::watch::{Request, Watch};
use super::won;
use crate::options::ServeOptions;
use crate::problem::Problem;
use crate::question::{Document, Question};
use crate::router::Shared;

/// How many of the newest closings are kept for clients that come back.
const CLOSINGS_KEPT_MAX: usize = 1_000;
/// How often the status is looked at.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);
/// A document that takes long to write is written after so many times as long, at the earliest.
const RENDER_PAUSE: u32 = 4;
/// A document that took longer than this to write is one that takes long.
const LONG: Duration = Duration::from_millis(50);
/// How long after a round that panicked the next one begins: what fails again and again fills no log.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Hub {
    /// Another one in each process: ids of an earlier one mean nothing.
    epoch: String,
    clients: Arc<Clients>,
    metrics: LiveMetrics,
    told: Mutex<Told>,
}

/// What was told last.
#[derive(Default)]
struct Told {
    /// The number of the last message.
    sequence: u64,
    /// By what is watched; those that nobody watches now stay while there is room.
    entries: BTreeMap<String, Entry>,
    status: Option<(u64, Body, Instant)>,
    /// The number of the board's next closing.
    closings_from: u64,
    closings: VecDeque<(u64, Body)>,
    /// The number of the newest closing that is no longer kept.
    forgotten: u64,
}

struct Entry {
    watch: Arc<Watch>,
    shown: Option<Shown>,
    /// How long it took to write it, the last time.
    took: Duration,
    /// Held by whoever writes the document, so that it is written once for all; who wants others does not wait for it.
    writing: Arc<Mutex<()>>,
}

/// A document as it was last told.
struct Shown {
    tag: u64,
    /// The number of the message that told it.
    sequence: u64,
    body: Body,
    problem: Option<Problem>,
    made_of: Moment,
    /// Before this it is not looked at again.
    due_at: Instant,
}

/// What a document follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    generation: u64,
    caught_up: bool,
    now: Timestamp,
}

impl Moment {
    fn of(shared: &Shared) -> Self {
        Self {
            generation: shared.board().generation(),
            caught_up: shared.board().readiness().caught_up,
            now: shared.now(),
        }
    }

    /// As a document sees it: what depends on the time of day alone is told by the minute, the status by the second.
    fn seen_by(self, document: Document) -> Self {
        let seconds = if document == Document::Status { 1 } else { 60 };
        let micros = self.now.micros() - self.now.micros().rem_euclid(seconds * MICROS_PER_SECOND);
        Self { now: Timestamp::from_micros(micros).unwrap_or(self.now), ..self }
    }
}

impl Entry {
    /// Whether a client has it.
    fn is_watched(&self) -> bool {
        Arc::strong_count(&self.watch) > 1
    }

    /// Since when it may be looked at again.
    fn due_at(&self) -> Option<Instant> {
        self.shown.as_ref().map(|shown| shown.due_at)
    }

    fn is_due(&self, moment: Moment) -> bool {
        self.shown.as_ref().is_none_or(|shown| {
            shown.due_at <= Instant::now() && shown.made_of != moment.seen_by(self.watch.question.document())
        })
    }
}

impl Told {
    /// The one watch for all who watch the same.
    fn share(&mut self, watch: Arc<Watch>, watches_max: usize) -> Result<Arc<Watch>, Problem> {
        if let Some(entry) = self.entries.get(&watch.text) {
            return Ok(Arc::clone(&entry.watch));
        }
        if self.entries.len() >= watches_max {
            self.entries.retain(|_, entry| entry.is_watched());
        }
        if self.entries.len() >= watches_max {
            let detail = format!(
                "{watches_max} different documents are watched already; watch one of those, or raise live_watches_max"
            );
            return Err(Problem::unavailable(RETRY_SECONDS, detail));
        }
        let entry =
            Entry { watch: Arc::clone(&watch), shown: None, took: Duration::ZERO, writing: Arc::default() };
        self.entries.insert(watch.text.clone(), entry);
        Ok(watch)
    }
}

const RETRY_SECONDS: u32 = 10;

impl Hub {
    pub(crate) fn new(registry: &prometheus::Registry) -> Self {
        let metrics = LiveMetrics::register(registry);
        let epoch = format!("{:016x}", RandomState::new().hash_one(0));
        let clients = Arc::new(Clients::new(metrics.clone()));
        Self { epoch, clients, metrics, told: Mutex::default() }
    }

    /// A client's feed, with what it has to be told first.
    pub(super) async fn join(self: &Arc<Self>, shared: &Shared, request: Request) -> Result<Feed, Problem> {
        let options = shared.options();
        self.check_room(options)?;
        let mut watches = Vec::new();
        for watch in request.watches {
            // In the list before the next one asks for room.
            watches.push(self.told.lock().await.share(watch, options.live_watches_max)?);
        }
        for watch in &watches {
            self.look(shared, watch).await.map_err(|problem| problem.of_watch(&watch.text))?;
        }
        let mut told = self.told.lock().await;
        // Others may have come in the meantime.
        self.check_room(options)?;
        self.look_at_closings(shared, &mut told);
        self.look_at_status(shared, &mut told);

        let id = request.last_id.as_deref().map(|id| {
            let known = read_id(id).filter(|(epoch, _)| *epoch == self.epoch).map(|(_, sequence)| sequence);
            known.filter(|sequence| (told.forgotten..=told.sequence).contains(sequence))
        });
        let seen = id.flatten();
        let missed = told.closings.iter().filter(|(sequence, _)| seen.is_some_and(|seen| *sequence > seen));
        // Whoever is cut off in between has not seen the rest: only the last message is a step forward.
        let mut first = Vec::new();
        if id == Some(None) {
            first.push((seen, Body::of(Event::Reset, &LiveReset { epoch: &self.epoch })));
        }
        first.extend(told.status.iter().map(|(_, body, _)| (seen, body.clone())));
        for watch in &watches {
            let shown = told.entries.get(&watch.text).and_then(|entry| entry.shown.as_ref());
            let is_known =
                |shown: &Shown| request.has_documents && seen.is_some_and(|seen| shown.sequence <= seen);
            first.extend(shown.filter(|shown| !is_known(shown)).map(|shown| (seen, shown.body.clone())));
        }
        first.extend(missed.map(|(sequence, body)| (Some(*sequence), body.clone())));
        if let Some((id, _)) = first.last_mut() {
            *id = Some(told.sequence);
        }
        let first = first.into_iter().map(|(sequence, body)| {
            self.metrics.messages.with_label_values(&[body.event.name()]).inc();
            Message::new(&self.epoch, sequence, body)
        });
        let (seat, receiver, is_first) = self.clients.add(watches, options.live_backlog_max);
        let feed = Feed::new(seat, receiver, first, options.live_heartbeat());
        if is_first {
            tokio::spawn(attend(Arc::clone(self), shared.clone()));
        }
        Ok(feed)
    }

    fn check_room(&self, options: &ServeOptions) -> Result<(), Problem> {
        let clients_max = options.live_clients();
        if self.clients.count() < clients_max {
            return Ok(());
        }
        let detail = format!(
            "{clients_max} clients listen already; come back later, or raise live_clients_max and connections_max"
        );
        Err(Problem::unavailable(RETRY_SECONDS, detail))
    }

    /// Tells what is new.
    async fn step(&self, shared: &Shared) {
        for watch in self.look_around(shared).await {
            if let Err(problem) = self.look(shared, &watch).await {
                tracing::debug!(
                    watch = watch.text,
                    detail = problem.detail,
                    "a watched document is not there"
                );
            }
            // A deal that was won does not wait for all documents.
            self.look_at_closings(shared, &mut *self.told.lock().await);
        }
    }

    /// Tells of closings and of the status; which documents are to be written in this round.
    async fn look_around(&self, shared: &Shared) -> Vec<Arc<Watch>> {
        let mut told = self.told.lock().await;
        self.look_at_closings(shared, &mut told);
        self.look_at_status(shared, &mut told);
        let moment = Moment::of(shared);
        let due = told.entries.values().filter(|entry| entry.is_watched() && entry.is_due(moment));
        round(due).into_iter().map(|entry| Arc::clone(&entry.watch)).collect()
    }

    /// Writes a document if it is due, and tells those who watch it if it says something else.
    async fn look(&self, shared: &Shared, watch: &Arc<Watch>) -> Result<(), Problem> {
        let writing = self.told.lock().await.entries.get(&watch.text).map(|entry| Arc::clone(&entry.writing));
        let Some(writing) = writing else { return Ok(()) };
        let _writing = writing.lock().await;
        // Before the document, which is then no older than this says.
        let moment = Moment::of(shared);
        if let Some(entry) = self.told.lock().await.entries.get(&watch.text)
            && !entry.is_due(moment)
        {
            let problem = entry.shown.as_ref().and_then(|shown| shown.problem.clone());
            return problem.map_or(Ok(()), Err);
        }
        let made_of = moment.seen_by(watch.question.document());
        let (started, asked) = (Instant::now(), Arc::clone(watch));
        let answer = shared.work(move |state| asked.question.answer(state, made_of.now)).await;
        let took = started.elapsed();
        self.metrics.render_seconds.observe(took.as_secs_f64());
        let told = &mut *self.told.lock().await;
        let Some(entry) = told.entries.get_mut(&watch.text) else { return Ok(()) };
        entry.took = took;
        let due_at = Instant::now() + shared.options().live_interval().max(took * RENDER_PAUSE);
        let (tag, body, problem) = match answer {
            Ok(answer) => (answer.tag, document(&watch.text, &answer.body), None),
            // What the service cannot do now says nothing of the document.
            Err(problem) if problem.status.is_server_error() => {
                if let Some(shown) = &mut entry.shown {
                    shown.due_at = due_at;
                }
                return Err(problem);
            }
            Err(problem) => {
                let data = LiveProblem { watch: &watch.text, problem: problem.document() };
                (u64::MAX, Body::of(Event::Problem, &data), Some(problem))
            }
        };
        if let Some(shown) = &mut entry.shown
            && shown.tag == tag
        {
            (shown.made_of, shown.due_at) = (made_of, due_at);
        } else {
            let sequence = told.sequence + 1;
            let shown =
                Shown { tag, sequence, body: body.clone(), problem: problem.clone(), made_of, due_at };
            entry.shown = Some(shown);
            self.say(told, body, Some(watch));
        }
        problem.map_or(Ok(()), Err)
    }

    fn look_at_closings(&self, shared: &Shared, told: &mut Told) {
        let hours = shared.options().celebrate_within_hours;
        for announced in shared.board().closings_from(told.closings_from) {
            told.closings_from = announced.number + 1;
            let Some(body) = won::message(shared.board(), &announced, hours, shared.now()) else { continue };
            let sequence = self.say(told, body.clone(), None);
            told.closings.push_back((sequence, body));
            if told.closings.len() > CLOSINGS_KEPT_MAX
                && let Some((sequence, _)) = told.closings.pop_front()
            {
                told.forgotten = sequence;
            }
        }
    }

    fn look_at_status(&self, shared: &Shared, told: &mut Told) {
        if told.status.as_ref().is_some_and(|(_, _, at)| at.elapsed() < STATUS_INTERVAL) {
            return;
        }
        let Ok(answer) = Question::plain(Document::Status).answer(shared.state(), shared.now()) else {
            return;
        };
        let body = Body::new(Event::Status, &[&answer.body]);
        let before = told.status.replace((answer.tag, body.clone(), Instant::now()));
        if before.is_none_or(|(tag, _, _)| tag != answer.tag) {
            self.say(told, body, None);
        }
    }

    /// Sends a message to all who watch a document, or to all; its number.
    fn say(&self, told: &mut Told, body: Body, watch: Option<&Arc<Watch>>) -> u64 {
        told.sequence += 1;
        self.clients.send(&Message::new(&self.epoch, Some(told.sequence), body), watch);
        told.sequence
    }
}

fn document(watch: &str, body: &Bytes) -> Body {
    // A text: it cannot fail.
    let watch = serde_json::to_vec(watch).unwrap_or_default();
    Body::new(Event::Document, &[b"{\"watch\":", &watch, b",\"document\":", body, b"}"])
}

/// Looks after the clients for as long as there are any.
async fn attend(hub: Arc<Hub>, shared: Shared) {
    // More often than a document is written, so that what comes after a while without news is told soon.
    let mut ticks = tokio::time::interval(shared.options().live_interval().div_f64(4.0));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if hub.clients.leave_if_empty() {
            return;
        }
        if AssertUnwindSafe(hub.step(&shared)).catch_unwind().await.is_err() {
            // What it was is in the log already, by the panic itself.
            tracing::error!("a round of the live feed panicked; the next one follows");
            hub.metrics.rounds_panicked.inc();
            tokio::time::sleep(PANIC_PAUSE).await;
        }
    }
}

/// Of the documents that are due, those that are quick to write, and behind them the one that has waited longest of those that
/// take long.
fn round<'e>(due: impl Iterator<Item = &'e Entry>) -> Vec<&'e Entry> {
    let (mut quick, long): (Vec<&Entry>, Vec<&Entry>) = due.partition(|entry| entry.took <= LONG);
    quick.sort_by_key(|entry| entry.took);
    quick.extend(long.into_iter().min_by_key(|entry| entry.due_at()));
    quick
}

impl ServeOptions {
    fn live_interval(&self) -> Duration {
        Duration::from_millis(self.live_interval_ms)
    }

    /// Well within the time after which a silent connection is closed.
    fn live_heartbeat(&self) -> Duration {
        let idle = Duration::from_secs(self.idle_timeout_seconds);
        Duration::from_secs(self.live_heartbeat_seconds).min(idle / 2)
    }

    /// How many clients may listen: an eighth of all connections is for other requests.
    fn live_clients(&self) -> usize {
        self.live_clients_max.min(self.connections_max - self.connections_max / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str, took_ms: u64, due_at: Option<Instant>) -> Entry {
        let watch = Watch { text: text.to_owned(), question: Question::plain(Document::Contests) };
        let shown = due_at.map(|due_at| Shown {
            tag: 0,
            sequence: 0,
            body: Body::new(Event::Document, &[]),
            problem: None,
            made_of: Moment { generation: 0, caught_up: true, now: Timestamp::from_micros(0).unwrap() },
            due_at,
        });
        let took = Duration::from_millis(took_ms);
        Entry { watch: Arc::new(watch), shown, took, writing: Arc::default() }
    }

    #[test]
    fn costly_documents_come_one_in_a_round_and_last() {
        let soon = Instant::now();
        let later = soon + Duration::from_secs(1);
        let entries = [
            entry("long, just now", 900, Some(later)),
            entry("slower", 50, Some(later)),
            entry("long, before", 2_000, Some(soon)),
            entry("quick", 1, Some(later)),
            entry("new", 0, None),
        ];
        let texts = |due: &[Entry]| -> Vec<String> {
            round(due.iter()).iter().map(|entry| entry.watch.text.clone()).collect()
        };
        assert_eq!(texts(&entries), ["new", "quick", "slower", "long, before"]);
        assert_eq!(texts(&entries[..1]), ["long, just now"]);
        assert_eq!(texts(&[]), <[&str; 0]>::default());
        // One that has never been told has waited longest.
        let [one, _, other, ..] = entries;
        let untold = entry("untold", 10_000, None);
        assert_eq!(texts(&[one, other, untold]), ["untold"]);
    }
}
