//! The harness of the end-to-end tests: real servers, started for a test and gone with it.
//!
//! A test asks for a server through [`require`], which decides what a machine without that server means: a loud
//! `NOT RUN`, or under continuous integration a failure.
//!
//! ```no_run
//! # use tallyboard_end_to_end::{Kafka, require};
//! # fn a_test() {
//! let Some(kafka) = require("orders reach the board", Kafka::shared) else { return };
//! let topic = kafka.unique_topic("orders", 6);
//! # }
//! ```
//!
//! Every wait has a bound, and an error that ends with the last lines of the server's log. Nothing here knows what
//! Tallyboard computes: expected values belong to the tests. The functions block; call them from plain `#[test]`s.

mod browser;
mod configuration;
mod exposition;
mod not_run;
mod paths;
mod ports;
mod process;
mod program;
mod servers;
mod service;
mod wait;

pub use browser::Browser;
pub use configuration::{Configuration, Topics};
pub use exposition::Exposition;
pub use not_run::{Missing, if_there, require, tell};
pub use paths::{in_workspace, shared_data};
pub use ports::free_ports;
pub use process::GuardedProcess;
pub use program::{
    Finished, gunzip, import_opportunities, promtool, promtool_check, python, python_with_packages,
    schemathesis, systemd_analyze, tallyboard, tallyboard_with,
};
pub use servers::kafka::{Kafka, KafkaOptions, SASL_PASSWORD, SASL_USER};
pub use servers::messages::{Message, Received, Sender};
pub use servers::prometheus::{Alertmanager, Prometheus, Sample};
pub use servers::registry::Registry;
pub use service::{Response, Service, ServiceOptions};
pub use wait::{eventually, now_ms};
