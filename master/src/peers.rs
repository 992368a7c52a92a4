//! One CoAP endpoint for everybody who is heard: for each enrolled agent, whatever its address,
//! and for each address that proves nothing. Of those a registered agent's is pinned, the others
//! are in a bounded table from which the one longest silent goes first.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use edgerm_coap::oscore::{Client, Credential, Keys};
use edgerm_coap::{Channel, Config, Endpoint};
use edgerm_protocol::{AgentId, Instant};

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PeerId {
    /// Whoever is at this address.
    Address(SocketAddr),
    /// An agent that proves itself with the credential of this key id.
    Key([u8; 4]),
}

impl PeerId {
    /// Whether it proves who it is.
    pub(crate) const fn proves(self) -> bool {
        matches!(self, Self::Key(_))
    }

    /// The key id with which it does.
    pub(crate) const fn key(self) -> Option<[u8; 4]> {
        match self {
            Self::Key(key) => Some(key),
            Self::Address(_) => None,
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Key(key) => write!(f, "key {:08x}", u32::from_be_bytes(*key)),
        }
    }
}

/// Somebody who is heard.
#[derive(Debug)]
pub(crate) struct Peer {
    /// What is said with it.
    pub(crate) endpoint: Endpoint<Channel<Keys>>,
    /// The agent whose path this is.
    pub(crate) agent: Option<AgentId>,
    /// The timer that is set for the endpoint.
    pub(crate) timer: Option<Instant>,
    /// What is kept of one that proves itself.
    pub(crate) client: Option<Client>,
    /// Where requests to it go: where it is for certain.
    pub(crate) path: Option<SocketAddr>,
    /// Where the last datagram came from, and how long it was: where answers to it go, and how
    /// long they may be unless that is the path.
    pub(crate) heard: (SocketAddr, usize),
    /// The change that must be on the disk before an answer to it leaves.
    pub(crate) answers_after: u64,
    /// The same of a request to it.
    pub(crate) asks_after: u64,
    /// Its place among the strangers.
    used: u64,
}

/// Everybody who is heard.
#[derive(Debug)]
pub(crate) struct Peers {
    // In boxes, so that no key is left behind where the tree moves its nodes, and none is as large
    // as eleven of them.
    /// Those who prove themselves.
    known: BTreeMap<[u8; 4], Box<Peer>>,
    /// Those who do not, by where they are.
    met: BTreeMap<SocketAddr, Box<Peer>>,
    /// Whose path an address is, of those who prove themselves.
    paths: BTreeMap<SocketAddr, [u8; 4]>,
    /// Those who are no agent, longest silent first.
    strangers: BTreeMap<u64, SocketAddr>,
    clock: u64,
    max_strangers: usize,
}

impl Peers {
    pub(crate) fn new(max_strangers: usize) -> Self {
        Self {
            known: BTreeMap::new(),
            met: BTreeMap::new(),
            paths: BTreeMap::new(),
            strangers: BTreeMap::new(),
            clock: 0,
            max_strangers: max_strangers.max(1),
        }
    }

    pub(crate) fn get_mut(&mut self, peer: PeerId) -> Option<&mut Peer> {
        let peer = match peer {
            PeerId::Key(key) => self.known.get_mut(&key),
            PeerId::Address(address) => self.met.get_mut(&address),
        };
        peer.map(Box::as_mut)
    }

    /// Whoever that is, where it is the path of `agent`.
    pub(crate) fn path_of(&mut self, agent: AgentId, peer: PeerId) -> Option<&mut Peer> {
        self.get_mut(peer).filter(|peer| peer.agent == Some(agent))
    }

    /// The agent whose path this is.
    pub(crate) fn agent_at(&self, peer: PeerId) -> Option<AgentId> {
        self.get(peer)?.agent
    }

    /// Where requests to this peer go.
    pub(crate) fn address(&self, peer: PeerId) -> Option<SocketAddr> {
        self.get(peer)?.path
    }

