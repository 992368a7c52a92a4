//! What the kernel knows of the thread that calls.

use std::time::Duration;

use edgerm_protocol::TaskId;
use rustix::process::setpriority_process;
use rustix::time::{ClockId, clock_gettime};

/// The priority that any other goes before.
const LAST: i32 = 19;

/// CPU time that this thread has used.
pub(super) fn cpu_time() -> Duration {
    // The kernel's own number: neither part is negative.
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .unwrap_or_default()
}

/// Lets all other threads of the machine go before this one, for as long as it lasts: to take
/// that back is not everybody's.
pub(super) fn give_way(task: TaskId) {
    // Linux sets it of the thread, where POSIX speaks of the process.
    if let Err(error) = setpriority_process(None, LAST) {
        tracing::warn!(%task, %error, "it is not held back behind tasks that were given cpus");
    }
}
