//! The stream of events: every change of state, one event each.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Agent, Drain, Framework, Module, Offer, Output, Task};
use crate::{AgentId, FrameworkId, OfferId};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Counts events from 1; also the `id` of the server-sent event. A stream resumes after
    /// the `Last-Event-ID` it is given, as far back as the master remembers.
    pub sequence: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened, and what it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum EventKind {
    /// An agent registered, or told what it has anew.
    AgentRegistered {
        /// The agent.
        agent: Agent,
    },
    /// An agent is silent.
    AgentUnreachable {
        /// The agent.
        agent: AgentId,
    },
    /// A silent agent was heard again.
    AgentReachable {
        /// The agent.
        agent: AgentId,
    },
    /// An agent left, or was given up.
    AgentGone {
        /// The agent.
        agent: AgentId,
    },
    /// Nothing more of an agent is offered.
    AgentDraining {
        /// The agent.
        agent: AgentId,
        /// How far that has come.
        drain: Drain,
    },
    /// Nothing runs on an agent that is drained any more.
    AgentDrained {
        /// The agent.
        agent: AgentId,
    },
    /// An agent is offered again.
    AgentUndrained {
        /// The agent.
        agent: AgentId,
    },
    /// A framework registered.
    FrameworkRegistered {
        /// The framework.
        framework: Framework,
    },
    /// A framework is gone.
    FrameworkGone {
        /// The framework.
        framework: FrameworkId,
    },
    /// An offer was made.
    OfferMade {
        /// The offer.
        offer: Offer,
    },
    /// An offer ended.
    OfferEnded {
        /// The offer.
        offer: OfferId,
        /// How: `accepted`, `declined`, `expired` or `rescinded`.
        reason: String,
    },
    /// A task was accepted, or its state changed.
    TaskUpdated {
        /// The task.
        task: Task,
    },
    /// A task emitted something.
    TaskOutput {
        /// What.
        output: Output,
    },
    /// A module was admitted.
    ModuleAdmitted {
        /// The module.
        module: Module,
    },
    /// Events were lost to this stream, which was too slow: read the lists anew.
    Missed {
        /// How many.
        count: u64,
    },
}
