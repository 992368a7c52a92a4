//! What time it is.

use edgerm_protocol::Instant;

/// The node's clocks.
pub trait Clock {
    /// Milliseconds since an instant of the node's choosing, such as its boot, which never go
    /// backwards.
    fn now(&self) -> Instant;

    /// Milliseconds since 1970-01-01 UTC; `None`, as here, where the node does not know the time.
    fn unix_ms(&self) -> Option<u64> {
        None
    }
}
