//! Messages as server-sent events (HTML Living Standard, section 9.2).

use axum::body::Bytes;
use schemars::JsonSchema;
use serde::Serialize;

use crate::problem::ProblemDocument;

/// What is sent when nothing else is: proxies and this server end what is silent for long.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": \n\n");

/// Kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Document,
    Problem,
    Won,
    WonRetracted,
    Status,
    Reset,
}

impl Event {
    pub(crate) const ALL: [Self; 6] =
        [Self::Document, Self::Problem, Self::Won, Self::WonRetracted, Self::Status, Self::Reset];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Problem => "problem",
            Self::Won => "won",
            Self::WonRetracted => "won_retracted",
            Self::Status => "status",
            Self::Reset => "reset",
        }
    }
}

/// What a message says: its kind and data, shared by all who get it.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) event: Event,
    pub(super) bytes: Bytes,
}

impl Body {
    /// A message whose data is JSON on one line.
    pub(super) fn new(event: Event, json: &[&[u8]]) -> Self {
        let head = ["event: ", event.name(), "\ndata: "];
        let bytes = [head.map(str::as_bytes).concat(), json.concat(), b"\n\n".to_vec()].concat();
        Self { event, bytes: bytes.into() }
    }

    pub(super) fn of(event: Event, data: &impl Serialize) -> Self {
        // Strings, numbers and nothing else: it cannot fail.
        let json = serde_json::to_vec(data).unwrap_or_default();
        Self::new(event, &[&json])
    }
}

/// A message on its way to a client: the line with its id, empty if it has none, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: Bytes,
    pub(super) body: Body,
}

impl Message {
    pub(super) fn new(epoch: &str, sequence: Option<u64>, body: Body) -> Self {
        let id = sequence.map(|sequence| format!("id: {epoch}-{sequence}\n"));
        Self { id: id.unwrap_or_default().into(), body }
    }
}

/// A watched document that is no longer there.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LiveProblem<'a> {
    /// As the client gave it.
    pub(super) watch: &'a str,
    pub(super) problem: ProblemDocument<'a>,
}

/// That the id which was given means nothing here any more.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LiveReset<'a> {
    /// What ids begin with here.
    pub(super) epoch: &'a str,
}

/// Epoch and sequence of an id.
pub(super) fn read_id(id: &str) -> Option<(&str, u64)> {
    let (epoch, sequence) = id.rsplit_once('-')?;
    Some((epoch, sequence.parse().ok()?))
}
