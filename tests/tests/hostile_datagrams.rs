//! What somebody who has no credential can send to a master: 100,000 datagrams of each kind, half
//! of them from where an agent is and half from elsewhere. None is acted upon, none is answered
//! elsewhere with more bytes than came from there, and the master does not grow.
#![cfg(test)]

use std::net::SocketAddr;

use edgerm_coap::oscore::{Credential, Node};
use edgerm_coap::{Channel, Config as CoapConfig, Endpoint, Event, Request};
use edgerm_master::Rate;
use edgerm_master::access::Enrolled;
use edgerm_master::config::{Config, Limits};
use edgerm_master::master::{Master, Output};
use edgerm_protocol::Instant;
use edgerm_protocol::codec::List;
use edgerm_protocol::description::Description;
use edgerm_protocol::message::{PingOf, Register, Registered, path};
use edgerm_protocol::{BootId, SessionId, WIRE_VERSION, decode, encode};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// Datagrams of each kind.
const DATAGRAMS: u32 = 100_000;

/// Growth of the process that is no growth of the master: pages of the allocator.
const SLACK: u64 = 1 << 20;

const NOW: Instant = Instant::from_millis(1_000_000);

fn home() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4000))
}

fn elsewhere() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5000))
}

fn credential(kid: u8, secret: u8) -> Credential {
    Credential::new([0, 0, 0, kid], [secret; 16], [0; 8])
}

/// A node's endpoint, of which requests are made as a node would, answered or not.
struct Sender {
    endpoint: Endpoint<Channel<Node>>,
    session: SessionId,
}

impl Sender {
    fn new(credential: Credential, entropy: u8) -> Self {
        let node = Node::new(credential, [entropy; 32]);
        Self {
            endpoint: Endpoint::new(CoapConfig::default(), Channel::Protected(node), 7),
            session: SessionId(0),
        }
    }

    fn request(&mut self, path: &str, body: &[u8]) -> Vec<u8> {
        self.endpoint.cancel();
        let path = [path];
        let request = Request::post_cbor(&path, body);
        self.endpoint.request(NOW, &request).expect("idle");
        self.endpoint.poll_transmit().expect("a request")
    }

    fn ping(&mut self) -> Vec<u8> {
        let ping = PingOf {
            session: self.session,
            updates: List::<edgerm_protocol::message::StatusUpdate<'_>, 16>::from_first([]),
        };
        let mut buffer = [0; 64];
        let body = encode(&ping, &mut buffer).expect("it fits").to_vec();
        self.request(path::PING, &body)
    }

    fn begin(&mut self) -> Vec<u8> {
        if let Channel::Protected(node) = self.endpoint.security_mut() {
            node.begin();
        }
        self.request(path::REGISTER, &[])
    }
}

struct World {
    master: Master,
    node: Sender,
    random: Pcg32,
    /// The longest that an answer to elsewhere was over its datagram.
    amplified: usize,
    answers: u64,
}

impl World {
    fn new() -> Self {
        let often = Rate {
            per_second: u32::MAX,
            burst: u32::MAX,
        };
        let limits = Limits {
            unproven: often,
            unproven_total: often,
            ..Limits::default()
        };
        let config = Config {
            limits,
            ..Config::default()
        };
        let mut master = Master::new(config, [1; 32]);
        for kid in [1, 2] {
            master.enroll(Enrolled {
                name: format!("node-{kid}").into(),
                credential: credential(kid, kid),
                enrolled: NOW,
                rotated: None,
            });
        }
        let mut world = Self {
            master,
            node: Sender::new(credential(1, 1), 1),
            random: Pcg32::seed_from_u64(1),
            amplified: 0,
            answers: 0,
        };
        world.register();
        world
    }

    /// Sends a datagram of the node, and gives it the answers.
    fn exchange(&mut self, datagram: &[u8]) -> Option<Event> {
        self.master.handle_datagram(NOW, home(), datagram);
        let mut event = None;
        while let Some(output) = self.master.poll_output() {
            if let Output::Transmit { datagram, .. } = output {
                event = self.node.endpoint.handle_datagram(NOW, &datagram).ok();
            }
        }
        event
    }

    fn register(&mut self) {
        let request1 = self.node.begin();
        self.exchange(&request1).expect("a challenge");
        let description = Description {
            resources: &[],
            attributes: &[],
        };
        let mut buffer = [0; 64];
        let description = encode(&description, &mut buffer).expect("it fits");
        let register = Register {
            version: WIRE_VERSION,
            name: edgerm_protocol::resource::Name::new("node-1").expect("a name"),
            boot: BootId(1),
            ping_period: 5000,
            description_length: u32::try_from(description.len()).expect("short"),
            description: Some(description),
            tasks: List::from_first([]),
        };
        let mut buffer = [0; 256];
        let body = encode(&register, &mut buffer).expect("it fits").to_vec();
        let request2 = self.node.request(path::REGISTER, &body);
        let Some(Event::Response(_, response)) = self.exchange(&request2) else {
            panic!("registered");
        };
        let registered: Registered = decode(&response.payload).expect("a session");
        self.node.session = registered.session;
    }

