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
