//! What the ledger holds of each agent, framework, offer and task.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use edgerm_protocol::api::{
    AgentState, Container, HealthCheck, Restart, STOP_MARGIN, TaskResources,
};
use edgerm_protocol::owned::{Attributes, EcoString, Resources, Value};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::resource::{Range, names};
use edgerm_protocol::{
    AgentId, BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState,
};
use edgerm_task_abi::Permissions;

use super::quantity::{self, Scalars};
use super::{Drain, Few};
use crate::access::TokenId;
use crate::variants::Blob;

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Who it is.
    pub id: AgentId,
    /// What it is called: the block that its tasks and its enrolment share.
    pub name: Arc<str>,
    /// Whether it is heard.
    pub state: AgentState,
    /// What its messages bear; `None` once it is gone, or is to register when it comes back.
    pub session: Option<SessionId>,
    /// The key id that it proved itself with when it registered; `None`: it proves nothing.
    pub key: Option<[u8; 4]>,
    /// The boot it registered in.
    pub boot: BootId,
    /// Milliseconds between two of its pings.
    pub ping_period_ms: u32,
    /// Whether the description is that of this registration. Until it is, nothing is offered.
    pub described: bool,
    /// All that it has.
    pub total: Resources,
    /// What is true of it.
    pub attributes: Attributes,
    /// What its tasks hold: the sum over `tasks`.
    pub used: Resources,
    /// What is promised: the sum over `offers`.
    pub offered: Resources,
    /// Whether it is to run nothing new.
    pub drain: Option<Drain>,
    /// Its tasks that have not ended.
    pub tasks: Few<TaskId>,
    /// Its offers that are open.
    pub offers: Few<OfferId>,
}

impl Agent {
    /// What may be offered now. Empty where the agent is not heard, not yet described, or drained.
    pub fn free(&self) -> Resources {
        if !self.is_heard() || !self.described || self.drain.is_some() {
            return Resources::new();
        }
        quantity::difference(
            &quantity::difference(&self.total, &self.used),
            &self.offered,
        )
    }

    fn is_heard(&self) -> bool {
        self.state == AgentState::Registered || is_planted(Bug::OfferUnreachable)
    }

    /// Whether a task could run in what is free: a slot, and memory. Cheaper than [`Self::free`].
    pub fn is_offerable(&self) -> bool {
        let has = |name| {
            let held = quantity::scalar(&self.used, name)
                .saturating_add(quantity::scalar(&self.offered, name));
            quantity::scalar(&self.total, name) > held
        };
        self.is_heard()
            && self.described
            && self.drain.is_none()
            && has(names::TASKS)
            && has(names::MEM)
    }
}

/// One framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Who it is.
    pub id: FrameworkId,
    /// What it is called.
    pub name: String,
    /// The role whose share it draws from.
    pub role: String,
    /// The token that registered it; `None`: an operator's, or nobody's.
    pub owner: Option<TokenId>,
    /// Whether it wants no offers for now.
    pub suppressed: bool,
    /// Its tasks that have not ended.
    pub tasks: BTreeSet<TaskId>,
    /// Its offers that are open.
    pub offers: BTreeSet<OfferId>,
    /// Scalars that its tasks hold and its offers promise.
    pub allocated: Scalars,
}

/// Resources of one agent, promised to one framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which offer.
    pub id: OfferId,
    /// To whom.
    pub framework: FrameworkId,
    /// Of which agent.
    pub agent: AgentId,
    /// What is promised.
    pub resources: Resources,
    /// When the promise ends.
    pub expires_at: Instant,
}

/// What a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// An admitted module.
    Module(ModuleId),
    /// A container.
    Container(Box<Container>),
}

impl Runs {
    /// The module, unless it is a container.
    pub const fn module(&self) -> Option<ModuleId> {
        match self {
            Self::Module(module) => Some(*module),
            Self::Container(_) => None,
        }
    }

    /// The container, unless it is a module.
    pub fn container(&self) -> Option<&Container> {
        match self {
            Self::Module(_) => None,
            Self::Container(container) => Some(container),
        }
    }
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which task.
    pub id: TaskId,
    /// What it is called.
    pub name: EcoString,
    /// Whose it is.
    pub framework: FrameworkId,
    /// The token that registered that.
    pub owner: Option<TokenId>,
    /// Where it runs.
    pub agent: AgentId,
    /// What that agent is called.
    pub agent_name: Arc<str>,
    /// What it runs.
    pub runs: Runs,
    /// What its agent fetches: the module, or the variant of it for its memory; of a container,
    /// its [manifest](Task::manifest).
    pub blob: Blob,
    /// What it was asked to hold, as others may have been.
    pub asked: Arc<TaskResources>,
    /// What it holds until it ends: as `asked`, with a slot, and each device as it was offered.
    pub holds: Resources,
    /// What it may call.
    pub permissions: Permissions,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// Seconds of the master's silence after which the agent ends it.
    pub stop_after_disconnected: Option<u32>,
    /// Seconds that its agent is UNREACHABLE until it is LOST, where that was chosen.
    pub give_up_after: Option<u32>,
    /// When its agent starts it again.
    pub restart: Restart,
    /// How often its agent starts it again after failures, where that was chosen.
    pub max_restarts: Option<u32>,
    /// Seconds that it may run.
    pub deadline: Option<u32>,
    /// How its agent finds out that it is stuck.
    pub health_check: Option<HealthCheck>,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// Where it is in its life.
    pub state: TaskState,
    /// The states that it has been in, this one included, and since when: at most one of each.
    pub history: Vec<(TaskState, Instant)>,
    /// What it exited with.
    pub exit_code: Option<i32>,
    /// Why it is in this state.
    pub detail: Option<Box<str>>,
    /// Whether somebody wants it to end.
    pub kill_requested: bool,
    /// The id of the call that launched it.
    pub request_id: Option<Arc<str>>,
}

impl Task {
    /// How long its agent is UNREACHABLE until it is LOST, where agents are given up after
    /// `give_up`: what was chosen, else that, but not before its agent has ended it.
    pub fn patience(&self, give_up: Duration) -> Duration {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let stopped = self.stop_after_disconnected;
        let stopped = stopped.map(|after| seconds(after) + seconds(STOP_MARGIN));
        self.give_up_after
            .map_or_else(|| give_up.max(stopped.unwrap_or_default()), seconds)
    }

    /// When it came to be in its state.
    pub fn moved_at(&self) -> Instant {
        self.history.last().map_or(self.accepted_at, |(_, at)| *at)
    }

    /// What a task that asks for `asked` holds, its devices taken from `offered`. A device that
    /// is not in there is left out.
    pub fn holdings(asked: &TaskResources, offered: &Resources) -> Resources {
        let scalars = [
            (names::CPUS, asked.cpus),
            (names::MEM, asked.mem),
            (names::TASKS, 1),
        ];
        let devices = asked.devices.iter().filter_map(|label| {
            let device = offered.get(label)?;
            matches!(device, Value::Device(_)).then(|| (label.clone(), device.clone()))
        });
        let ports = asked.ports.iter();
        let ports: Vec<_> = ports
            .map(|port| Range {
                start: *port,
                end: *port,
            })
            .collect();
        let ports = (!ports.is_empty()).then(|| {
            (
                names::PORTS.to_owned(),
                Value::Ranges(quantity::normal(&ports)),
            )
        });
        scalars
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .map(|(name, amount)| (name.to_owned(), Value::Scalar(amount)))
            .chain(devices)
            .chain(ports)
            .collect()
    }
}
