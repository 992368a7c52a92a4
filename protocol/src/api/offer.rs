//! Offers: asked for, accepted, declined.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{LaunchTask, Task};
use crate::owned::{Attributes, Resources};
use crate::resource::DeviceClass;
use crate::{AgentId, FrameworkId, ModuleId, OfferId};

/// Asks for offers: at most one of each agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferRequest {
    /// Who asks.
    pub framework: FrameworkId,
    /// What an agent must have.
    #[serde(default)]
    pub constraints: Constraints,
    /// Offers at most, 1 to [`super::MAX_PAGE`]; [`super::DEFAULT_PAGE`] unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<usize>,
    /// Milliseconds to wait until there is one, at most 60,000; 0 unless told.
    #[serde(default)]
    pub wait_ms: u64,
}

/// What an agent must have to be offered. All must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Constraints {
    /// One of these agents, by name or id. Empty: any.
    pub agents: Vec<String>,
    /// Devices that are free, each its own.
    pub devices: Vec<DeviceConstraint>,
    /// Scalars of which at least so much is free.
    pub resources: BTreeMap<String, u64>,
    /// Attributes that are equal to the text, or have it among their texts.
    pub attributes: BTreeMap<String, String>,
    /// A module that the agent can run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<ModuleConstraint>,
}

/// A module that an agent must be able to run, by [`super::Needs::fit`], in memory that is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModuleConstraint {
    /// An admitted module.
    pub id: ModuleId,
    /// Bytes of memory that it will be given. Absent: what suits the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem: Option<u64>,
}

/// A device that must be free: by its label, or by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceConstraint {
    /// Which way it must work. Absent: either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<DeviceClass>,
    /// Its label on the agent, or its kind.
    pub name: String,
}

/// What is offered now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offers {
    /// At most one of each agent.
    pub offers: Vec<Offer>,
}

/// Resources of one agent, promised to one framework until it accepts, declines, or time
/// runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Which offer.
    pub id: OfferId,
    /// To whom.
    pub framework: FrameworkId,
    /// Of which agent.
    pub agent: AgentId,
    /// What the agent is called.
    pub agent_name: String,
    /// What is promised.
    pub resources: Resources,
    /// What is true of the agent.
    pub attributes: Attributes,
    /// Milliseconds until the promise ends.
    pub expires_in_ms: u64,
}

/// Accepts an offer with tasks to launch. What they do not need returns at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// Who accepts.
    pub framework: FrameworkId,
    /// What to launch, all of it or none. Empty: the offer is declined without a filter.
    pub tasks: Vec<LaunchTask>,
}

/// The tasks of an accepted offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// In the order they were asked for.
    pub tasks: Vec<Task>,
}

/// Declines an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decline {
    /// Who declines.
    pub framework: FrameworkId,
    /// Milliseconds for which this agent is not offered to this framework again, unless it
    /// revives; 5,000 unless told, as in Mesos.
    #[serde(default = "default_filter")]
    pub filter_ms: u64,
}

const fn default_filter() -> u64 {
    5_000
}
