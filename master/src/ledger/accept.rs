//! An offer is accepted: every task in it is checked against what the offer holds, what its
//! module needs and what a launch may carry, all of them or none.

use std::collections::BTreeSet;
use std::fmt;

use edgerm_protocol::api::LaunchTask;
use edgerm_protocol::codec::{Text, TextError};
use edgerm_protocol::limits::{MAX_BODY, MAX_ENV, MAX_NAME, MAX_TASK_DEVICES};
use edgerm_protocol::owned::{AttributeValue, Attributes, Resources, Value};
use edgerm_protocol::resource::names;
use edgerm_protocol::{FrameworkId, Instant, ModuleId, OfferId, TaskId, TaskState};
use edgerm_task_abi::{Permission, Permissions};

use super::change::{Change, OfferEnd};
use super::offer::OfferError;
use super::{Ledger, Module, Offer, Task, quantity};
use crate::launch;

/// The attribute that tells how much memory one task may have, in bytes.
const MAX_TASK_MEM: &str = "max_task_mem";

/// The attribute that lists what the agent's engine has of WASM.
const WASM_FEATURES: &str = "wasm_features";

/// Why nothing is launched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptError {
    /// There is no such framework.
    UnknownFramework(FrameworkId),
    /// The offer cannot be accepted.
    Offer(OfferError),
    /// A task breaks a rule.
    Task {
        /// Its place in the request, from 0.
        index: usize,
        /// Which rule.
        fault: AcceptFault,
    },
}

/// The rule that a task breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptFault {
    /// The id is that of another task.
    IdUsed(TaskId),
    /// The name is no name.
    Name(TextError),
    /// No such module was admitted.
    UnknownModule(ModuleId),
    /// The offer does not hold, or no longer holds, so much.
    Exceeds {
        /// Of which resource.
        resource: &'static str,
        /// What is asked for.
        asked: u64,
        /// What the offer holds beside the tasks before.
        held: u64,
    },
    /// More than a launch can carry, which is 2^32 - 1.
    Amount {
        /// Of which resource.
        resource: &'static str,
        /// What is asked for.
        asked: u64,
    },
    /// Less memory than the module starts with, in bytes.
    TooLittleMemory {
        /// What is asked for.
        asked: u64,
        /// What the module starts with.
        needed: u64,
    },
    /// More memory than the agent gives to one task, in bytes.
    TooMuchMemory {
        /// What is asked for.
        asked: u64,
        /// What the agent gives.
        most: u64,
    },
    /// The agent's engine lacks a WASM feature that the module uses.
    MissingFeature(String),
    /// The offer does not hold this device, or a task before has it.
    Device {
        /// Its place in the list, from 0.
        at: usize,
        /// The label.
        label: String,
    },
    /// More members than a launch can carry.
    TooMany {
        /// Of which field.
        field: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A permission by a name that the host API does not know.
    UnknownPermission {
        /// Its place in the list, from 0.
        at: usize,
        /// The name.
        name: String,
    },
    /// A permission that the module needs is not granted.
    MissingPermission(Permission),
    /// The key of an environment variable is no name.
    EnvKey {
        /// The key.
        key: String,
        /// Why not.
        error: TextError,
    },
    /// The launch does not fit a datagram.
    TooLarge,
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFramework(framework) => write!(
                f,
                "there is no framework {framework}: register with POST /v1/frameworks"
            ),
            Self::Offer(error) => error.fmt(f),
            Self::Task { index, fault } => write!(f, "task {index}: {fault}"),
        }
    }
}

