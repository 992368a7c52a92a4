//! What the board was given: a page of flash that whoever sets it up writes.
//!
//! | bytes | hold |
//! |---|---|
//! | 0 to 3 | the master's IPv4 address |
//! | 4, 5 | its UDP port, the higher byte first |
//! | 6, 7 | nothing |
//! | 8 to 39 | entropy |
//! | 40 to 68 | the node's credential; where it has none, anything else |
//!
//! The board has no source of entropy, so each start of it wants a page of its own.

use core::ptr::addr_of;

use edgerm_coap::oscore::Credential;
use smoltcp::wire::{IpEndpoint, Ipv4Address};

unsafe extern "C" {
    static page_start: [u8; 40 + Credential::LENGTH];
}

/// What the board was given.
pub(crate) struct Page {
    pub(crate) master: IpEndpoint,
    pub(crate) entropy: [u8; 32],
    pub(crate) credential: Option<Credential>,
}

impl Page {
    /// Reads the page; `None` where nothing was written there.
    pub(crate) fn read() -> Option<Self> {
        // SAFETY: the linker script has it, nothing writes to it, and the compiler does not know
        // what is in it.
        let bytes = unsafe { addr_of!(page_start).read_volatile() };
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let (entropy, credential) = rest.split_first_chunk::<32>()?;
        let [a, b, c, d, high, low, ..] = *head;
        let port = u16::from_be_bytes([high, low]);
        let is_written = port != 0 && entropy.iter().any(|byte| *byte != entropy[0]);
        is_written.then_some(Self {
            master: IpEndpoint::new(Ipv4Address::new(a, b, c, d).into(), port),
            entropy: *entropy,
            credential: Credential::from_bytes(credential).ok(),
        })
    }
}
