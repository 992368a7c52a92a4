//! Agents fall silent, are heard again, and are given up, and before that their tasks.
//!
//! ```text
//! Registered -- missed_pings periods and slack without a word --> Unreachable
//! Unreachable -- heard --> Registered
//! Unreachable -- give_up, and every task given up --> Gone
//! ```
//!
//! Each task is given up after a time of its own from UNREACHABLE on ([`Task::patience`]). Once
//! one is, the agent's session is over: should it come back, it registers, and is told that the
//! task is unwanted.
//!
//! The timer of an agent is not moved when it pings: it looks, when it fires, when the agent
//! was last heard, and is set anew from then.

use std::time::Duration;

use edgerm_protocol::api::AgentState;
use edgerm_protocol::{AgentId, Instant, TaskId};

use super::{Master, Timer};
use crate::ledger::Change;
#[cfg(doc)]
use crate::ledger::Task;
use crate::peers::PeerId;

/// Silence after which an agent may have slept: one that says more is awake, and hears what it is
/// asked.
const ASLEEP: Duration = Duration::from_secs(2);

impl Master {
    /// The agent spoke, as this peer, in its session.
    pub(super) fn on_heard(&mut self, now: Instant, agent: AgentId, from: PeerId) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let silence = now.saturating_duration_since(link.heard_at);
        link.heard_at = now;
        link.held = false;
        if link.peer != from || self.peers.path_of(agent, from).is_none() {
            self.move_path(agent, from);
        }
        // What it was asked while it slept, or was away, is sent again ever later by itself.
        if silence >= ASLEEP
            && let Some(peer) = self.peers.path_of(agent, from)
        {
            peer.endpoint.hasten(now);
        }
        if self
            .ledger
            .agent(agent)
            .is_some_and(|agent| agent.state == AgentState::Unreachable)
        {
            self.commit(now, Change::AgentReachable(agent));
            self.watch(now, agent);
            tracing::info!(%agent, "agent is heard again");
        }
    }

    /// Looks after `agent` from now on.
    pub(super) fn watch(&mut self, now: Instant, agent: AgentId) {
        let silent_at = now + self.patience(agent);
        self.look_at(agent, silent_at);
    }

    /// Sets the one timer of `agent`.
    pub(super) fn look_at(&mut self, agent: AgentId, at: Instant) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        if let Some(before) = link.look_at.replace(at) {
            self.timers.remove(&(before, Timer::Health(agent)));
        }
        self.timers.insert((at, Timer::Health(agent)));
    }

    pub(super) fn on_health_timer(&mut self, now: Instant, id: AgentId) {
        let (Some(agent), Some(link)) = (self.ledger.agent(id), self.links.get(&id)) else {
            return;
        };
        let silent_at = link.heard_at + self.patience(id);
        match agent.state {
            AgentState::Registered if silent_at > now => self.look_at(id, silent_at),
            AgentState::Registered => {
                let changes = self.ledger.agent_unreachable(agent);
                tracing::warn!(agent = %id, name = &*agent.name, "agent is silent");
                self.commit_all(now, changes);
                if let Some(link) = self.links.get_mut(&id) {
                    // It might hear, and go on for longer than is known here.
                    link.held = true;
                }
                self.give_up(now, id, silent_at);
            }
            AgentState::Unreachable => self.give_up(now, id, silent_at),
            AgentState::Gone => {}
        }
    }

    /// Gives up what of a silent agent is due, and looks again when more is.
    fn give_up(&mut self, now: Instant, id: AgentId, silent_at: Instant) {
        let (Some(agent), Some(link)) = (self.ledger.agent(id), self.links.get(&id)) else {
            return;
        };
        let give_up = self.config.timing.give_up;
        let silence = now.saturating_duration_since(link.heard_at).as_secs();
        let detail = format!("its agent was silent for {silence} s");
        let tasks = agent.tasks.iter().filter_map(|id| self.ledger.task(*id));
        let dues = tasks.map(|task| (silent_at + task.patience(give_up), task.id));
        let (due, later): (Vec<_>, Vec<_>) = dues.partition(|(at, _)| *at <= now);
        let gone_at = silent_at + give_up;
        if later.is_empty() && gone_at <= now {
            tracing::warn!(agent = %id, name = &*agent.name, silence, "agent is given up");
            return self.lose(now, id, &detail);
        }
        let next = later.iter().map(|(at, _)| *at).min();
        let due: Vec<TaskId> = due.into_iter().map(|(_, task)| task).collect();
        let changes = self.ledger.tasks_given_up(agent, &due, &detail);
        self.commit_all(now, changes);
        self.look_at(id, next.unwrap_or(gone_at));
    }

    /// The agent is gone; `detail` says why its tasks are lost.
    pub(super) fn lose(&mut self, now: Instant, id: AgentId, detail: &str) {
        let Some(agent) = self.ledger.agent(id) else {
            return;
        };
        let changes = self.ledger.agent_gone(agent, detail);
        self.commit_all(now, changes);
        if let Some(link) = self.links.get_mut(&id) {
            link.clear();
            link.clear_messages();
            let peer = link.peer;
            if let Some(at) = link.look_at.take() {
                self.timers.remove(&(at, Timer::Health(id)));
            }
            self.leave_path(id, peer);
        }
    }

    /// How long the agent may be silent before it is missed.
    fn patience(&self, agent: AgentId) -> Duration {
        let timing = self.config.timing;
        let period = self
            .ledger
            .agent(agent)
            .map_or(0, |agent| agent.ping_period_ms);
        Duration::from_millis(period.into())
            .saturating_mul(timing.missed_pings)
            .saturating_add(timing.slack)
    }
}
