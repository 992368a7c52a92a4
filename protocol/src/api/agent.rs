//! Agents, as the API shows them.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::AgentId;
use crate::owned::{Attributes, Resources};

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Who it is, the same after a reboot of either end.
    pub id: AgentId,
    /// What it is called.
    pub name: String,
    /// Whether it is heard.
    pub state: AgentState,
    /// Where it was last heard from.
    pub address: String,
    /// Whether it proves who it is, by a credential that the master enrolled it with. One that does
    /// not is whoever reaches the master.
    #[serde(default)]
    pub proven: bool,
    /// Milliseconds since it was last heard.
    pub silent_ms: u64,
    /// Milliseconds between two of its pings.
    pub ping_period_ms: u32,
    /// All that it has.
    pub resources: Resources,
    /// What its tasks hold of that; a device stands here where a task uses it.
    pub used: Resources,
    /// What is promised in offers.
    pub offered: Resources,
    /// What is true of it.
    pub attributes: Attributes,
    /// Its tasks that have not ended.
    pub tasks: usize,
    /// Whether an operator lets it run nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,
}

/// That nothing more of an agent is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drain {
    /// How far it has come.
    pub state: DrainState,
    /// Milliseconds until its tasks are killed. Absent: they may end by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kills_in_ms: Option<u64>,
}

/// How far a drain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DrainState {
    /// Tasks run there still.
    Draining,
    /// None does: it may be stopped.
    Drained,
}

/// Asks that an agent run nothing new.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrainAgent {
    /// Seconds after which its tasks are killed. Absent: they may end by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<u32>,
}

/// Whether an agent is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgentState {
    /// It pings.
    Registered,
    /// It has missed pings: nothing of it is offered until it is heard again.
    Unreachable,
    /// It said that it leaves, or was given up.
    Gone,
}
