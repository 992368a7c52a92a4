//! An agent is drained: nothing more of it is offered, and what runs there comes to its end.

use edgerm_protocol::{AgentId, Instant};

use super::{Agent, Change, Ledger};

/// That an agent is to run nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// When the tasks that run there are killed; `None`: they may end by themselves.
    pub kills_at: Option<Instant>,
}

/// There is no such agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no agent {0}: list them with GET /v1/agents")]
pub struct UnknownAgent(pub AgentId);

impl Ledger {
    /// Drains an agent, or does with another end than before. Its offers are rescinded.
    ///
    /// # Errors
    ///
    /// [`UnknownAgent`]; nothing changes.
    pub fn drain_agent(&self, agent: AgentId, drain: Drain) -> Result<Vec<Change>, UnknownAgent> {
        let agent = self.agent(agent).ok_or(UnknownAgent(agent))?;
        let mut changes = self.rescind_offers(agent);
        changes.push(Change::AgentDrained {
            agent: agent.id,
            drain: Some(drain),
        });
        Ok(changes)
    }

    /// Ends the draining of an agent. Nothing where it is not drained.
    ///
    /// # Errors
    ///
    /// [`UnknownAgent`].
    pub fn undrain_agent(&self, agent: AgentId) -> Result<Option<Change>, UnknownAgent> {
        let agent = self.agent(agent).ok_or(UnknownAgent(agent))?;
        Ok(agent.drain.map(|_| Change::AgentDrained {
            agent: agent.id,
            drain: None,
        }))
    }
}

impl Agent {
    /// Whether it is drained, and nothing runs there any more.
    pub fn is_drained(&self) -> bool {
        self.drain.is_some() && self.tasks.is_empty()
    }
}