    fn count(&self, what: &str) -> u64 {
        self.master.counters().get(what).copied().unwrap_or(0)
    }

    /// Sends what an attacker would.
    fn attack(&mut self, datagram: &[u8]) {
        let from = if self.random.next_u32() & 1 == 0 {
            home()
        } else {
            elsewhere()
        };
        self.master.handle_datagram(NOW, from, datagram);
        while let Some(output) = self.master.poll_output() {
            if let Output::Transmit {
                to,
                datagram: answer,
            } = output
            {
                self.answers += 1;
                assert_eq!(to, from, "nobody else hears of it");
                if to == elsewhere() {
                    let over = answer.len().saturating_sub(datagram.len());
                    self.amplified = self.amplified.max(over);
                }
            }
        }
    }

    /// Sends as many as there are to be of one kind, and looks what came of it.
    fn flood(&mut self, kind: &str, mut next: impl FnMut(&mut Pcg32, u32) -> Vec<u8>) {
        let mut random = Pcg32::seed_from_u64(2);
        for number in 0..1000 {
            let datagram = next(&mut random, number);
            self.attack(&datagram);
        }
        let before = (self.count("requests"), self.count("keys_established"));
        let (answers, memory) = (self.answers, resident());
        for number in 1000..DATAGRAMS {
            let datagram = next(&mut random, number);
            self.attack(&datagram);
        }
        let after = (self.count("requests"), self.count("keys_established"));
        assert_eq!(after, before, "{kind}: none is acted upon");
        assert_eq!(self.count("path_moved"), 0, "{kind}");
        assert_eq!(self.amplified, 0, "{kind}: bytes more than came");
        let grown = resident().saturating_sub(memory);
        assert!(grown < SLACK, "{kind}: the master grew by {grown} bytes");
        println!(
            "{kind}: {DATAGRAMS} sent, {} answered, {grown} bytes grown",
            self.answers - answers
        );
    }
}

/// Bytes that the process has in memory (proc(5), statm).
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: u64| pages * 4096)
}

#[test]
fn nothing_comes_of_what_has_no_credential() {
    let mut world = World::new();
    let pings: Vec<Vec<u8>> = (0..256)
        .map(|_| {
            let ping = world.node.ping();
            world.exchange(&ping).expect("a pong");
            ping
        })
        .collect();
    let any = |random: &mut Pcg32, of: &[Vec<u8>]| {
        let at = usize::try_from(random.next_u32()).expect("64 bits") % of.len();
        of[at].clone()
    };

    let mut beginner = Sender::new(credential(1, 1), 9);
    let begun: Vec<Vec<u8>> = (0..64).map(|_| beginner.begin()).collect();
    let replayed = [pings, begun].concat();
    world.flood("replayed", |random, _| any(random, &replayed));

    // Sent by the node and overtaken by more than the window is wide.
    let late: Vec<Vec<u8>> = (0..128).map(|_| world.node.ping()).collect();
    for _ in 0..65 {
        let ping = world.node.ping();
        world.exchange(&ping).expect("a pong");
    }
    world.flood("reordered", |random, _| any(random, &late));

    let unseen: Vec<Vec<u8>> = (0..64).map(|_| world.node.ping()).collect();
    world.flood("truncated", |random, _| {
        let mut datagram = any(random, &unseen);
        let length = usize::try_from(random.next_u32()).expect("64 bits") % datagram.len();
        datagram.truncate(length);
        datagram
    });
    world.flood("bit-flipped", |random, _| {
        let mut datagram = any(random, &unseen);
        // Type, message id and token are not protected (RFC 8613 section 4.3): they are the
        // network's to lose. All else is.
        let first = 6;
        let drawn = usize::try_from(random.next_u32()).expect("64 bits");
        let bit = first * 8 + drawn % ((datagram.len() - first) * 8);
        datagram[bit / 8] ^= 1 << (bit % 8);
        datagram
    });

    // The key id of an agent, and another secret.
    let mut rekeyed: Vec<Vec<u8>> = Vec::new();
    for entropy in 0..64 {
        rekeyed.push(Sender::new(credential(1, 0x77), entropy).begin());
    }
    world.flood("re-keyed", |random, _| any(random, &rekeyed));

    // What one agent protected, under the key id of another, or of nobody.
    world.flood("wrong identity", |random, number| {
        let mut datagram = any(random, &unseen);
        let kid = [0, 0, 0, 1];
        let mut windows = datagram.windows(4);
        let at = windows.position(|window| window == kid).expect("its kid");
        let other = if number & 1 == 0 { 2 } else { 9 };
        datagram[at..at + 4].copy_from_slice(&[0, 0, 0, other]);
        datagram
    });

    let ping = world.node.ping();
    let event = world.exchange(&ping);
    assert!(matches!(event, Some(Event::Response(..))), "{event:?}");
}
