//! What several threads share.

use core::cell::UnsafeCell;
use core::fmt;

use edgerm_zephyr_sys as sys;

/// A value that is looked at by one thread at a time, with interrupts locked: for moments. A
/// thread that is aborted is never within one, since whoever aborts it would have to run.
pub struct Guarded<T>(UnsafeCell<T>);

// SAFETY: `with` is the one way to the value, and it excludes all other threads; the kernel is
// built for one processor (`CONFIG_EDGERM` depends on that).
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Guards a value.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Looks at the value, or changes it. `look` is short, and never comes back here.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the key goes back below, whatever `look` does: a panic does not unwind.
        let key = unsafe { sys::edgerm_lock() };
        // SAFETY: nothing else runs, and `look` has no way to another reference: see above.
        let result = look(unsafe { &mut *self.0.get() });
        // SAFETY: the key is that of the lock above.
        unsafe { sys::edgerm_unlock(key) };
        result
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}
