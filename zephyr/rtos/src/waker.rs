//! What wakes the agent's thread besides its socket.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// Wakes the agent's thread, from any other. Copies wake the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waker(i32);

impl Waker {
    /// One for as long as the image runs.
    ///
    /// # Errors
    ///
    /// Where there is none left (`CONFIG_EVENTFD_MAX`).
    pub fn open() -> Result<Self, Errno> {
        // SAFETY: takes nothing.
        Errno::check(unsafe { sys::edgerm_waker_open() }).map(Self)
    }

    /// Lets the agent's thread come around, now or when it is about to wait.
    pub fn wake(self) {
        // SAFETY: the descriptor is open for ever.
        unsafe { sys::edgerm_waker_wake(self.0) };
    }

    pub(crate) fn clear(self) {
        // SAFETY: as above.
        unsafe { sys::edgerm_waker_clear(self.0) };
    }

    pub(crate) const fn descriptor(self) -> i32 {
        self.0
    }
}
