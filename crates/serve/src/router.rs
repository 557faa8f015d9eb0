//! Paths, limits, and what every response carries.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use board::Board;
use explain::Explainer;
use kpi::Choice;
use model::Timestamp;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::negotiation::Format;
use crate::options::ServeOptions;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::{api, balance, explanation, health, metrics, page, restatements};

/// Tells the time; a test sets it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is shown, and how.
#[derive(Clone)]
pub struct ServeState {
    /// The numbers.
    pub board: Arc<Board>,
    /// The KPIs that are exported as metrics.
    pub choice: Choice,
    /// Opens numbers into what they are made of.
    pub explainer: Arc<Explainer>,
    /// The service's own metrics.
    pub registry: prometheus::Registry,
    /// The time of day.
    pub clock: Clock,
    /// Limits.
    pub options: ServeOptions,
}

impl std::fmt::Debug for ServeState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServeState").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The state of all handlers.
#[derive(Clone)]
pub(crate) struct Shared {
    state: Arc<ServeState>,
    /// One permit for each request that may read the board at once.
    turns: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn board(&self) -> &Board {
        &self.state.board
    }

    /// Does work that takes a while on a thread of its own, once it is its turn. The turn ends with the work, even if
    /// the request has been given up by then, so that requests that were given up cannot pile up.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ServeState) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let seconds = self.state.options.request_timeout_seconds;
        let turns = Arc::clone(&self.turns);
        let state = Arc::clone(&self.state);
        let turn_and_work = async move {
            let turn = turns.acquire_owned().await;
            tokio::task::spawn_blocking(move || {
                let _turn = turn;
                work(&state)
            })
            .await
        };
        match tokio::time::timeout(Duration::from_secs(seconds), turn_and_work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::error!(%error, "a request could not be answered");
                Err(internal())
            }
            Err(_) => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!(
                    "there was no answer within {seconds} seconds; ask less often or raise request_timeout_seconds"
                ),
            )),
        }
    }
}

fn internal() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the answer failed for a reason inside the service; see its log",
    )
}

/// All paths.
pub fn router(state: ServeState) -> Router {
    let turns = Arc::new(Semaphore::new(state.options.concurrent_requests_max));
    let shared = Shared { state: Arc::new(state), turns };
    Router::new()
        .route("/", get(page::index))
        .route("/page/{*path}", get(page::file))
        .route("/api", get(page::endpoints))
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/kpis", get(kpis))
        .route("/api/v1/leaderboard", get(leaderboard))
        .route("/api/v1/explain", get(explain))
        .route("/api/v1/restatements", get(restated))
        .route("/api/v1/territories/balance", get(territory_balance))
        .route("/api/v1/catalogue", get(catalogue))
        .fallback(no_such_path)
        .with_state(shared.clone())
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| internal().into_response()))
        .layer(from_fn_with_state(shared, guard))
}

async fn metrics_page(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let format = Format::negotiate(&headers);
    let page = shared.work(move |state| {
        let now = (state.clock)();
        Ok(metrics::page(state, now, format))
    });
    let headers = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "accept")];
    Ok((headers, page.await?).into_response())
}

async fn kpis(State(shared): State<Shared>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    let parameters = Parameters::read(&uri, api::KPI_PARAMETERS)?;
    json(&shared, move |state| api::kpis(&state.board, &parameters, (state.clock)())).await
}

async fn leaderboard(State(shared): State<Shared>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    let parameters = Parameters::read(&uri, api::LEADERBOARD_PARAMETERS)?;
    json(&shared, move |state| api::leaderboard(&state.board, &parameters, &state.options, (state.clock)()))
        .await
}

async fn territory_balance(State(shared): State<Shared>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    Parameters::read(&uri, &[])?;
    json(&shared, |state| Ok(balance::territories(&state.board, (state.clock)()))).await
}

async fn explain(State(shared): State<Shared>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    let parameters = Parameters::read(&uri, explanation::EXPLAIN_PARAMETERS)?;
    json(&shared, move |state| {
        let now = (state.clock)();
        let limits = (within(state), explanation::CAUSES_MAX);
        explanation::explain(&state.board, &state.explainer, &parameters, limits, now)
    })
    .await
}

async fn restated(State(shared): State<Shared>, uri: Uri) -> Result<impl IntoResponse, Problem> {
    let parameters = Parameters::read(&uri, restatements::RESTATEMENTS_PARAMETERS)?;
    json(&shared, move |state| {
        let now = (state.clock)();
        restatements::restatements(&state.board, &state.explainer, &parameters, within(state), now)
    })
    .await
}

/// How long an answer may be worked on: the rest of the request's time is for it to be written.
fn within(state: &ServeState) -> Duration {
    Duration::from_secs(state.options.request_timeout_seconds).mul_f64(0.9)
}

async fn catalogue(State(shared): State<Shared>) -> impl IntoResponse {
    Json(api::catalogue(&shared.state.choice))
}

async fn json<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&ServeState) -> Result<T, Problem> + Send + 'static,
) -> Result<Json<T>, Problem> {
    shared.work(work).await.map(Json)
}

async fn no_such_path(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {:?}; see /api for what there is", uri.path()))
}

/// Refuses what is too large or would change something, before anything looks at it.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let refused = check(&request, &shared.state.options);
    let mut response = match refused {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Answers are of the moment, but for those that say how long they hold.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

fn check(request: &Request, options: &ServeOptions) -> Option<Problem> {
    let method = request.method();
    if method != Method::GET && method != Method::HEAD {
        let detail = format!("the method is {}; expected GET or HEAD", method.as_str().escape_debug());
        return Some(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
    }
    let uri_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if uri_bytes > options.uri_bytes_max {
        let detail =
            format!("path and query have {uri_bytes} bytes; expected at most {}", options.uri_bytes_max);
        return Some(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let headers = request.headers().iter();
    let header_bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if header_bytes > options.header_bytes_max {
        let detail =
            format!("headers have {header_bytes} bytes; expected at most {}", options.header_bytes_max);
        return Some(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    None
}
