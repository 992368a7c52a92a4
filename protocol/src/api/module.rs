//! Modules, as the API shows them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::ModuleId;

/// An admitted module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// The digest of its bytes as they were admitted, without custom sections.
    pub id: ModuleId,
    /// Bytes, as they were admitted.
    pub size: u64,
    /// Bytes of memory that it starts with.
    pub memory: u64,
    /// Bytes of memory that it can run in where an agent's engine has `custom-page-sizes`; the
    /// same as `memory` where it cannot do with less, or cannot be seen to.
    pub memory_needed: u64,
    /// Names of the permissions that it needs.
    pub permissions: Vec<String>,
    /// Names of the WASM features that it uses beyond the first version.
    pub features: Vec<String>,
}
