//! A task's thread: from its module to its end.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgerm_task_abi::{
    Engine, Gate, StartError, Step, Task, TaskEnd, TaskLimits, Trap, limits::MAX_TABLE_ELEMENTS,
};

use super::host::TaskHost;
use super::mailbox::Mailbox;
use super::{EventSink, TaskEvent, TaskSpec};
use crate::devices::Devices;
use crate::engine::WasmiEngine;

/// Fuel of one slice: about a millisecond of wasmi on a small server, and so the longest that
/// a kill waits for a module that never calls out.
const SLICE: u64 = 500_000;

/// What a task's thread needs.
pub(super) struct Runner {
    pub(super) engine: WasmiEngine,
    pub(super) devices: Devices,
    pub(super) events: EventSink,
    pub(super) mailbox: Arc<Mailbox>,
    /// Where the task's monotonic clock begins.
    pub(super) epoch: Instant,
}

impl Runner {
    /// Runs the task to its end, and tells it.
    pub(super) fn run(self, spec: TaskSpec) {
        let id = spec.id;
        // A fault in the engine ends this task, and no other.
        let ran = panic::catch_unwind(AssertUnwindSafe(|| self.run_to_end(spec)));
        (self.events)(match ran {
            Ok(Ok(end)) => TaskEvent::Ended(id, end),
            Ok(Err(error)) => TaskEvent::NotStarted(id, error),
            Err(_) => TaskEvent::Ended(id, TaskEnd::Trapped(Trap::Engine)),
        });
    }

    /// The task and its memory are gone when this returns.
    fn run_to_end(&self, spec: TaskSpec) -> Result<TaskEnd, StartError> {
        let limits = TaskLimits {
            memory_bytes: usize::try_from(spec.mem).unwrap_or(usize::MAX),
            table_elements: usize::try_from(MAX_TABLE_ELEMENTS).unwrap_or(usize::MAX),
        };
        let host = TaskHost::new(
            &spec,
            &self.devices,
            Arc::clone(&self.events),
            Arc::clone(&self.mailbox),
            self.epoch,
        );
        let gate = Gate::new(spec.permissions, host);
        let mut task = self.engine.start(&spec.wasm, limits, gate)?;
        (self.events)(TaskEvent::Started(spec.id));
        while !self.mailbox.is_killed() {
            match task.run(SLICE) {
                Step::OutOfFuel => {}
                Step::Wait(suspended) => {
                    let deadline = suspended.deadline_ms().map(Duration::from_millis);
                    // A deadline beyond what the clock holds is none.
                    let deadline = deadline.and_then(|deadline| self.epoch.checked_add(deadline));
                    self.mailbox.wait(suspended.wake_on(), deadline);
                }
                Step::End(end) => return Ok(end),
            }
        }
        Ok(TaskEnd::Killed)
    }
}
