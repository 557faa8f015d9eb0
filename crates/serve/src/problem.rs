//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// What was found, what was expected.
    pub(crate) detail: String,
    /// When to ask again, if that may help.
    retry_after_seconds: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_seconds: None }
    }

    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// A parameter is not as expected.
    pub(crate) fn parameter(name: &str, found: &str, expected: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("parameter {name} is {found:?}; expected {expected}"))
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    status: u16,
    title: &'a str,
    detail: &'a str,
}

impl Problem {
    pub(crate) fn document(&self) -> impl Serialize + use<'_> {
        Document {
            r#type: "about:blank",
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error"),
            detail: &self.detail,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.document())).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}
