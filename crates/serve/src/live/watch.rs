//! What a client asks to watch: documents by path and query, and what it saw last.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value as Json, json};

use crate::options::ServeOptions;
use crate::parameters::{self, Parameter, Text};
use crate::problem::Problem;
use crate::question::{Document, Question};

/// A document that is watched. As long as somebody has it beside the hub, it is looked at.
#[derive(Debug)]
pub(crate) struct Watch {
    /// As the client gave it.
    pub(crate) text: String,
    pub(crate) question: Question,
}

pub(crate) static LIVE_PARAMETERS: &[&dyn Parameter] = &[&Watches, &LAST_EVENT_ID];

static LAST_EVENT_ID: Text = Text {
    name: "last_event_id",
    about: "The id of the last message that was seen, for who cannot send it as a header and may watch others than before.",
    is_required: false,
    schema: || json!({ "type": "string" }),
    example: None,
};

/// The documents to watch.
#[derive(Debug)]
struct Watches;

impl Watches {
    const fn max(options: &ServeOptions) -> usize {
        options.live_watches_per_client_max
    }
}

fn watchable() -> impl Iterator<Item = Document> {
    Document::ALL.into_iter().filter(|document| document.is_watchable())
}

impl Parameter for Watches {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn about(&self) -> &'static str {
        "Path and query of a document below /api/v1/, URL-encoded, as many times as there are documents to watch."
    }

    fn schema(&self, options: &ServeOptions) -> Json {
        let paths: Vec<&str> = watchable().map(Document::path).collect();
        let document = json!({ "type": "string", "pattern": format!("^({})([?][^#]*)?$", paths.join("|")) });
        json!({ "type": "array", "items": document, "maxItems": Self::max(options) })
    }

    fn example(&self) -> Option<Json> {
        Some(json!(["leaderboard?kpi=won_amount", "contests"]))
    }
}

/// What a request for the feed says.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) watches: Vec<Arc<Watch>>,
    /// The id of the last message that the client saw.
    pub(crate) last_id: Option<String>,
    /// Whether the browser itself comes back, to the same address: then the client has the documents that it watches.
    pub(crate) has_documents: bool,
}

impl Request {
    pub(crate) fn read(uri: &Uri, headers: &HeaderMap, options: &ServeOptions) -> Result<Self, Problem> {
        let mut watches: Vec<Arc<Watch>> = Vec::new();
        let mut last_id = None;
        for (name, value) in parameters::pairs(uri)? {
            if name == LAST_EVENT_ID.name {
                last_id = Some(value);
            } else if name != Watches.name() {
                return Err(parameters::unknown(&name, LIVE_PARAMETERS));
            } else if !watches.iter().any(|watch| watch.text == value) {
                watches.push(Arc::new(Watch::read(value)?));
            }
        }
        let watches_max = Watches::max(options);
        if watches.len() > watches_max {
            let detail = format!("there are {} watches; expected at most {watches_max}", watches.len());
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let has_documents = header.is_some();
        let last_id = header.map(str::to_owned).or(last_id).filter(|id| !id.is_empty());
        Ok(Self { watches, last_id, has_documents })
    }
}

impl Watch {
    fn read(text: String) -> Result<Self, Problem> {
        let path = text.split_once('?').map_or(&*text, |(path, _)| path);
        let Some(document) = watchable().find(|document| document.path() == path) else {
            let paths: Vec<&str> = watchable().map(Document::path).collect();
            let expected = format!("one of {}, with a query as in a GET below /api/v1/", paths.join(", "));
            return Err(Problem::parameter("watch", &text, &expected));
        };
        // As an address it would end there, and be about something else.
        if text.contains('#') {
            return Err(Problem::parameter("watch", &text, "a path and query, in which # is %23"));
        }
        let uri: Uri = format!("/{text}").parse().map_err(|error| {
            Problem::parameter("watch", &text, &format!("a path and query, but it has an {error}"))
        })?;
        let question = Question::read(document, &uri).map_err(|problem| problem.of_watch(&text))?;
        Ok(Self { text, question })
    }
}

impl Problem {
    /// The same problem, of one of several watches of a request.
    pub(crate) fn of_watch(self, text: &str) -> Self {
        let status = if self.status.is_client_error() { StatusCode::BAD_REQUEST } else { self.status };
        Self { status, detail: format!("watch {text:?}: {}", self.detail), ..self }
    }
}
