//! The master, the nodes and the network between them, moved from event to event.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use edgerm_agent_core as core;
use edgerm_coap::oscore::Credential;
use edgerm_master::access::Enrolled;
use edgerm_master::config::Config;
use edgerm_master::ledger::Module;
use edgerm_master::master::{Answer, Master, Output};
use edgerm_protocol::api::{self, Constraints, LaunchTask, NewFramework, Restart, TaskResources};
use edgerm_protocol::owned::{AttributeValue, Description, Device, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{AgentId, FrameworkId, Instant, ModuleId, TaskId, TaskState};
use edgerm_task_abi::Permissions;
use sha2::{Digest, Sha256};

use super::hostile::{Hostile, Spied};
use super::network::{Conditions, Datagram, Network};
use super::node::{Node, Storage};

/// Steps between two checks of the whole ledger. At each step the agent that was heard is
/// checked, so that a thousand agents can be watched in seconds.
const FULL_CHECK: u64 = 1_000;

/// Bytes of memory that each task has.
const TASK_MEM: u64 = 64 << 10;

/// A cluster. See the module above.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, by address.
    pub nodes: BTreeMap<SocketAddr, Node>,
    /// What is between them and the master.
    pub network: Network,
    /// Every state that a task was told to be in, in order.
    pub history: BTreeMap<TaskId, Vec<TaskState>>,
    /// What each task emitted, as the master has it.
    pub outputs: BTreeMap<TaskId, Vec<String>>,
    now: Instant,
    master: Master,
    master_address: SocketAddr,
    framework: FrameworkId,
    /// When each node wants to be woken.
    deadlines: BTreeMap<SocketAddr, Instant>,
    wakes: BTreeSet<(Instant, SocketAddr)>,
    /// Masters that there were.
    masters: u64,
    hostile: Option<Hostile>,
    seed: u64,
    next_task: u64,
    steps: u64,
}

