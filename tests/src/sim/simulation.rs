//! A cluster with everything that may go wrong, for as long as one likes.
//!
//! ```text
//!  0            storm                          + 0    calm   + 4 min          + 8 min      + 10 min
//!  ├───────────────────────────────────────────┼──────────────┼────────────────┼──────────────┤
//!   faults come; frameworks launch and kill     faults stop    all tasks that   all is        the next
//!                                               no launches    run are killed   settled       storm
//! ```

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use edgerm_agent_core::{Config, StorageError};
use edgerm_coap::BlockSize;
use edgerm_master::master::Reply;
use edgerm_protocol::Instant;

use super::chance::{Chance, mix};
use super::clock::Clock;
use super::cluster::{Cluster, Happened};
use super::faults::{Fault, Faults};
use super::hardware::{Build, Flash};
use super::network::Conditions;
use super::options::{CALM, Options, Report};
use super::oracle::Oracle;
use super::setup::{self, Setup};
use super::workload::{self, Workload};

/// How long a task may take to end once it was told to, and nothing goes wrong.
const SETTLES: Duration = Duration::from_secs(4 * 60);

/// How often the whole ledger is checked.
const FULL_CHECK: Duration = Duration::from_secs(10 * 60);

/// What is to be done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Storm,
    Calm,
    KillAll,
    Settled,
    Check,
    Work,
    Weather,
    Rebind,
    CrashAgent,
    CutOff,
    FailFlash,
    KillMaster,
    FailDisk,
    /// Another master goes on.
    BootMaster,
    /// The node of this number has power again.
    Boot(u16),
    /// It is connected again.
    Join(u16),
}

/// A simulation.
#[derive(Debug)]
pub struct Simulation {
    options: Options,
    cluster: Cluster,
    /// Where each node is, by its number.
    places: Vec<std::net::SocketAddr>,
    timetable: BinaryHeap<Reverse<(Instant, u64, Act)>>,
    planned: u64,
    stormy: bool,
    chance: Chance,
    workload: Workload,
    oracle: Oracle,
    report: Report,
}

impl Simulation {
    /// A simulation that has not begun.
    pub fn new(options: Options) -> Self {
        let Options { agents, seed, .. } = options;
        let mut setup = Setup::plain(agents, Conditions::PERFECT, seed);
        setup.is_watched = true;
        let bad = options.faults.has(Fault::MasterDisk);
        setup.disk = Some(Duration::from_millis(if bad { 2_000 } else { 5 }));
        // So few that some are forgotten.
        setup.config.limits.ended_tasks = (10 * usize::from(agents)).min(10_000);
        let cluster = Cluster::with(setup, |number| build(number, &options));
        let mut simulation = Self {
            options,
            places: (0..agents).map(setup::address).collect(),
            cluster,
            timetable: BinaryHeap::new(),
            planned: 0,
            stormy: false,
            chance: Chance::new(seed, 1),
            workload: Workload::new(seed),
            oracle: Oracle::default(),
            report: Report::default(),
        };
        simulation.plan(Duration::ZERO, Act::Storm);
        simulation.plan(FULL_CHECK, Act::Check);
        simulation
    }

    /// Runs it to its end, and tells all the time how far it is, in milliseconds.
    ///
    /// # Panics
    ///
    /// Where something does not hold that must.
    pub fn run(mut self, progress: &Cell<u64>) -> Report {
        let end = Instant::from_millis(0) + self.options.time;
        loop {
            let act = self.timetable.peek().map(|Reverse((at, ..))| *at);
            let step = self.cluster.next_event();
            let Some(at) = act.into_iter().chain(step).min().filter(|at| *at <= end) else {
                break;
            };
            progress.set(at.as_millis());
            if act.is_some_and(|act| act <= at) {
                if let Some(Reverse((at, _, act))) = self.timetable.pop() {
                    self.cluster.wait_until(at);
                    self.act(act);
                }
            } else {
                self.cluster.step(at);
            }
            self.observe();
        }
        self.cluster.check_all();
        self.report.heard = self.cluster.heard;
        self.report.lines = self.workload.lines;
        self.report.datagrams = self.cluster.network.sent();
        self.report.digest = self.cluster.network.digest();
        self.report
    }

    fn plan(&mut self, after: Duration, act: Act) {
        self.planned += 1;
        let at = self.cluster.now() + after;
        self.timetable.push(Reverse((at, self.planned, act)));
    }

