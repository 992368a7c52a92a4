//! Admission: what a module must be before any agent sees it.
//!
//! A module is validated by the parser that the engine on Linux is built on; its imports are
//! held to the host API and become the permissions that it needs; its memory, its tables and
//! their segments are held to limits; what it uses of WASM becomes the list of features that its
//! agent's engine must have. Custom sections (names, producers, debugging) are stripped, for
//! they cost a device flash and airtime, and the digest of what is left names the module.
//!
//! | file | holds |
//! |---|---|
//! | `features.rs` | validation, and which features a module uses |
//! | `survey.rs` | the walk over the sections, and the rules that hold there |
//! | `footprint.rs` | how little memory a module can run in |
//! | `variant.rs` | a module with less memory than its pages |
//! | `strip.rs` | the bytes without custom sections |
//! | `rules.rs` | the table of rules, as docs/admission.md shows it |
//! | `refusal.rs`, `shown.rs` | how a broken rule is told |

mod features;
mod footprint;
mod refusal;
mod rules;
mod shown;
mod strip;
mod survey;
#[cfg(test)]
mod tests;
mod variant;

use edgerm_protocol::ModuleId;
use edgerm_task_abi::limits::{MAX_MEMORY, MAX_MODULE, MAX_TABLE_ELEMENTS};
use edgerm_task_abi::{Feature, Permissions};
use sha2::{Digest, Sha256};

pub use refusal::{ImportKind, Refusal, Rule};
pub use rules::{Entry, RULES};
pub use shown::{Shown, Signature};
pub use variant::variant;

/// The largest module that is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the module as it is uploaded.
    pub module_bytes: usize,
    /// Bytes of memory that it starts with.
    pub memory_bytes: u64,
    /// Elements that all its tables together start with.
    pub table_elements: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            module_bytes: MAX_MODULE,
            memory_bytes: MAX_MEMORY,
            table_elements: MAX_TABLE_ELEMENTS.into(),
        }
    }
}

/// A module that agents may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its bytes, without custom sections.
    pub wasm: Vec<u8>,
    /// Their SHA-256.
    pub id: ModuleId,
    /// What it may call, and so needs to be granted.
    pub permissions: Permissions,
    /// What its agent's engine must have, in the order of [`Feature::ALL`].
    pub features: Vec<Feature>,
    /// Bytes of memory that it starts with.
    pub memory_min_bytes: u64,
    /// Bytes of memory that it can run in: fewer than it starts with where a [`variant`] of it
    /// can do with less, and else the same.
    pub memory_needed_bytes: u64,
    /// Bytes of memory that it may grow to by its own word. `None`: it does not say.
    pub memory_max_bytes: Option<u64>,
}

/// Admits a module.
///
/// # Errors
///
/// The first [`Rule`] that it breaks, and where.
pub fn admit(wasm: &[u8], limits: &Limits) -> Result<Admitted, Refusal> {
    if wasm.len() > limits.module_bytes {
        let rule = Rule::ModuleTooLarge {
            bytes: wasm.len(),
            limit: limits.module_bytes,
        };
        return Err(rule.at(limits.module_bytes));
    }
    features::validate(wasm)?;
    let survey = survey::survey(wasm, limits)?;
    let stripped = strip::strip(wasm)?;
    Ok(Admitted {
        id: ModuleId(Sha256::digest(&stripped).into()),
        wasm: stripped,
        permissions: survey.permissions,
        features: features::used_by(wasm),
        memory_needed_bytes: footprint::of(wasm, survey.memory_min_bytes)?,
        memory_min_bytes: survey.memory_min_bytes,
        memory_max_bytes: survey.memory_max_bytes,
    })
}
