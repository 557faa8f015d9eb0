//! A running service, asked over HTTP.

use std::io::Read as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::blocking::Client;
use reqwest::{StatusCode, Url};
use serde_json::Value;

/// The most bytes of an answer that are read: a page of a thousand causes has some millions.
const ANSWER_BYTES_MAX: u64 = 1 << 28;

/// A service at an address.
pub(crate) struct Remote {
    client: Client,
    address: Url,
    timeout: Duration,
}

/// Reads the address of a service.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "expected an address such as http://127.0.0.1:8080".to_owned())
}

impl Remote {
    pub(crate) fn new(address: &Url, timeout: Duration) -> Result<Self> {
        let client = Client::builder()
            .timeout(timeout)
            .user_agent(concat!("tallyboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("the HTTP client cannot be made")?;
        Ok(Self { client, address: address.clone(), timeout })
    }

    /// The document at a path and query.
    pub(crate) fn document(&self, path: &[&str], query: &str) -> Result<Value> {
        let (status, body) = self.answer(path, Some(query))?;
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() && document.is_object() {
            return Ok(document);
        }
        match document["detail"].as_str() {
            Some(detail) => bail!("{} answers: {detail}", self.named()),
            None => bail!(
                "{} answers with status {} and no document; expected a tallyboard service, check the address",
                self.named(),
                status.as_u16()
            ),
        }
    }

    /// Whatever there is at a path and query.
    pub(crate) fn answer(&self, path: &[&str], query: Option<&str>) -> Result<(StatusCode, Vec<u8>)> {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.set_query(query);
        let response = match self.client.get(url).send() {
            Ok(response) => response,
            Err(error) => bail!(self.unreached(error)),
        };
        let status = response.status();
        let mut body = Vec::new();
        if let Err(error) = response.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut body) {
            bail!("{} broke off its answer: {error}; try again", self.named());
        }
        ensure!(
            body.len() as u64 <= ANSWER_BYTES_MAX,
            "{} answers with more than {ANSWER_BYTES_MAX} bytes; ask for less",
            self.named()
        );
        Ok((status, body))
    }

    /// The address for messages, without user and password.
    fn named(&self) -> String {
        let address = &self.address;
        let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", address.scheme(), address.host_str().unwrap_or_default(), address.path())
    }

    fn unreached(&self, error: reqwest::Error) -> anyhow::Error {
        let (named, is_timeout) = (self.named(), error.is_timeout());
        if is_timeout {
            let seconds = self.timeout.as_secs();
            return anyhow::anyhow!(
                "{named} has not answered within {seconds} seconds; ask for less or raise --timeout-seconds"
            );
        }
        // Its own words name the whole address, with user and password.
        let error = anyhow::Error::new(error.without_url());
        anyhow::anyhow!("{named} cannot be asked: {error:#}; check the address and that the service runs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_and_keep_their_secrets() {
        for text in ["127.0.0.1:8080", "localhost:8080", "ftp://localhost", ""] {
            assert!(address(text).unwrap_err().contains("http://127.0.0.1:8080"), "{text}");
        }
        for (text, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("https://ann:secret@board.example/tally", "https://board.example/tally"),
        ] {
            let remote = Remote::new(&address(text).unwrap(), Duration::from_secs(1)).unwrap();
            assert_eq!(remote.named(), expected);
        }
    }
}