impl Cluster {
    /// A master and `nodes` nodes that boot within the first second, all of it from `seed`.
    ///
    /// # Panics
    ///
    /// Where the master refuses a framework.
    pub fn new(nodes: u16, conditions: Conditions, seed: u64) -> Self {
        let now = Instant::from_millis(0);
        let (master, framework) = master(now, seed, nodes);
        let mut cluster = Self {
            nodes: BTreeMap::new(),
            network: Network::new(conditions, seed),
            history: BTreeMap::new(),
            outputs: BTreeMap::new(),
            now,
            master,
            master_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5683)),
            framework,
            deadlines: BTreeMap::new(),
            wakes: BTreeSet::new(),
            masters: 1,
            hostile: None,
            seed,
            next_task: seed << 32,
            steps: 0,
        };
        for number in 0..nodes {
            let address = node_address(number);
            let name = format!("node-{number}");
            let boot = Instant::from_millis(u64::from(number) * 1_000 / u64::from(nodes));
            let keys = (credential(number), seed);
            let node = Node::new(&name, address, &description(), agent_config(), keys, boot);
            cluster.nodes.insert(address, node);
            cluster.wake_at(address, Some(boot));
        }
        cluster.deliver_outputs();
        cluster
    }

    /// Lets somebody in who keeps to no rule, with a credential of its own.
    ///
    /// # Panics
    ///
    /// Where there is room for no other node.
    pub fn infiltrate(&mut self) {
        let number = u16::try_from(self.nodes.len()).expect("a small cluster");
        let credential = credential(number);
        self.master.enroll(Enrolled {
            name: "hostile".into(),
            credential: credential.clone(),
            enrolled: self.now,
            rotated: None,
        });
        let address = SocketAddr::from(([203, 0, 113, 1], 666));
        let hostile = Hostile::new(address, credential, &description(), self.seed);
        self.hostile = Some(hostile);
    }

    /// The intruder does something, knowing all that there is to know.
    pub fn let_it_act(&mut self) {
        let Some(mut hostile) = self.hostile.take() else {
            return;
        };
        let ledger = self.master.ledger();
        let agents = || ledger.agents(None).filter(|agent| agent.name != "hostile");
        let spied = Spied {
            sessions: agents().filter_map(|agent| agent.session).collect(),
            tasks: ledger.tasks(None).map(|task| task.id).collect(),
            names: agents().map(|agent| agent.name.clone()).collect(),
        };
        for (from, bytes) in hostile.act(self.now, &spied) {
            let to = self.master_address;
            self.network.send(self.now, Datagram { from, to, bytes });
        }
        self.hostile = Some(hostile);
    }

    /// What the intruder did.
    pub fn acts(&self) -> u64 {
        self.hostile.as_ref().map_or(0, |hostile| hostile.acts)
    }

    /// Calls the master as its API does.
    pub fn call<T>(&mut self, call: impl FnOnce(&mut Master, Instant) -> T) -> T {
        let result = call(&mut self.master, self.now);
        self.check_all();
        self.deliver_outputs();
        result
    }

    /// The framework whose tasks are launched here.
    pub const fn framework(&self) -> FrameworkId {
        self.framework
    }

    /// The virtual time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The master.
    pub const fn master(&self) -> &Master {
        &self.master
    }

    /// Admits bytes as a module, without looking: the simulated engine does not either.
    ///
    /// # Panics
    ///
    /// Where the master has no room.
    pub fn add_module(&mut self, bytes: &[u8]) -> ModuleId {
        let id = ModuleId(Sha256::digest(bytes).into());
        let module = Module {
            id,
            size: u32::try_from(bytes.len()).expect("a small module"),
            memory: 0,
            memory_needed: 0,
            permissions: Permissions::from_bits(0),
            features: Vec::new(),
            admitted_at: self.now,
            owner: None,
        };
        self.master
            .add_module(self.now, module, Arc::from(bytes))
            .expect("room for a module");
        self.deliver_outputs();
        id
    }

    /// Takes the offers of all agents there are now whose relay is free, and launches a task on
    /// each.
    ///
    /// # Panics
    ///
    /// Where the master refuses what its own offers hold.
    pub fn launch_everywhere(&mut self, module: ModuleId) -> Vec<TaskId> {
        self.launch_to_restart(module, Restart::No)
    }

    /// The same, of tasks that their agents start again when this says.
    ///
    /// # Panics
    ///
    /// As [`Cluster::launch_everywhere`].
    pub fn launch_to_restart(&mut self, module: ModuleId, restart: Restart) -> Vec<TaskId> {
        let request = api::OfferRequest {
            framework: self.framework,
            constraints: Constraints::default(),
            max: Some(api::MAX_PAGE),
            wait_ms: 0,
        };
        let offers = match self.master.request_offers(self.now, request) {
            Ok(Answer::Ready(offers)) => offers.offers,
            other => panic!("offers without waiting: {other:?}"),
        };
        let mut tasks = Vec::new();
        for offer in offers.into_iter().filter(suits) {
            self.next_task += 1;
            let task = LaunchTask {
                restart,
                ..launch(TaskId(self.next_task), module)
            };
            let accept = api::Accept {
                framework: self.framework,
                tasks: vec![task],
            };
            let accepted = self
                .master
                .accept_offer(self.now, offer.id, &accept)
                .expect("what was offered");
            tasks.extend(accepted.tasks.into_iter().map(|task| task.id));
            self.check_agent(offer.agent);
        }
        self.check_all();
        self.deliver_outputs();
        tasks
    }

    /// Asks that a task end.
    ///
    /// # Panics
    ///
    /// Where the master does not know the task.
    pub fn kill(&mut self, task: TaskId) {
        self.master
            .kill_task(self.now, task, Some(self.framework))
            .expect("a known task");
        self.check_all();
        self.deliver_outputs();
    }

    /// Resets a node.
    ///
    /// # Panics
    ///
    /// Where there is no such node.
    pub fn reboot(&mut self, address: SocketAddr) {
        self.nodes
            .get_mut(&address)
            .expect("a node")
            .reboot(self.now);
        self.wake_at(address, Some(self.now));
    }

    /// Resets a node whose storage was changed.
    ///
    /// # Panics
    ///
    /// Where there is no such node.
    pub fn reboot_with(&mut self, address: SocketAddr, storage: Storage) {
        let node = self.nodes.get_mut(&address).expect("a node");
        node.reboot_with(storage, self.now);
        self.wake_at(address, Some(self.now));
    }

    /// A NAT forgets a node, and lets it have another address. What is on its way to the old one
    /// does not arrive.
    ///
    /// # Panics
    ///
    /// Where there is no such node, or somebody at the new address.
    pub fn rebind(&mut self, before: SocketAddr, after: SocketAddr) {
        let mut node = self.nodes.remove(&before).expect("a node");
        node.address = after;
        assert!(self.nodes.insert(after, node).is_none(), "{after} is free");
        let deadline = self.deadlines.get(&before).copied();
        self.wake_at(before, None);
        self.wake_at(after, deadline);
    }

    /// Replaces the master by one that remembers nothing but who is enrolled, at the same address.
    pub fn replace_master(&mut self) {
        self.masters += 1;
        let nodes = u16::try_from(self.nodes.len()).unwrap_or(u16::MAX);
        let seed = self.seed ^ self.masters << 32;
        (self.master, self.framework) = master(self.now, seed, nodes);
        self.deliver_outputs();
    }

    /// The state of a task, as the master has it.
    pub fn state(&self, task: TaskId) -> Option<TaskState> {
        self.master.ledger().task(task).map(|task| task.state)
    }

    /// Moves on until `done` holds, for at most `limit` of virtual time; whether it came to hold.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !done(self) {
            match self.next_event() {
                Some(at) if at <= end => self.step(at),
                Some(_) | None => {
                    self.now = end;
                    return done(self);
                }
            }
        }
        true
    }

    /// Moves on for `time`.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    fn next_event(&self) -> Option<Instant> {
        let wake = self.wakes.first().map(|(at, _)| *at);
        [
            wake,
            self.network.next_arrival(),
            self.master.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due at `at`.
    fn step(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.steps += 1;
        if let Some(datagram) = self.network.receive(self.now) {
            self.deliver(&datagram);
        } else if let Some((_, address)) =
            self.wakes.first().copied().filter(|(wake, _)| *wake <= at)
        {
            self.step_node(address, None);
        } else {
            self.master.handle_timeout(self.now);
            self.deliver_outputs();
        }
        if self.steps.is_multiple_of(FULL_CHECK) {
            self.check_all();
        }
    }

    fn deliver(&mut self, datagram: &Datagram) {
        if datagram.to == self.master_address {
            if let Some(hostile) = &mut self.hostile {
                hostile.overhear(&datagram.bytes);
            }
            self.master
                .handle_datagram(self.now, datagram.from, &datagram.bytes);
            self.deliver_outputs();
            if let Some(agent) = self.nodes.get(&datagram.from).and_then(Node::id) {
                self.check_agent(agent);
            }
        } else if let Some(hostile) = &mut self.hostile
            && datagram.to == hostile.address
        {
            hostile.hear(self.now, &datagram.bytes);
        } else {
            self.step_node(datagram.to, Some(&datagram.bytes));
        }
    }

    fn step_node(&mut self, address: SocketAddr, datagram: Option<&[u8]>) {
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
        let (sent, deadline) = node.step(self.now, datagram);
        for task in node.take_started() {
            // One that is LOST may run on a node that was given up.
            let ended = self.master.ledger().task(task).map(|task| task.state);
            let ended = ended.filter(|state| state.is_terminal() && *state != TaskState::Lost);
            assert_eq!(ended, None, "{task} starts, at {:?}", self.now);
        }
        for bytes in sent {
            self.network.send(
                self.now,
                Datagram {
                    from: address,
                    to: self.master_address,
                    bytes,
                },
            );
        }
        self.wake_at(address, deadline);
    }

    fn wake_at(&mut self, address: SocketAddr, deadline: Option<Instant>) {
        let before = match deadline {
            Some(deadline) => self.deadlines.insert(address, deadline),
            None => self.deadlines.remove(&address),
        };
        if let Some(before) = before {
            self.wakes.remove(&(before, address));
        }
        self.wakes
            .extend(deadline.map(|deadline| (deadline, address)));
    }

    /// Puts what the master says on the network, and keeps what it tells frameworks.
    fn deliver_outputs(&mut self) {
        while let Some(output) = self.master.poll_output() {
            match output {
                Output::Transmit { to, datagram } => {
                    let from = self.master_address;
                    self.network.send(
                        self.now,
                        Datagram {
                            from,
                            to,
                            bytes: datagram,
                        },
                    );
                }
                Output::Event { event, .. } => self.on_event(event.kind),
                Output::Reply { .. } => {}
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other events are not of tasks"
    )]
    fn on_event(&mut self, event: api::EventKind) {
        match event {
            api::EventKind::TaskUpdated { task } => {
                self.history.entry(task.id).or_default().push(task.state);
            }
            api::EventKind::TaskOutput { output } => {
                let bytes = output.data.to_bytes().unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.outputs.entry(output.task).or_default().push(text);
            }
            _ => {}
        }
    }

    fn check_agent(&self, agent: AgentId) {
        let checked = self.master.ledger().check_agent_invariants(agent);
        assert_eq!(checked, Ok(()), "at {:?}, step {}", self.now, self.steps);
    }

    /// Checks the whole ledger, and that no task runs twice.
    ///
    /// # Panics
    ///
    /// Where an invariant does not hold.
    pub fn check_all(&self) {
        let mut running = BTreeSet::new();
        for task in self.nodes.values().flat_map(Node::running) {
            assert!(running.insert(task), "{task} runs on two nodes");
        }
        let checked = self.master.ledger().check_invariants();
        assert_eq!(checked, Ok(()), "at {:?}, step {}", self.now, self.steps);
    }
}

/// What the node of this number proves itself with.
fn credential(number: u16) -> Credential {
    let secret = Sha256::digest(format!("secret of {number}"));
    let [high, low] = number.to_be_bytes();
    let (secret, salt) = secret.split_at(16);
    Credential::new(
        [0, 0, high, low],
        secret.try_into().expect("16 bytes"),
        salt[..8].try_into().expect("8 bytes"),
    )
}

fn master(now: Instant, seed: u64, nodes: u16) -> (Master, FrameworkId) {
    let entropy = Sha256::digest(seed.to_be_bytes()).into();
    let mut master = Master::new(Config::default(), entropy);
    for number in 0..nodes {
        master.enroll(Enrolled {
            name: format!("node-{number}").into(),
            credential: credential(number),
            enrolled: now,
            rotated: None,
        });
    }
    let framework = NewFramework {
        name: "simulated".into(),
        role: "default".into(),
    };
    let framework = master
        .register_framework(now, None, &framework)
        .expect("a first framework");
    (master, framework.id)
}

fn node_address(number: u16) -> SocketAddr {
    let [high, low] = number.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1, high, low)), 5683)
}

