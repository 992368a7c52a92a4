//! Somebody in the cluster who keeps to no rule: an agent with a credential of its own, who hears
//! what others send and may send anything at any time.

use std::collections::VecDeque;
use std::net::SocketAddr;

use edgerm_coap::oscore::{Credential, Node};
use edgerm_coap::{Channel, Code, Config, Endpoint, Event, Method, Request, RequestId, Response};
use edgerm_protocol::codec::{Encode, List, Text};
use edgerm_protocol::message::{
    Deregister, Output, Ping, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::{
    BootId, Instant, SessionId, TaskId, TaskState, WIRE_VERSION, decode, encode,
};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// Datagrams of others that it remembers.
const HEARD: usize = 256;

/// What a hostile agent knows of the others: more than it should.
#[derive(Clone, Debug, Default)]
pub struct Spied {
    /// Sessions of agents.
    pub sessions: Vec<SessionId>,
    /// Tasks of others.
    pub tasks: Vec<TaskId>,
    /// Names of agents.
    pub names: Vec<String>,
}

/// A hostile agent.
#[derive(Debug)]
pub struct Hostile {
    /// Where its datagrams come from, when they do not seem to come from elsewhere.
    pub address: SocketAddr,
    /// What it did, in all.
    pub acts: u64,
    endpoint: Endpoint<Channel<Node>>,
    description: Vec<u8>,
    session: SessionId,
    heard: VecDeque<Vec<u8>>,
    requests: Vec<RequestId>,
    random: Pcg32,
}

impl Hostile {
    /// One with this credential, whose acts follow from `seed`.
    ///
    /// # Panics
    ///
    /// Where `description` is too long to be told.
    pub fn new(
        address: SocketAddr,
        credential: Credential,
        description: &edgerm_protocol::owned::Description,
        seed: u64,
    ) -> Self {
        let mut entropy = [0xee; 32];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let node = Node::new(credential, entropy);
        Self {
            address,
            acts: 0,
            endpoint: Endpoint::new(Config::default(), Channel::Protected(node), seed),
            description: description.to_bytes().expect("a description"),
            session: SessionId(0),
            heard: VecDeque::new(),
            requests: Vec::new(),
            random: Pcg32::seed_from_u64(seed),
        }
    }

    /// Hears what somebody sent to the master.
    pub fn overhear(&mut self, datagram: &[u8]) {
        if self.heard.len() >= HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back(datagram.to_vec());
    }

    /// Takes a datagram of the master's.
    pub fn hear(&mut self, now: Instant, datagram: &[u8]) {
        match self.endpoint.handle_datagram(now, datagram) {
            Ok(Event::Request(id, _)) => self.requests.push(id),
            Ok(Event::Response(_, response)) => {
                if let Ok(registered) = decode::<Registered>(&response.payload) {
                    self.session = registered.session;
                }
            }
            Ok(_) | Err(_) => {}
        }
        if let Channel::Protected(node) = self.endpoint.security_mut()
            && node.take_hint().is_some()
        {
            node.renew();
            self.endpoint.cancel();
        }
    }

    /// Does something: the datagrams of it, and where each seems to come from.
    pub fn act(&mut self, now: Instant, spied: &Spied) -> Vec<(SocketAddr, Vec<u8>)> {
        self.acts += 1;
        let mut sent = Vec::new();
        match self.draw(12) {
            0 => sent.push((self.anywhere(), self.garbage())),
            1 | 2 => {
                if let Some(datagram) = self.overheard() {
                    sent.push((self.anywhere(), datagram));
                }
            }
            3 => {
                if let Some(mut datagram) = self.overheard() {
                    let at = self.draw(datagram.len() * 8);
                    datagram[at / 8] ^= 1 << (at % 8);
                    sent.push((self.anywhere(), datagram));
                }
            }
            4 => self.answer(now),
            5 => {
                self.endpoint.cancel();
                let body = self.garbage();
                self.ask(now, path::REGISTER, &body);
            }
            6 => self.register(now, spied),
            7 => self.ping(now, spied),
            8 => self.output(now, spied),
            9 => self.deregister(now, spied),
            10 => {
                let path = [path::PING, path::OUTPUT, path::DEREGISTER, "m", "x"][self.draw(5)];
                let body = self.garbage();
                self.ask(now, path, &body);
            }
            _ => {
                if let Channel::Protected(node) = self.endpoint.security_mut() {
                    node.renew();
                }
            }
        }
        while let Some(datagram) = self.endpoint.poll_transmit() {
            let from = if self.draw(8) == 0 {
                self.anywhere()
            } else {
                self.address
            };
            sent.push((from, datagram));
        }
        sent
    }

    fn ask(&mut self, now: Instant, path: &str, body: &[u8]) {
        self.endpoint.cancel();
        if let Channel::Protected(node) = self.endpoint.security_mut()
            && node.needs_keys()
            && !node.may_confirm()
        {
            node.begin();
        }
        let path = [path];
        let request = Request {
            method: [Method::Post, Method::Get][usize::from(self.draw(16) == 0)],
            ..Request::post_cbor(&path, body)
        };
        // What is too long for a datagram is not sent.
        let _too_long = self.endpoint.request(now, &request);
    }

    fn tell(&mut self, now: Instant, path: &str, message: &impl Encode) {
        let mut buffer = [0; 960];
        if let Ok(body) = encode(message, &mut buffer) {
            self.ask(now, path, body);
        }
    }

    fn register(&mut self, now: Instant, spied: &Spied) {
        let name = match self.draw(3) {
            0 => pick(&spied.names, self.draw(usize::MAX)).cloned(),
            _ => None,
        };
        let name = name.unwrap_or_else(|| "hostile".to_owned());
        let description = self.description.clone();
        let boot = BootId(self.random.next_u32());
        let updates = self.updates(spied);
        let register = Register {
            version: WIRE_VERSION,
            name: Text::new(&name).expect("a name"),
            boot,
            ping_period: self.random.next_u32(),
            description_length: u32::try_from(description.len()).expect("short"),
            description: (self.draw(4) > 0).then_some(&description),
            tasks: List::from_first(updates),
        };
        self.tell(now, path::REGISTER, &register);
    }

    fn ping(&mut self, now: Instant, spied: &Spied) {
        let ping = Ping {
            session: self.session(spied),
            updates: List::from_first(self.updates(spied)),
        };
        self.tell(now, path::PING, &ping);
    }

    fn output(&mut self, now: Instant, spied: &Spied) {
        let task = pick(&spied.tasks, self.draw(usize::MAX)).copied();
        let output = Output {
            session: self.session(spied),
            task: task.unwrap_or(TaskId(7)),
            sequence: self.random.next_u32() % 4,
            payload: b"forged",
        };
        self.tell(now, path::OUTPUT, &output);
    }

    fn deregister(&mut self, now: Instant, spied: &Spied) {
        let deregister = Deregister {
            session: self.session(spied),
            updates: List::from_first(self.updates(spied)),
        };
        self.tell(now, path::DEREGISTER, &deregister);
    }

    /// Answers what the master asked, with anything.
    fn answer(&mut self, now: Instant) {
        let payload = self.garbage();
        let codes = [
            Code::CHANGED,
            Code::CONTENT,
            Code::UNAUTHORIZED,
            Code::NOT_FOUND,
            Code::SERVICE_UNAVAILABLE,
        ];
        let code = codes[self.draw(codes.len())];
        for id in std::mem::take(&mut self.requests) {
            let response = Response::with_payload(code, &payload);
            // One that was asked with keys of before cannot be answered any more.
            let _late = self.endpoint.respond(now, id, &response);
        }
    }

    fn updates(&mut self, spied: &Spied) -> Vec<StatusUpdate<'static>> {
        let count = self.draw(4);
        let mut updates = Vec::new();
        for _ in 0..count {
            let Some(task) = pick(&spied.tasks, self.draw(usize::MAX)) else {
                break;
            };
            let states = [
                TaskState::Running,
                TaskState::Completed,
                TaskState::Errored,
                TaskState::Killed,
                TaskState::Lost,
            ];
            updates.push(StatusUpdate {
                task: *task,
                state: states[self.draw(states.len())],
                exit_code: Some(666),
                detail: None,
            });
        }
        updates
    }

    /// Its own session, or one of another agent.
    fn session(&mut self, spied: &Spied) -> SessionId {
        let of_another = pick(&spied.sessions, self.draw(usize::MAX)).copied();
        match self.draw(2) {
            0 => self.session,
            _ => of_another.unwrap_or(self.session),
        }
    }

    fn overheard(&mut self) -> Option<Vec<u8>> {
        let at = self.draw(usize::MAX);
        let count = self.heard.len();
        let datagram = self.heard.get(at.checked_rem(count)?)?;
        (!datagram.is_empty()).then(|| datagram.clone())
    }

    fn anywhere(&mut self) -> SocketAddr {
        let [port, host, ..] = self.random.next_u32().to_be_bytes();
        match host % 4 {
            0 => SocketAddr::from(([127, 1, 0, port % 16], 5683)),
            1 => SocketAddr::from(([198, 51, 100, host], port.into())),
            _ => self.address,
        }
    }

    fn garbage(&mut self) -> Vec<u8> {
        let length = self.draw(80);
        (0..length)
            .map(|_| self.random.next_u32().to_be_bytes()[0])
            .collect()
    }

    fn draw(&mut self, under: usize) -> usize {
        usize::try_from(self.random.next_u32()).unwrap_or(0) % under
    }
}

fn pick<T>(of: &[T], at: usize) -> Option<&T> {
    of.get(at.checked_rem(of.len())?)
}
