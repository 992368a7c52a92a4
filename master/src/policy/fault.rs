//! What a policy refuses, and what a person is told.

use std::collections::BTreeSet;
use std::fmt;

use edgerm_protocol::resource::DeviceClass;

/// What the policy of a framework's token does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyFault {
    /// A permission.
    Permission {
        /// The task's place in the request, from 0.
        task: usize,
        /// Its place in the task's list; `None`: the module needs it.
        at: Option<usize>,
        /// Which.
        name: String,
        /// What is allowed.
        allowed: BTreeSet<String>,
    },
    /// A container.
    Container {
        /// The task's place in the request, from 0.
        task: usize,
    },
    /// A device, by its kind.
    Device {
        /// The task's place in the request, from 0.
        task: usize,
        /// Its place in the task's list.
        at: usize,
        /// What it is called.
        label: String,
        /// Which way it works.
        class: DeviceClass,
        /// What it measures or moves.
        kind: String,
        /// The kinds that are allowed.
        allowed: BTreeSet<String>,
    },
    /// Tasks have emitted all that they may within a day, in bytes.
    BytesPerDay(u64),
}

impl PolicyFault {
    /// The field of the request that it is about.
    pub(crate) fn field(&self) -> Option<String> {
        match self {
            Self::Permission { task, at, .. } => {
                let place = at.map_or_else(String::new, |at| format!("[{at}]"));
                Some(format!("tasks[{task}].permissions{place}"))
            }
            Self::Container { task } => Some(format!("tasks[{task}].container")),
            Self::Device { task, at, .. } => Some(format!("tasks[{task}].resources.devices[{at}]")),
            Self::BytesPerDay(_) => None,
        }
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission {
                task,
                at,
                name,
                allowed,
            } => {
                let whose = match at {
                    Some(_) => "",
                    None => ", which the module needs",
                };
                let allowed = Listed(allowed);
                write!(
                    f,
                    "task {task}: the policy of this token does not allow the permission \
                     {name}{whose}; it allows {allowed}"
                )
            }
            Self::Container { task } => write!(
                f,
                "task {task}: the policy of this token does not allow containers"
            ),
            Self::Device {
                task,
                label,
                class,
                kind,
                allowed,
                ..
            } => {
                let allowed = Listed(allowed);
                write!(
                    f,
                    "task {task}: the policy of this token does not allow {label}, a {kind} \
                     {class}; of those it allows {allowed}"
                )
            }
            Self::BytesPerDay(max) => write!(
                f,
                "the tasks of this token have emitted all that its policy allows, {max} bytes a \
                 day: launch again when an hour of the last 24 is over, or ask an operator for \
                 more"
            ),
        }
    }
}

/// What is allowed, for a person.
struct Listed<'a>(&'a BTreeSet<String>);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, name) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}
