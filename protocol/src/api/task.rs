//! Tasks: launched, watched, killed.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::container::Container;
use super::output::OutputData;
use super::supervision::{HealthCheck, Restart};
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
