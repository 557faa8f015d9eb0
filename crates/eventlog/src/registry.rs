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
    /// What the registry answers about one schema, and will answer again: it does not concern any other schema.
    #[error("{url} does not give the schema: it answers with {found}, which waiting does not change")]
    Unreadable {
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

    /// Whether the registry is well and only this one schema cannot be had, however often it is asked for.
    #[must_use]
    pub fn concerns_one_schema(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    /// A stable name of the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "registry_unreachable",
            Self::NotAllowed { .. } => "registry_not_allowed",
            Self::Refused { .. } => "registry_refused",
            Self::Unexpected { .. } => "registry_unexpected",
            Self::Unreadable { .. } => "registry_unreadable",
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
    /// Why it cannot be told; a retry is safe, and in vain where the error
    /// [concerns one schema](RegistryError::concerns_one_schema).
    pub fn schema_by_id(&self, id: u32) -> Result<Option<String>, RegistryError> {
        let path = ["schemas", "ids", &id.to_string()];
        let answer = self.ask(&path, |client, url| client.get(url))?;
        if answer.status == StatusCode::NOT_FOUND {
            // A registry tells of a missing schema in its own words; other "not found"s are of a wrong address, and must
            // not make records look as if their schema did not exist.
            return match answer.error_code() {
                Some(40_401..=40_499) => Ok(None),
                _ => Err(answer.unexpected()),
            };
        }
        if answer.refuses_the_question() {
            return Err(answer.unreadable());
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
                // Another address of the same registry has nothing else to say.
                Err(error) if error.concerns_one_schema() => return Err(error),
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

    fn unreadable(&self) -> RegistryError {
        RegistryError::Unreadable {
            url: self.url.clone(),
            found: format!("status {} and {:?}", self.status.as_u16(), self.excerpt()),
        }
    }

    /// The code by which a registry names its errors; none if these are not a registry's words.
    fn error_code(&self) -> Option<u32> {
        serde_json::from_slice(&self.body).ok().map(|error: ErrorAnswer| error.error_code)
    }

    /// Whether a registry says, in its own words, that this question is wrong. Anybody else's 4xx, such as a proxy's, says
    /// that the address is wrong, and so does a path or a method that is not known: all schemas would look unreadable.
    fn refuses_the_question(&self) -> bool {
        const OF_THE_ADDRESS_OR_THE_MOMENT: [u16; 7] = [401, 403, 404, 405, 407, 408, 429];
        self.status.is_client_error()
            && !OF_THE_ADDRESS_OR_THE_MOMENT.contains(&self.status.as_u16())
            && self.error_code().is_some()
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
        let (url, found) = (base.to_string(), format!("more than {MAX_ANSWER_BYTES} bytes"));
        // An object is a registry's; a long page is of a wrong address.
        let is_object = status.is_success() && body.trim_ascii_start().starts_with(b"{");
        return Err(if is_object {
            RegistryError::Unreadable { url, found }
        } else {
            RegistryError::Unexpected { url, found }
        });
    }
    let answer = Answer { url: base.to_string(), status, body };
    let is_of_the_moment = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if status.is_server_error() || is_of_the_moment {
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
mod tests;
