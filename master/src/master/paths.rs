//! Where agents are reached. One that proves itself is reached wherever it proved to be last (see
//! `datagrams`); any other at the address that it was last heard from, one agent an address.

use std::net::SocketAddr;

use edgerm_protocol::{AgentId, Instant};

use super::Master;
use crate::link::Link;
use crate::peers::PeerId;

impl Master {
    /// The agent begins anew, as `peer`. Nothing that was asked of it stands.
    pub(super) fn open_link(&mut self, now: Instant, agent: AgentId, peer: PeerId) {
        let link = self
            .links
            .entry(agent)
            .or_insert_with(|| Box::new(Link::new(peer, now)));
        if let Some(before) = self.peers.path_of(agent, link.peer) {
            before.endpoint.cancel();
        }
        link.clear();
        link.heard_at = now;
        self.move_path(agent, peer);
        self.watch(now, agent);
    }

    /// The agent is reached as `peer` from now on. What it was asked as another is asked again.
    pub(super) fn move_path(&mut self, agent: AgentId, peer: PeerId) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let before = std::mem::replace(&mut link.peer, peer);
        if before != peer
            && let Some(command) = link.take_asked()
        {
            link.push_again(command);
        }
        if let Some(displaced) = self.peers.pin(peer, agent) {
            // Whoever was there is heard again, or not at all.
            if let Some(there) = self.peers.get_mut(peer) {
                there.endpoint.cancel();
            }
            if let Some(link) = self.links.get_mut(&displaced)
                && let Some(command) = link.take_asked()
            {
                link.hold(command);
            }
        }
        if before != peer {
            self.leave_path(agent, before);
        }
    }

    /// The agent is `peer` no more. Whoever took its place there meanwhile stays.
    pub(super) fn leave_path(&mut self, agent: AgentId, peer: PeerId) {
        if self.peers.path_of(agent, peer).is_some() {
            self.peers.unpin(peer);
            self.flush(peer);
        }
    }

    /// Where an agent is, as far as is known.
    pub(super) fn address(&self, link: &Link) -> Option<SocketAddr> {
        match link.peer {
            PeerId::Address(address) => Some(address),
            PeerId::Key(_) => self.peers.address(link.peer),
        }
    }
}
