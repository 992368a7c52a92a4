//! Tokens, as the API shows them: what a caller proves itself with.

use alloc::collections::BTreeSet;
use alloc::string::String;

use serde::{Deserialize, Serialize};

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything, tokens included.
    Operator,
    /// Registers frameworks, and sees and touches their offers and tasks alone. Agents and
    /// modules it sees all.
    Framework,
    /// Sees everything, changes nothing.
    ReadOnly,
}

/// A token to issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What it is called, 1 to 32 bytes; unique.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// What the tasks of its frameworks may be given; for the role `framework` alone. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

impl NewToken {
    /// One without a policy.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            policy: None,
        }
    }
}

/// What the tasks of a token's frameworks may be given, all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Names of the permissions that a task may be granted. Absent: all; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeSet<String>>,
    /// Kinds of the sensors that a task may have. Absent: all; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensors: Option<BTreeSet<String>>,
    /// Kinds of the actuators that a task may have. Absent: all; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actuators: Option<BTreeSet<String>>,
    /// Whether tasks may be containers, which are held by no permission. Absent: where
    /// `permissions` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<bool>,
    /// Bytes that tasks may emit and log within 24 hours, 1 or more. Absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_day: Option<u64>,
}

/// A token that was just issued. It is shown this once: the master keeps its digest alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// What it is called.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The secret, as in `Authorization: Bearer SECRET`.
    pub secret: String,
}

impl core::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedToken")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A token that the master takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// What it is called.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// What the tasks of its frameworks may be given. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}
