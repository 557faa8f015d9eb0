//! What can be set.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How the service listens and what it lets a client do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeOptions {
    /// Address and port to listen on. There is no access control: anything but loopback belongs behind a proxy.
    pub listen: SocketAddr,
    /// The most series that `/metrics` writes for one metric; those left out are counted.
    pub series_per_metric_max: usize,
    /// For how long a request is worked on before it is given up.
    pub request_timeout_seconds: u64,
    /// How many requests read the board at once; others wait, within their timeout.
    pub concurrent_requests_max: usize,
    /// How many connections are open at once; others wait to be accepted.
    pub connections_max: usize,
    /// After how long without a byte in or out a connection is closed.
    pub idle_timeout_seconds: u64,
    /// The longest path and query, in bytes.
    pub uri_bytes_max: usize,
    /// The most that all headers of a request hold, in bytes.
    pub header_bytes_max: usize,
    /// The most rows of a leaderboard.
    pub leaderboard_rows_max: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            series_per_metric_max: 10_000,
            request_timeout_seconds: 10,
            concurrent_requests_max: 4,
            connections_max: 256,
            idle_timeout_seconds: 120,
            uri_bytes_max: 2_048,
            header_bytes_max: 16_384,
            leaderboard_rows_max: 1_000,
        }
    }
}

/// An option that nothing can be served with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("option {name} is 0; expected 1 or more")]
pub struct ServeOptionsError {
    name: &'static str,
}

impl ServeOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// The first option that is out of range.
    pub const fn check(&self) -> Result<(), ServeOptionsError> {
        let name = match self {
            Self { series_per_metric_max: 0, .. } => "series_per_metric_max",
            Self { request_timeout_seconds: 0, .. } => "request_timeout_seconds",
            Self { concurrent_requests_max: 0, .. } => "concurrent_requests_max",
            Self { connections_max: 0, .. } => "connections_max",
            Self { idle_timeout_seconds: 0, .. } => "idle_timeout_seconds",
            Self { uri_bytes_max: 0, .. } => "uri_bytes_max",
            Self { header_bytes_max: 0, .. } => "header_bytes_max",
            Self { leaderboard_rows_max: 0, .. } => "leaderboard_rows_max",
            _ => return Ok(()),
        };
        Err(ServeOptionsError { name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults_and_no_others() {
        let options: ServeOptions = serde_json::from_str(r#"{"listen": "0.0.0.0:9"}"#).unwrap();
        assert_eq!(options, ServeOptions { listen: "0.0.0.0:9".parse().unwrap(), ..ServeOptions::default() });
        assert_eq!(options.check(), Ok(()));
        assert!(serde_json::from_str::<ServeOptions>(r#"{"port": 9}"#).is_err());
        let zero: ServeOptions = serde_json::from_str(r#"{"connections_max": 0}"#).unwrap();
        let message = zero.check().map_err(|error| error.to_string());
        assert_eq!(message, Err("option connections_max is 0; expected 1 or more".to_owned()));
    }
}