/// A small node with a thermometer that tasks share, and a relay that one task has.
fn description() -> Description {
    let device = |class, kind: &str, access| {
        Value::Device(Device {
            class,
            kind: kind.into(),
            access,
        })
    };
    let resources = [
        ("cpus", Value::Scalar(1_000)),
        ("mem", Value::Scalar(4 * TASK_MEM)),
        ("tasks", Value::Scalar(4)),
        (
            "temperature",
            device(DeviceClass::Sensor, "temperature", Access::Shared),
        ),
        (
            "relay",
            device(DeviceClass::Actuator, "relay", Access::Exclusive),
        ),
    ];
    let attributes = [
        ("os", AttributeValue::Text("simulated".into())),
        ("restart", AttributeValue::Text("reboot".into())),
    ];
    Description {
        resources: resources.into(),
        attributes: attributes.into(),
    }
}

fn agent_config() -> core::Config {
    core::Config {
        slots: 4,
        keeps_records: true,
        block_size: edgerm_coap::BlockSize::B64,
        ..core::Config::default()
    }
}

/// Whether an offer holds what a task here needs, of an agent that can be trusted with it.
fn suits(offer: &api::Offer) -> bool {
    let holds = |name, least| matches!(offer.resources.get(name), Some(Value::Scalar(amount)) if *amount >= least);
    offer.agent_name != "hostile"
        && offer.resources.contains_key("relay")
        && offer.resources.contains_key("temperature")
        && holds("mem", TASK_MEM)
        && holds("cpus", 100)
        && holds("tasks", 1)
}

fn launch(id: TaskId, module: ModuleId) -> LaunchTask {
    LaunchTask {
        id,
        name: "simulated".into(),
        module,
        resources: TaskResources {
            cpus: 100,
            mem: TASK_MEM,
            devices: vec!["temperature".into(), "relay".into()],
        },
        permissions: None,
        env: BTreeMap::new(),
        stop_after_disconnected: None,
        give_up_after: None,
        restart: Restart::No,
        max_restarts: None,
        deadline: None,
        health_check: None,
    }
}
