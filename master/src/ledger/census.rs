//! How many agents and tasks there are of each state, and what is held of scalars: kept with each
//! change, so that who counts 100,000 agents does not walk through them.

use std::collections::BTreeMap;

use edgerm_protocol::TaskState;
use edgerm_protocol::api::AgentState;

use super::Ledger;
use super::quantity::Scalars;

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    registered: usize,
    unreachable: usize,
    gone: usize,
    draining: usize,
    tasks: BTreeMap<TaskState, usize>,
    pub(super) used: Scalars,
    pub(super) offered: Scalars,
}

impl Census {
    /// Agents in `state`.
    pub const fn agents(&self, state: AgentState) -> usize {
        match state {
            AgentState::Registered => self.registered,
            AgentState::Unreachable => self.unreachable,
            AgentState::Gone => self.gone,
        }
    }

    /// Agents that are drained, in whatever state.
    pub const fn draining(&self) -> usize {
        self.draining
    }

    /// Tasks in `state` that are remembered.
    pub fn tasks(&self, state: TaskState) -> usize {
        self.tasks.get(&state).copied().unwrap_or_default()
    }

    /// Scalars that tasks hold together.
    pub const fn used(&self) -> &Scalars {
        &self.used
    }

    /// Scalars that are promised in open offers together.
    pub const fn offered(&self) -> &Scalars {
        &self.offered
    }

    /// An agent's state was `before`, none where it is new, and is `after`, none where it is
    /// forgotten.
    pub(super) fn agent(&mut self, before: Option<AgentState>, after: Option<AgentState>) {
        if let Some(before) = before {
            let count = self.agents_mut(before);
            *count = count.saturating_sub(1);
        }
        if let Some(after) = after {
            *self.agents_mut(after) += 1;
        }
    }

    /// Whether an agent was drained, and is.
    pub(super) const fn drain(&mut self, before: bool, after: bool) {
        match (before, after) {
            (false, true) => self.draining += 1,
            (true, false) => self.draining = self.draining.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
    }

    /// The same of a task.
    pub(super) fn task(&mut self, before: Option<TaskState>, after: Option<TaskState>) {
        if let Some(before) = before
            && let Some(count) = self.tasks.get_mut(&before)
        {
            *count = count.saturating_sub(1);
            self.tasks.retain(|_, count| *count > 0);
        }
        if let Some(after) = after {
            *self.tasks.entry(after).or_default() += 1;
        }
    }

    const fn agents_mut(&mut self, state: AgentState) -> &mut usize {
        match state {
            AgentState::Registered => &mut self.registered,
            AgentState::Unreachable => &mut self.unreachable,
            AgentState::Gone => &mut self.gone,
        }
    }

    /// The counts from the records alone.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let mut census = Self::default();
        for agent in ledger.agents.values() {
            census.agent(None, Some(agent.state));
            census.drain(false, agent.drain.is_some());
        }
        for task in ledger.tasks.values() {
            census.task(None, Some(task.state));
            if !task.state.is_terminal() {
                census.used.add(&task.holds);
            }
        }
        for offer in ledger.offers.values() {
            census.offered.add(&offer.resources);
        }
        census
    }
}
