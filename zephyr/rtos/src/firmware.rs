//! What firmware in Rust adds to the registry besides its devices: attributes, and whom it has
//! told what happens.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_void};
use core::fmt;
use core::ptr;

use edgerm_zephyr_sys as sys;

use crate::Errno;
use crate::guarded::Guarded;
use crate::registry::{add_attribute, set_hook};

/// An attribute of firmware in Rust, in a static.
pub struct RustAttribute {
    raw: UnsafeCell<sys::edgerm_attribute>,
}

// SAFETY: what of it changes is the registry's, which is guarded.
unsafe impl Sync for RustAttribute {}

impl RustAttribute {
    /// A text of 1 to 64 bytes under a name of 1 to 32.
    pub const fn text(name: &'static CStr, text: &'static CStr) -> Self {
        Self::new(name, text.as_ptr(), 0)
    }

    /// A number under a name of 1 to 32 bytes.
    pub const fn number(name: &'static CStr, number: u64) -> Self {
        Self::new(name, ptr::null(), number)
    }

    const fn new(name: &'static CStr, text: *const core::ffi::c_char, number: u64) -> Self {
        Self {
            raw: UnsafeCell::new(sys::edgerm_attribute {
                name: name.as_ptr(),
                text,
                number,
                next: ptr::null_mut(),
            }),
        }
    }

    /// Tells it of the node.
    ///
    /// # Errors
    ///
    /// As [`add_attribute`].
    pub fn add(&'static self) -> Result<(), Errno> {
        // SAFETY: a static stays where it is, and so do its texts.
        unsafe { add_attribute(self.raw.get()) }
    }
}

impl fmt::Debug for RustAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RustAttribute").finish_non_exhaustive()
    }
}

/// What happened; the numbers are those of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The master knows the node.
    Registered,
    /// The master does not want it, for now.
    Refused,
    /// A task started.
    TaskStarted(u64),
    /// A task cannot run here.
    TaskRefused(u64),
    /// A task ended.
    TaskEnded(u64),
    /// The agent stopped, as it was told to.
    Stopped,
}

impl Event {
    const fn new(event: sys::edgerm_event, task: u64) -> Option<Self> {
        Some(match event {
            sys::EDGERM_REGISTERED => Self::Registered,
            sys::EDGERM_REFUSED => Self::Refused,
            sys::EDGERM_TASK_STARTED => Self::TaskStarted(task),
            sys::EDGERM_TASK_REFUSED => Self::TaskRefused(task),
            sys::EDGERM_TASK_ENDED => Self::TaskEnded(task),
            sys::EDGERM_STOPPED => Self::Stopped,
            _ => return None,
        })
    }
}

static HOOK: Guarded<Option<fn(Event)>> = Guarded::new(None);

/// Has `hook` told what happens, on the agent's thread, in the place of an earlier one.
pub fn hook(hook: fn(Event)) {
    HOOK.with(|current| *current = Some(hook));
    // SAFETY: `tell` may be called at any time, with anything.
    unsafe { set_hook(Some(tell), ptr::null_mut()) };
}

unsafe extern "C" fn tell(event: sys::edgerm_event, task: u64, _: *mut c_void) {
    let hook = HOOK.with(|current| *current);
    if let (Some(hook), Some(event)) = (hook, Event::new(event, task)) {
        hook(event);
    }
}
