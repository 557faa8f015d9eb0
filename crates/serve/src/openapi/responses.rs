//! What each path may answer.

use axum::http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value as Json, json};

use super::words;
use crate::health::{NotReadyDocument, ReadinessDocument};
use crate::live::{LiveEvent, LiveProblem, LiveReset, WonDocument};
use crate::negotiation::Format;
use crate::options::ServeOptions;
use crate::parameters::ID;
use crate::problem::{Problem, ProblemDocument};
use crate::question::Document;
use crate::router::Endpoint;
use crate::{api, balance, catalogue, contests, explanation, restatements, series, status};

/// What any path may answer.
const ANYWHERE: [StatusCode; 4] = [
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::URI_TOO_LONG,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
];

/// The problems that documents and the live feed have besides.
const ASKED: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::SERVICE_UNAVAILABLE,
];

fn problems(endpoint: Endpoint) -> impl Iterator<Item = StatusCode> {
    let parameters = endpoint.parameters();
    let has_id = parameters.iter().any(|parameter| parameter.name() == ID.name);
    let asked = ASKED.into_iter().filter(move |status| match (endpoint, *status) {
        (Endpoint::Document(_), StatusCode::NOT_FOUND) => has_id,
        (Endpoint::Document(_), StatusCode::UNPROCESSABLE_ENTITY) => !parameters.is_empty(),
        (Endpoint::Live, status) => {
            matches!(status, StatusCode::BAD_REQUEST | StatusCode::SERVICE_UNAVAILABLE)
        }
        (Endpoint::Document(_), _) | (Endpoint::Metrics, StatusCode::SERVICE_UNAVAILABLE) => true,
        (Endpoint::Metrics | Endpoint::Alive | Endpoint::Ready, _) => false,
    });
    ANYWHERE.into_iter().chain(asked)
}

/// The name of a problem among the shared responses.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Problem").replace(' ', "")
}

pub(super) fn of(endpoint: Endpoint, schemas: &mut SchemaGenerator) -> Json {
    let problem = |status: StatusCode| {
        let shared = json!({ "$ref": format!("#/components/responses/{}", name(status)) });
        (status.as_u16().to_string(), shared)
    };
    let mut responses: Map<String, Json> = problems(endpoint).map(problem).collect();
    let mut add = |status: StatusCode, response| {
        responses.insert(status.as_u16().to_string(), response);
    };
    match endpoint {
        Endpoint::Document(document) => {
            let headers = json!({ "ETag": header("ETag"), "Cache-Control": header("Cache-Control") });
            let content = json!({ "application/json": { "schema": schema(document, schemas) } });
            let response = json!({ "description": "The document.", "headers": headers, "content": content });
            add(StatusCode::OK, response);
            let about = "The document is as the client has it.";
            add(StatusCode::NOT_MODIFIED, json!({ "description": about, "headers": headers }));
        }
        Endpoint::Live => {
            let about = "The events. `x-events` has each kind by its name, with the schema of its `data`.";
            let stream = json!({ "schema": { "type": "string" }, "x-events": events(schemas) });
            let content = json!({ "text/event-stream": stream });
            add(StatusCode::OK, json!({ "description": about, "content": content }));
        }
        Endpoint::Metrics => {
            let text = json!({ "schema": { "type": "string" } });
            let content: Map<String, Json> = [Format::Text, Format::OpenMetrics]
                .map(|format| (format.content_type().to_owned(), text.clone()))
                .into_iter()
                .collect();
            add(StatusCode::OK, json!({ "description": "The metrics.", "content": content }));
        }
        Endpoint::Alive => {
            let content = json!({ "text/plain; charset=utf-8": { "schema": { "type": "string", "const": "alive\n" } } });
            add(StatusCode::OK, json!({ "description": "It is.", "content": content }));
        }
        Endpoint::Ready => {
            let ready = schemas.subschema_for::<ReadinessDocument>();
            let content = json!({ "application/json": { "schema": ready } });
            add(StatusCode::OK, json!({ "description": "They are whole.", "content": content }));
            let not_ready = schemas.subschema_for::<NotReadyDocument<'_>>();
            let content = json!({ Problem::MEDIA_TYPE: { "schema": not_ready } });
            let headers = json!({ "Retry-After": header("Retry-After") });
            let response = json!({ "description": "They are not.", "headers": headers, "content": content });
            add(StatusCode::SERVICE_UNAVAILABLE, response);
        }
    }
    responses.sort_keys();
    responses.into()
}

