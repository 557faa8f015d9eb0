//! The servers that Tallyboard talks to, as real processes on 127.0.0.1.

mod distribution;
mod java;
pub(crate) mod kafka;
pub(crate) mod messages;
pub(crate) mod prometheus;
pub(crate) mod registry;

use crate::ports::free_ports;

/// Starts a server on fresh ports, and again on others if somebody took one of them in between.
fn on_free_ports<const N: usize, T>(
    mut start: impl FnMut([u16; N]) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut tries_left = 2;
    loop {
        match start(free_ports()?) {
            Err(error) if tries_left > 0 && format!("{error:#}").contains("in use") => tries_left -= 1,
            outcome => return outcome,
        }
    }
}
