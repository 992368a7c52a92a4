//! A node and its master with OSCORE between them, on a network that the input is.

use edgerm_coap::oscore::rekey::Challenges;
use edgerm_coap::oscore::{Client, Credential, Keys, Node, reject};
use edgerm_coap::{
    Channel, Code, Config, Endpoint, Event, Ignored, Request, Response, SecurityError,
};
use edgerm_protocol::Instant;

use super::Reader;

const NOW: Instant = Instant::from_millis(0);
const PLACE: &[u8] = b"192.0.2.1:5683";

/// Datagrams that the network may have at once, each way.
const IN_FLIGHT: usize = 16;

/// Lets the network do to what a node and its master say what the bytes tell: nothing is told
/// to either end that the other did not say, and nothing twice.
///
/// A step is a byte and what it needs: 0 the node asks for what it wants next, 1 the master asks,
/// 2 the network delivers a datagram to the master and 3 to the node (which, in one byte), 4 and
/// 5 the same after an exclusive or (at, with), 6 and 7 anything (a length in two bytes, then as
/// many bytes), 8 the node reboots, 9 the master does.
pub fn oscore_exchange(steps: &[u8]) {
    let mut run = Run::new();
    let mut steps = Reader(steps);
    while let Some(step) = steps.byte() {
        if run.step(step, &mut steps).is_none() {
            return;
        }
    }
}

struct Run {
    boots: u8,
    node: Endpoint<Channel<Node>>,
    master: Endpoint<Channel<Keys>>,
    client: Client,
    challenges: Challenges,
    to_master: Vec<Vec<u8>>,
    to_node: Vec<Vec<u8>>,
    /// What was asked of the master and of the node, and whether it was told there.
    asked_master: Vec<bool>,
    asked_node: Vec<bool>,
}

impl Run {
    fn new() -> Self {
        Self {
            boots: 0,
            node: node(0),
            master: master(),
            client: Client::new(credential()),
            challenges: Challenges::new([0; 32]),
            to_master: Vec::new(),
            to_node: Vec::new(),
            asked_master: Vec::new(),
            asked_node: Vec::new(),
        }
    }

    fn step(&mut self, step: u8, steps: &mut Reader<'_>) -> Option<()> {
        match step {
            0 => self.node_asks(),
            1 => self.master_asks(),
            2 => {
                let datagram = pick(&self.to_master, steps.byte()?)?;
                self.master_hears(&datagram);
            }
            3 => {
                let datagram = pick(&self.to_node, steps.byte()?)?;
                self.node_hears(&datagram);
            }
            4 => {
                let datagram = damaged(pick(&self.to_master, steps.byte()?)?, steps)?;
                self.master_hears(&datagram);
            }
            5 => {
                let datagram = damaged(pick(&self.to_node, steps.byte()?)?, steps)?;
                self.node_hears(&datagram);
            }
            6 => {
                let datagram = steps.sized()?;
                self.master_hears(datagram);
            }
            7 => {
                let datagram = steps.sized()?;
                self.node_hears(datagram);
            }
            8 => {
                self.boots = self.boots.checked_add(1)?;
                self.node = node(self.boots);
            }
            9 => {
                self.boots = self.boots.checked_add(1)?;
                self.master = master();
                self.client = Client::new(credential());
                self.challenges = Challenges::new([self.boots; 32]);
            }
            _ => return None,
        }
        self.drain();
        Some(())
    }

    fn node_asks(&mut self) {
        if let Channel::Protected(node) = self.node.security_mut()
            && node.needs_keys()
            && !node.may_confirm()
        {
            node.begin();
        }
        self.node.cancel();
        let number = self.asked_master.len().to_be_bytes();
        let asked = self.node.request(NOW, &Request::post_cbor(&["p"], &number));
        if asked.is_ok() {
            self.asked_master.push(false);
        }
    }

