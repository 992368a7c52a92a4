//! The threads of the agent and of its tasks: `src/threads.c` has their stacks.

use edgerm_zephyr_sys as sys;

/// Tasks that run at once.
pub const SLOTS: usize = sys::CONFIG_EDGERM_SLOTS as usize;

/// Starts the thread of the agent. False where it runs.
#[must_use]
pub fn start_agent() -> bool {
    // SAFETY: may be called on any thread.
    unsafe { sys::edgerm_agent_thread_start() }
}

/// Starts the thread of a slot, which does not run.
pub fn start_task(slot: usize) {
    if slot < SLOTS {
        // SAFETY: there is a thread of this number.
        unsafe { sys::edgerm_task_thread_start(slot) };
    }
}

/// Ends the thread of a slot wherever it is: it runs no more when this returns.
pub fn abort_task(slot: usize) {
    if slot < SLOTS {
        // SAFETY: there is a thread of this number.
        unsafe { sys::edgerm_task_thread_abort(slot) };
    }
}

/// Lets threads of this one's priority or above run.
pub fn yield_now() {
    // SAFETY: may be called on any thread.
    unsafe { sys::edgerm_yield() };
}

/// Logs what is free of memory, of the network and of threads, where the image has
/// `CONFIG_EDGERM_DIAGNOSTICS`.
pub fn log_diagnostics() {
    #[cfg(CONFIG_EDGERM_DIAGNOSTICS)]
    // SAFETY: looks at what is there at all times.
    unsafe {
        sys::edgerm_diagnostics();
    }
}

/// Ends all, as `CONFIG_EDGERM_FATAL_*` says.
pub fn panic() -> ! {
    // SAFETY: may be called on any thread.
    unsafe { sys::edgerm_panic() }
}
