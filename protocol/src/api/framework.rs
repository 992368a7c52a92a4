//! Frameworks, as the API shows them.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::FrameworkId;

/// A framework to register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFramework {
    /// What it is called, 1 to 32 bytes. Need not be unique.
    pub name: String,
    /// The role whose share of the cluster it draws from; `default` unless told.
    #[serde(default = "default_role")]
    pub role: String,
}

fn default_role() -> String {
    String::from("default")
}

/// One framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Framework {
    /// Who it is.
    pub id: FrameworkId,
    /// What it is called.
    pub name: String,
    /// The role whose share it draws from.
    pub role: String,
    /// Whether it wants no offers for now.
    pub suppressed: bool,
    /// Its tasks that have not ended.
    pub tasks: usize,
    /// Its offers that are open.
    pub offers: usize,
}
