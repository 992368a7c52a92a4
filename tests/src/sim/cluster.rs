//! The master, the nodes and the network between them, moved from event to event.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use edgerm_master::access::Enrolled;
use edgerm_master::ledger::Module;
use edgerm_master::master::{Answer, Master, Output, Reply, RowKey};
use edgerm_protocol::api::{self, Constraints, LaunchTask, NewFramework, Restart, TaskResources};
use edgerm_protocol::owned::Value;
use edgerm_protocol::{AgentId, FrameworkId, Instant, ModuleId, TaskId, TaskState};
use edgerm_task_abi::Permissions;
use sha2::{Digest, Sha256};

use super::disk::{Disk, Written};
use super::hardware::Build;
use super::hostile::{Hostile, Spied};
use super::network::{Conditions, Datagram, Network};
use super::node::{Node, Storage};
use super::setup::{self, Setup, TASK_MEM};

/// Steps between two checks of the whole ledger. At each step the agent that was heard is
/// checked, so that a thousand agents can be watched in seconds.
const FULL_CHECK: u64 = 1_000;

/// What happened in a cluster that somebody watches.
#[derive(Debug)]
pub enum Happened {
    /// The master told frameworks.
    Told(Box<api::EventKind>),
    /// A task was started on the node at this address.
    Started(TaskId, SocketAddr),
    /// The power of a node went.
    LostPower(SocketAddr),
    /// A long poll was answered.
    Replied(Reply),
    /// The master was killed.
    LostMaster,
    /// Another one goes on in its place.
    MasterBack,
}

