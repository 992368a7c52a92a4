//! The cluster that is explored.

use edgerm_agent_core as core;
use edgerm_protocol::api::{LaunchTask, Restart, TaskResources};
use edgerm_protocol::owned::{AttributeValue, Description, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{FrameworkId, ModuleId, TaskId};

/// Agents, frameworks and tasks there are at most.
pub(super) const NODES: usize = 2;
pub(super) const FRAMEWORKS: usize = 2;

/// Places in the table of an agent: one more than it has slots.
pub(super) const PLACES: usize = 3;

/// Tasks that an agent runs at once.
const SLOTS: usize = 2;

/// Bytes of memory of a task.
const TASK_MEM: u64 = 1 << 16;

/// The one module.
pub(super) const MODULE: ModuleId = ModuleId([7; 32]);

/// What a task does, and may be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The framework that launches it.
    pub framework: usize,
    /// Whether it says `restart`, where the agent keeps records.
    pub restarts: bool,
    /// Whether it holds the agent's one relay.
    pub relay: bool,
    /// Whether it may exit by itself.
    pub exits: bool,
    /// Whether it may be killed.
    pub killable: bool,
    /// The one agent on which it is launched; `None`: on any.
    pub on: Option<usize>,
}

/// A fault of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A datagram is lost, with its retransmissions.
    Lost,
    /// Its sender no longer waits when it comes.
    Late,
    /// A request comes once more, when the endpoint has forgotten that it came before.
    Twice,
    /// An agent is not heard for so long that it is UNREACHABLE, and perhaps given up.
    Silent,
}

/// What there is, and what may go wrong.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What is there of agents: 1 or 2. The first keeps records, the second does not.
    pub nodes: usize,
    /// The tasks, at most 3. One of the same plan as the one before is launched after it.
    pub tasks: Vec<Plan>,
    /// What the network may do.
    pub faults: Vec<Fault>,
    /// How often it may.
    pub losses: u8,
    /// How often those that may crash do, all in all.
    pub crashes: u8,
    /// Whether each agent may crash.
    pub node_crashes: [bool; NODES],
    /// Whether the master may.
    pub master_crashes: bool,
    /// Whether what the master asked before it crashed may arrive at any time after; else it
    /// arrives then, or never.
    pub lingers: bool,
    /// Whether idle agents ping. They always do where it changes anything.
    pub idle_pings: bool,
    /// Whether the second framework may leave.
    pub leaves: bool,
    /// Offers that stand at once at most.
    pub offers: usize,
    /// Whether all agents have registered when it begins; else they are off.
    pub registered: bool,
}

impl Cluster {
    pub(super) fn node_name(node: usize) -> &'static str {
        ["alpha", "beta"][node]
    }

    pub(super) fn framework(framework: usize) -> FrameworkId {
        FrameworkId(framework as u64 + 1)
    }

    pub(super) fn task(task: usize) -> TaskId {
        TaskId(task as u64 + 1)
    }

    /// The place of a task in the plan.
    pub(super) fn index(task: TaskId) -> usize {
        usize::try_from(task.0 - 1).expect("a small number")
    }

    pub(super) const fn keeps_records(node: usize) -> bool {
        node == 0
    }

    pub(super) fn launch(&self, task: usize, node: usize) -> LaunchTask {
        let plan = self.tasks[task];
        let resources = TaskResources {
            cpus: 0,
            mem: TASK_MEM,
            devices: plan.relay.then(|| "relay".into()).into_iter().collect(),
            ports: Vec::new(),
        };
        LaunchTask {
            restart: match plan.restarts && Self::keeps_records(node) {
                true => Restart::Reboot,
                false => Restart::No,
            },
            ..LaunchTask::new(Self::task(task), "explored", MODULE, resources)
        }
    }

    pub(super) fn description(node: usize) -> Description {
        let relay = Value::device(DeviceClass::Actuator, "relay", Access::Exclusive);
        let slots = SLOTS as u64;
        let resources = [
            ("mem", Value::Scalar(slots * TASK_MEM)),
            ("tasks", Value::Scalar(slots)),
            ("relay", relay),
        ];
        let restart = ("restart", AttributeValue::Text("reboot".into()));
        let attributes = Self::keeps_records(node).then_some(restart);
        Description {
            resources: resources.into(),
            attributes: attributes.into_iter().collect(),
        }
    }

    /// An exchange has one timeout, which stands for all its retransmissions.
    pub(super) fn agent_config(node: usize) -> core::Config {
        core::Config {
            slots: SLOTS,
            keeps_records: Self::keeps_records(node),
            coap: edgerm_coap::Config {
                max_retransmit: 0,
                ..edgerm_coap::Config::default()
            },
            ..core::Config::default()
        }
    }
}
