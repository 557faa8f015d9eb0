//! What `deploy/` has for Prometheus, Alertmanager and Grafana, against the real ones and a running service.
#![expect(clippy::unwrap_used, reason = "the lint spares test functions, but not what they share")]

mod alert;
mod company;
mod dashboards;
mod rules;
mod webhook;