/// The events of the live feed: when each comes, and what its data are.
fn events(schemas: &mut SchemaGenerator) -> Json {
    let event = |event: LiveEvent| {
        let (about, data): (&str, Json) = match event {
            LiveEvent::Document => {
                ("A watched document: at first, then whenever it says something else.", watched(schemas))
            }
            LiveEvent::Problem => (
                "A watched document is no longer there, as of a rep who is gone. It may come back.",
                schemas.subschema_for::<LiveProblem<'_>>().into(),
            ),
            LiveEvent::Won => {
                ("A deal became won a moment ago.", schemas.subschema_for::<WonDocument<'_>>().into())
            }
            LiveEvent::WonRetracted => (
                "A deal is no longer won: reopened, lost, deleted, or closed earlier than was known.",
                schemas.subschema_for::<WonDocument<'_>>().into(),
            ),
            LiveEvent::Status => (
                "The document of `/api/v1/status`: first, and when it changes.",
                schemas.subschema_for::<status::StatusDocument>().into(),
            ),
            LiveEvent::Reset => (
                "The id that was given means nothing here any more; everything comes anew.",
                schemas.subschema_for::<LiveReset<'_>>().into(),
            ),
        };
        (event.name().to_owned(), json!({ "description": about, "data": data }))
    };
    LiveEvent::ALL.map(event).into_iter().collect::<Map<String, Json>>().into()
}

/// A watched document, with what was watched: each document that may be is one of those that it may be.
fn watched(schemas: &mut SchemaGenerator) -> Json {
    let watchable = Document::ALL.into_iter().filter(|document| document.is_watchable());
    let documents: Vec<Json> = watchable
        .map(|document| {
            let pattern = format!("^{}([?].*)?$", document.path());
            let properties = json!({
                "watch": { "type": "string", "pattern": pattern, "description": "As the client gave it." },
                "document": schema(document, schemas),
            });
            json!({ "type": "object", "properties": properties, "required": ["watch", "document"] })
        })
        .collect();
    json!({ "oneOf": documents })
}

fn schema(document: Document, schemas: &mut SchemaGenerator) -> Json {
    match document {
        Document::Kpis => schemas.subschema_for::<api::KpisDocument>(),
        Document::Leaderboard => schemas.subschema_for::<api::LeaderboardDocument>(),
        Document::Balance => schemas.subschema_for::<balance::BalanceDocument>(),
        Document::Series => schemas.subschema_for::<series::SeriesDocument>(),
        Document::Contests => schemas.subschema_for::<contests::ContestsDocument>(),
        Document::Status => schemas.subschema_for::<status::StatusDocument>(),
        Document::Explain => schemas.subschema_for::<explanation::ExplanationDocument>(),
        Document::Restatements => schemas.subschema_for::<restatements::RestatementsDocument>(),
        Document::Catalogue => schemas.subschema_for::<catalogue::CatalogueDocument>(),
        Document::Description => {
            return json!({ "type": "object", "required": ["openapi", "info", "paths", "components"] });
        }
    }
    .into()
}

/// The problems, each once.
pub(super) fn shared(options: &ServeOptions) -> Json {
    let response = |status: StatusCode| {
        let about = match status {
            StatusCode::METHOD_NOT_ALLOWED => "To any method but GET and HEAD, on every path.".to_owned(),
            StatusCode::URI_TOO_LONG => {
                format!("Path and query have more than {} bytes.", options.uri_bytes_max)
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                format!("The headers have more than {} bytes.", options.header_bytes_max)
            }
            StatusCode::INTERNAL_SERVER_ERROR => {
                "Something failed inside the service; its log has it.".to_owned()
            }
            StatusCode::BAD_REQUEST => {
                "A parameter is not known, there twice, missing, or not as described here.".to_owned()
            }
            StatusCode::NOT_FOUND => "Nothing has that id.".to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY => {
                "Each parameter is as described here, but they do not go together, or mean \
                nothing in this organisation."
                    .to_owned()
            }
            _ => "There is no answer now, but there may be one soon.".to_owned(),
        };
        let mut response = json!({
            "description": about,
            "content": { Problem::MEDIA_TYPE: { "schema": words::reference::<ProblemDocument<'_>>() } },
        });
        let with = match status {
            StatusCode::METHOD_NOT_ALLOWED => Some("Allow"),
            StatusCode::SERVICE_UNAVAILABLE => Some("Retry-After"),
            _ => None,
        };
        if let Some(with) = with {
            response["headers"] = json!({ with: header(with) });
        }
        (name(status), response)
    };
    ANYWHERE.into_iter().chain(ASKED).map(response).collect::<Map<String, Json>>().into()
}

fn header(name: &str) -> Json {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

pub(super) fn headers() -> Json {
    let header =
        |about: &str, schema: Json| json!({ "description": about, "required": true, "schema": schema });
    json!({
        "ETag": header("Another one whenever the document says something else.", json!({ "type": "string", "pattern": "^W/\"[0-9a-f]{16}\"$" })),
        "Cache-Control": header("That the document is asked for again, with its ETag.", json!({ "type": "string", "const": "no-cache" })),
        "Retry-After": header("After how many seconds to ask again.", json!({ "type": "integer", "minimum": 1 })),
        "Allow": header("The methods that there are.", json!({ "type": "string", "const": "GET, HEAD" })),
    })
}
