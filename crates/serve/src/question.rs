//! The documents of the API by path and query: what a GET answers, and what a live feed watches.
//!
//! A document has a tag, which tells whether it says something else than before. What differs at each asking, such as the
//! time of it, has no part in that: clients that ask again with the tag (RFC 9110, section 13.1.2) get it anew only if it
//! has changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use serde::Serialize;

use crate::parameters::{Parameter, Parameters};
use crate::problem::Problem;
use crate::router::ServeState;
use crate::{api, balance, catalogue, contests, explanation, openapi, restatements, series, status};

/// A document of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    Kpis,
    Leaderboard,
    Balance,
    Series,
    Contests,
    Status,
    Explain,
    Restatements,
    Catalogue,
    Description,
}

impl Document {
    pub(crate) const ALL: [Self; 10] = [
        Self::Kpis,
        Self::Leaderboard,
        Self::Balance,
        Self::Series,
        Self::Contests,
        Self::Status,
        Self::Explain,
        Self::Restatements,
        Self::Catalogue,
        Self::Description,
    ];

    /// Its path below `/api/v1/`.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Kpis => "kpis",
            Self::Leaderboard => "leaderboard",
            Self::Balance => "territories/balance",
            Self::Series => "series",
            Self::Contests => "contests",
            Self::Status => "status",
            Self::Explain => "explain",
            Self::Restatements => "restatements",
            Self::Catalogue => "catalogue",
            Self::Description => "openapi.json",
        }
    }

    /// Whether it may be watched. What asks the partitions for their states may not: it would do so again and again.
    pub(crate) const fn is_watchable(self) -> bool {
        !matches!(self, Self::Explain | Self::Restatements | Self::Catalogue | Self::Description)
    }

    pub(crate) fn parameters(self) -> &'static [&'static dyn Parameter] {
        match self {
            Self::Kpis => api::KPI_PARAMETERS,
            Self::Leaderboard => api::LEADERBOARD_PARAMETERS,
            Self::Explain => explanation::EXPLAIN_PARAMETERS,
            Self::Restatements => restatements::RESTATEMENTS_PARAMETERS,
            Self::Series => series::SERIES_PARAMETERS,
            Self::Balance | Self::Contests | Self::Status | Self::Catalogue | Self::Description => &[],
        }
    }

    /// The keys of the document that differ at each asking.
    const fn volatile(self) -> &'static [&'static str] {
        match self {
            Self::Status => &["as_of"],
            _ => &["as_of", "caught_up", "newest_event_at", "positions"],
        }
    }
}

/// A document and the parameters that it is asked for with.
#[derive(Debug)]
pub(crate) struct Question {
    document: Document,
    parameters: Parameters,
}

/// A document as text.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) body: Bytes,
    /// Differs where the document says something else.
    pub(crate) tag: u64,
}

impl Question {
    pub(crate) const fn document(&self) -> Document {
        self.document
    }

    pub(crate) fn read(document: Document, uri: &Uri) -> Result<Self, Problem> {
        Ok(Self { document, parameters: Parameters::read(uri, document.parameters())? })
    }

    /// What is asked without parameters.
    pub(crate) fn plain(document: Document) -> Self {
        Self { document, parameters: Parameters::default() }
    }

    /// Takes as long as its document takes.
    pub(crate) fn answer(&self, state: &ServeState, now: Timestamp) -> Result<Told, Problem> {
        let (board, parameters) = (&*state.board, &self.parameters);
        match self.document {
            Document::Kpis => self.told(&api::kpis(board, parameters, now)?),
            Document::Leaderboard => self.told(&api::leaderboard(board, parameters, &state.options, now)?),
            Document::Balance => self.told(&balance::territories(board, now)),
            Document::Series => self.told(&series::series(board, parameters, &state.options, now)?),
            Document::Contests => self.told(&contests::contests(board, &state.contests, now)),
            Document::Status => self.told(&status::status(board, &state.options, now)),
            Document::Explain => {
                let causes_max = (explanation::CAUSES_LIMIT.max)(&state.options);
                let limits = (state.options.time_to_work(), causes_max);
                self.told(&explanation::explain(board, &state.explainer, parameters, limits, now)?)
            }
            Document::Restatements => {
                let (explainer, options) = (&state.explainer, &state.options);
                self.told(&restatements::restatements(board, explainer, parameters, options, now)?)
            }
            Document::Catalogue => {
                self.told(&catalogue::catalogue(&state.choice, board.thresholds(), &state.options))
            }
            Document::Description => self.told(&openapi::document(&state.options)),
        }
    }

    fn told(&self, document: &impl Serialize) -> Result<Told, Problem> {
        Told::new(document, self.document.volatile())
    }
}

impl Told {
    fn new(document: &impl Serialize, volatile: &[&str]) -> Result<Self, Problem> {
        let unwritable = |error: serde_json::Error| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("the document cannot be written: {error}"),
            )
        };
        let mut lasting = serde_json::to_value(document).map_err(unwritable)?;
        if let Some(keys) = lasting.as_object_mut() {
            volatile.iter().for_each(|key| drop(keys.remove(*key)));
        }
        let mut hasher = DefaultHasher::new();
        lasting.to_string().hash(&mut hasher);
        let body = serde_json::to_vec(document).map_err(unwritable)?.into();
        Ok(Self { body, tag: hasher.finish() })
    }

    /// The answer to a request: the document, or that it is as the client has it.
    pub(crate) fn answer(self, request: &HeaderMap) -> Response {
        // Weak: the same tag may stand for other times of asking.
        let tag = format!("W/\"{:016x}\"", self.tag);
        let asked = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = asked.flat_map(|list| list.split(',')).map(str::trim);
        let is_known = known.any(|known| known == "*" || known.trim_start_matches("W/") == &tag[2..]);
        let headers = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}
