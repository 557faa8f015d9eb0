//! A client of a Confluent-compatible schema registry.
//!
//! Blocking, for plain threads: called within an async runtime, it panics. It knows texts and numbers, not Avro. Why not
//! `schema_registry_converter`: it reads answers of any length into memory.

use std::io::Read as _;
use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kafka::Secret;

/// The most bytes of an answer that are read. Schemas of events have a few thousand.
pub const MAX_ANSWER_BYTES: u64 = 1 << 20;

const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// Where the registry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryOptions {
    /// Addresses of the same registry, such as `http://registry:8081`; tried in order.
    pub urls: Vec<String>,
    /// The user, where one is needed.
    pub username: Option<String>,
    /// The password; never shown.
    pub password: Option<Secret>,
    /// How long to wait for an answer.
    pub timeout_ms: u64,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            urls: vec!["http://127.0.0.1:8081".to_owned()],
            username: None,
            password: None,
            timeout_ms: 10_000,
        }
    }
}

/// Why the registry does not help.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// None of the addresses answers, or the registry has a failure of its own.
    #[error("schema registry {url} does not answer: {detail}; check the address and the network")]
    Unreachable {
        /// The last address that was tried.
        url: String,
        /// What happened.
        detail: String,
    },
    /// The registry does not let this client in.
    #[error(
        "schema registry {url} refuses user {user:?} with status {status}; check user, password and rights"
    )]
    NotAllowed {
        /// The address.
        url: String,
        /// The user, empty if there is none.
        user: String,
        /// The status of HTTP.
        status: u16,
    },
    /// The registry does not accept a schema.
    #[error(
        "schema registry refuses a schema for subject {subject:?}: {detail}; make it compatible with the versions before"
    )]
    Refused {
        /// The subject.
        subject: String,
        /// The registry's words.
        detail: String,
    },
    /// An answer that is none of a schema registry.
    #[error("{url} answers with {found}; expected a schema registry, check the path of its address")]
    Unexpected {
        /// The address.
        url: String,
        /// What it answers with.
        found: String,
    },
    /// An option is wrong.
    #[error("registry.{option}: {problem}")]
    Configuration {
        /// The option.
        option: &'static str,
        /// What was found and what was expected.
        problem: String,
    },
}

impl RegistryError {
    /// Whether the same call may succeed later without a person's doing.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// A stable name of the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "registry_unreachable",
            Self::NotAllowed { .. } => "registry_not_allowed",
            Self::Refused { .. } => "registry_refused",
            Self::Unexpected { .. } => "registry_unexpected",
            Self::Configuration { .. } => "registry_configuration",
        }
    }
}

/// A schema registry.
#[derive(Debug, Clone)]
pub struct SchemaRegistry {
    client: Client,
    urls: Vec<Url>,
    username: Option<String>,
    password: Option<Secret>,
}

#[derive(Deserialize)]
struct SchemaAnswer {
    schema: String,
}

#[derive(Deserialize)]
struct IdAnswer {
    id: u32,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error_code: u32,
    #[serde(default)]
    message: String,
}

/// What the registry says to a request that reached it.
struct Answer {
    url: String,
    status: StatusCode,
    body: Vec<u8>,
}

