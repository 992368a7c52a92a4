//! What runs tasks: it starts and stops at once, unless it is paused and the test speaks for it.

use std::collections::BTreeSet;

use edgerm_agent_core::{Input, KillReason, TaskExit};
use edgerm_protocol::TaskId;

#[derive(Debug, Default)]
pub(crate) struct Executor {
    /// Every start, in order.
    pub(crate) started: Vec<TaskId>,
    /// Every stop, in order.
    pub(crate) stopped: Vec<(TaskId, KillReason)>,
    pub(crate) messages: Vec<(TaskId, Vec<u8>)>,
    /// What it is told is noted, and not answered.
    pub(crate) paused: bool,
    /// No task takes a message.
    pub(crate) queues_full: bool,
    pub(crate) running: BTreeSet<TaskId>,
}

impl Executor {
    pub(crate) fn start(&mut self, id: TaskId) -> Option<Input<'static>> {
        assert!(self.running.insert(id), "{id} runs already");
        self.started.push(id);
        (!self.paused).then_some(Input::TaskStarted(id))
    }

    pub(crate) fn stop(&mut self, id: TaskId, reason: KillReason) -> Option<Input<'static>> {
        assert!(self.running.contains(&id), "{id} does not run");
        self.stopped.push((id, reason));
        if self.paused {
            return None;
        }
        self.running.remove(&id);
        Some(Input::TaskExited(id, TaskExit::Killed))
    }

    pub(crate) fn message(&mut self, id: TaskId, payload: &[u8]) -> Option<Input<'static>> {
        assert!(self.running.contains(&id), "{id} does not run");
        self.messages.push((id, payload.to_vec()));
        (!self.paused).then_some(Input::MessageTaken(id, !self.queues_full))
    }
}
