//! What waits to be asked of an agent: as `edgerm_master`'s own queue, without messages.

use std::collections::VecDeque;

use edgerm_protocol::TaskId;

/// A request to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Launch(TaskId),
    Kill(TaskId),
}

impl Command {
    pub(super) const fn task(self) -> TaskId {
        match self {
            Self::Launch(task) | Self::Kill(task) => task,
        }
    }
}

/// What waits to be asked of an agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    pub(super) asked: Option<Command>,
    pub(super) held: bool,
    pub(super) queue: VecDeque<Command>,
}

impl Waiting {
    pub(super) fn push(&mut self, command: Command) {
        if self.asked != Some(command) && !self.queue.contains(&command) {
            self.queue.push_back(command);
        }
    }

    pub(super) fn hold(&mut self, command: Command) {
        if !self.queue.contains(&command) {
            self.queue.push_front(command);
        }
        self.held = true;
    }

    pub(super) fn pop(&mut self) -> Option<Command> {
        let is_kill = |command: &Command| matches!(command, Command::Kill(_));
        let first = self.queue.iter().position(is_kill).unwrap_or(0);
        self.queue.remove(first)
    }

    pub(super) fn forget(&mut self, task: TaskId) {
        self.queue.retain(|command| command.task() != task);
    }
}
