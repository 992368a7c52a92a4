//! One CoAP endpoint for each address that is heard: pinned where it is a registered agent's,
//! else in a bounded table from which the one longest silent goes first.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use edgerm_coap::{Config, Endpoint, Plain};
use edgerm_protocol::{AgentId, Instant};

/// Who is at an address.
#[derive(Debug)]
pub(crate) struct Peer {
    /// What is said with it.
    pub(crate) endpoint: Endpoint,
    /// The agent whose path this is.
    pub(crate) agent: Option<AgentId>,
    /// The timer that is set for the endpoint.
    pub(crate) timer: Option<Instant>,
    /// Its place among the strangers.
    used: u64,
}

/// Everybody who is heard.
#[derive(Debug)]
pub(crate) struct Peers {
    peers: BTreeMap<SocketAddr, Peer>,
    /// Those who are no agent, longest silent first.
    strangers: BTreeMap<u64, SocketAddr>,
    clock: u64,
    max_strangers: usize,
}

impl Peers {
    pub(crate) fn new(max_strangers: usize) -> Self {
        Self {
            peers: BTreeMap::new(),
            strangers: BTreeMap::new(),
            clock: 0,
            max_strangers: max_strangers.max(1),
        }
    }

    pub(crate) fn get_mut(&mut self, address: SocketAddr) -> Option<&mut Peer> {
        self.peers.get_mut(&address)
    }

    /// Whoever is at `address`, where that is the path of `agent`.
    pub(crate) fn path_of(&mut self, agent: AgentId, address: SocketAddr) -> Option<&mut Peer> {
        let peer = self.peers.get_mut(&address)?;
        (peer.agent == Some(agent)).then_some(peer)
    }

    /// Whoever is at `address`, met for the first time if need be, with the seed that `draw`
    /// gives.
    pub(crate) fn meet(&mut self, address: SocketAddr, draw: impl FnOnce() -> u64) -> &mut Peer {
        self.clock += 1;
        let clock = self.clock;
        if let Some(peer) = self.peers.get_mut(&address)
            && peer.agent.is_none()
        {
            self.strangers.remove(&peer.used);
            peer.used = clock;
            self.strangers.insert(clock, address);
        } else if !self.peers.contains_key(&address) {
            while self.strangers.len() >= self.max_strangers
                && let Some((_, oldest)) = self.strangers.pop_first()
            {
                self.peers.remove(&oldest);
            }
            self.strangers.insert(clock, address);
        }
        self.peers.entry(address).or_insert_with(|| Peer {
            endpoint: Endpoint::new(Config::default(), Plain, draw()),
            agent: None,
            timer: None,
            used: clock,
        })
    }

    /// Makes `address` the path of `agent`. The agent that had it before, if another, is told.
    pub(crate) fn pin(&mut self, address: SocketAddr, agent: AgentId) -> Option<AgentId> {
        let peer = self.peers.get_mut(&address)?;
        if peer.agent.is_none() {
            self.strangers.remove(&peer.used);
        }
        peer.agent.replace(agent).filter(|before| *before != agent)
    }

    /// Lets `address` be a stranger's again. What was asked there is forgotten.
    pub(crate) fn unpin(&mut self, address: SocketAddr) {
        let Some(peer) = self.peers.get_mut(&address) else {
            return;
        };
        peer.endpoint.cancel();
        if peer.agent.take().is_some() {
            self.clock += 1;
            peer.used = self.clock;
            self.strangers.insert(self.clock, address);
            if self.strangers.len() > self.max_strangers
                && let Some((_, oldest)) = self.strangers.pop_first()
            {
                self.peers.remove(&oldest);
            }
        }
    }

    /// How many addresses have an endpoint.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn strangers_give_way_and_agents_stay() {
        let mut peers = Peers::new(2);
        peers.meet(address(1), || 1);
        assert_eq!(peers.pin(address(1), AgentId(1)), None);
        for port in 2..50 {
            peers.meet(address(port), || 1);
        }
        assert_eq!(peers.len(), 3);
        assert!(peers.get_mut(address(1)).is_some());
        assert!(peers.get_mut(address(48)).is_some());
        peers.meet(address(48), || 1);
        peers.meet(address(50), || 1);
        assert!(peers.get_mut(address(48)).is_some(), "heard last but one");
        assert!(peers.get_mut(address(49)).is_none());
        peers.unpin(address(1));
        assert_eq!(peers.len(), 2);
    }

    #[test]
    fn a_path_has_one_agent() {
        let mut peers = Peers::new(2);
        peers.meet(address(1), || 1);
        peers.pin(address(1), AgentId(1));
        assert_eq!(peers.pin(address(1), AgentId(1)), None);
        assert_eq!(peers.pin(address(1), AgentId(2)), Some(AgentId(1)));
    }
}
