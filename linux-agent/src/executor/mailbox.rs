//! What the agent and a task's thread share: the kill, messages, and credit for outputs.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use edgerm_task_abi::WakeOn;

use super::{NotTaken, OUTPUT_CREDIT};

/// Messages that wait for a task at most.
pub const MESSAGES: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// Read in each slice, so outside of the lock.
    killed: AtomicBool,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    messages: VecDeque<Vec<u8>>,
    /// Outputs that were emitted and have not left the agent.
    outputs: usize,
}

impl Mailbox {
    pub(super) fn kill(&self) {
        let _inside = self.lock();
        self.killed.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    pub(super) fn put(&self, message: Vec<u8>) -> Result<(), NotTaken> {
        let mut inside = self.lock();
        if inside.messages.len() >= MESSAGES {
            return Err(NotTaken);
        }
        inside.messages.push_back(message);
        self.changed.notify_all();
        Ok(())
    }

    /// Gives the oldest message to `take`, and removes it where that says so.
    pub(super) fn take<T>(&self, take: impl FnOnce(&[u8]) -> (bool, T)) -> Option<T> {
        let mut inside = self.lock();
        let (taken, result) = take(inside.messages.front()?);
        if taken {
            inside.messages.pop_front();
        }
        Some(result)
    }

    /// Reserves room for one output, where there is some.
    pub(super) fn reserve_output(&self) -> bool {
        let mut inside = self.lock();
        let free = inside.outputs < OUTPUT_CREDIT;
        inside.outputs += usize::from(free);
        free
    }

    pub(super) fn output_taken(&self) {
        let mut inside = self.lock();
        inside.outputs = inside.outputs.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Waits until the event has happened, the deadline has come, or the task is killed.
    pub(super) fn wait(&self, wake_on: WakeOn, deadline: Option<Instant>) {
        let mut inside = self.lock();
        while !self.is_killed() && !inside.has(wake_on) {
            inside = match deadline {
                None => self
                    .changed
                    .wait(inside)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return;
                    }
                    let waited = self.changed.wait_timeout(inside, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn has(&self, event: WakeOn) -> bool {
        match event {
            WakeOn::Deadline => false,
            WakeOn::EmitRoom => self.outputs < OUTPUT_CREDIT,
            WakeOn::Message => !self.messages.is_empty(),
            // This node has no network for tasks: no such call waits.
            WakeOn::Response => true,
        }
    }
}
