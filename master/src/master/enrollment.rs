//! Who may be an agent.

use std::sync::Arc;

use edgerm_protocol::api::AgentState;
use edgerm_protocol::{AgentId, Instant};

use super::Master;
use crate::access::{Agents, Enrolled};
use crate::peers::PeerId;

impl Master {
    /// Those enrolled.
    pub fn enrolled(&self) -> &Agents {
        &self.enrolled
    }

    /// Takes an agent from now on, in place of the one of its name, whose credential is refused
    /// at once, or who never had one. Whoever calls has made it last.
    pub fn enroll(&mut self, mut agent: Enrolled) {
        if let Some(known) = self.ledger.agent_named(&agent.name) {
            agent.name = Arc::clone(&known.name);
        }
        let name = Arc::clone(&agent.name);
        let was_empty = self.enrolled.is_empty();
        if let Some(key_id) = self.enrolled.put(agent) {
            self.forget_key(key_id);
        }
        if was_empty && !self.config.insecure {
            // None that proves nothing is taken any more.
            let agents: Vec<AgentId> = self.links.keys().copied().collect();
            for agent in agents {
                self.forget_plain(agent);
            }
        } else if let Some(agent) = self.ledger.agent_named(&name) {
            self.forget_plain(agent.id);
        }
    }

    /// Refuses the agent of this name from now on, and gives it up.
    pub fn unenroll(&mut self, now: Instant, name: &str) {
        if let Some(key_id) = self.enrolled.remove(name) {
            self.forget_key(key_id);
            // Also where it was last heard with a credential of before.
            let agent = self.ledger.agent_named(name);
            let agent = agent.filter(|agent| agent.state != AgentState::Gone);
            if let Some(agent) = agent.map(|agent| agent.id)
                && let Some(link) = self.links.get(&agent)
                && link.peer.proves()
            {
                self.lose(now, agent, "the credential of its agent was revoked");
            }
        }
        self.allocate(now);
    }

    /// Counts a try to join that was denied.
    pub(crate) fn count_denied_join(&mut self) {
        self.count("joinDenied");
    }

    /// Ends whatever goes on under a key id that is no one's any more. What waits for its agent
    /// waits on.
    fn forget_key(&mut self, key_id: [u8; 4]) {
        let Some(peer) = self.peers.forget(key_id) else {
            return;
        };
        self.set_peer_timer(PeerId::Key(key_id), peer.timer, None);
        if let Some(agent) = peer.agent {
            self.hold_asked(agent);
        }
    }

    /// The same for an agent that proves nothing.
    fn forget_plain(&mut self, agent: AgentId) {
        let peer = self.links.get(&agent).map(|link| link.peer);
        if let Some(peer) = peer.filter(|peer| !peer.proves()) {
            self.hold_asked(agent);
            self.leave_path(agent, peer);
        }
    }

    fn hold_asked(&mut self, agent: AgentId) {
        if let Some(link) = self.links.get_mut(&agent)
            && let Some(command) = link.take_asked()
        {
            link.hold(command);
        }
    }
}
