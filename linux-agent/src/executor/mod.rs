//! Runs tasks, one thread each, and tells how they fare.
//!
//! A thread is in wasm for one slice of fuel at most, or waits on its task's mailbox; so a kill
//! ends every task within a slice, whatever its module does. Nothing here blocks the caller.
//!
//! A task that was given `cpus` has so much of a core and no more, at any load. One that was not
//! has no promise: its thread goes behind all others, so that those with one get theirs, and takes
//! whatever is left over.

mod host;
mod mailbox;
mod runner;
mod share;
mod thread;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use edgerm_protocol::TaskId;
use edgerm_task_abi::{LogLevel, Permissions, StartError, TaskEnd};

use crate::devices::Devices;
use crate::engine::WasmiEngine;
use crate::usage::{Meter, Usage};
use mailbox::Mailbox;
use runner::Runner;

pub use mailbox::MESSAGES;

/// Outputs that a task may have emitted before the first of them has left the agent.
pub const OUTPUT_CREDIT: usize = 8;

/// What a task is started with.
#[derive(Clone, Debug)]
pub struct TaskSpec {
    /// Which task.
    pub id: TaskId,
    /// Its module, as it was admitted.
    pub wasm: Vec<u8>,
    /// Bytes of WASM memory at most.
    pub mem: u32,
    /// Thousandths of a core that it is given; 0: what is left over.
    pub cpus: u32,
    /// What it may call.
    pub permissions: Permissions,
    /// Labels of the devices that it may open.
    pub devices: Vec<String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

/// What a task did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskEvent {
    /// Its module was instantiated, and it runs.
    Started(TaskId),
    /// Its module could not be instantiated.
    NotStarted(TaskId, StartError),
    /// It emitted bytes, for which [`Executor::output_taken`] is to be called.
    Output(TaskId, Vec<u8>),
    /// It logged a line.
    Log(TaskId, LogLevel, String),
    /// It has ended, and used this; its memory is given back. [`Executor::reap`] it.
    Ended(TaskId, TaskEnd, Usage),
}

/// Why a task has no thread.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// A task of this id runs already.
    Running(TaskId),
    /// The machine gives no more threads.
    Thread(std::io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(id) => write!(f, "task {id} runs already"),
            Self::Thread(error) => write!(f, "no thread for the task: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {}

/// A message that a task cannot take: it does not run, or its queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken;

/// Takes what tasks do; called from their threads.
pub type EventSink = Arc<dyn Fn(TaskEvent) + Send + Sync>;

/// The tasks of this agent that have a thread.
pub struct Executor {
    engine: WasmiEngine,
    devices: Devices,
    events: EventSink,
    epoch: Instant,
    tasks: BTreeMap<TaskId, Running>,
}

/// A task that has a thread.
struct Running {
    mailbox: Arc<Mailbox>,
    meter: Arc<Meter>,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("tasks", &self.tasks.keys())
            .finish_non_exhaustive()
    }
}

impl Executor {
    /// An executor whose tasks may use `devices`, and which tells `events` what they do.
    pub fn new(devices: Devices, events: EventSink) -> Self {
        Self {
            engine: WasmiEngine::default(),
            devices,
            events,
            epoch: Instant::now(),
            tasks: BTreeMap::new(),
        }
    }

    /// Gives a task a thread. Whether its module can run is told by the first event.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] where it has none; no event follows then.
    pub fn start(&mut self, spec: TaskSpec) -> Result<(), SpawnError> {
        let id = spec.id;
        if self.tasks.contains_key(&id) {
            return Err(SpawnError::Running(id));
        }
        let mailbox = Arc::new(Mailbox::default());
        let meter = Arc::new(Meter::default());
        let runner = Runner {
            engine: self.engine.clone(),
            devices: self.devices.clone(),
            events: Arc::clone(&self.events),
            mailbox: Arc::clone(&mailbox),
            meter: Arc::clone(&meter),
            epoch: self.epoch,
        };
        let thread = Builder::new()
            .name(format!("task-{:.8}", id.to_string()))
            .spawn(move || runner.run(spec))
            .map_err(SpawnError::Thread)?;
        let running = Running {
            mailbox,
            meter,
            thread,
        };
        self.tasks.insert(id, running);
        Ok(())
    }

    /// What a task has used up to its last slice; `None`: it has no thread, and its last event told.
    pub fn usage(&self, id: TaskId) -> Option<Usage> {
        Some(self.tasks.get(&id)?.meter.usage())
    }

    /// Ends a task. [`TaskEvent::Ended`] follows, where it has not come yet.
    pub fn kill(&self, id: TaskId) {
        if let Some(Running { mailbox, .. }) = self.tasks.get(&id) {
            mailbox.kill();
        }
    }

    /// Puts a message into a task's queue.
    ///
    /// # Errors
    ///
    /// [`NotTaken`], after which the same message may be tried again.
    pub fn message(&self, id: TaskId, payload: &[u8]) -> Result<(), NotTaken> {
        let running = self.tasks.get(&id).ok_or(NotTaken)?;
        running.mailbox.put(payload.to_vec())
    }

    /// One output of the task has left the agent: it may emit another.
    pub fn output_taken(&self, id: TaskId) {
        if let Some(Running { mailbox, .. }) = self.tasks.get(&id) {
            mailbox.output_taken();
        }
    }

    /// Forgets a task that has ended or was not started.
    pub fn reap(&mut self, id: TaskId) {
        if let Some(Running { thread, .. }) = self.tasks.remove(&id) {
            // Its last act was to tell; a panic was told as well.
            let _told = thread.join();
        }
    }
}

impl Drop for Executor {
    /// Ends every task and waits for its thread.
    fn drop(&mut self) {
        for running in self.tasks.values() {
            running.mailbox.kill();
        }
        for (_, running) in std::mem::take(&mut self.tasks) {
            let _told = running.thread.join();
        }
    }
}
