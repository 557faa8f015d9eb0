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

/// An option outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("option {key} is {found}; expected 1 to {high}")]
pub struct ServeOptionsError {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub found: u64,
    /// The greatest value.
    pub high: u64,
}

impl ServeOptions {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first option outside its bounds.
    pub fn check(&self) -> Result<(), ServeOptionsError> {
        for (key, found, high) in [
            ("series_per_metric_max", self.series_per_metric_max as u64, 10_000_000),
            ("request_timeout_seconds", self.request_timeout_seconds, 3_600),
            ("concurrent_requests_max", self.concurrent_requests_max as u64, 1_024),
            // Ports end at 65535: a single proxy cannot open more.
            ("connections_max", self.connections_max as u64, 65_535),
            ("idle_timeout_seconds", self.idle_timeout_seconds, 86_400),
            // The HTTP library reads no longer one.
            ("uri_bytes_max", self.uri_bytes_max as u64, 65_534),
            ("header_bytes_max", self.header_bytes_max as u64, 1 << 20),
            ("leaderboard_rows_max", self.leaderboard_rows_max as u64, 10_000_000),
        ] {
            if !(1..=high).contains(&found) {
                return Err(ServeOptionsError { key, found, high });
            }
        }
        Ok(())
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
    }

    #[test]
    fn options_have_bounds() {
        let defaults = serde_json::to_value(ServeOptions::default()).unwrap();
        let numbers = defaults.as_object().unwrap().iter().filter(|(_, value)| value.is_number());
        for (key, _) in numbers.clone() {
            for found in [0, u64::MAX] {
                let mut options = defaults.clone();
                options[key] = found.into();
                let options: ServeOptions = serde_json::from_value(options).unwrap();
                let message = options.check().unwrap_err().to_string();
                assert!(
                    message.starts_with(&format!("option {key} is {found}; expected 1 to ")),
                    "{message}"
                );
            }
        }
        assert_eq!(numbers.count(), 8, "every number has bounds");
    }

    /// A semaphore of too many permits panics.
    #[test]
    fn what_is_accepted_can_be_waited_for() {
        let widest = ServeOptions {
            concurrent_requests_max: 1_024,
            connections_max: 65_535,
            ..ServeOptions::default()
        };
        assert_eq!(widest.check(), Ok(()));
        for permits in [widest.concurrent_requests_max, widest.connections_max] {
            assert_eq!(tokio::sync::Semaphore::new(permits).available_permits(), permits);
        }
    }
}
