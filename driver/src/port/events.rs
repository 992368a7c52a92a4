//! What happens, for whoever wants to show it.

use edgerm_agent_core::{KillReason, RecordError, RecordKey, StorageError};
use edgerm_coap::Code;
use edgerm_protocol::{AgentId, ModuleId, TaskId};
use edgerm_task_abi::TaskEnd;

/// Told what happens, from within [`crate::Driver::poll`]: a log, a LED, a firmware's hook.
pub trait Events {
    /// Takes what happened. It is to return at once.
    fn on_event(&mut self, event: Event<'_>);
}

impl Events for () {
    fn on_event(&mut self, _: Event<'_>) {}
}

impl<F: FnMut(Event<'_>)> Events for F {
    fn on_event(&mut self, event: Event<'_>) {
        self(event);
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The master knows the agent by this id.
    Registered(AgentId),
    /// The master does not want the agent, and why. It will try again.
    Refused(Code, &'a str),
    /// A task's module is here, and its thread is told to start it.
    TaskStarting(TaskId),
    /// A task runs.
    TaskStarted(TaskId),
    /// A task cannot run here, and why.
    TaskNotStarted(TaskId, &'a str),
    /// A task is told to end, and why.
    TaskStopping(TaskId, KillReason),
    /// A task has ended, and how.
    TaskEnded(TaskId, TaskEnd),
    /// The storage could not do what it was asked for a module.
    StorageFailed(ModuleId, StorageError),
    /// A record could not be read, written or removed.
    RecordFailed(RecordKey, StorageError),
    /// A record of an earlier boot is of no use, and removed.
    RecordDropped(RecordKey, RecordError),
    /// A datagram could not be sent; it will be again.
    NotSent,
    /// The agent has left, as it was told to.
    Left,
}
