//! Who may be an agent.

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
    /// at once. Whoever calls has made it last.
    pub fn enroll(&mut self, agent: Enrolled) {
        if let Some(key_id) = self.enrolled.put(agent) {
            self.forget_key(key_id);
        }
    }

    /// Refuses the agent of this name from now on, and gives it up.
    pub fn unenroll(&mut self, now: Instant, name: &str) {
        if let Some(key_id) = self.enrolled.remove(name) {
            let agent = self.forget_key(key_id);
            if let Some(agent) = agent {
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
    fn forget_key(&mut self, key_id: [u8; 4]) -> Option<AgentId> {
        let peer = self.peers.forget(key_id)?;
        self.set_peer_timer(PeerId::Key(key_id), peer.timer, None);
        let agent = peer.agent?;
        if let Some(link) = self.links.get_mut(&agent)
            && let Some((_, command)) = link.asked.take()
        {
            link.hold(command);
        }
        Some(agent)
    }
}
