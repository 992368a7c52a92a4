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

/// Bytes of the agent's stack that were never used; 0 where the kernel does not look.
pub fn agent_stack_unused() -> usize {
    // SAFETY: looks at a stack that is there at all times.
    unsafe { sys::edgerm_agent_stack_unused() }
}

/// As [`agent_stack_unused`], of a slot's thread, which was started.
pub fn task_stack_unused(slot: usize) -> usize {
    if slot >= SLOTS {
        return 0;
    }
    // SAFETY: as above.
    unsafe { sys::edgerm_task_stack_unused(slot) }
}

/// Logs what is free of memory, of the network and of threads.
#[cfg(CONFIG_EDGERM_DIAGNOSTICS)]
pub fn log_diagnostics() {
    // SAFETY: looks at what is there at all times.
    unsafe { sys::edgerm_diagnostics() };
}

/// Ends all, as `CONFIG_EDGERM_FATAL_*` says.
pub fn panic() -> ! {
    // SAFETY: may be called on any thread.
    unsafe { sys::edgerm_panic() }
}
