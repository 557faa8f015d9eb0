//! The threaded service over a log in memory: events in, the oracle's numbers out, whatever happens in between.
//!
//! Nothing waits for a time to pass: each test waits until what it expects has come, within a bound.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the answer")]

mod company;
mod life;
mod lost_log;
mod process;
mod reference;
mod restatements;
mod site;
mod spy;
mod trouble;
