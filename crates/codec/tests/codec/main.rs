//! The codec from outside: bytes in, records out, and back.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod common;
mod hostile;
mod registry;
mod resolution;
mod rules;
mod wire_forms;
