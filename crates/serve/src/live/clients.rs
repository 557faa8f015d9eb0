//! Who listens: each client has a bounded queue, and one that lets it fill up is dropped rather than waited for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

use super::frame::Message;
use super::metrics::LiveMetrics;
use super::watch::Watch;

#[derive(Debug)]
pub(super) struct Clients {
    all: Mutex<All>,
    metrics: LiveMetrics,
}

#[derive(Debug, Default)]
struct All {
    next: u64,
    by_number: HashMap<u64, Client>,
    /// Whether a task looks after them.
    are_attended: bool,
}

#[derive(Debug)]
struct Client {
    queue: Sender<Message>,
    watches: Vec<Arc<Watch>>,
}

/// A client's place among the others, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    clients: Arc<Clients>,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.clients.all.lock();
        all.by_number.remove(&self.number);
        self.clients.tell(&all);
    }
}

impl Clients {
    pub(super) fn new(metrics: LiveMetrics) -> Self {
        Self { all: Mutex::default(), metrics }
    }

    pub(super) fn count(&self) -> usize {
        self.all.lock().by_number.len()
    }

    /// Adds a client; whether nobody looks after the clients yet, which is the caller's to change then.
    pub(super) fn add(
        self: &Arc<Self>,
        watches: Vec<Arc<Watch>>,
        backlog_max: usize,
    ) -> (Seat, Receiver<Message>, bool) {
        let (queue, receiver) = mpsc::channel(backlog_max);
        let mut all = self.all.lock();
        let number = all.next;
        all.next += 1;
        all.by_number.insert(number, Client { queue, watches });
        self.tell(&all);
        let is_first = !std::mem::replace(&mut all.are_attended, true);
        (Seat { clients: Arc::clone(self), number }, receiver, is_first)
    }

    /// Whether there is nobody left to look after; then nobody does any more.
    pub(super) fn leave_if_empty(&self) -> bool {
        let mut all = self.all.lock();
        all.are_attended = !all.by_number.is_empty();
        !all.are_attended
    }

    /// Hands a message to all who watch a document, or to all.
    pub(super) fn send(&self, message: &Message, watch: Option<&Arc<Watch>>) {
        let mut all = self.all.lock();
        let (mut sent, mut slow) = (0, 0);
        all.by_number.retain(|_, client| {
            if !watch.is_none_or(|watch| client.watches.iter().any(|own| Arc::ptr_eq(own, watch))) {
                return true;
            }
            match client.queue.try_send(message.clone()) {
                Ok(()) => {
                    sent += 1;
                    true
                }
                Err(TrySendError::Full(_)) => {
                    slow += 1;
                    false
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
        self.tell(&all);
        self.metrics.messages.with_label_values(&[message.body.event.name()]).inc_by(sent);
        self.metrics.slow_clients_dropped.inc_by(slow);
    }

    fn tell(&self, all: &All) {
        self.metrics.clients.set(i64::try_from(all.by_number.len()).unwrap_or(i64::MAX));
    }
}
