//! Free ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::bail;

/// Below the ports that the system gives to outgoing connections (from 32 768 on Linux): a client that keeps trying a
/// server which is down could otherwise be given that very port and hold it against the server's return.
const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

/// `N` ports that nobody listens on and that this process has not given out before.
///
/// Another process can still take one before it is used, so starting a server on it is worth a second try.
///
/// # Errors
///
/// If every port of the range is taken.
pub fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    // Test binaries that run at the same time begin at different places.
    let next = NEXT.get_or_init(|| AtomicU32::new(std::process::id().wrapping_mul(7919) % COUNT));
    let mut ports = [0; N];
    let mut found = 0;
    for _ in 0..COUNT {
        let port = u16::try_from(FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            ports[found] = port;
            found += 1;
            if found == N {
                return Ok(ports);
            }
        }
    }
    bail!("no {N} free ports on 127.0.0.1 in [{FIRST}, {})", FIRST + COUNT)
}
