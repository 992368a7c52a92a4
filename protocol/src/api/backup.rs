//! What came of restoring a backup.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// What a master goes on with after it was restored from a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// When the backup was made, in milliseconds since the Unix epoch.
    pub made_at_ms: u64,
    /// Agents, gone ones included.
    pub agents: usize,
    /// Frameworks.
    pub frameworks: usize,
    /// Tasks, ended ones included.
    pub tasks: usize,
    /// Modules.
    pub modules: usize,
    /// Tokens of callers, the one kept included.
    pub tokens: usize,
    /// Enrolled agents.
    pub enrolled: usize,
    /// Join tokens.
    pub join_tokens: usize,
    /// What the caller's own token is called from now on, where the backup does not know it: it was
    /// kept, so that the caller is not locked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_token: Option<String>,
    /// Whether the caller, who showed no token, has to show one of the backup's from now on.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub token_needed: bool,
}