    fn get(&self, peer: PeerId) -> Option<&Peer> {
        let peer = match peer {
            PeerId::Key(key) => self.known.get(&key),
            PeerId::Address(address) => self.met.get(&address),
        };
        peer.map(Box::as_ref)
    }

    /// Who proved to be at `address`, if anybody did.
    pub(crate) fn proven_at(&self, address: SocketAddr) -> Option<PeerId> {
        self.paths.get(&address).copied().map(PeerId::Key)
    }

    /// Whoever is at `address`, met for the first time if need be, with the seed that `draw`
    /// gives.
    pub(crate) fn meet(&mut self, address: SocketAddr, draw: impl FnOnce() -> u64) -> &mut Peer {
        self.clock += 1;
        let clock = self.clock;
        if let Some(peer) = self.met.get_mut(&address)
            && peer.agent.is_none()
        {
            self.strangers.remove(&peer.used);
            peer.used = clock;
            self.strangers.insert(clock, address);
        } else if !self.met.contains_key(&address) {
            while self.strangers.len() >= self.max_strangers
                && let Some((_, oldest)) = self.strangers.pop_first()
            {
                self.met.remove(&oldest);
            }
            self.strangers.insert(clock, address);
        }
        self.met.entry(address).or_insert_with(|| {
            Box::new(Peer {
                endpoint: Endpoint::new(Config::default(), Channel::Plain, draw()),
                agent: None,
                timer: None,
                client: None,
                path: Some(address),
                heard: (address, 0),
                answers_after: 0,
                asks_after: 0,
                used: clock,
            })
        })
    }

    /// The enrolled agent of this credential, heard at `address`.
    pub(crate) fn know(
        &mut self,
        credential: &Credential,
        address: SocketAddr,
        draw: impl FnOnce() -> u64,
    ) -> &mut Peer {
        self.known.entry(credential.key_id()).or_insert_with(|| {
            let channel = Channel::Protected(Keys::new());
            Box::new(Peer {
                endpoint: Endpoint::new(Config::default(), channel, draw()),
                agent: None,
                timer: None,
                client: Some(Client::new(credential.clone())),
                path: None,
                heard: (address, 0),
                answers_after: 0,
                asks_after: 0,
                used: 0,
            })
        })
    }

    /// The agent with this key proved to be at `address`. Who was there before is there no more,
    /// as far as is known: requests to it wait until it proves where it is.
    pub(crate) fn prove(&mut self, key: [u8; 4], address: SocketAddr) {
        let Some(peer) = self.known.get_mut(&key) else {
            return;
        };
        if let Some(before) = peer.path.replace(address)
            && before != address
            && self.paths.get(&before) == Some(&key)
        {
            self.paths.remove(&before);
        }
        if let Some(displaced) = self.paths.insert(address, key)
            && displaced != key
            && let Some(displaced) = self.known.get_mut(&displaced)
        {
            displaced.path = None;
        }
    }

    /// Nobody has this key any more.
    pub(crate) fn forget(&mut self, key: [u8; 4]) -> Option<Box<Peer>> {
        let peer = self.known.remove(&key)?;
        if let Some(path) = peer.path
            && self.paths.get(&path) == Some(&key)
        {
            self.paths.remove(&path);
        }
        Some(peer)
    }

    /// Makes this the path of `agent`. The agent that had it before, if another, is told.
    pub(crate) fn pin(&mut self, id: PeerId, agent: AgentId) -> Option<AgentId> {
        let peer = self.get_mut(id)?;
        let (used, before) = (peer.used, peer.agent.replace(agent));
        if before.is_none() {
            self.strangers.remove(&used);
        }
        before.filter(|before| *before != agent)
    }

