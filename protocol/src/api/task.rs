//! Tasks: launched, watched, killed.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::container::Container;
use super::supervision::{HealthCheck, Restart};
use crate::message::LogLevel;
use crate::{AgentId, FrameworkId, ModuleId, TaskId, TaskState};

/// A task to launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaunchTask {
    /// Drawn at random by the framework. One that was used before is refused.
    pub id: TaskId,
    /// What it is called, 1 to 32 bytes. Need not be unique.
    pub name: String,
    /// The admitted module that it runs, unless `container` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<ModuleId>,
    /// The container that it runs, unless `module` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// What it holds while it runs.
    pub resources: TaskResources,
    /// Names of the permissions it is granted. Absent: those that the module needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// Its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Seconds of the master's silence after which the agent ends it. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_after_disconnected: Option<u32>,
    /// Seconds after which it is LOST while its agent is UNREACHABLE. Absent: as many as the master
    /// gives its agents, and more than `stop_after_disconnected` by [`super::STOP_MARGIN`] at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up_after: Option<u32>,
    /// When it is started again by its agent. Absent: `no`.
    #[serde(default, skip_serializing_if = "Restart::is_no")]
    pub restart: Restart,
    /// How often it is started again after failures. Absent: [`super::DEFAULT_RESTARTS`], where `restart`
    /// says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u32>,
    /// Seconds that it may run, counted from when it first ran. Absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u32>,
    /// How its agent finds out that it is stuck. Absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
}

impl LaunchTask {
    /// A task of a module of which nothing is said that may be left out.
    pub fn new(
        id: TaskId,
        name: impl Into<String>,
        module: ModuleId,
        resources: TaskResources,
    ) -> Self {
        Self {
            module: Some(module),
            ..Self::of_nothing(id, name.into(), resources)
        }
    }

    /// A task of a container of which nothing is said that may be left out.
    pub fn contained(
        id: TaskId,
        name: impl Into<String>,
        container: Container,
        resources: TaskResources,
    ) -> Self {
        Self {
            container: Some(container),
            ..Self::of_nothing(id, name.into(), resources)
        }
    }

    fn of_nothing(id: TaskId, name: String, resources: TaskResources) -> Self {
        Self {
            id,
            name,
            module: None,
            container: None,
            resources,
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
}

/// What a task holds, besides one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskResources {
    /// Thousandths of a core.
    #[serde(default)]
    pub cpus: u64,
    /// Bytes of memory; of a module, its own pages and what the engine needs for it included.
    pub mem: u64,
    /// Labels of devices in the offer.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Ports in the offer, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Which task.
    pub id: TaskId,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub framework: FrameworkId,
    /// Where it runs.
    pub agent: AgentId,
    /// What that agent is called.
    pub agent_name: String,
    /// Whether that agent is silent, so that the state may be old.
    pub unreachable: bool,
    /// The module that it runs, unless that is a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<ModuleId>,
    /// The container that it runs, unless that is a module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Box<Container>>,
    /// Where it is in its life.
    pub state: TaskState,
    /// What it exited with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it holds, or held.
    pub resources: TaskResources,
    /// Seconds of the master's silence after which its agent ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_after_disconnected: Option<u32>,
    /// Seconds after which it is LOST while its agent is UNREACHABLE, where that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up_after: Option<u32>,
    /// When it is started again by its agent.
    #[serde(default, skip_serializing_if = "Restart::is_no")]
    pub restart: Restart,
    /// How often it is started again after failures, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u32>,
    /// Seconds that it may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u32>,
    /// How its agent finds out that it is stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Milliseconds since it was accepted.
    pub age_ms: u64,
    /// The `x-request-id` of the call that launched it, by which the master's log tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The states that it has been in, oldest first; of one task alone, not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Moved>,
}

/// A state that a task came to be in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Which state.
    pub state: TaskState,
    /// Since when, in milliseconds since the Unix epoch, by the master's clock.
    pub at_ms: u64,
}

/// Asks that a task end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KillTask {
    /// Who asks; only the task's own framework may. Absent: an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<FrameworkId>,
}

/// A message for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// Who sends; only the task's own framework may.
    pub framework: FrameworkId,
    /// What the task receives.
    #[serde(flatten)]
    pub data: OutputData,
}

/// Bytes: a text where they are UTF-8, else hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutputData {
    /// UTF-8.
    Text(String),
    /// Two lower-case digits a byte.
    Hex(String),
}

/// Outputs of a task, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// What was emitted or logged.
    pub outputs: Vec<Output>,
    /// Whether the task has ended and these are its last.
    pub end: bool,
}

/// Something that a task emitted or logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Which task.
    pub task: TaskId,
    /// Counts what the master has kept of the task, from 1. `after` takes it.
    pub index: u64,
    /// The severity of a log line. Absent: this was emitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// What it was.
    #[serde(flatten)]
    pub data: OutputData,
}

impl OutputData {
    /// The form that `bytes` have.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Hex(
                bytes
                    .iter()
                    .flat_map(|byte| [byte >> 4, byte & 15])
                    .filter_map(|nibble| char::from_digit(nibble.into(), 16))
                    .collect(),
            ),
        }
    }

    /// The bytes; `None` where the digits are none, or odd in number.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.as_bytes().to_vec()),
            Self::Hex(digits) => {
                let nibbles = digits.chars().map(|digit| digit.to_digit(16));
                let nibbles = nibbles.collect::<Option<Vec<_>>>()?;
                let pairs = nibbles.chunks(2).map(|pair| match *pair {
                    [high, low] => u8::try_from(high << 4 | low).ok(),
                    _ => None,
                });
                pairs.collect()
            }
        }
    }
}