    fn master_asks(&mut self) {
        self.master.cancel();
        let number = self.asked_node.len().to_be_bytes();
        let asked = self
            .master
            .request(NOW, &Request::post_cbor(&["l"], &number));
        if asked.is_ok() {
            self.asked_node.push(false);
        }
    }

    fn master_hears(&mut self, datagram: &[u8]) {
        let is_request = datagram.get(1).is_some_and(|code| (1..32).contains(code));
        let event = if is_request {
            let (endpoint, challenges) = (&mut self.master, &mut self.challenges);
            let hearing = self
                .client
                .handle_request(endpoint, challenges, PLACE, NOW, datagram);
            if let Some(challenge) = hearing.challenge {
                assert!(challenge.len() <= datagram.len(), "nothing is amplified");
                assert!(hearing.event.is_err() && !hearing.established);
                keep(&mut self.to_node, challenge);
            }
            hearing.event
        } else {
            self.master.handle_datagram(NOW, datagram)
        };
        match event {
            Ok(Event::Request(id, request)) => {
                told(&mut self.asked_master, &request.payload);
                let done = Response::with_payload(Code::CHANGED, &request.payload);
                // One that is asked with keys of before is not answered.
                let _late = self.master.respond(NOW, id, &done);
            }
            Err(Ignored::Security(SecurityError::NoKeys)) => {
                if let Some(hint) = reject(datagram, Code::UNAUTHORIZED) {
                    assert!(hint.len() <= datagram.len());
                    keep(&mut self.to_node, hint);
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn node_hears(&mut self, datagram: &[u8]) {
        if let Ok(Event::Request(id, request)) = self.node.handle_datagram(NOW, datagram) {
            told(&mut self.asked_node, &request.payload);
            let done = Response::with_payload(Code::CHANGED, &request.payload);
            let _late = self.node.respond(NOW, id, &done);
        }
        if let Channel::Protected(node) = self.node.security_mut()
            && node.take_hint().is_some()
        {
            node.renew();
        }
    }

    fn drain(&mut self) {
        while let Some(datagram) = self.node.poll_transmit() {
            keep(&mut self.to_master, datagram);
        }
        while let Some(datagram) = self.master.poll_transmit() {
            keep(&mut self.to_node, datagram);
        }
    }
}

/// A request was told: it was asked, with these bytes, and was not told before.
fn told(asked: &mut [bool], payload: &[u8]) {
    let number = payload.try_into().map(usize::from_be_bytes);
    let was_told = number.ok().and_then(|number| asked.get_mut(number));
    assert_eq!(was_told.as_deref(), Some(&false), "forged, or told twice");
    if let Some(was_told) = was_told {
        *was_told = true;
    }
}

fn credential() -> Credential {
    Credential::new([1, 2, 3, 4], [5; 16], [6; 8])
}

fn node(boot: u8) -> Endpoint<Channel<Node>> {
    let node = Node::new(credential(), [boot; 32]);
    Endpoint::new(Config::default(), Channel::Protected(node), boot.into())
}

fn master() -> Endpoint<Channel<Keys>> {
    Endpoint::new(Config::default(), Channel::Protected(Keys::new()), 7)
}

fn keep(to: &mut Vec<Vec<u8>>, datagram: Vec<u8>) {
    if to.len() >= IN_FLIGHT {
        to.remove(0);
    }
    to.push(datagram);
}

/// The one that was sent so long ago.
fn pick(from: &[Vec<u8>], age: u8) -> Option<Vec<u8>> {
    from.iter().rev().nth(age.into()).cloned()
}

/// The same with one byte changed, but for type, message id and token, which nothing protects
/// (RFC 8613 section 4.3).
fn damaged(mut datagram: Vec<u8>, steps: &mut Reader<'_>) -> Option<Vec<u8>> {
    const HEAD: usize = 6;
    let (at, with) = (steps.byte()?, steps.byte()?);
    let byte = datagram.get_mut(HEAD + usize::from(at))?;
    *byte ^= with.max(1);
    Some(datagram)
}
