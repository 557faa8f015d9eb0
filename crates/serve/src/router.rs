//! Paths, limits, and what every response carries.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use board::{Board, Contest};
use explain::Explainer;
use kpi::Choice;
use model::Timestamp;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::alerts::AlertLines;
use crate::live::{self, Hub};
use crate::negotiation::Format;
use crate::options::ServeOptions;
use crate::parameters::Parameter;
use crate::problem::Problem;
use crate::question::{Document, Question};
use crate::{health, metrics, openapi, page};

/// Tells the time; a test sets it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is shown, and how.
#[derive(Clone)]
pub struct ServeState {
    /// The numbers.
    pub board: Arc<Board>,
    /// The KPIs that are exported as metrics.
    pub choice: Choice,
    /// The contests that go on, come or are over.
    pub contests: Vec<Contest>,
    /// Opens numbers into what they are made of.
    pub explainer: Arc<Explainer>,
    /// The service's own metrics.
    pub registry: prometheus::Registry,
    /// Where alerts begin.
    pub alerts: AlertLines,
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
    /// What clients of the live feed are told.
    hub: Arc<Hub>,
    /// The API's page for people, made when it is asked for first.
    api_page: Arc<OnceLock<Bytes>>,
}

impl Shared {
    pub(crate) fn board(&self) -> &Board {
        &self.state.board
    }

    pub(crate) fn state(&self) -> &ServeState {
        &self.state
    }

    pub(crate) fn options(&self) -> &ServeOptions {
        &self.state.options
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.state.clock)()
    }

    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Does work that takes a while on a thread of its own, once it is its turn. The turn ends with the work, even if
    /// the request has been given up by then, so that requests that were given up cannot pile up.
    pub(crate) async fn work<T: Send + 'static>(
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
            Err(_) => Err(Problem::unavailable(
                1,
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

/// What programs ask for, each at a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Document(Document),
    Live,
    Metrics,
    Alive,
    Ready,
}

impl Endpoint {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let documents = Document::ALL.into_iter().map(Self::Document);
        documents.chain([Self::Live, Self::Metrics, Self::Alive, Self::Ready])
    }

    pub(crate) fn path(self) -> String {
        match self {
            Self::Document(document) => format!("/api/v1/{}", document.path()),
            Self::Live => "/api/v1/live".to_owned(),
            Self::Metrics => "/metrics".to_owned(),
            Self::Alive => "/healthz".to_owned(),
            Self::Ready => "/readyz".to_owned(),
        }
    }

    pub(crate) fn parameters(self) -> &'static [&'static dyn Parameter] {
        match self {
            Self::Document(document) => document.parameters(),
            Self::Live => live::LIVE_PARAMETERS,
            Self::Metrics | Self::Alive | Self::Ready => &[],
        }
    }

    fn handler(self) -> MethodRouter<Shared> {
        match self {
            Self::Document(document) => {
                get(async move |State(shared): State<Shared>, uri: Uri, headers: HeaderMap| {
                    answer(&shared, document, &uri, &headers).await
                })
            }
            Self::Live => get(live::live),
            Self::Metrics => get(metrics_page),
            Self::Alive => get(health::alive),
            Self::Ready => get(health::ready),
        }
    }
}

/// All paths.
pub fn router(state: ServeState) -> Router {
    let turns = Arc::new(Semaphore::new(state.options.concurrent_requests_max));
    let hub = Arc::new(Hub::new(&state.registry));
    let shared = Shared { state: Arc::new(state), turns, hub, api_page: Arc::default() };
    Endpoint::all()
        .fold(Router::new(), |router, endpoint| router.route(&endpoint.path(), endpoint.handler()))
        .route("/", get(page::index))
        .route("/page/{*path}", get(page::file))
        .route("/api", get(api_page))
        .fallback(no_such_path)
        .with_state(shared.clone())
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| internal().into_response()))
        .layer(from_fn_with_state(shared, guard))
}

/// What there is, for people.
async fn api_page(State(shared): State<Shared>) -> impl IntoResponse {
    let policy = [(header::CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY)];
    let page = shared.api_page.get_or_init(|| openapi::page(&openapi::document(shared.options())).into());
    (policy, Html(Bytes::clone(page)))
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

async fn answer(
    shared: &Shared,
    document: Document,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let question = Question::read(document, uri)?;
    let told = shared.work(move |state| question.answer(state, (state.clock)())).await?;
    Ok(told.answer(headers))
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
