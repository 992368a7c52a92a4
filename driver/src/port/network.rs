//! Datagrams to and from the master.

use core::fmt;

/// A socket that hears the master alone.
pub trait Network {
    /// Sends one datagram of at most [`edgerm_protocol::limits::MAX_DATAGRAM`] bytes to the
    /// master. One that could not be sent, for want of a buffer or of a link, counts as lost on
    /// the way: it is sent again when its answer does not come.
    ///
    /// # Errors
    ///
    /// [`nb::Error::WouldBlock`] where there is no buffer for it now, [`NetworkError`] where the
    /// network does not work now.
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError>;

    /// Writes the next datagram from the master into `buffer` and returns its length. `buffer`
    /// is one byte longer than a datagram may be, so that one that was cut shows: it is dropped.
    ///
    /// # Errors
    ///
    /// [`nb::Error::WouldBlock`] where none is here, [`NetworkError`] where the network does not
    /// work now; both mean that there is nothing to receive until the next wake-up.
    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError>;
}

/// The network does not work now: no link, no address, a master that refuses datagrams. The agent
/// goes on, and hears the master again when it works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the network does not work now")
    }
}

impl core::error::Error for NetworkError {}
