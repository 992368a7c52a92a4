//! Every change of the ledger's state, one value each.
//!
//! Ids, sessions and instants are in the change, drawn by whoever decided it, so that the same
//! changes in the same order give the same ledger. Each changes one [`RowKey`]'s row of what lasts.

use std::sync::Arc;

use edgerm_protocol::api::Needs;
use edgerm_protocol::owned::Description;
use edgerm_protocol::{
    AgentId, BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState,
};
use edgerm_task_abi::Permissions;

use super::{Drain, Offer, RowKey, Task};
use crate::access::TokenId;

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An agent registered, for the first time or anew.
    AgentRegistered(AgentRegistration),
    /// What an agent has and is became known.
    AgentDescribed {
        /// Which agent.
        agent: AgentId,
        /// All that it told.
        description: Description,
    },
    /// An agent is silent.
    AgentUnreachable(AgentId),
    /// A silent agent was heard again.
    AgentReachable(AgentId),
    /// Tasks of a silent agent were given up before it: when it comes back, it is to register.
    AgentSessionEnded(AgentId),
    /// An agent left, or was given up. Its tasks have ended before.
    AgentGone(AgentId),
    /// An agent is drained, or is no more.
    AgentDrained {
        /// Which agent.
        agent: AgentId,
        /// How; `None`: it is no more.
        drain: Option<Drain>,
    },
    /// An agent that is gone is not remembered any more.
    AgentForgotten(AgentId),
    /// A framework registered.
    FrameworkRegistered {
        /// Who it is.
        framework: FrameworkId,
        /// What it is called.
        name: String,
        /// The role whose share it draws from.
        role: String,
        /// Who registered it.
        owner: Option<TokenId>,
    },
    /// A framework wants no offers, or wants them again.
    FrameworkSuppressed {
        /// Which framework.
        framework: FrameworkId,
        /// Whether it wants none.
        suppressed: bool,
    },
    /// A framework is gone. Its offers have ended before.
    FrameworkGone(FrameworkId),
    /// An offer was made.
    OfferMade(Offer),
    /// An offer ended; what it held is free again.
    OfferEnded {
        /// Which offer.
        offer: OfferId,
        /// How it ended.
        end: OfferEnd,
    },
    /// A task was accepted: it holds its resources from now on.
    TaskAccepted(Box<Task>),
    /// The state of a task changed.
    TaskMoved {
        /// Which task.
        task: TaskId,
        /// Its new state.
        state: TaskState,
        /// What it exited with, where it did.
        exit_code: Option<i32>,
        /// Why, for a person.
        detail: Option<String>,
    },
    /// Somebody wants the task to end.
    KillRequested(TaskId),
    /// A task that ended is not remembered any more.
    TaskForgotten(TaskId),
    /// A module was admitted.
    ModuleAdmitted(Module),
}

impl Change {
    /// The row of what lasts that is another by this.
    pub fn row(&self) -> RowKey {
        match self {
            Self::AgentRegistered(registration) => RowKey::Agent(registration.agent),
            Self::AgentDescribed { agent, .. }
            | Self::AgentUnreachable(agent)
            | Self::AgentReachable(agent)
            | Self::AgentSessionEnded(agent)
            | Self::AgentGone(agent)
            | Self::AgentDrained { agent, .. }
            | Self::AgentForgotten(agent) => RowKey::Agent(*agent),
            Self::FrameworkRegistered { framework, .. }
            | Self::FrameworkSuppressed { framework, .. }
            | Self::FrameworkGone(framework) => RowKey::Framework(*framework),
            Self::OfferMade(offer) => RowKey::Offer(offer.id),
            Self::OfferEnded { offer, .. } => RowKey::Offer(*offer),
            Self::TaskAccepted(task) => RowKey::Task(task.id),
            Self::TaskMoved { task, .. }
            | Self::KillRequested(task)
            | Self::TaskForgotten(task) => RowKey::Task(*task),
            Self::ModuleAdmitted(module) => RowKey::Module(module.id),
        }
    }
}

/// What a registration settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRegistration {
    /// Who the agent is.
    pub agent: AgentId,
    /// What it is called.
    pub name: Arc<str>,
    /// What its later messages bear.
    pub session: SessionId,
    /// The boot it registered in.
    pub boot: BootId,
    /// Milliseconds between two of its pings.
    pub ping_period_ms: u32,
    /// The key id that it proved itself with; `None`: it proves nothing.
    pub key: Option<[u8; 4]>,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferEnd {
    /// Its framework took it.
    Accepted,
    /// Its framework did not want it.
    Declined,
    /// Time ran out.
    Expired,
    /// The agent went, shrank or is silent, or the framework went.
    Rescinded,
}

impl OfferEnd {
    /// The name, as events show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Rescinded => "rescinded",
        }
    }
}

/// What the ledger knows of an admitted module; its bytes are elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The digest of its bytes.
    pub id: ModuleId,
    /// Bytes.
    pub size: u32,
    /// Bytes of memory that it starts with.
    pub memory: u64,
    /// Bytes of memory that a variant of it can run in; as `memory` where there is none.
    pub memory_needed: u64,
    /// What it needs to be permitted.
    pub permissions: Permissions,
    /// WASM features beyond the first version, by name.
    pub features: Vec<String>,
    /// When it was admitted.
    pub admitted_at: Instant,
    /// The token that it was uploaded with; `None`: an operator's, or nobody's.
    pub owner: Option<TokenId>,
}

impl Module {
    /// What it needs of an agent.
    pub fn needs(&self) -> Needs<'_> {
        Needs {
            size: self.size.into(),
            memory: self.memory,
            memory_needed: self.memory_needed,
            features: &self.features,
        }
    }
}
