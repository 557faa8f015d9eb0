//! The documents of the API without HTTP, for the command line: the same numbers in the same form.

use std::time::Duration;

use axum::http::Uri;
use board::Board;
use explain::Explainer;
use model::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::api;
use crate::balance;
use crate::explanation;
use crate::openapi;
use crate::options::ServeOptions;
use crate::parameters::{Parameter, Parameters};
use crate::problem::Problem;

/// What `/api/v1/kpis?query` answers.
///
/// # Errors
/// The detail of the problem that would be answered: a parameter that is not as expected, an id that does not exist.
pub fn kpis_json(board: &Board, query: &str, now: Timestamp) -> Result<Value, String> {
    answer(query, api::KPI_PARAMETERS, |parameters| api::kpis(board, parameters, now))
}

/// What `/api/v1/leaderboard?query` answers.
///
/// # Errors
/// As [`kpis_json`].
pub fn leaderboard_json(board: &Board, query: &str, now: Timestamp) -> Result<Value, String> {
    let options = ServeOptions { leaderboard_rows_max: usize::MAX, ..ServeOptions::default() };
    answer(query, api::LEADERBOARD_PARAMETERS, |parameters| {
        api::leaderboard(board, parameters, &options, now)
    })
}

/// What `/api/v1/explain?query` answers; it may take as long as it takes, and a page have any number of causes.
///
/// # Errors
/// As [`kpis_json`], and if the explainer has no states.
pub fn explanation_json(
    board: &Board,
    explainer: &Explainer,
    query: &str,
    now: Timestamp,
) -> Result<Value, String> {
    /// Longer than anybody waits.
    const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
    answer(query, explanation::EXPLAIN_PARAMETERS, |parameters| {
        explanation::explain(board, explainer, parameters, (PATIENCE, usize::MAX), now)
    })
}

/// What `/api/v1/territories/balance` answers.
///
/// # Errors
/// That the document cannot be written.
pub fn balance_json(board: &Board, now: Timestamp) -> Result<Value, String> {
    serde_json::to_value(balance::territories(board, now)).map_err(|error| error.to_string())
}

/// What `/api/v1/openapi.json` answers.
#[must_use]
pub fn openapi_json(options: &ServeOptions) -> Value {
    openapi::document(options)
}

/// A value as it stands in a query.
#[must_use]
pub fn encode_value(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn answer<T: Serialize>(
    query: &str,
    known: &[&dyn Parameter],
    document: impl FnOnce(&Parameters) -> Result<T, Problem>,
) -> Result<Value, String> {
    let uri: Uri = format!("/?{query}").parse().map_err(|error| format!("query {query:?}: {error}"))?;
    let parameters = Parameters::read(&uri, known).map_err(|problem| problem.detail)?;
    let document = document(&parameters).map_err(|problem| problem.detail)?;
    serde_json::to_value(document).map_err(|error| error.to_string())
}
