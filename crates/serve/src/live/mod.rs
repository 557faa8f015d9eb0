//! `/api/v1/live`: documents and closed deals as they change, as server-sent events.
//!
//! A client names documents of the API and is sent each at first, then whenever it says something else. Each document is
//! written once for all who watch it; a client that does not read is dropped and comes back with the last id it saw.

mod clients;
mod frame;
mod hub;
mod metrics;
mod stream;
mod watch;
mod won;

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::connection::Ending;
use crate::problem::Problem;
use crate::router::Shared;

pub(crate) use frame::{Event as LiveEvent, LiveProblem, LiveReset};
pub(crate) use hub::Hub;
pub(crate) use watch::LIVE_PARAMETERS;
pub(crate) use won::WonDocument;

pub(crate) async fn live(
    State(shared): State<Shared>,
    ending: Option<Extension<Ending>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let options = shared.options();
    let request = watch::Request::read(&uri, &headers, options)?;
    let seconds = options.request_timeout_seconds;
    let joining = shared.hub().join(&shared, request);
    let Ok(feed) = tokio::time::timeout(Duration::from_secs(seconds), joining).await else {
        let detail =
            format!("the documents were not there within {seconds} seconds; watch fewer, or come back");
        return Err(Problem::unavailable(1, detail));
    };
    // The second one is for nginx, which otherwise collects what it passes on.
    let headers = [(header::CONTENT_TYPE.as_str(), "text/event-stream"), ("x-accel-buffering", "no")];
    Ok((headers, feed?.body(ending.map(|Extension(ending)| ending))).into_response())
}
