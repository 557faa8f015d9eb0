//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kpi::Kpi;
use model::PeriodKind;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// What was found, what was expected.
    pub(crate) detail: String,
    /// When to ask again, if that may help.
    pub(crate) retry_after_seconds: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_seconds: None }
    }

    /// A parameter is not as expected.
    pub(crate) fn parameter(name: &str, found: &str, expected: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("parameter {name} is {found:?}; expected {expected}"))
    }

    /// A parameter is of its form, but does not go with the others or means nothing here.
    pub(crate) fn contradiction(name: &str, found: &str, expected: &str) -> Self {
        let detail = format!("parameter {name} is {found:?}; expected {expected}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// The KPI is not told for the kind of period.
    pub(crate) fn not_told_for(kpi: &Kpi, kind: Option<PeriodKind>) -> Self {
        let found = kind.map_or("what stands now", |kind| kind.name());
        let detail = format!(
            "parameter kpi is {:?}, which is not told for {found}, but for {}",
            kpi.name,
            kpi.told_for()
        );
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// There is no answer now, but there may be one after so many seconds.
    pub(crate) fn unavailable(seconds: u32, detail: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

/// Why a request has no answer (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemDocument<'a> {
    /// Always about:blank: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// The status in words.
    title: &'a str,
    /// What was found, what was expected.
    detail: &'a str,
}

impl Problem {
    pub(crate) fn document(&self) -> ProblemDocument<'_> {
        ProblemDocument {
            r#type: "about:blank",
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error"),
            detail: &self.detail,
        }
    }

    /// The answer, with a body that holds the problem's document.
    pub(crate) fn answer(&self, body: &impl Serialize) -> Response {
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(Self::MEDIA_TYPE));
        response
    }

    pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.answer(&self.document())
    }
}
