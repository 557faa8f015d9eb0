//! One client's stream: what it is told first, then what is sent to it, and now and then a sign of life.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::sync::mpsc::Receiver;

use super::clients::Seat;
use super::frame::{HEARTBEAT, Message};
use crate::connection::Ending;

pub(super) struct Feed {
    /// Chunks that are not taken yet.
    ready: VecDeque<Bytes>,
    queue: Receiver<Message>,
    heartbeat: Duration,
    _seat: Seat,
}

impl Feed {
    pub(super) fn new(
        seat: Seat,
        queue: Receiver<Message>,
        first: impl Iterator<Item = Message>,
        heartbeat: Duration,
    ) -> Self {
        let chunks = first.flat_map(|message| [message.id, message.body.bytes]);
        let ready = chunks.filter(|chunk| !chunk.is_empty()).collect();
        Self { ready, queue, heartbeat, _seat: seat }
    }

    /// The stream, until the client leaves, is dropped for being slow, or the server stops.
    pub(super) fn body(self, ending: Option<Ending>) -> Body {
        Body::from_stream(futures::stream::unfold((self, ending), async |(mut feed, mut ending)| {
            let chunk = tokio::select! {
                biased;
                () = ended(&mut ending) => None,
                chunk = feed.next() => chunk,
            };
            Some((Ok::<_, Infallible>(chunk?), (feed, ending)))
        }))
    }

    async fn next(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.ready.pop_front() {
            return Some(chunk);
        }
        match tokio::time::timeout(self.heartbeat, self.queue.recv()).await {
            Ok(message) => {
                let Message { id, body } = message?;
                self.ready.push_back(body.bytes);
                Some(id)
            }
            Err(_) => Some(HEARTBEAT),
        }
    }
}

async fn ended(ending: &mut Option<Ending>) {
    match ending {
        Some(ending) => ending.ended().await,
        None => std::future::pending().await,
    }
}