    /// Plans what comes so often, for each node where it is of one.
    fn plan_next(&mut self, act: Act) {
        let nodes = u32::from(self.options.agents).max(1);
        let (kind, mean) = match act {
            Act::Work => (None, Duration::from_secs(40) / nodes.min(20)),
            Act::Weather => (None, Duration::from_secs(60)),
            Act::Rebind => (Some(Fault::Rebinding), Duration::from_secs(1_200) / nodes),
            Act::CrashAgent => (Some(Fault::AgentCrashes), Duration::from_secs(900) / nodes),
            Act::CutOff => (Some(Fault::Partitions), Duration::from_secs(300)),
            Act::FailFlash => (Some(Fault::AgentDisks), Duration::from_secs(1_800) / nodes),
            // All agents come back after each.
            Act::KillMaster => {
                let mean = Duration::from_secs(600) * (1 + nodes / 250);
                (Some(Fault::MasterCrashes), mean)
            }
            Act::FailDisk => (Some(Fault::MasterDisk), Duration::from_secs(900)),
            Act::BootMaster
            | Act::Storm
            | Act::Calm
            | Act::KillAll
            | Act::Settled
            | Act::Check
            | Act::Boot(_)
            | Act::Join(_) => return,
        };
        if self.stormy && kind.is_none_or(|kind| self.has(kind)) {
            let after = self.chance.about(mean);
            self.plan(after, act);
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.options.faults.has(fault)
    }

    fn act(&mut self, act: Act) {
        if self.options.trace && act != Act::Work {
            println!("{:>10} {act:?}", self.cluster.now().as_millis());
        }
        match act {
            Act::Storm => self.begin_storm(),
            Act::Calm => self.begin_calm(),
            Act::KillAll => {
                Oracle::check_begun(&self.cluster, &self.workload);
                self.workload.read_some(&mut self.cluster);
                self.workload.kill_all(&mut self.cluster);
                self.plan(SETTLES, Act::Settled);
            }
            Act::Settled => {
                self.oracle.check_settled(&self.cluster, &mut self.report);
                self.cluster
                    .nodes
                    .values_mut()
                    .for_each(super::node::Node::forget_ends);
            }
            Act::Check => {
                self.cluster.check_all();
                self.plan(FULL_CHECK, Act::Check);
            }
            Act::Boot(node) => self.boot(node),
            Act::BootMaster => self.cluster.boot_master(),
            Act::Join(node) => {
                if let Some(place) = self.places.get(usize::from(node)) {
                    self.cluster.network.join(*place);
                }
            }
            // Of a storm that is over.
            _ if !self.stormy => {}
            Act::Work => self.workload.act(&mut self.cluster),
            Act::Weather => self.change_weather(),
            Act::Rebind => self.rebind(),
            Act::CrashAgent => self.crash_agent(),
            Act::CutOff => self.cut_off(),
            Act::FailFlash => self.fail_flash(),
            Act::KillMaster => {
                let outputs = u32::try_from(self.chance.under(16)).unwrap_or(0);
                self.cluster.kill_master_after(outputs);
            }
            Act::FailDisk => {
                let time = self.chance.up_to(Duration::from_secs(180));
                self.cluster.fail_disk(self.cluster.now() + time);
                self.report.master_disks += 1;
            }
        }
        self.plan_next(act);
    }

    fn begin_storm(&mut self) {
        self.stormy = true;
        // What the last storm planned for after its end.
        self.timetable.retain(|Reverse((_, _, act))| match act {
            Act::Storm
            | Act::Calm
            | Act::KillAll
            | Act::Settled
            | Act::Check
            | Act::Boot(_)
            | Act::BootMaster
            | Act::Join(_) => true,
            Act::Work
            | Act::Weather
            | Act::Rebind
            | Act::CrashAgent
            | Act::CutOff
            | Act::FailFlash
            | Act::KillMaster
            | Act::FailDisk => false,
        });
        self.oracle.on_storm();
        self.change_weather();
        for act in [
            Act::Work,
            Act::Weather,
            Act::Rebind,
            Act::CrashAgent,
            Act::CutOff,
            Act::FailFlash,
            Act::KillMaster,
            Act::FailDisk,
        ] {
            self.plan_next(act);
        }
        if self.has(Fault::MasterCrashes) {
            // What is under way at the end comes to something without another crash to help it.
            let late = self.chance.up_to(self.options.storm / 8);
            self.plan(self.options.storm - late, Act::KillMaster);
        }
        self.plan(self.options.storm, Act::Calm);
        self.plan(self.options.storm + CALM, Act::Storm);
    }

    fn begin_calm(&mut self) {
        self.stormy = false;
        let conditions = Conditions {
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(50),
            ..Conditions::PERFECT
        };
        self.cluster.network.set_conditions(conditions);
        for place in &self.places {
            self.cluster.network.join(*place);
            if let Some(node) = self.cluster.nodes.get_mut(place) {
                node.recover();
            }
        }
        for node in 0..self.options.agents {
            self.boot(node);
        }
        self.cluster.fail_disk(self.cluster.now());
        self.cluster.boot_master();
        self.plan(SETTLES, Act::KillAll);
    }

    fn change_weather(&mut self) {
        let faults = self.options.faults;
        let mut share = |fault, most| match faults.has(fault) {
            true => self.chance.share(most),
            false => 0,
        };
        let (loss, duplication) = (share(Fault::Loss, 300), share(Fault::Duplication, 300));
        let (held_up, corruption) = (share(Fault::Reordering, 100), share(Fault::Corruption, 50));
        let delay = match faults.has(Fault::Delay) {
            true => self.chance.up_to(Duration::from_secs(8)),
            false => Duration::ZERO,
        };
        self.cluster.network.set_conditions(Conditions {
            loss,
            duplication,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(1) + delay,
            held_up,
            held_up_max: Duration::from_secs(90),
            corruption,
        });
    }

    fn any_node(&mut self) -> u16 {
        let node = self.chance.under(usize::from(self.options.agents));
        u16::try_from(node).unwrap_or(0)
    }

    /// Another port, or one that somebody left who is behind the same NAT.
    fn rebind(&mut self) {
        let node = self.any_node();
        let port = 1_024 + u16::try_from(self.chance.under(64)).unwrap_or(0);
        // Four nodes are behind one NAT each.
        let mut after = setup::address(node / 4);
        after.set_port(port);
        let Some(before) = self.places.get_mut(usize::from(node)) else {
            return;
        };
        if !self.cluster.nodes.contains_key(&after) {
            self.cluster.rebind(*before, after);
            *before = after;
            self.report.rebindings += 1;
        }
    }

    fn crash_agent(&mut self) {
        let node = self.any_node();
        let outputs = u32::try_from(self.chance.under(12)).unwrap_or(0);
        if let Some(node) = self.node(node) {
            node.lose_power_after(outputs);
        }
    }

    fn node(&mut self, node: u16) -> Option<&mut super::node::Node> {
        let place = self.places.get(usize::from(node))?;
        self.cluster.nodes.get_mut(place)
    }

    fn boot(&mut self, node: u16) {
        if let Some(place) = self.places.get(usize::from(node)) {
            self.cluster.boot(*place);
        }
    }

    /// Some nodes, few rather than many, are cut off in one direction or both.
    fn cut_off(&mut self) {
        let agents = usize::from(self.options.agents);
        let nodes = (agents >> self.chance.under(8)).max(1);
        let time = self.chance.up_to(Duration::from_secs(1_200));
        let (is_mute, is_deaf) = [(true, true), (true, false), (false, true)][self.chance.under(3)];
        for _ in 0..nodes {
            let node = self.any_node();
            if let Some(place) = self.places.get(usize::from(node)) {
                self.cluster.network.cut(*place, is_mute, is_deaf);
                self.report.cut_off += 1;
                self.plan(time, Act::Join(node));
            }
        }
    }

    fn fail_flash(&mut self) {
        let node = self.any_node();
        let until = self.cluster.now() + self.chance.up_to(Duration::from_secs(300));
        let error = [StorageError::Full, StorageError::Io][self.chance.under(2)];
        if let Some(node) = self.node(node) {
            node.flash().fail(error, until);
            self.report.agent_disks += 1;
        }
    }

    fn observe(&mut self) {
        self.workload.settle(&self.cluster);
        while !self.cluster.happened.is_empty() {
            for happened in std::mem::take(&mut self.cluster.happened) {
                if self.options.trace {
                    println!("{:>10} {happened}", self.cluster.now().as_millis());
                }
                self.oracle
                    .observe(&self.cluster, &happened, &mut self.report);
                match happened {
                    Happened::LostPower(place) => {
                        self.report.agent_crashes += 1;
                        let node = self.places.iter().position(|own| *own == place);
                        let node = node.and_then(|node| u16::try_from(node).ok());
                        let time = self.chance.up_to(Duration::from_secs(900));
                        if let Some(node) = node {
                            self.plan(time, Act::Boot(node));
                        }
                    }
                    Happened::Replied(reply) if self.stormy => {
                        self.workload.on_reply(&mut self.cluster, reply);
                    }
                    Happened::LostMaster => {
                        self.report.master_crashes += 1;
                        let time = self.chance.up_to(Duration::from_secs(300));
                        self.plan(time, Act::BootMaster);
                        self.workload.on_master_lost();
                    }
                    Happened::MasterBack => self.workload.on_master_back(&self.cluster),
                    Happened::Replied(Reply::Outputs(outputs)) => self.workload.on_read(&outputs),
                    Happened::Replied(_) | Happened::Told(_) | Happened::Started(..) => {}
                }
            }
        }
    }
}

/// The node of this number.
fn build(number: u16, options: &Options) -> Build {
    let faults: Faults = options.faults;
    let seed = mix(options.seed) ^ u64::from(number);
    let mut chance = Chance::new(seed, 3);
    let mut build = setup::plain(number, options.seed);
    let sleeps = chance.percent(12) && faults.has(Fault::Sleep);
    let block_size = [BlockSize::B64, BlockSize::B512][chance.under(2)];
    build.config = Config {
        ping_period: options.ping * if sleeps { 3 } else { 1 },
        block_size,
        ..build.config
    };
    build.listens = sleeps.then_some(Duration::from_secs(5));
    build.behaviour = workload::behaviour;
    if faults.has(Fault::Drift) {
        let drift = i32::try_from(chance.under(100_000)).unwrap_or(0) - 50_000;
        build.clock = Clock::new(drift);
    }
    if faults.has(Fault::AgentDisks) {
        build.flash = Flash::bad(Duration::from_secs(2), seed);
    }
    build
}
