//! The web page: files that are part of the program, under `/` and `/page/`.
//!
//! Nothing is made here: a file is what it is, and its ETag changes with it alone. The page gets its numbers from the
//! API like any other client.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Everything comes from here, and nothing is run that is not a file of the page.
pub(crate) const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../page/", $path)))),*]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "index.html",
    "icon.svg",
    "css/activities.css",
    "css/api.css",
    "css/celebration.css",
    "css/colours.css",
    "css/contests.css",
    "css/drawer.css",
    "css/finder.css",
    "css/frame.css",
    "css/funnel.css",
    "css/leaderboard.css",
    "css/parts.css",
    "css/tables.css",
    "css/territories.css",
    "css/tiles.css",
    "css/tv.css",
    "ask.js",
    "catalogue.js",
    "causes.js",
    "celebration.js",
    "confetti.js",
    "explain.js",
    "figure.js",
    "finder.js",
    "frame.js",
    "kept.js",
    "live.js",
    "node.js",
    "page.js",
    "parts.js",
    "periods.js",
    "pickers.js",
    "renew.js",
    "route.js",
    "start.js",
    "states.js",
    "text.js",
    "theme.js",
    "tiles.js",
    "value.js",
    "verdict.js",
    "charts/bars.js",
    "charts/sparkline.js",
    "text/en-rest.js",
    "text/en.js",
    "text/ja-rest.js",
    "text/ja.js",
    "views/activities.js",
    "views/company.js",
    "views/contests.js",
    "views/funnel.js",
    "views/leaderboard.js",
    "views/pipeline.js",
    "views/rep.js",
    "views/territories.js",
    "views/tv.js",
];

/// A file as it is answered.
struct File {
    content: &'static [u8],
    content_type: &'static str,
    etag: String,
}

static BY_PATH: LazyLock<HashMap<&'static str, File>> = LazyLock::new(|| {
    let file = |&(path, content): &(&'static str, &'static [u8])| {
        let mut hasher = DefaultHasher::new();
        hasher.write(content);
        let etag = format!("\"{:016x}\"", hasher.finish());
        (path, File { content, content_type: content_type(path), etag })
    };
    FILES.iter().map(file).collect()
});

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// `/`
pub(crate) async fn index(headers: HeaderMap) -> Result<Response, Problem> {
    answer("index.html", &headers)
}

/// `/page/{path}`
pub(crate) async fn file(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&path, &headers)
}

fn answer(path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
    let file = BY_PATH.get(path).ok_or_else(|| {
        Problem::not_found(format!("the page has no file {path:?}; see / for the page itself"))
    })?;
    let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &file.etag));
    let headers = [
        (header::ETAG, HeaderValue::from_str(&file.etag).unwrap_or(HeaderValue::from_static("\"\""))),
        // It may be kept, but has to be asked for: a new release shows at once.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, file.content_type)];
    Ok((headers, content_type, file.content).into_response())
}

/// Whether an `If-None-Match` names a tag. A proxy that compresses makes it a weak one (RFC 9110, section 13.1.2).
fn names(value: &HeaderValue, etag: &str) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    text.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}
