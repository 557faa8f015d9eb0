//! What each path is for.

use serde_json::{Value as Json, json};

use crate::question::Document;
use crate::router::Endpoint;

/// A path, for its reader.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
}

const NUMBERS: &str = "numbers";
const EVIDENCE: &str = "evidence";
const SERVICE: &str = "service";

pub(super) fn tags() -> Json {
    json!([
        { "name": NUMBERS, "description": "KPIs, who leads, how they went, and what is new." },
        { "name": EVIDENCE, "description": "What numbers mean, what they are made of, and what changed them." },
        { "name": SERVICE, "description": "How the service is." },
    ])
}

pub(super) const fn operation(endpoint: Endpoint) -> Operation {
    let (id, tag, summary, about) = match endpoint {
        Endpoint::Document(Document::Kpis) => (
            "kpis",
            NUMBERS,
            "The KPIs of a scope and period",
            "All KPIs of the catalogue: those of the period, and those that tell what stands now (`standing`), each with its \
             parts by stage, category, range of attainment, type of activities or step of the waterfall.",
        ),
        Endpoint::Document(Document::Leaderboard) => (
            "leaderboard",
            NUMBERS,
            "Reps, territories, regions or teams, ranked by a KPI",
            "Equal values share a rank; who has no value has no rank and stands at the end. KPIs of what stands now take \
             neither `period` nor `kind`.",
        ),
        Endpoint::Document(Document::Balance) => (
            "territoryBalance",
            NUMBERS,
            "How evenly the work lies on the territories, and what would even it out",
            "The index of a territory is the weighted mean of open amount, open deals and activity minutes by rep, against \
             the company's mean, which is 1.",
        ),
        Endpoint::Document(Document::Series) => (
            "series",
            NUMBERS,
            "A KPI in the last periods, the oldest first",
            "Each value is the one that `/api/v1/kpis` has for that period.",
        ),
        Endpoint::Document(Document::Contests) => (
            "contests",
            NUMBERS,
            "How the configured contests stand",
            "Each with its state, the days left, who leads, and everybody's rank, value and share of the target.",
        ),
        Endpoint::Document(Document::Status) => (
            "status",
            SERVICE,
            "Whether the numbers are live, catching up or stale",
            "Always 200; `/readyz` tells the same to what looks at the status alone.",
        ),
        Endpoint::Document(Document::Explain) => (
            "explain",
            EVIDENCE,
            "What a number is made of, down to the events in the log",
            "The sums that the number is made from, then the deals and activities behind it, the largest first: each with \
             what it adds, and its events with their offsets. Of a period, or of any `days` for KPIs that are told of those, as the standings \
             of contests are. Paged by `limit` and `after`.",
        ),
        Endpoint::Document(Document::Restatements) => (
            "restatements",
            EVIDENCE,
            "Changes to months that had ended, each with the event that caused it",
            "The newest first, with old and new value. Paged by `limit` and `after`.",
        ),
        Endpoint::Document(Document::Catalogue) => (
            "catalogue",
            EVIDENCE,
            "What every KPI means, whether it is exported as a metric, and the objectives",
            "One definition each: unit, formula, edge cases and source. Then the thresholds by which verdicts are given, and \
             how much can be asked at once.",
        ),
        Endpoint::Document(Document::Description) => {
            ("description", SERVICE, "This document", "The description of the API, as OpenAPI 3.1.")
        }
        Endpoint::Live => (
            "live",
            NUMBERS,
            "Documents, won deals and the status as they change",
            "Server-sent events without an end, each with JSON in `data`, and with an `id` once all that is told at first has \
             come; a line that begins with a colon is a sign of life. With the last id that was seen in \
             `Last-Event-ID`, what was missed comes first; with `last_event_id` in the query, all documents and the missed \
             wins. A client that does not read is dropped.\n\n\
             | event | data |\n| --- | --- |\n\
             | `status` | `Status`: first, and when it changes, at most once a second |\n\
             | `document` | `watch` and `document`: every watched document at first, then whenever it says something else |\n\
             | `won`, `won_retracted` | `Won`: a deal that became won, or is so no more |\n\
             | `problem` | `LiveProblem`: a watched document that is no longer there |\n\
             | `reset` | `LiveReset`: the id that was given means nothing here any more; everything comes anew |",
        ),
        Endpoint::Metrics => (
            "metrics",
            SERVICE,
            "Metrics for Prometheus",
            "The chosen KPIs and the service's own metrics, as OpenMetrics 1.0 where `Accept` prefers it.",
        ),
        Endpoint::Alive => (
            "healthz",
            SERVICE,
            "The process is alive",
            "Nothing is looked at: that there is an answer is the answer.",
        ),
        Endpoint::Ready => (
            "readyz",
            SERVICE,
            "The numbers are whole, or why not yet",
            "200 once everything in the log is counted, 503 until then.",
        ),
    };
    Operation { id, tag, summary, about }
}

/// The parameters of a path that are headers.
pub(super) fn headers(endpoint: Endpoint) -> Option<Json> {
    let (name, about) = match endpoint {
        Endpoint::Document(_) => ("If-None-Match", "The ETag of the document that the client has."),
        Endpoint::Live => {
            ("Last-Event-ID", "The id of the last message that the client saw, as browsers send it.")
        }
        Endpoint::Metrics | Endpoint::Alive | Endpoint::Ready => return None,
    };
    Some(json!({ "name": name, "in": "header", "description": about, "schema": { "type": "string" } }))
}
