//! Operators drain agents: nothing new runs there, and what runs ends by itself or is killed.
//!
//! ```text
//! - drain --> Draining -- its last task has ended --> Drained
//! Draining -- the deadline --> Draining, its tasks killed
//! Draining, Drained -- undrain --> -
//! ```
//!
//! It lasts over a restart of either end, with its deadline, and an agent that registers anew is
//! as drained as it was.

use std::time::Duration;

use edgerm_protocol::api::{self, EventKind};
use edgerm_protocol::{AgentId, Instant, TaskId};

use super::{Master, Timer};
use crate::ledger::{Agent, Drain, UnknownAgent};
use crate::refusal::Refuse;

impl Master {
    /// Drains `agent`: its tasks are killed `after` this time, or never.
    ///
    /// # Errors
    ///
    /// [`UnknownAgent`]; nothing changes.
    pub fn drain_agent(
        &mut self,
        now: Instant,
        id: AgentId,
        after: Option<Duration>,
    ) -> Result<api::Agent, UnknownAgent> {
        let kills_at = after.map(|after| now + after);
        let changes = self.ledger.drain_agent(id, Drain { kills_at })?;
        self.forget_drain_timer(id);
        self.commit_all(now, changes);
        self.set_drain_timer(id);
        // Another agent may suit who waited for what was rescinded.
        self.allocate(now);
        tracing::info!(agent = %id, deadline = ?after, "agent is drained");
        self.agent(now, id).ok_or(UnknownAgent(id))
    }

    /// Ends the draining of `agent`: it is offered again. Tasks that were killed stay killed.
    ///
    /// # Errors
    ///
    /// [`UnknownAgent`].
    pub fn undrain_agent(&mut self, now: Instant, id: AgentId) -> Result<api::Agent, UnknownAgent> {
        let change = self.ledger.undrain_agent(id)?;
        self.forget_drain_timer(id);
        self.commit_all(now, change);
        self.allocate(now);
        tracing::info!(agent = %id, "agent is no longer drained");
        self.agent(now, id).ok_or(UnknownAgent(id))
    }

    /// Its time is up: what runs there is killed.
    pub(super) fn on_drain_timer(&mut self, now: Instant, id: AgentId) {
        // Another deadline may have been set since, or none.
        if self.kills_at(id).is_none_or(|at| at > now) {
            return;
        }
        let Some(agent) = self.ledger.agent(id) else {
            return;
        };
        let tasks: Vec<TaskId> = agent.tasks.iter().copied().collect();
        if !tasks.is_empty() {
            tracing::warn!(agent = %id, tasks = tasks.len(), "drained: tasks are killed");
        }
        for task in tasks {
            // It is there, and an operator may.
            let _killed = self.kill_task(now, task, None);
        }
    }

    /// Kills at the deadline, also where that passed while no master ran.
    pub(super) fn set_drain_timer(&mut self, id: AgentId) {
        if let Some(at) = self.kills_at(id) {
            self.timers.insert((at, Timer::Drain(id)));
        }
    }

    fn forget_drain_timer(&mut self, id: AgentId) {
        if let Some(at) = self.kills_at(id) {
            self.timers.remove(&(at, Timer::Drain(id)));
        }
    }

    fn kills_at(&self, id: AgentId) -> Option<Instant> {
        self.ledger.agent(id)?.drain?.kills_at
    }

    /// A drain began or ended.
    pub(super) fn on_drain(&mut self, now: Instant, id: AgentId) {
        let Some(view) = self.agent_view(now, id) else {
            return;
        };
        self.freed.insert(id);
        match view.drain {
            Some(drain) => self.tell(None, EventKind::AgentDraining { agent: id, drain }),
            None => self.tell(None, EventKind::AgentUndrained { agent: id }),
        }
        self.on_maybe_drained(id);
    }

    /// Tells of an agent whose last task has ended while it was drained.
    pub(super) fn on_maybe_drained(&mut self, id: AgentId) {
        if self.ledger.agent(id).is_some_and(Agent::is_drained) {
            tracing::info!(agent = %id, "agent is drained of its tasks");
            self.tell(None, EventKind::AgentDrained { agent: id });
        }
    }
}

pub(super) fn view(now: Instant, agent: &Agent) -> Option<api::Drain> {
    let drain = agent.drain?;
    let state = match agent.is_drained() {
        true => api::DrainState::Drained,
        false => api::DrainState::Draining,
    };
    let until = |at: Instant| super::view::millis(at.saturating_duration_since(now));
    let kills_in_ms = drain.kills_at.map(until);
    Some(api::Drain { state, kills_in_ms })
}

impl Refuse for UnknownAgent {
    fn status(&self) -> u16 {
        404
    }

    fn code(&self) -> &'static str {
        "unknownAgent"
    }
}
