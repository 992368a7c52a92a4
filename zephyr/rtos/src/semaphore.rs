//! What a thread waits for.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;

use edgerm_zephyr_sys as sys;

use crate::guarded::Guarded;

/// A semaphore of at most one, in a static: it is not moved.
pub struct Semaphore {
    raw: UnsafeCell<MaybeUninit<sys::k_sem>>,
    is_ready: Guarded<bool>,
}

// SAFETY: the kernel's semaphores are for any thread; `is_ready` tells whether it is one yet.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    /// One that nobody has given, to be made ready by [`Semaphore::reset`].
    pub const fn new() -> Self {
        Self {
            raw: UnsafeCell::new(MaybeUninit::uninit()),
            is_ready: Guarded::new(false),
        }
    }

    /// Makes it ready, with nothing given. No thread waits for it.
    pub fn reset(&'static self) {
        let was_ready = self.is_ready.with(|ready| core::mem::replace(ready, true));
        let raw = self.raw.get().cast();
        // SAFETY: a static stays where it is, and one that is ready is reset as such.
        unsafe {
            if was_ready {
                sys::k_sem_reset(raw);
            } else {
                sys::k_sem_init(raw, 0, 1);
            }
        }
    }

    /// Lets a thread go on that waits, now or later.
    pub fn give(&'static self) {
        if self.is_ready.with(|ready| *ready) {
            // SAFETY: it is ready.
            unsafe { sys::k_sem_give(self.raw.get().cast()) };
        }
    }

    /// Waits until it is given. Not at all, where it was never made ready.
    pub fn take(&'static self) {
        self.take_for(None);
    }

    /// As [`Semaphore::take`], for at most so many milliseconds, where there are some.
    pub fn take_for(&'static self, milliseconds: Option<u64>) {
        if self.is_ready.with(|ready| *ready) {
            let milliseconds = milliseconds.map(|time| u32::try_from(time).unwrap_or(u32::MAX));
            // SAFETY: it is ready.
            unsafe {
                let timeout =
                    sys::edgerm_timeout(milliseconds.is_some(), milliseconds.unwrap_or(0));
                sys::k_sem_take(self.raw.get().cast(), timeout);
            }
        }
    }
}

impl Default for Semaphore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").finish_non_exhaustive()
    }
}
