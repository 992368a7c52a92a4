//! A task's thread: from its module to its end.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgerm_task_abi::{
    Call, CallHandler, Engine, Gate, Outcome, StartError, Step, Suspended, Task, TaskEnd,
    TaskLimits, Trap, limits::MAX_TABLE_ELEMENTS,
};

use super::host::TaskHost;
use super::mailbox::Mailbox;
use super::{EventSink, TaskEvent, TaskSpec};
use crate::devices::Devices;
use crate::engine::WasmiEngine;

/// Fuel of one slice: about a millisecond of wasmi on a small server, and so the longest that
/// a kill waits for a module that never calls out; one that does is ended at its next call.
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
        let calls = UntilKilled {
            gate: Gate::new(spec.permissions, host),
            mailbox: Arc::clone(&self.mailbox),
        };
        let mut task = self.engine.clone().start(&spec.wasm, limits, calls)?;
        drop(spec.wasm);
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
                Step::End(_) if self.mailbox.is_killed() => break,
                Step::End(end) => return Ok(end),
            }
        }
        Ok(TaskEnd::Killed)
    }
}

/// Answers a task's calls until it is killed: the next one then ends it. A slice has room for
/// many thousand calls, of which each may wait for a device.
struct UntilKilled {
    gate: Gate<TaskHost>,
    mailbox: Arc<Mailbox>,
}

impl UntilKilled {
    fn answer(&mut self, answer: impl FnOnce(&mut Gate<TaskHost>) -> Outcome) -> Outcome {
        if self.mailbox.is_killed() {
            // The runner says how the task ended.
            return Outcome::Exit(0);
        }
        answer(&mut self.gate)
    }
}

impl CallHandler for UntilKilled {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        self.answer(|gate| gate.handle_call(call, memory))
    }

    fn resume(&mut self, suspended: Suspended, memory: &mut [u8]) -> Outcome {
        self.answer(|gate| gate.resume(suspended, memory))
    }
}