impl fmt::Display for AcceptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdUsed(task) => {
                write!(f, "the id {task} is that of another task: draw a new one")
            }
            Self::Name(error) => write!(f, "the name is {error}"),
            Self::UnknownModule(module) => write!(
                f,
                "no module {module} was admitted: upload it with POST /v1/modules"
            ),
            Self::Exceeds {
                resource,
                asked,
                held,
            } => write!(
                f,
                "{asked} of {resource} is more than the {held} that the offer holds for it"
            ),
            Self::Amount { resource, asked } => {
                write!(
                    f,
                    "{asked} of {resource} is more than a task can have: at most {}",
                    u32::MAX
                )
            }
            Self::TooLittleMemory { asked, needed } => write!(
                f,
                "{asked} bytes of mem are less than the {needed} that the module starts with"
            ),
            Self::TooMuchMemory { asked, most } => write!(
                f,
                "{asked} bytes of mem are more than the {most} that the agent gives to one task"
            ),
            Self::MissingFeature(feature) => write!(
                f,
                "the module uses {feature}, which the agent's engine lacks: build it without, or \
                 choose an agent with it in wasm_features"
            ),
            Self::Device { label, .. } => {
                write!(f, "the offer holds no device {label} that is free")
            }
            Self::TooMany { field, count, max } => {
                write!(f, "{count} members of {field}, at most {max} fit a launch")
            }
            Self::UnknownPermission { name, .. } => write!(
                f,
                "there is no permission {name}; there are {}",
                Permissions::ALL
            ),
            Self::MissingPermission(name) => write!(
                f,
                "the module needs the permission {name}: grant it, or leave permissions out"
            ),
            Self::EnvKey { key, error } => {
                write!(f, "the environment variable's name {key:?} is {error}")
            }
            Self::TooLarge => write!(
                f,
                "the launch is longer than {MAX_BODY} bytes: shorten the environment or the devices"
            ),
        }
    }
}

impl std::error::Error for AcceptError {}

impl From<OfferError> for AcceptError {
    fn from(error: OfferError) -> Self {
        Self::Offer(error)
    }
}

impl Ledger {
    /// Launches `tasks` on the resources of `offer`; what they do not need returns. No tasks:
    /// the offer is declined.
    ///
    /// # Errors
    ///
    /// [`AcceptError`], by the first rule broken; nothing changes.
    pub fn accept_offer(
        &self,
        now: Instant,
        offer: OfferId,
        framework: FrameworkId,
        tasks: &[LaunchTask],
    ) -> Result<Vec<Change>, AcceptError> {
        if !self.frameworks.contains_key(&framework) {
            return Err(AcceptError::UnknownFramework(framework));
        }
        let offer = self.open_offer(now, offer, framework)?;
        let mut left = offer.resources.clone();
        let mut ids = BTreeSet::new();
        let end = if tasks.is_empty() {
            OfferEnd::Declined
        } else {
            OfferEnd::Accepted
        };
        let mut changes = vec![Change::OfferEnded {
            offer: offer.id,
            end,
        }];
        for (index, asked) in tasks.iter().enumerate() {
            let task = self
                .check_task(now, offer, asked, &left)
                .and_then(|task| {
                    let fresh = ids.insert(task.id);
                    fresh.then_some(task).ok_or(AcceptFault::IdUsed(asked.id))
                })
                .map_err(|fault| AcceptError::Task { index, fault })?;
            left = quantity::difference(&left, &task.holds);
            changes.push(Change::TaskAccepted(Box::new(task)));
        }
        Ok(changes)
    }

    fn check_task(
        &self,
        now: Instant,
        offer: &Offer,
        asked: &LaunchTask,
        left: &Resources,
    ) -> Result<Task, AcceptFault> {
        if self.tasks.contains_key(&asked.id) {
            return Err(AcceptFault::IdUsed(asked.id));
        }
        Text::<MAX_NAME>::new(&asked.name).map_err(AcceptFault::Name)?;
        let module = self
            .modules
            .get(&asked.module)
            .ok_or(AcceptFault::UnknownModule(asked.module))?;
        check_resources(asked, module, left)?;
        check_env(asked)?;
        let agent = self.agents.get(&offer.agent);
        if let Some(agent) = agent {
            check_engine(asked, module, &agent.attributes)?;
        }
        let task = Task {
            id: asked.id,
            name: asked.name.clone(),
            framework: offer.framework,
            agent: offer.agent,
            agent_name: agent.map(|agent| agent.name.clone()).unwrap_or_default(),
            module: module.id,
            module_size: module.size,
            asked: asked.resources.clone(),
            holds: Task::holdings(&asked.resources, left),
            permissions: granted(asked, module)?,
            env: asked.env.clone(),
            restart: asked.restart,
            stop_after_disconnected: asked.stop_after_disconnected,
            accepted_at: now,
            state: TaskState::Unissued,
            exit_code: None,
            detail: None,
            kill_requested: false,
        };
        if launch::fits(&task) {
            Ok(task)
        } else {
            Err(AcceptFault::TooLarge)
        }
    }
}