impl SchemaRegistry {
    /// A client; connects to nothing yet.
    ///
    /// # Errors
    /// [`RegistryError::Configuration`].
    pub fn new(options: &RegistryOptions) -> Result<Self, RegistryError> {
        let wrong = |option, problem| Err(RegistryError::Configuration { option, problem });
        if !(100..=600_000).contains(&options.timeout_ms) {
            return wrong("timeout_ms", format!("is {}; expected 100 to 600000", options.timeout_ms));
        }
        let mut urls = Vec::new();
        for text in &options.urls {
            match Url::parse(text) {
                Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                    return wrong(
                        "urls",
                        "an address holds a user; use registry.username and registry.password".to_owned(),
                    );
                }
                Ok(url) if matches!(url.scheme(), "http" | "https") => urls.push(url),
                Ok(_) | Err(_) => {
                    return wrong("urls", format!("{text:?} is not an address such as http://registry:8081"));
                }
            }
        }
        if urls.is_empty() {
            return wrong("urls", "there is none; expected at least one address".to_owned());
        }
        let client = Client::builder()
            .timeout(Duration::from_millis(options.timeout_ms))
            .user_agent(concat!("tallyboard/", env!("CARGO_PKG_VERSION")))
            .build();
        match client {
            Ok(client) => Ok(Self {
                client,
                urls,
                username: options.username.clone(),
                password: options.password.clone(),
            }),
            Err(error) => wrong("urls", format!("the client cannot be made: {error}")),
        }
    }

    /// The schema of an id, as text; none if the registry does not have it.
    ///
    /// # Errors
    /// Why it cannot be told; a retry is safe.
    pub fn schema_by_id(&self, id: u32) -> Result<Option<String>, RegistryError> {
        let path = ["schemas", "ids", &id.to_string()];
        let answer = self.ask(&path, |client, url| client.get(url))?;
        if answer.status == StatusCode::NOT_FOUND {
            // A registry tells of a missing schema in its own words; other "not found"s are of a wrong address, and must
            // not make records look as if their schema did not exist.
            return match serde_json::from_slice::<ErrorAnswer>(&answer.body) {
                Ok(error) if (40_401..=40_499).contains(&error.error_code) => Ok(None),
                _ => Err(answer.unexpected()),
            };
        }
        let found: SchemaAnswer = self.read(&answer)?;
        Ok(Some(found.schema))
    }

    /// Registers a schema for a subject, unless it is there already; its id.
    ///
    /// # Errors
    /// [`RegistryError::Refused`] if it is not compatible or no schema; a retry is safe.
    pub fn register(&self, subject: &str, schema_text: &str) -> Result<u32, RegistryError> {
        let body = serde_json::json!({ "schema": schema_text, "schemaType": "AVRO" }).to_string();
        let path = ["subjects", subject, "versions"];
        let answer = self.ask(&path, |client, url| {
            client.post(url).header("content-type", CONTENT_TYPE).body(body.clone())
        })?;
        if matches!(answer.status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) {
            let detail = serde_json::from_slice(&answer.body)
                .map_or_else(|_| answer.excerpt(), |error: ErrorAnswer| error.message);
            return Err(RegistryError::Refused { subject: subject.to_owned(), detail });
        }
        let found: IdAnswer = self.read(&answer)?;
        Ok(found.id)
    }

    /// Asks one address after the other until one answers.
    fn ask(
        &self,
        path: &[&str],
        request: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let mut failure = None;
        for base in &self.urls {
            let mut url = base.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(path);
            }
            let mut request = request(&self.client, url).header("accept", CONTENT_TYPE);
            if let Some(username) = &self.username {
                request = request.basic_auth(username, self.password.as_ref().map(Secret::reveal));
            }
            match answer_of(base, request) {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::debug!("{error}");
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| RegistryError::Configuration {
            option: "urls",
            problem: "there is none".to_owned(),
        }))
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, answer: &Answer) -> Result<T, RegistryError> {
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(RegistryError::NotAllowed {
                url: answer.url.clone(),
                user: self.username.clone().unwrap_or_default(),
                status: answer.status.as_u16(),
            });
        }
        if !answer.status.is_success() {
            return Err(answer.unexpected());
        }
        serde_json::from_slice(&answer.body).map_err(|_| answer.unexpected())
    }
}

impl Answer {
    fn unexpected(&self) -> RegistryError {
        RegistryError::Unexpected {
            url: self.url.clone(),
            found: format!("status {} and {:?}", self.status.as_u16(), self.excerpt()),
        }
    }

    /// The start of the answer, for messages.
    fn excerpt(&self) -> String {
        let start = &self.body[..self.body.len().min(200)];
        String::from_utf8_lossy(start).into_owned()
    }
}

fn answer_of(base: &Url, request: RequestBuilder) -> Result<Answer, RegistryError> {
    let unreachable = |detail: String| RegistryError::Unreachable { url: base.to_string(), detail };
    let response = request.send().map_err(|error| unreachable(with_causes(&error)))?;
    let status = response.status();
    let mut body = Vec::new();
    response
        .take(MAX_ANSWER_BYTES + 1)
        .read_to_end(&mut body)
        .map_err(|error| unreachable(with_causes(&error)))?;
    if body.len() as u64 > MAX_ANSWER_BYTES {
        return Err(RegistryError::Unexpected {
            url: base.to_string(),
            found: format!("more than {MAX_ANSWER_BYTES} bytes"),
        });
    }
    let answer = Answer { url: base.to_string(), status, body };
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(unreachable(format!("status {}: {}", status.as_u16(), answer.excerpt())));
    }
    Ok(answer)
}

