//! Where agents are reached: each at the address that it was last heard from, one agent an
//! address.

use std::net::SocketAddr;

use edgerm_protocol::{AgentId, Instant};

use super::Master;
use crate::link::Link;

impl Master {
    /// The agent begins anew, at `address`. Nothing that was asked of it stands.
    pub(super) fn open_link(&mut self, now: Instant, agent: AgentId, address: SocketAddr) {
        let link = self
            .links
            .entry(agent)
            .or_insert_with(|| Link::new(address, now));
        if let Some(peer) = self.peers.path_of(agent, link.address) {
            peer.endpoint.cancel();
        }
        link.clear();
        link.heard_at = now;
        self.move_path(agent, address);
        self.watch(now, agent);
    }

    /// The agent is reached at `address` from now on. What was asked at its former address is
    /// asked again.
    pub(super) fn move_path(&mut self, agent: AgentId, address: SocketAddr) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let before = std::mem::replace(&mut link.address, address);
        if before != address
            && let Some((_, command)) = link.asked.take()
        {
            link.push_again(command);
        }
        if let Some(displaced) = self.peers.pin(address, agent) {
            // Whoever was there is heard again, or not at all.
            if let Some(peer) = self.peers.get_mut(address) {
                peer.endpoint.cancel();
            }
            if let Some(link) = self.links.get_mut(&displaced)
                && let Some((_, command)) = link.asked.take()
            {
                link.hold(command);
            }
        }
        if before != address {
            self.leave_path(agent, before);
        }
    }

    /// The agent is at `address` no more. Whoever took it from there meanwhile stays.
    pub(super) fn leave_path(&mut self, agent: AgentId, address: SocketAddr) {
        if self.peers.path_of(agent, address).is_some() {
            self.peers.unpin(address);
            self.flush(address);
        }
    }
}
