//! What a client asks to watch: documents by path and query, and what it saw last.

use std::sync::Arc;

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri};

use crate::problem::Problem;
use crate::question::{Document, Question};

/// A document that is watched. As long as somebody has it beside the hub, it is looked at.
#[derive(Debug)]
pub(crate) struct Watch {
    /// As the client gave it.
    pub(crate) text: String,
    pub(crate) question: Question,
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
    pub(crate) fn read(uri: &Uri, headers: &HeaderMap, watches_max: usize) -> Result<Self, Problem> {
        let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return Err(bad("the query is not made of name=value pairs in UTF-8".to_owned()));
        };
        let mut watches: Vec<Arc<Watch>> = Vec::new();
        let mut last_id = None;
        for (name, value) in pairs {
            match name.as_str() {
                "watch" if watches.iter().any(|watch| watch.text == value) => {}
                "watch" => watches.push(Arc::new(Watch::read(value)?)),
                "last_event_id" => last_id = Some(value),
                _ => {
                    let detail =
                        format!("parameter {name:?} is not known; expected any of watch, last_event_id");
                    return Err(bad(detail));
                }
            }
        }
        if watches.len() > watches_max {
            let detail = format!("there are {} watches; expected at most {watches_max}", watches.len());
            return Err(bad(detail));
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
        let watchable = || Document::ALL.into_iter().filter(|document| document.is_watchable());
        let Some(document) = watchable().find(|document| document.path() == path) else {
            let paths: Vec<&str> = watchable().map(Document::path).collect();
            let expected = format!("one of {}, with a query as in a GET below /api/v1/", paths.join(", "));
            return Err(Problem::parameter("watch", &text, &expected));
        };
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
        Self::new(status, format!("watch {text:?}: {}", self.detail))
    }
}
