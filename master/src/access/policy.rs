//! What the policy of a token may say.

use std::collections::BTreeSet;

use edgerm_protocol::api::{Policy, Role};
use edgerm_protocol::codec::TextError;
use edgerm_protocol::limits::MAX_RESOURCES;
use edgerm_protocol::resource::Name;
use edgerm_task_abi::{Permission, UnknownPermission};

/// Kinds of sensors, and of actuators, that a policy may name: as many as a node may have.
const MAX_KINDS: usize = MAX_RESOURCES;

/// Why a policy is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The token's role launches under no policy.
    #[error("a policy is for the role framework alone: choose that, or leave the policy out")]
    Role,
    /// A permission is none.
    #[error("{0:?} is {1}")]
    Permission(String, UnknownPermission),
    /// A kind of device is no name.
    #[error("the kind {kind:?} is {error}")]
    Kind {
        /// In which field.
        field: &'static str,
        /// Which kind.
        kind: String,
        /// What is wrong with it.
        error: TextError,
    },
    /// More kinds of devices than a policy may name.
    #[error("{count} kinds are named, at most {MAX_KINDS} may be")]
    TooMany {
        /// In which field.
        field: &'static str,
        /// How many.
        count: usize,
    },
    /// No byte a day.
    #[error("bytesPerDay is 0, at which nothing is launched: allow some, or leave it out")]
    NoBytes,
}

impl PolicyError {
    /// The field of the new token that it is about.
    pub(super) fn field(&self) -> &'static str {
        match self {
            Self::Role => "policy",
            Self::Permission(..) => "policy.permissions",
            Self::Kind { field, .. } | Self::TooMany { field, .. } => field,
            Self::NoBytes => "policy.bytesPerDay",
        }
    }
}

/// Whether a token of `role` may have `policy`.
pub(super) fn check(role: Role, policy: &Policy) -> Result<(), PolicyError> {
    if role != Role::Framework {
        return Err(PolicyError::Role);
    }
    for name in policy.permissions.iter().flatten() {
        let known = name.parse::<Permission>();
        known.map_err(|error| PolicyError::Permission(name.clone(), error))?;
    }
    check_kinds("policy.sensors", policy.sensors.as_ref())?;
    check_kinds("policy.actuators", policy.actuators.as_ref())?;
    match policy.bytes_per_day {
        Some(0) => Err(PolicyError::NoBytes),
        Some(_) | None => Ok(()),
    }
}

fn check_kinds(field: &'static str, kinds: Option<&BTreeSet<String>>) -> Result<(), PolicyError> {
    let count = kinds.map_or(0, BTreeSet::len);
    if count > MAX_KINDS {
        return Err(PolicyError::TooMany { field, count });
    }
    for kind in kinds.into_iter().flatten() {
        Name::new(kind).map_err(|error| PolicyError::Kind {
            field,
            kind: kind.clone(),
            error,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_what_there_is() {
        let set = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let none = Policy::default;
        let good = [
            none(),
            Policy {
                permissions: set(&["log", "emit"]),
                sensors: set(&["temperature", "of_their_own"]),
                actuators: set(&[]),
                containers: Some(false),
                bytes_per_day: Some(1),
            },
        ];
        for policy in good {
            assert_eq!(check(Role::Framework, &policy), Ok(()));
            assert_eq!(check(Role::Operator, &policy), Err(PolicyError::Role));
            assert_eq!(check(Role::ReadOnly, &policy), Err(PolicyError::Role));
        }
        let many = (0..65).map(|kind| format!("kind-{kind}")).collect();
        let bad = [
            (
                Policy {
                    permissions: set(&["emits"]),
                    ..none()
                },
                "policy.permissions",
            ),
            (
                Policy {
                    sensors: set(&[""]),
                    ..none()
                },
                "policy.sensors",
            ),
            (
                Policy {
                    actuators: Some(many),
                    ..none()
                },
                "policy.actuators",
            ),
            (
                Policy {
                    bytes_per_day: Some(0),
                    ..none()
                },
                "policy.bytesPerDay",
            ),
        ];
        for (policy, field) in bad {
            let refused = check(Role::Framework, &policy).unwrap_err();
            assert_eq!(refused.field(), field, "{refused}");
        }
    }
}
