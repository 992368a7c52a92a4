//! Datagrams to and from the master, and all that the agent's thread waits for.
//!
//! Zephyr's own network stack is used by its contexts, the layer below its sockets, which is 8 KB
//! less code. A modem with a stack of its own is reached by sockets alone:
//! `CONFIG_EDGERM_SOCKETS`.

#[cfg(not(CONFIG_EDGERM_SOCKETS))]
mod context;
#[cfg(CONFIG_EDGERM_SOCKETS)]
mod socket;

use core::mem::MaybeUninit;

use edgerm_zephyr_sys as sys;

use crate::Errno;

#[cfg(not(CONFIG_EDGERM_SOCKETS))]
pub use context::{Link, Waker, wait};
#[cfg(CONFIG_EDGERM_SOCKETS)]
pub use socket::{Link, Waker, wait};

/// The master's address and its length, as Kconfig names it. Where it is a name, this waits for
/// it to be resolved.
fn master() -> Result<(sys::sockaddr, sys::socklen_t), Errno> {
    let mut address = MaybeUninit::<sys::sockaddr>::zeroed();
    let mut length = size_of::<sys::sockaddr>() as sys::socklen_t;
    // SAFETY: the address has room for `length` bytes.
    Errno::check(unsafe { sys::edgerm_master_address(address.as_mut_ptr(), &mut length) })?;
    // SAFETY: it was written above, and any bytes are an address.
    Ok((unsafe { address.assume_init() }, length))
}
