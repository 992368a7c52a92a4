//! The API's calls about agents.

use edgerm_protocol::api::{self, Page};
use edgerm_protocol::{AgentId, Instant};

use super::{Master, Paging};

impl Master {
    /// A part of the list of agents.
    pub fn agents(&self, now: Instant, paging: Paging<AgentId>) -> Page<api::Agent> {
        paging.cut(
            self.ledger.agents(paging.after),
            |agent| agent.id,
            |agent| self.view_agent(now, agent),
        )
    }

    /// One agent.
    pub fn agent(&self, now: Instant, agent: AgentId) -> Option<api::Agent> {
        self.agent_view(now, agent)
    }
}
