//! The API's calls about modules that were admitted.

use std::fmt;
use std::sync::Arc;

use edgerm_protocol::api::{self, Page};
use edgerm_protocol::{Instant, ModuleId};

use super::view::view_module;
use super::{Master, Paging};
use crate::ledger::{Change, Module};
use crate::modules::StoreError;
use crate::refusal::Refuse;

/// Why an admitted module is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModuleError {
    /// Its bytes are not kept.
    Store(StoreError),
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ModuleError {}

impl Refuse for ModuleError {
    fn status(&self) -> u16 {
        match self {
            Self::Store(StoreError::Full { .. }) => 507,
            Self::Store(StoreError::KeyTaken(_)) => 409,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full { .. }) => "storeFull",
            Self::Store(StoreError::KeyTaken(_)) => "keyTaken",
        }
    }
}

impl Master {
    /// Takes a module that was admitted; whether it is new.
    ///
    /// # Errors
    ///
    /// [`ModuleError`]; nothing is kept.
    pub fn add_module(
        &mut self,
        now: Instant,
        module: Module,
        bytes: Arc<[u8]>,
    ) -> Result<(api::Module, bool), ModuleError> {
        let view = view_module(&module);
        let new = self.ledger.module(module.id).is_none();
        if new {
            self.modules
                .put(module.id, bytes)
                .map_err(ModuleError::Store)?;
            self.commit(now, Change::ModuleAdmitted(module));
        }
        Ok((view, new))
    }

    /// A part of the list of modules.
    pub fn modules(&self, paging: Paging<ModuleId>) -> Page<api::Module> {
        paging.cut(
            self.ledger.modules(paging.after),
            |module| module.id,
            view_module,
        )
    }

    /// The bytes of a module, as they were admitted.
    pub fn module_bytes(&self, module: ModuleId) -> Option<Arc<[u8]>> {
        self.ledger.module(module)?;
        self.modules.by_key(&module.key())
    }

    /// The bytes that agents fetch by `key`: of a module, or of a variant of one.
    pub(super) fn blob(&self, key: &str) -> Option<Arc<[u8]>> {
        let module = self.modules.by_key(key);
        module.or_else(|| self.variants.by_key(key))
    }
}