fn check_resources(
    asked: &LaunchTask,
    module: &Module,
    left: &Resources,
) -> Result<(), AcceptFault> {
    let resources = &asked.resources;
    let amounts = [
        (names::TASKS, 1),
        (names::MEM, resources.mem),
        (names::CPUS, resources.cpus),
    ];
    for (resource, asked) in amounts {
        let held = quantity::scalar(left, resource);
        if asked > held {
            return Err(AcceptFault::Exceeds {
                resource,
                asked,
                held,
            });
        }
        if u32::try_from(asked).is_err() {
            return Err(AcceptFault::Amount { resource, asked });
        }
    }
    if resources.mem < module.memory {
        return Err(AcceptFault::TooLittleMemory {
            asked: resources.mem,
            needed: module.memory,
        });
    }
    at_most(
        "resources.devices",
        resources.devices.len(),
        MAX_TASK_DEVICES,
    )?;
    for (at, label) in resources.devices.iter().enumerate() {
        let twice = resources
            .devices
            .iter()
            .take(at)
            .any(|other| other == label);
        if twice || !matches!(left.get(label), Some(Value::Device(_))) {
            let label = label.clone();
            return Err(AcceptFault::Device { at, label });
        }
    }
    Ok(())
}

/// Holds the task to what the agent says of its engine, where it says it.
fn check_engine(
    asked: &LaunchTask,
    module: &Module,
    attributes: &Attributes,
) -> Result<(), AcceptFault> {
    if let Some(AttributeValue::Number(most)) = attributes.get(MAX_TASK_MEM)
        && asked.resources.mem > *most
    {
        return Err(AcceptFault::TooMuchMemory {
            asked: asked.resources.mem,
            most: *most,
        });
    }
    let lacks = |feature: &&String| match attributes.get(WASM_FEATURES) {
        Some(AttributeValue::Texts(has)) => !has.contains(feature),
        Some(AttributeValue::Text(has)) => has != *feature,
        Some(AttributeValue::Number(_)) | None => false,
    };
    match module.features.iter().find(lacks) {
        Some(feature) => Err(AcceptFault::MissingFeature(feature.clone())),
        None => Ok(()),
    }
}

fn check_env(asked: &LaunchTask) -> Result<(), AcceptFault> {
    at_most("env", asked.env.len(), MAX_ENV)?;
    asked.env.keys().try_for_each(|key| {
        Text::<MAX_NAME>::new(key)
            .map(|_| ())
            .map_err(|error| AcceptFault::EnvKey {
                key: key.clone(),
                error,
            })
    })
}

fn granted(asked: &LaunchTask, module: &Module) -> Result<Permissions, AcceptFault> {
    let Some(names) = &asked.permissions else {
        return Ok(module.permissions);
    };
    let mut granted = Permissions::NONE;
    for (at, name) in names.iter().enumerate() {
        let permission: Permission = name.parse().map_err(|_| {
            let name = name.clone();
            AcceptFault::UnknownPermission { at, name }
        })?;
        granted = granted | permission.into();
    }
    match module.permissions.without(granted).iter().next() {
        Some(missing) => Err(AcceptFault::MissingPermission(missing)),
        None => Ok(granted),
    }
}

fn at_most(field: &'static str, count: usize, max: usize) -> Result<(), AcceptFault> {
    if count > max {
        Err(AcceptFault::TooMany { field, count, max })
    } else {
        Ok(())
    }
}
