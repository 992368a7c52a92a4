//! The master on a virtual clock, with agents that are small machines of data: a CoAP endpoint
//! and what it has heard.

mod bounds;
mod containers;
mod crash_points;
mod disk;
mod drain;
mod durable;
mod health;
mod inspections;
mod offers;
mod paths;
mod policies;
mod power;
mod proven;
mod recovery;
mod refusals;
mod restart;
mod road;
mod supervision;
mod variants;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use edgerm_coap::oscore::{self, Credential};
use edgerm_coap::{
    BlockOption, BlockSize, Channel, Code, Endpoint, Event, Ignored, ReceivedRequest, Request,
    Response,
};
use edgerm_protocol::api::{
    Accept, Constraints, LaunchTask, NewFramework, OfferRequest, Restart, TaskResources,
};
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Ping, Register, Registered, StatusUpdate, path};
use edgerm_protocol::owned::{Description, Device, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{
    BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState, WIRE_VERSION,
    decode, encode,
};
use edgerm_task_abi::Permissions;

use self::disk::Disk;
use super::*;
use crate::access::Enrolled;
use crate::ledger::Module;

pub(super) const MODULE: ModuleId = ModuleId([7; 32]);
pub(super) const MEM: u64 = 1 << 20;

/// What stands for an answer that is not protected.
const IN_THE_CLEAR: &[u8] = b"in the clear";

/// One agent.
pub(super) struct Node {
    pub(super) endpoint: Endpoint<Channel<oscore::Node>>,
    pub(super) address: SocketAddr,
    pub(super) name: String,
    pub(super) boot: BootId,
    pub(super) session: SessionId,
    pub(super) description: Vec<u8>,
    /// Whether it hears nothing.
    pub(super) deaf: bool,
    /// What it answers to commands, and the diagnostic.
    pub(super) answer: (Code, &'static str),
    /// Commands that it heard: path and body.
    pub(super) heard: Vec<(String, Vec<u8>)>,
    /// Responses to what it asked.
    pub(super) responses: Vec<(Code, Vec<u8>)>,
    /// Datagrams that it was sent.
    pub(super) received: usize,
    /// What it tells of tasks.
    pub(super) log: inspections::NodeLog,
    /// Whether its last request is to be made again.
    repeat: bool,
}

impl Node {
    /// The same with a credential, in its `boot`th boot.
    pub(super) fn proving(index: u8, boot: u8) -> Self {
        let node = oscore::Node::new(credential(index), [boot; 32]);
        let config = edgerm_coap::Config::default();
        Self {
            endpoint: Endpoint::new(config, Channel::Protected(node), boot.into()),
            boot: BootId(boot.into()),
            ..Self::new(index)
        }
    }

    fn keys(&mut self) -> Option<&mut oscore::Node> {
        match self.endpoint.security_mut() {
            Channel::Protected(node) => Some(node),
            Channel::Plain => None,
        }
    }

    pub(super) fn new(index: u8) -> Self {
        let mut description = Description::default();
        let scalars = [("cpus", 1000), ("mem", MEM), ("tasks", 4)];
        for (name, amount) in scalars {
            let value = Value::Scalar(amount);
            description.resources.insert(name.to_owned(), value);
        }
        let sensor = Device {
            class: DeviceClass::Sensor,
            kind: "temperature".into(),
            access: Access::Exclusive,
        };
        let sensor = Value::Device(sensor);
        description.resources.insert("t0".to_owned(), sensor);
        Self {
            endpoint: Endpoint::new(edgerm_coap::Config::default(), Channel::Plain, index.into()),
            address: SocketAddr::from(([127, 0, 0, 1], 1000 + u16::from(index))),
            name: format!("node-{index}"),
            boot: BootId(1),
            session: SessionId(0),
            description: description.to_bytes().unwrap(),
            deaf: false,
            answer: (Code::CHANGED, ""),
            heard: Vec::new(),
            responses: Vec::new(),
            received: 0,
            log: inspections::NodeLog::default(),
            repeat: false,
        }
    }

    fn respond(&self, request: &ReceivedRequest) -> (Code, Vec<u8>) {
        let (code, diagnostic) = self.answer;
        assert_ne!(request.path(), path::DESCRIPTION, "answered by block");
        (code, diagnostic.as_bytes().to_vec())
    }
}

/// A master, its agents and the time.
pub(super) struct World {
    pub(super) master: Master,
    pub(super) nodes: Vec<Node>,
    pub(super) now: Instant,
    pub(super) replies: BTreeMap<WaitId, Reply>,
    pub(super) events: Vec<api::EventKind>,
    /// Where the master's rows last, if they do.
    disk: Option<Disk>,
}

impl World {
    pub(super) fn new(nodes: u8) -> Self {
        Self::of((0..nodes).map(Node::new).collect())
    }

    /// With agents that are enrolled.
    pub(super) fn proving(nodes: u8) -> Self {
        Self::of((0..nodes).map(|index| Node::proving(index, 1)).collect())
    }

    /// A master that has only what lasts of another.
    pub(super) fn reboot(&mut self, entropy: u8) {
        self.master = Master::new(Config::default(), [entropy; 32]);
        self.enroll();
        self.add_module();
    }

    fn enroll(&mut self) {
        for index in 0..self.nodes.len() {
            if self.nodes[index].keys().is_some() {
                let index = u8::try_from(index).unwrap();
                self.master.enroll(enrolled(index));
            }
        }
    }

    fn of(nodes: Vec<Node>) -> Self {
        let mut world = Self {
            master: Master::new(Config::default(), [1; 32]),
            nodes,
            now: Instant::from_millis(1000),
            replies: BTreeMap::new(),
            events: Vec::new(),
            disk: None,
        };
        world.enroll();
        world.add_module();
        for node in 0..world.nodes.len() {
            world.register(node, &[]);
        }
        world
    }

    fn add_module(&mut self) {
        let module = Module {
            id: MODULE,
            size: 100,
            memory: 100,
            memory_needed: 100,
            permissions: Permissions::NONE,
            features: Vec::new(),
            admitted_at: self.now,
            owner: None,
        };
        let bytes = Arc::from(vec![0; 100]);
        assert!(self.master.add_module(self.now, module, bytes).unwrap().1);
    }

    /// Carries datagrams until nobody has any, checking the ledger.
    pub(super) fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.master.poll_output() {
                quiet = false;
                match output {
                    Output::Transmit { to, datagram } => self.deliver(to, &datagram),
                    Output::Event { event, .. } => self.events.push(event.kind),
                    Output::Reply { wait, reply } => drop(self.replies.insert(wait, reply)),
                }
            }
            if let Some(disk) = &mut self.disk {
                quiet &= !disk.turn(self.now, &mut self.master);
            }
            for node in 0..self.nodes.len() {
                let address = self.nodes[node].address;
                while let Some(datagram) = self.nodes[node].endpoint.poll_transmit() {
                    quiet = false;
                    self.master.handle_datagram(self.now, address, &datagram);
                }
            }
            assert_eq!(self.master.ledger().check_invariants(), Ok(()));
            if quiet {
                return;
            }
        }
    }

    fn deliver(&mut self, to: SocketAddr, datagram: &[u8]) {
        let now = self.now;
        let mut here = self.nodes.iter_mut();
        let Some(node) = here.find(|node| node.address == to && !node.deaf) else {
            return;
        };
        node.received += 1;
        match node.endpoint.handle_datagram(now, datagram) {
            Ok(Event::Request(id, request)) if request.path() == path::DESCRIPTION => {
                let size = BlockSize::B64;
                let block = edgerm_coap::serve(&node.description, request.block2, size).unwrap();
                let response = Response::block(&block);
                node.endpoint.respond(now, id, &response).unwrap();
            }
            Ok(Event::Request(id, request)) => {
                let (code, payload) = match request.path() {
                    path::INSPECT => node.log.answer(&request.payload),
                    _ => node.respond(&request),
                };
                let response = Response::with_payload(code, &payload);
                node.endpoint.respond(now, id, &response).unwrap();
                node.heard
                    .push((request.path().to_owned(), request.payload));
            }
            Ok(Event::Response(_, response)) => {
                node.responses.push((response.code, response.payload));
            }
            Ok(Event::Repeat(_)) => node.repeat = true,
            Err(Ignored::Security(_)) => {
                if let Some(keys) = node.keys()
                    && let Some(code) = keys.take_hint()
                {
                    keys.renew();
                    node.endpoint.cancel();
                    node.responses.push((code, IN_THE_CLEAR.to_vec()));
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Establishes keys where the node needs some. Gives the code that stood in the way.
    pub(super) fn begin(&mut self, node: usize) -> Option<Code> {
        let keys = self.nodes[node].keys().filter(|keys| keys.needs_keys())?;
        keys.begin();
        let (code, _) = self.ask(node, path::REGISTER, &[]);
        (code != Code::UNAUTHORIZED || !self.nodes[node].keys()?.may_confirm()).then_some(code)
    }

    /// Lets time pass, timer by timer.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = Instant::from_millis(self.now.as_millis() + millis);
        loop {
            let nodes = self
                .nodes
                .iter()
                .filter_map(|node| node.endpoint.poll_timeout());
            let next = nodes.chain(self.master.poll_timeout()).min();
            let Some(at) = next.filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            self.master.handle_timeout(self.now);
            for node in &mut self.nodes {
                node.endpoint.handle_timeout(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    pub(super) fn post(&mut self, node: usize, path: &str, body: &[u8]) -> (Code, Vec<u8>) {
        if let Some(code) = self.begin(node) {
            return (code, b"no keys".to_vec());
        }
        let answer = self.ask(node, path, body);
        // Told that the keys are none of a master's that was started again, it renews them.
        match answer.1 == IN_THE_CLEAR && self.disk.is_some() {
            true => self.post(node, path, body),
            false => answer,
        }
    }

    fn ask(&mut self, node: usize, path: &str, body: &[u8]) -> (Code, Vec<u8>) {
        loop {
            let sender = &mut self.nodes[node];
            let sent = sender
                .endpoint
                .request(self.now, &Request::post_cbor(&[path], body));
            sent.unwrap();
            sender.responses.clear();
            self.settle();
            if !std::mem::take(&mut self.nodes[node].repeat) {
                break;
            }
        }
        let answered = self.nodes[node].responses.pop();
        answered.expect("the master answers")
    }

    pub(super) fn register(&mut self, node: usize, tasks: &[StatusUpdate<'_>]) -> Registered {
        let embedded = self.nodes[node].description.len() < 200;
        let (code, body) = self.try_register(node, WIRE_VERSION, embedded, tasks);
        assert_eq!(code, Code::CREATED, "{}", String::from_utf8_lossy(&body));
        let registered: Registered = decode(&body).unwrap();
        self.nodes[node].session = registered.session;
        registered
    }

    pub(super) fn try_register(
        &mut self,
        node: usize,
        version: u8,
        embedded: bool,
        tasks: &[StatusUpdate<'_>],
    ) -> (Code, Vec<u8>) {
        let mut buffer = [0; MAX_BODY];
        let own = &self.nodes[node];
        let register = Register {
            version,
            name: Text::new(&own.name).unwrap(),
            boot: own.boot,
            ping_period: 1000,
            description_length: u32::try_from(own.description.len()).unwrap(),
            description: embedded.then_some(own.description.as_slice()),
            tasks: List::from_first(tasks.iter().copied()),
        };
        let body = encode(&register, &mut buffer).unwrap();
        drop(register);
        self.post(node, path::REGISTER, body)
    }

    /// The node boots, and tells of itself what `change` has made of it.
    pub(super) fn redescribe(&mut self, node: usize, change: impl FnOnce(&mut Description)) {
        let own = &mut self.nodes[node];
        let mut description = registration::read_description(&own.description).unwrap();
        change(&mut description);
        own.description = description.to_bytes().unwrap();
        own.boot = BootId(own.boot.0 + 1);
        self.register(node, &[]);
        self.settle();
    }

    /// What the node fetches by this name, block by block; or the code that refuses it.
    pub(super) fn fetch(&mut self, node: usize, module: ModuleId) -> Result<Vec<u8>, Code> {
        let key = module.key();
        let path: [&str; 2] = [path::MODULE, &key];
        let mut bytes = Vec::new();
        for number in 0.. {
            let block = BlockOption::new(number, false, BlockSize::B512).unwrap();
            let request = Request::get_block(&path, block);
            let own = &mut self.nodes[node];
            own.endpoint.request(self.now, &request).unwrap();
            own.responses.clear();
            self.settle();
            let (code, block) = self.nodes[node].responses.pop().expect("an answer");
            if code != Code::CONTENT {
                return Err(code);
            }
            bytes.extend_from_slice(&block);
            if block.len() < 512 {
                break;
            }
        }
        Ok(bytes)
    }

    pub(super) fn ping(&mut self, node: usize, updates: &[StatusUpdate<'_>]) -> Code {
        let ping = Ping {
            session: self.nodes[node].session,
            updates: List::from_first(updates.iter().copied()),
        };
        let mut buffer = [0; MAX_BODY];
        let body = encode(&ping, &mut buffer).unwrap().to_vec();
        self.post(node, path::PING, &body).0
    }

    pub(super) fn framework(&mut self, role: &str) -> FrameworkId {
        let framework = NewFramework {
            name: "test".to_owned(),
            role: role.to_owned(),
        };
        let registered = self.master.register_framework(self.now, None, &framework);
        registered.unwrap().id
    }

    pub(super) fn request(
        &mut self,
        framework: FrameworkId,
        max: usize,
        wait_ms: u64,
    ) -> Answer<api::Offers> {
        let request = OfferRequest {
            framework,
            constraints: Constraints::default(),
            max: Some(max),
            wait_ms,
        };
        let answer = self.master.request_offers(self.now, request).unwrap();
        self.settle();
        answer
    }

    pub(super) fn offers(&mut self, framework: FrameworkId, max: usize) -> Vec<api::Offer> {
        match self.request(framework, max, 0) {
            Answer::Ready(offers) => offers.offers,
            Answer::Waiting(_) => panic!("it was not to wait"),
        }
    }

    pub(super) fn accept(&mut self, offer: &api::Offer, task: LaunchTask) {
        let accept = Accept {
            framework: offer.framework,
            tasks: vec![task],
        };
        let accepted = self.master.accept_offer(self.now, offer.id, &accept);
        assert_eq!(accepted.unwrap().tasks.len(), 1);
        self.settle();
    }

    /// A task of one framework on the first node, as far as its node let it come.
    pub(super) fn launched(&mut self) -> (FrameworkId, TaskId) {
        let framework = self.framework("default");
        let offer = self.offers(framework, 1).remove(0);
        self.accept(&offer, task(1));
        (framework, TaskId(1))
    }

    pub(super) fn state(&self, task: TaskId) -> TaskState {
        self.master.ledger().task(task).unwrap().state
    }
}

pub(super) fn credential(index: u8) -> Credential {
    Credential::new([0, 0, 0, index], [index; 16], [index; 8])
}

pub(super) fn enrolled(index: u8) -> Enrolled {
    Enrolled {
        name: format!("node-{index}").into(),
        credential: credential(index),
        enrolled: Instant::from_millis(0),
        rotated: None,
    }
}

pub(super) fn task(id: u64) -> LaunchTask {
    let resources = TaskResources {
        cpus: 100,
        mem: 1000,
        devices: vec!["t0".to_owned()],
        ports: Vec::new(),
    };
    LaunchTask::new(TaskId(id), "task", MODULE, resources)
}

pub(super) fn update(task: TaskId, state: TaskState) -> StatusUpdate<'static> {
    StatusUpdate {
        task,
        state,
        exit_code: None,
        detail: None,
    }
}

pub(super) fn no_offer() -> OfferId {
    OfferId(0)
}
