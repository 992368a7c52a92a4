//! What the master has to say to one agent: requests that wait, and the one that is asked.
//!
//! One request is outstanding at a time (`NSTART`, RFC 7252 section 4.7). Kills come first, so
//! that no launch which the agent puts off keeps them; then launches and the description, then
//! messages and what is to be read. One that the agent did not hear is held and asked
//! again when the agent is next heard (queue mode).

use std::collections::VecDeque;

use edgerm_coap::{Block2Fetch, ExchangeId};
use edgerm_protocol::{Instant, TaskId};

use crate::peers::PeerId;

/// One request to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// To give the next block of its description.
    Describe,
    /// To run a task.
    Launch(TaskId),
    /// To end a task.
    Kill(TaskId),
    /// To give a task this payload.
    Message(TaskId, Box<[u8]>),
    /// To tell what there is of a task.
    Inspect(TaskId),
}

impl Command {
    /// The task that it is about.
    fn task(&self) -> Option<TaskId> {
        match self {
            Self::Describe => None,
            Self::Launch(task)
            | Self::Kill(task)
            | Self::Message(task, _)
            | Self::Inspect(task) => Some(*task),
        }
    }

    /// Whether the agent's tasks go on as well without it: it comes last.
    pub(crate) const fn can_wait(&self) -> bool {
        matches!(self, Self::Message(..) | Self::Inspect(_))
    }
}

/// A description that is being pulled.
#[derive(Debug)]
pub(crate) struct Pull {
    pub(crate) fetch: Block2Fetch,
    pub(crate) bytes: Vec<u8>,
}

/// The way to one agent.
#[derive(Debug)]
pub(crate) struct Link {
    /// Who it is to the socket.
    pub(crate) peer: PeerId,
    /// When it was last heard.
    pub(crate) heard_at: Instant,
    /// The request that is asked.
    pub(crate) asked: Option<Box<(ExchangeId, Command)>>,
    /// The description, while it is being pulled.
    pub(crate) pull: Option<Box<Pull>>,
    /// Whether to wait until the agent is heard.
    pub(crate) held: bool,
    /// The change that must be on the disk before what waits is asked.
    pub(crate) asks_after: u64,
    /// When the agent may have been silent for too long.
    pub(crate) look_at: Option<Instant>,
    /// Most links have nothing to say most of the time, and then hold no room for it.
    waiting: Option<Box<Waiting>>,
}

/// What waits to be asked.
#[derive(Debug, Default)]
struct Waiting {
    control: VecDeque<Command>,
    rest: VecDeque<Command>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.control.is_empty() && self.rest.is_empty()
    }

    /// Where such a command waits.
    fn queue(&mut self, command: &Command) -> &mut VecDeque<Command> {
        match command.can_wait() {
            true => &mut self.rest,
            false => &mut self.control,
        }
    }
}

impl Link {
    pub(crate) fn new(peer: PeerId, now: Instant) -> Self {
        Self {
            peer,
            heard_at: now,
            asked: None,
            pull: None,
            held: false,
            asks_after: 0,
            look_at: None,
            waiting: None,
        }
    }

    /// Puts `command` last of its kind, unless the same waits or is asked.
    pub(crate) fn push(&mut self, command: Command) {
        let asked = self.asked.as_ref().is_some_and(|it| it.1 == command);
        let queue = self.waiting.get_or_insert_default().queue(&command);
        // Two messages may be alike.
        let is_message = matches!(command, Command::Message(..));
        if is_message || !(asked || queue.contains(&command)) {
            queue.push_back(command);
        }
        self.shrink();
    }

    /// Puts `command` first of its kind: it was asked and is to be asked again.
    pub(crate) fn push_again(&mut self, command: Command) {
        let queue = self.waiting.get_or_insert_default().queue(&command);
        let is_message = matches!(command, Command::Message(..));
        if is_message || !queue.contains(&command) {
            queue.push_front(command);
        }
    }