/// An error with what caused it: reqwest's own words are only "error sending request".
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that gives these answers, one a connection, and what it was asked.
    fn server(answers: Vec<(u16, String)>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            answers
                .into_iter()
                .map(|(status, body)| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut request = Vec::new();
                    let mut piece = [0; 4_096];
                    while !complete(&request) {
                        let count = stream.read(&mut piece).unwrap();
                        request.extend_from_slice(&piece[..count]);
                    }
                    let head = format!(
                        "HTTP/1.1 {status} Any\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    // The client may hang up before it has read an answer that is too long.
                    let _ =
                        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
                    String::from_utf8(request).unwrap()
                })
                .collect()
        });
        (url, asked)
    }

    fn complete(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        body.len() >= length
    }

    fn registry(urls: Vec<String>) -> SchemaRegistry {
        SchemaRegistry::new(&RegistryOptions {
            urls,
            username: Some("me".to_owned()),
            password: Some(Secret::new("open-sesame")),
            timeout_ms: 5_000,
        })
        .unwrap()
    }

    #[test]
    fn schemas_are_found_or_not_or_the_answer_is_no_registrys() {
        let long = format!(r#"{{"schema":"{}"}}"#, "x".repeat(1 << 20));
        for (status, body, expected) in [
            (200, r#"{"schema":"\"string\""}"#, Ok(Some("\"string\""))),
            (404, r#"{"error_code":40403,"message":"Schema not found"}"#, Ok(None)),
            (404, r#"{"error_code":404,"message":"HTTP 404"}"#, Err("registry_unexpected")),
            (404, "<html>nothing here</html>", Err("registry_unexpected")),
            (200, "<html>welcome</html>", Err("registry_unexpected")),
            (200, &long, Err("registry_unexpected")),
            (401, "{}", Err("registry_not_allowed")),
            (503, "busy", Err("registry_unreachable")),
        ] {
            let (url, asked) = server(vec![(status, body.to_owned())]);
            let found = registry(vec![url]).schema_by_id(7);
            let found = found.as_ref().map(Option::as_deref).map_err(RegistryError::code);
            assert_eq!(found, expected, "{status}");
            let asked = asked.join().unwrap();
            assert!(asked[0].starts_with("GET /base/schemas/ids/7 HTTP/1.1\r\n"), "{}", asked[0]);
            assert!(asked[0].contains("authorization: Basic bWU6b3Blbi1zZXNhbWU="), "{}", asked[0]);
        }
    }

    #[test]
    fn schemas_are_registered_or_refused() {
        let (url, asked) = server(vec![
            (200, r#"{"id":12}"#.to_owned()),
            (409, r#"{"error_code":409,"message":"incompatible"}"#.to_owned()),
        ]);
        let registry = registry(vec![url]);
        assert_eq!(registry.register("deals/a-value", "\"string\""), Ok(12));
        let error = registry.register("deals/a-value", "\"int\"").unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("registry_refused", false));
        assert!(error.to_string().contains("incompatible"), "{error}");
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("POST /base/subjects/deals%2Fa-value/versions "), "{}", asked[0]);
        assert!(asked[0].ends_with(r#"{"schema":"\"string\"","schemaType":"AVRO"}"#), "{}", asked[0]);
    }

    #[test]
    fn the_next_address_is_tried_and_no_message_shows_the_password() {
        let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (url, asked) = server(vec![(200, r#"{"schema":"{}"}"#.to_owned())]);
        let both = registry(vec![format!("http://{dead}"), url]);
        assert_eq!(both.schema_by_id(1), Ok(Some("{}".to_owned())));
        asked.join().unwrap();
        let error = registry(vec![format!("http://{dead}")]).schema_by_id(1).unwrap_err();
        assert!(error.is_retryable());
        assert!(!format!("{error} {both:?}").contains("open-sesame"));
    }

    #[test]
    fn wrong_options_are_named() {
        for (urls, timeout_ms) in [
            (vec![], 1_000),
            (vec!["registry:8081"], 1_000),
            (vec!["ftp://registry"], 1_000),
            (vec!["http://me:open-sesame@registry"], 1_000),
            (vec!["http://registry"], 1),
        ] {
            let options = RegistryOptions {
                urls: urls.into_iter().map(str::to_owned).collect(),
                timeout_ms,
                ..RegistryOptions::default()
            };
            let error = SchemaRegistry::new(&options).unwrap_err();
            assert_eq!(error.code(), "registry_configuration");
            assert!(!error.to_string().contains("open-sesame"), "{error}");
        }
    }
}
