//! Free ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context as _;

/// Below the ports that the system gives to outgoing connections (from 32 768 on Linux): a client that keeps trying a
/// server which is down could otherwise be given that very port and hold it against the server's return.
const FIRST: u16 = 12_000;
/// Each test binary has the ports of a block to itself.
const BLOCKS: u16 = 40;
const BLOCK: u16 = 500;

/// The ports of this process, its own as long as it holds the first of them.
struct Block {
    _first: TcpListener,
    begin: u16,
    given: AtomicU16,
}

impl Block {
    fn take() -> Option<Block> {
        // Any block to begin with will do.
        let start = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap_or_default();
        (start..start + BLOCKS).find_map(|number| {
            let begin = FIRST + number % BLOCKS * BLOCK;
            let first = TcpListener::bind((Ipv4Addr::LOCALHOST, begin)).ok()?;
            Some(Block { _first: first, begin, given: AtomicU16::new(0) })
        })
    }

    fn next(&self) -> u16 {
        self.begin + 1 + self.given.fetch_add(1, Ordering::Relaxed) % (BLOCK - 1)
    }
}

/// `N` ports that nobody listens on and that no test binary has given out before, as long as one needs fewer than 500.
///
/// Another program can still take one before it is used, so starting a server on it is worth a second try.
///
/// # Errors
///
/// If every block is taken, or every port of this one.
pub fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    static OWN: OnceLock<Option<Block>> = OnceLock::new();
    let own = OWN.get_or_init(Block::take).as_ref();
    let own = own.with_context(|| format!("{BLOCKS} blocks of ports on 127.0.0.1 from {FIRST} are taken"))?;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut free = (1..BLOCK).map(|_| own.next()).filter(is_free);
    let mut ports = [0; N];
    for port in &mut ports {
        *port = free.next().with_context(|| format!("no {N} free ports on 127.0.0.1 from {}", own.begin))?;
    }
    Ok(ports)
}
