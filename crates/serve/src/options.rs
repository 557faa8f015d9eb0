//! What can be set.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

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
    /// How many clients the live feed has at once, and never more than seven eighths of the connections.
    pub live_clients_max: usize,
    /// How many documents one client watches.
    pub live_watches_per_client_max: usize,
    /// How many different documents all clients together watch.
    pub live_watches_max: usize,
    /// How many messages wait for a client before it is dropped.
    pub live_backlog_max: usize,
    /// How often a watched document is written anew, at most.
    pub live_interval_ms: u64,
    /// After how long without a message a sign of life is sent; sooner if connections are closed sooner.
    pub live_heartbeat_seconds: u64,
    /// For how many hours after its close a deal that becomes won is told of in the live feed.
    pub celebrate_within_hours: u64,
    /// After how long without word of a partition the numbers count as stale.
    pub stale_after_seconds: u64,
    /// With records waiting for longer than this, the numbers count as stale.
    pub stale_lag_seconds: u64,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            series_per_metric_max: 10_000,
            request_timeout_seconds: 10,
            concurrent_requests_max: 4,
            connections_max: 2_560,
            idle_timeout_seconds: 120,
            uri_bytes_max: 4_096,
            header_bytes_max: 16_384,
            leaderboard_rows_max: 1_000,
            live_clients_max: 2_000,
            live_watches_per_client_max: 16,
            live_watches_max: 256,
            live_backlog_max: 256,
            live_interval_ms: 100,
            live_heartbeat_seconds: 15,
            celebrate_within_hours: 24,
            stale_after_seconds: 30,
            stale_lag_seconds: 300,
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
            ("live_clients_max", self.live_clients_max as u64, 65_535),
            ("live_watches_per_client_max", self.live_watches_per_client_max as u64, 256),
            ("live_watches_max", self.live_watches_max as u64, 65_535),
            ("live_backlog_max", self.live_backlog_max as u64, 65_535),
            ("live_interval_ms", self.live_interval_ms, 60_000),
            ("live_heartbeat_seconds", self.live_heartbeat_seconds, 3_600),
            ("celebrate_within_hours", self.celebrate_within_hours, 8_784),
            ("stale_after_seconds", self.stale_after_seconds, 86_400),
            ("stale_lag_seconds", self.stale_lag_seconds, 31_536_000),
        ] {
            if !(1..=high).contains(&found) {
                return Err(ServeOptionsError { key, found, high });
            }
        }
        Ok(())
    }
}

impl ServeOptions {
    /// How long an answer may be worked on: the rest of the request's time is for it to be written.
    pub(crate) fn time_to_work(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds).mul_f64(0.9)
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
        assert_eq!(numbers.count(), 17, "every number has bounds");
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
