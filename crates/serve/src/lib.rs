//! The faces of the board: `/metrics`, the HTTP API, its live feed, the web page, health.
//!
//! This room shows what `board` tells. It must not know engine, event log or runtime; the clock is handed in. All
//! pages are read-only: there is no request that changes anything.
//!
//! Invariants: SERVE-1, a number means what the KPI catalogue says wherever it is shown, and what is absent is shown as
//! absent (no series, null) with its reason in the API; SERVE-2, no request can stop another for longer than its
//! timeout, nor make the service hold more than its limits; SERVE-3, every error is an RFC 9457 problem document.

mod alerts;
mod api;
mod balance;
mod catalogue;
mod connection;
mod contests;
mod documents;
mod explanation;
mod figures;
mod health;
mod live;
mod metrics;
mod negotiation;
mod openapi;
mod options;
mod page;
mod parameters;
mod problem;
mod question;
mod restatements;
mod router;
mod series;
mod status;

pub use alerts::{AlertLines, AlertLinesError};
pub use connection::serve;
pub use documents::{
    balance_json, encode_value, explanation_json, kpis_json, leaderboard_json, openapi_json,
};
pub use options::{ServeOptions, ServeOptionsError};
pub use router::{Clock, ServeState, router};
