//! TCP ports for servers that cannot be told to choose one themselves.

use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// First port that is handed out.
const FIRST: u16 = 20_000;
/// How many there are. They end below 32768, where Linux begins to take the ports of outgoing
/// connections from, so that no client can take one between here and the server's bind.
const COUNT: u16 = 12_000;

/// Returns a port of 127.0.0.1 on which nobody listens.
///
/// # Errors
/// All are taken.
pub fn free() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(131);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let offset = start.wrapping_add(step) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT);
}
