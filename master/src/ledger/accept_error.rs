//! Why an offer is not accepted: the rules, and what a person is told.

use std::fmt;

use edgerm_protocol::api::{Duty, Unfit};
use edgerm_protocol::codec::TextError;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::{FrameworkId, ModuleId, TaskId};
use edgerm_task_abi::{Permission, Permissions};

use super::container::ContainerFault;
use super::offer::OfferError;
use crate::policy::PolicyFault;
use crate::variants::VariantError;

/// Why nothing is launched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptError {
    /// There is no such framework.
    UnknownFramework(FrameworkId),
    /// The framework would have more tasks that have not ended than it may.
    TooManyTasks {
        /// How many it would have.
        count: usize,
        /// How many it may have.
        max: usize,
    },
    /// The offer cannot be accepted.
    Offer(OfferError),
    /// The policy of the framework's token does not allow it.
    Policy(PolicyFault),
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
    /// The agent cannot run the module in the memory that is asked for.
    Unfit(Unfit),
    /// The variant of the module for so little memory is not to be had.
    NoVariant(VariantError),
    /// The agent does not do what the task asks of it.
    NotDone(Duty),
    /// This field gives the task no time at all.
    NoTime(&'static str),
    /// A number of restarts, for a task that is not started again after failures.
    NeverRestarted,
    /// The offer does not hold this device, or a task before has it.
    Device {
        /// Its place in the list, from 0.
        at: usize,
        /// The label.
        label: String,
    },
    /// The offer does not hold this port, or a task before has it, or it is listed twice.
    Port {
        /// Its place in the list, from 0.
        at: usize,
        /// Which.
        port: u16,
    },
    /// The container breaks a rule.
    Container(ContainerFault),
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
            Self::TooManyTasks { count, max } => write!(
                f,
                "the framework would have {count} tasks, at most {max} may run: wait until some \
                 end, or kill some with POST /v1/tasks/{{id}}/kill"
            ),
            Self::Offer(error) => error.fmt(f),
            Self::Policy(fault) => fault.fmt(f),
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
            Self::Unfit(unfit) => unfit.fmt(f),
            Self::NoVariant(error) => error.fmt(f),
            Self::NotDone(duty) => {
                let Duty {
                    field,
                    attribute,
                    value,
                } = duty;
                write!(
                    f,
                    "the agent does not do what {field} says: leave it out, or choose an agent \
                     whose attribute {attribute} is {value}"
                )
            }
            Self::NoTime(field) => {
                write!(f, "0 s are none: leave {field} out, or give it 1 or more")
            }
            Self::NeverRestarted => f.write_str(
                "the task is not started again after failures: leave maxRestarts out, or let \
                 restart be onFailure or rebootOrFailure",
            ),
            Self::Device { label, .. } => {
                write!(f, "the offer holds no device {label} that is free")
            }
            Self::Port { port, .. } => write!(
                f,
                "the offer holds no port {port} that is free, or it is listed twice"
            ),
            Self::Container(fault) => fault.fmt(f),
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