    /// Lets it be nobody's path again, and an address a stranger's. What was asked there is
    /// forgotten.
    pub(crate) fn unpin(&mut self, id: PeerId) {
        let used = self.clock + 1;
        let Some(peer) = self.get_mut(id) else {
            return;
        };
        peer.endpoint.cancel();
        if peer.agent.take().is_some()
            && let PeerId::Address(address) = id
        {
            peer.used = used;
            self.clock = used;
            self.strangers.insert(self.clock, address);
            if self.strangers.len() > self.max_strangers
                && let Some((_, oldest)) = self.strangers.pop_first()
            {
                self.met.remove(&oldest);
            }
        }
    }

    /// How many have an endpoint.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len() + self.met.len()
    }
}

/// An address as bytes, of which there are at most 18.
pub(crate) fn place(address: SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend(address.port().to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn at(port: u16) -> PeerId {
        PeerId::Address(address(port))
    }

    fn key(byte: u8) -> Credential {
        Credential::new([byte; 4], [byte; 16], [byte; 8])
    }

    #[test]
    fn strangers_give_way_and_agents_stay() {
        let mut peers = Peers::new(2);
        peers.meet(address(1), || 1);
        assert_eq!(peers.pin(at(1), AgentId(1)), None);
        for port in 2..50 {
            peers.meet(address(port), || 1);
        }
        assert_eq!(peers.len(), 3);
        assert!(peers.get_mut(at(1)).is_some());
        assert!(peers.get_mut(at(48)).is_some());
        peers.meet(address(48), || 1);
        peers.meet(address(50), || 1);
        assert!(peers.get_mut(at(48)).is_some(), "heard last but one");
        assert!(peers.get_mut(at(49)).is_none());
        peers.unpin(at(1));
        assert_eq!(peers.len(), 2);
    }

    #[test]
    fn a_path_has_one_agent() {
        let mut peers = Peers::new(2);
        peers.meet(address(1), || 1);
        peers.pin(at(1), AgentId(1));
        assert_eq!(peers.pin(at(1), AgentId(1)), None);
        assert_eq!(peers.pin(at(1), AgentId(2)), Some(AgentId(1)));
    }

    #[test]
    fn who_proves_itself_has_one_endpoint_at_all_addresses_and_an_address_one_of_them() {
        let mut peers = Peers::new(2);
        peers.know(&key(1), address(1), || 1);
        peers.know(&key(1), address(2), || 1);
        peers.know(&key(2), address(3), || 1);
        assert_eq!(peers.len(), 2);
        assert_eq!(peers.proven_at(address(1)), None, "heard and not proven");
        peers.prove([1; 4], address(1));
        peers.prove([1; 4], address(2));
        assert_eq!(peers.proven_at(address(1)), None);
        assert_eq!(peers.proven_at(address(2)), Some(PeerId::Key([1; 4])));
        peers.prove([2; 4], address(2));
        assert_eq!(peers.proven_at(address(2)), Some(PeerId::Key([2; 4])));
        assert_eq!(peers.address(PeerId::Key([1; 4])), None);
        // Who was there before leaves it to the other.
        peers.prove([1; 4], address(4));
        assert_eq!(peers.proven_at(address(2)), Some(PeerId::Key([2; 4])));
        assert!(peers.forget([2; 4]).is_some());
        assert_eq!(peers.proven_at(address(2)), None);
        assert_eq!(peers.len(), 1);
    }

    #[test]
    fn strangers_do_not_displace_who_proves_itself() {
        let mut peers = Peers::new(2);
        peers.know(&key(1), address(1), || 1);
        for port in 2..50 {
            peers.meet(address(port), || 1);
        }
        assert!(peers.get_mut(PeerId::Key([1; 4])).is_some());
        assert_eq!(peers.len(), 3);
    }

    #[test]
    fn an_address_is_the_same_place_however_it_is_written() {
        let mapped: SocketAddr = "[::ffff:127.0.0.1]:7".parse().expect("an address");
        assert_eq!(place(mapped), place(address(7)));
        assert_ne!(place(address(7)), place(address(8)));
        let longest: SocketAddr = "[2001:db8::1]:65535".parse().expect("an address");
        assert_eq!(place(longest).len(), 18);
    }
}