impl fmt::Display for Happened {
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are short")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(event) => match &**event {
                api::EventKind::TaskUpdated { task } => {
                    let detail = task.detail.as_deref().unwrap_or_default();
                    let (id, node, state) = (task.id, &task.agent_name, task.state);
                    let restart = task.restart;
                    write!(f, "{id} on {node}: {state} {detail} {restart:?}")
                }
                api::EventKind::AgentRegistered { agent } => write!(f, "{} registers", agent.name),
                api::EventKind::OfferMade { offer } => {
                    write!(f, "{} of {} is offered", offer.id, offer.agent_name)
                }
                other => write!(f, "{other:?}"),
            },
            Self::Started(task, place) => write!(f, "{task} starts at {place}"),
            Self::LostPower(place) => write!(f, "the power goes at {place}"),
            Self::Replied(_) => f.write_str("a long poll is answered"),
            Self::LostMaster => f.write_str("the master is killed"),
            Self::MasterBack => f.write_str("the master is back"),
        }
    }
}

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
    /// What happened since somebody who watches has looked.
    pub happened: Vec<Happened>,
    /// Datagrams that a master heard.
    pub heard: u64,
    /// Where the node of a name is.
    names: BTreeMap<String, SocketAddr>,
    now: Instant,
    /// Where the master keeps what lasts, if anything does.
    disk: Option<Disk>,
    /// Whether no master runs.
    is_down: bool,
    /// After how many more outputs the master is killed.
    power_for: Option<u32>,
    master: Master,
    master_address: SocketAddr,
    framework: FrameworkId,
    /// When each node wants to be woken.
    deadlines: BTreeMap<SocketAddr, Instant>,
    wakes: BTreeSet<(Instant, SocketAddr)>,
    /// Masters that there were.
    masters: u64,
    hostile: Option<Hostile>,
    setup: Setup,
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
        let setup = Setup::plain(nodes, conditions, seed);
        let mut cluster = Self::with(setup, |number| setup::plain(number, seed));
        cluster.register_framework();
        cluster
    }

    /// A master without a framework, and nodes made by their number that boot within the first
    /// second.
    pub fn with(setup: Setup, build: impl Fn(u16) -> Build) -> Self {
        let now = Instant::from_millis(0);
        let disk = setup.disk.map(|slowest| Disk::new(slowest, setup.seed));
        let master = setup.master(now, 0, disk.as_ref());
        let mut cluster = Self {
            disk,
            is_down: false,
            power_for: None,
            nodes: BTreeMap::new(),
            network: Network::new(setup.conditions, setup.seed),
            history: BTreeMap::new(),
            outputs: BTreeMap::new(),
            happened: Vec::new(),
            heard: 0,
            names: BTreeMap::new(),
            now,
            master,
            master_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5683)),
            framework: FrameworkId(0),
            deadlines: BTreeMap::new(),
            wakes: BTreeSet::new(),
            masters: 0,
            hostile: None,
            next_task: setup.seed << 32,
            steps: 0,
            setup,
        };
        let nodes = cluster.setup.nodes;
        for number in 0..nodes {
            let address = setup::address(number);
            let boot = Instant::from_millis(u64::from(number) * 1_000 / u64::from(nodes));
            let node = Node::new(build(number), address, boot);
            cluster.names.insert(node.name().to_owned(), address);
            cluster.nodes.insert(address, node);
            cluster.wake_at(address, Some(boot));
        }
        cluster.deliver_outputs();
        cluster
    }

    /// Registers the framework whose tasks are launched here.
    fn register_framework(&mut self) {
        let framework = NewFramework {
            name: "simulated".into(),
            role: "default".into(),
        };
        let registered = self.master.register_framework(self.now, None, &framework);
        self.framework = registered.expect("a first framework").id;
        self.deliver_outputs();
    }

    /// Lets somebody in who keeps to no rule, with a credential of its own.
    ///
    /// # Panics
    ///
    /// Where there is room for no other node.
    pub fn infiltrate(&mut self) {
        let number = u16::try_from(self.nodes.len()).expect("a small cluster");
        let credential = setup::credential(number);
        self.master.enroll(Enrolled {
            name: "hostile".into(),
            credential: credential.clone(),
            enrolled: self.now,
            rotated: None,
        });
        let address = SocketAddr::from(([203, 0, 113, 1], 666));
        let hostile = Hostile::new(address, credential, &setup::description(), self.setup.seed);
        self.hostile = Some(hostile);
    }

    /// The intruder does something, knowing all that there is to know.
    pub fn let_it_act(&mut self) {
        let Some(mut hostile) = self.hostile.take() else {
            return;
        };
        let ledger = self.master.ledger();
        let agents = || {
            ledger
                .agents(None)
                .filter(|agent| &*agent.name != "hostile")
        };
        let spied = Spied {
            sessions: agents().filter_map(|agent| agent.session).collect(),
            tasks: ledger.tasks(None).map(|task| task.id).collect(),
            names: agents().map(|agent| agent.name.to_string()).collect(),
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
        if !self.setup.is_watched {
            self.check_all();
        }
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
        self.names.insert(node.name().to_owned(), after);
        assert!(self.nodes.insert(after, node).is_none(), "{after} is free");
        self.network.moved(before, after);
        let deadline = self.deadlines.get(&before).copied();
        self.wake_at(before, None);
        self.wake_at(after, deadline);
    }

    /// The node of this name.
    pub fn node_named(&self, name: &str) -> Option<&Node> {
        self.nodes.get(self.names.get(name)?)
    }

    /// Gives a node power again, if it has none.
    pub fn boot(&mut self, address: SocketAddr) {
        let node = self.nodes.get_mut(&address);
        if let Some(node) = node.filter(|node| node.is_off()) {
            node.boot(self.now);
            self.wake_at(address, Some(self.now));
        }
    }

    /// Lets time pass until `at`, before which nothing happens.
    pub fn wait_until(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }

    /// The master is killed after so many more outputs, in the middle of whatever is done then.
    pub fn kill_master_after(&mut self, outputs: u32) {
        self.power_for = Some(outputs);
    }

    /// Whether no master runs.
    pub const fn is_down(&self) -> bool {
        self.is_down
    }

    /// Another master goes on where the last one was killed, if one was.
    ///
    /// # Panics
    ///
    /// Where it does not take up what was written.
    pub fn boot_master(&mut self) {
        self.power_for = None;
        if !std::mem::take(&mut self.is_down) {
            return;
        }
        self.masters += 1;
        self.master = self
            .setup
            .master(self.now, self.masters, self.disk.as_ref());
        if self.setup.is_watched {
            self.happened.push(Happened::MasterBack);
        }
        self.deliver_outputs();
    }

    /// The master's disk fails until then.
    pub fn fail_disk(&mut self, until: Instant) {
        if let Some(disk) = &mut self.disk {
            disk.fail(until);
        }
    }

    /// What the master's disk holds for good, by key; nothing where nothing lasts.
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, &[u8])> {
        let rows = self.disk.iter().flat_map(|disk| &disk.rows);
        rows.map(|(key, row)| (*key, row.as_slice()))
    }

    /// Whether there is such a row on the disk.
    pub fn has_row(&self, key: RowKey) -> bool {
        let disk = self.disk.as_ref();
        disk.is_some_and(|disk| disk.rows.contains_key(&key))
    }

    /// Whether all that changed is on the disk.
    pub fn is_written(&self) -> bool {
        self.master.durable() == self.master.changed()
    }

    fn lose_master(&mut self) {
        self.power_for = None;
        self.is_down = true;
        if let Some(disk) = &mut self.disk {
            disk.lose_power(self.now);
        }
        if self.setup.is_watched {
            self.happened.push(Happened::LostMaster);
        }
    }

    /// Whether the master is killed now that it has something else to tell.
    fn is_killed_now(&mut self) -> bool {
        match self
            .power_for
            .as_mut()
            .map(|outputs| outputs.checked_sub(1))
        {
            None => false,
            Some(Some(left)) => {
                self.power_for = Some(left);
                false
            }
            Some(None) => {
                self.lose_master();
                true
            }
        }
    }

    /// Replaces the master by one that remembers nothing but who is enrolled, at the same address.
    pub fn replace_master(&mut self) {
        self.masters += 1;
        self.master = self.setup.master(self.now, self.masters, None);
        self.register_framework();
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

    /// When something happens next by itself.
    pub fn next_event(&self) -> Option<Instant> {
        let wake = self.wakes.first().map(|(at, _)| *at);
        let writes = self.disk.as_ref().and_then(Disk::done_at);
        let of_master = [self.master.poll_timeout(), self.master.retry_at(), writes];
        let of_master = of_master.into_iter().filter(|_| !self.is_down);
        [wake, self.network.next_arrival()]
            .into_iter()
            .chain(of_master)
            .flatten()
            .min()
    }

    /// Does one thing that is due at `at`.
    pub fn step(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.steps += 1;
        if let Some(datagram) = self.network.receive(self.now) {
            self.deliver(&datagram);
        } else if let Some((_, address)) =
            self.wakes.first().copied().filter(|(wake, _)| *wake <= at)
        {
            self.step_node(address, None);
        } else if !self.is_down {
            let written = self.disk.as_mut().and_then(|disk| disk.poll_done(self.now));
            match written {
                Some(Written { number, failed }) if failed => {
                    let reason = "no space left on device";
                    self.master.handle_commit_failed(self.now, number, reason);
                }
                Some(Written { number, .. }) => self.master.handle_committed(self.now, number),
                None => self.master.handle_timeout(self.now),
            }
            self.deliver_outputs();
        }
        if self.steps.is_multiple_of(FULL_CHECK) && !self.setup.is_watched {
            self.check_all();
        }
    }

    fn deliver(&mut self, datagram: &Datagram) {
        if datagram.to == self.master_address && self.is_down {
            // Nobody is there.
        } else if datagram.to == self.master_address {
            if let Some(hostile) = &mut self.hostile {
                hostile.overhear(&datagram.bytes);
            }
            self.heard += 1;
            self.master
                .handle_datagram(self.now, datagram.from, &datagram.bytes);
            self.deliver_outputs();
            if !self.setup.is_watched
                && let Some(agent) = self.nodes.get(&datagram.from).and_then(Node::id)
            {
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
        let node = self.nodes.get_mut(&address);
        let Some(node) = node.filter(|node| !node.is_off()) else {
            self.wake_at(address, None);
            return;
        };
        let (sent, deadline) = node.step(self.now, datagram);
        for task in node.take_started() {
            if self.setup.is_watched {
                self.happened.push(Happened::Started(task, address));
                continue;
            }
            // One that is LOST may run on a node that was given up.
            let ended = self.master.ledger().task(task).map(|task| task.state);
            let ended = ended.filter(|state| state.is_terminal() && *state != TaskState::Lost);
            assert_eq!(ended, None, "{task} starts, at {:?}", self.now);
        }
        if node.is_off() && self.setup.is_watched {
            self.happened.push(Happened::LostPower(address));
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
            if self.is_killed_now() {
                return;
            }
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
                Output::Event { event, .. } if self.setup.is_watched => {
                    self.happened.push(Happened::Told(Box::new(event.kind)));
                }
                Output::Event { event, .. } => self.on_event(event.kind),
                Output::Reply { reply, .. } => {
                    if self.setup.is_watched {
                        self.happened.push(Happened::Replied(reply));
                    }
                }
            }
        }
        if let Some(disk) = &self.disk
            && disk.done_at().is_none()
            && let Some(batch) = self.master.poll_batch(self.now)
            && !self.is_killed_now()
            && let Some(disk) = &mut self.disk
        {
            disk.begin(self.now, batch);
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

    /// Checks what the ledger has of one agent.
    ///
    /// # Panics
    ///
    /// Where an invariant does not hold.
    pub fn check_agent(&self, agent: AgentId) {
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
    let resources = TaskResources {
        cpus: 100,
        mem: TASK_MEM,
        devices: vec!["temperature".into(), "relay".into()],
        ports: Vec::new(),
    };
    LaunchTask::new(id, "simulated", module, resources)
}
