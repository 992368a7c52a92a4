//! Addresses for servers that cannot tell which port they were given.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};

/// A port that is no ephemeral one (32,768 and above, on Linux) and none of CoAP's own.
const PORT: u16 = 15_683;

/// An address of loopback that is nobody else's, until this process has asked for 254. A port that
/// was free just now may be another's by the time a server takes it.
pub fn address() -> SocketAddr {
    static SERVERS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let server = SERVERS.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, high, low, server], PORT))
}
