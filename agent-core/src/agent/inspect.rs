//! What decides an agent's future, for a search that is to know when it has been here before.
//!
//! Two agents that are told the same by [`Agent::canonical`] do the same from here on, but for
//! what they draw at random (jitter, message ids, tokens) and for when they do it. Of instants
//! nothing is told but whether they are due, so deadlines that a task has by
//! `stop_after_disconnected` are not told apart. Every field is named here: who adds one decides.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use edgerm_protocol::{Instant, SessionId, TaskId, TaskState};

use super::{Agent, Asked};
use crate::registration::{Membership, Registration};

impl<const TASKS: usize> Agent<TASKS> {
    /// The agent's state, as far as it matters from `now` on, in a form to be compared.
    pub fn canonical(&self, now: Instant) -> String {
        let Self {
            name,
            boot,
            description,
            config: _,
            rng: _,
            endpoint,
            registration,
            asked,
            last_heard: _,
            reachable,
            repeats,
            module_first,
            table,
            fetch,
            outputs,
            kept,
            identity,
            passed_on,
            effects,
            polled: _,
        } = self;
        let description = description.len();
        let registration = standing(registration, now);
        let asked: Option<&Asked> = asked.as_ref().map(|(_, asked)| asked);
        let passed_on = passed_on.map(|(_, task)| task);
        let table = table.canonical();
        let busy = endpoint.is_busy();
        format!(
            "{name} {boot} {description} {registration:?} {asked:?} {busy} {reachable} {repeats} \
             {module_first} {table} {fetch:?} {outputs:?} {kept:?} {identity:?} {passed_on:?} \
             {effects:?}"
        )
    }

    /// Every task that the agent knows, in its state and with the one that the master knows.
    pub fn known_tasks(&self) -> impl Iterator<Item = (TaskId, TaskState, TaskState)> {
        let tasks = self.table.iter();
        tasks.map(|task| (task.id, task.state(), task.told()))
    }

    /// The session that its messages bear, once it has one.
    pub const fn session(&self) -> Option<SessionId> {
        self.registration.session()
    }

    /// Whether a request to the master is on its way.
    pub const fn is_asking(&self) -> bool {
        self.asked.is_some()
    }
}

/// A registration without its instants: its name, whether it is due, and who the agent is.
fn standing(registration: &Registration, now: Instant) -> (&str, bool, Option<Membership>) {
    let name = match registration {
        Registration::Unregistered { .. } => "unregistered",
        Registration::Registering { .. } => "registering",
        Registration::Registered { .. } => "registered",
        Registration::Leaving { .. } => "leaving",
        Registration::Left => "left",
    };
    let is_due = registration.deadline().is_some_and(|at| at <= now);
    (name, is_due, registration.member())
}

impl<const TASKS: usize> crate::table::Table<TASKS> {
    /// The tasks in their order, and which were here, in no order.
    fn canonical(&self) -> String {
        let (tasks, [over, killed_unseen]) = self.parts();
        let sorted = |ids: &[TaskId]| {
            let mut ids: Vec<TaskId> = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let (over, killed) = (sorted(over), sorted(killed_unseen));
        format!("{tasks:?} {over:?} {killed:?}")
    }
}