    /// Takes the request that is asked, if any.
    pub(crate) fn take_asked(&mut self) -> Option<Command> {
        self.asked.take().map(|asked| asked.1)
    }

    /// Takes the request that is asked, if it is in this exchange.
    pub(crate) fn take_asked_in(&mut self, exchange: ExchangeId) -> Option<Command> {
        let asked = self.asked.take_if(|asked| asked.0 == exchange);
        asked.map(|asked| asked.1)
    }

    /// Keeps `command`, and whatever else waits, until the agent is heard.
    pub(crate) fn hold(&mut self, command: Command) {
        self.push_again(command);
        self.held = true;
    }

    /// The next command to ask. A message waits until its task `runs`.
    pub(crate) fn pop(&mut self, runs: impl Fn(TaskId) -> bool) -> Option<Command> {
        let waiting = self.waiting.as_mut()?;
        let kill = |command: &Command| matches!(command, Command::Kill(_));
        let first = waiting.control.iter().position(kill).unwrap_or(0);
        let next = waiting.control.remove(first).or_else(|| {
            let ready = |command: &Command| match command {
                Command::Message(task, _) => runs(*task),
                Command::Describe | Command::Launch(_) | Command::Kill(_) | Command::Inspect(_) => {
                    true
                }
            };
            let at = waiting.rest.iter().position(ready)?;
            waiting.rest.remove(at)
        });
        self.shrink();
        next
    }

    /// Forgets what waits about `task`.
    pub(crate) fn forget(&mut self, task: TaskId) {
        if let Some(waiting) = &mut self.waiting {
            for queue in [&mut waiting.control, &mut waiting.rest] {
                queue.retain(|command| command.task() != Some(task));
            }
        }
        self.shrink();
    }

    /// Forgets everything that waits or is asked: the agent begins anew.
    pub(crate) fn clear(&mut self) {
        self.asked = None;
        self.pull = None;
        self.held = false;
        if let Some(waiting) = &mut self.waiting {
            waiting.control.clear();
        }
        self.shrink();
    }

    /// Forgets the messages too: the agent is gone.
    pub(crate) fn clear_messages(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.rest.clear();
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        self.waiting.take_if(|waiting| waiting.is_empty());
    }

    /// How many wait, beside the one that is asked.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = self.waiting.as_ref();
        waiting.map_or(0, |it| it.control.len() + it.rest.len())
    }

    /// How many messages wait.
    pub(crate) fn messages(&self) -> usize {
        let is_message = |command: &&Command| matches!(command, Command::Message(..));
        let waiting = self.waiting.as_ref();
        waiting.map_or(0, |it| it.rest.iter().filter(is_message).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_come_before_launches_and_those_before_messages_and_once() {
        let mut link = Link::new(PeerId::Key([1; 4]), Instant::from_millis(0));
        let task = TaskId(1);
        link.push(Command::Message(task, Box::from(&b"x"[..])));
        link.push(Command::Launch(task));
        link.push(Command::Launch(task));
        link.push(Command::Kill(task));
        link.push(Command::Kill(TaskId(2)));
        // A question is asked once, and after all that was to be said before it.
        link.push(Command::Inspect(task));
        link.push(Command::Inspect(task));
        assert_eq!((link.waiting(), link.messages()), (5, 1));
        assert_eq!(link.pop(|_| true), Some(Command::Kill(task)));
        assert_eq!(link.pop(|_| true), Some(Command::Kill(TaskId(2))));
        assert_eq!(link.pop(|_| true), Some(Command::Launch(task)));
        link.hold(Command::Launch(task));
        link.push(Command::Kill(TaskId(2)));
        assert_eq!(link.pop(|_| true), Some(Command::Kill(TaskId(2))));
        assert_eq!(link.pop(|_| false), Some(Command::Launch(task)));
        assert_eq!(link.pop(|_| false), Some(Command::Inspect(task)));
        assert_eq!(link.pop(|_| false), None, "it does not run yet");
        link.forget(task);
        assert_eq!(link.pop(|_| true), None);
    }
}
