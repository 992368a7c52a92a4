//! A task's thread: from its module to its end.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgerm_task_abi::{
    Call, CallHandler, Engine, Gate, Outcome, StartError, Step, Suspended, Task, TaskEnd,
    TaskLimits, Trap, WakeOn, limits::MAX_TABLE_ELEMENTS,
};

use super::host::TaskHost;
use super::mailbox::Mailbox;
use super::share::{Share, fuel};
use super::thread::{cpu_time, give_way};
use super::{EventSink, TaskEvent, TaskSpec};
use crate::devices::Devices;
use crate::engine::WasmiEngine;
use crate::usage::Meter;

/// What a task's thread needs.
pub(super) struct Runner {
    pub(super) engine: WasmiEngine,
    pub(super) devices: Devices,
    pub(super) events: EventSink,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) meter: Arc<Meter>,
    /// Where the task's monotonic clock begins.
    pub(super) epoch: Instant,
}

impl Runner {
    /// Runs the task to its end, and tells it.
    pub(super) fn run(self, spec: TaskSpec) {
        let id = spec.id;
        // A fault in the engine ends this task, and no other.
        let ran = panic::catch_unwind(AssertUnwindSafe(|| self.run_to_end(spec)));
        self.meter.used(cpu_time());
        self.meter.has(0);
        let usage = self.meter.usage();
        (self.events)(match ran {
            Ok(Ok(end)) => TaskEvent::Ended(id, end, usage),
            Ok(Err(error)) => TaskEvent::NotStarted(id, error),
            Err(_) => TaskEvent::Ended(id, TaskEnd::Trapped(Trap::Engine), usage),
        });
    }

    /// The task and its memory are gone when this returns.
    fn run_to_end(&self, spec: TaskSpec) -> Result<TaskEnd, StartError> {
        if spec.cpus == 0 {
            give_way(spec.id);
        }
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
        // Its module was made ready at the node's own expense: a small share would pay long for it.
        let mut cpu = cpu_time();
        let mut share = Share::new(spec.cpus, cpu, Instant::now());
        let fuel = fuel(spec.cpus);
        self.meter.used(cpu);
        self.meter.has(task.memory_bytes());
        (self.events)(TaskEvent::Started(spec.id));
        while !self.mailbox.is_killed() {
            let goes_on_at = share
                .as_mut()
                .and_then(|it| it.goes_on_at(cpu, Instant::now()));
            if goes_on_at.is_some() {
                self.mailbox.wait(WakeOn::Deadline, goes_on_at);
                continue;
            }
            let step = task.run(fuel);
            cpu = cpu_time();
            self.meter.used(cpu);
            self.meter.has(task.memory_bytes());
            match step {
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
/// two hundred calls, of which each may wait for a device.
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
