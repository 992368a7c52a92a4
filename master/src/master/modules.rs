//! The API's calls about modules that were admitted.

use std::fmt;
use std::sync::Arc;

use edgerm_protocol::api::{self, Page};
use edgerm_protocol::{Instant, ModuleId};

use super::view::view_module;
use super::{Master, Paging};
use crate::access::TokenId;
use crate::ledger::{Change, Module};
use crate::modules::StoreError;
use crate::peers::PeerId;
use crate::refusal::Refuse;

/// Why an admitted module is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModuleError {
    /// Its bytes are not kept.
    Store(StoreError),
    /// What was uploaded with one token would have more bytes than these.
    TooManyBytes(usize),
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::TooManyBytes(max) => write!(
                f,
                "the modules of one token may have {max} bytes together: upload with another, or \
                 raise the master's --limit token-module-bytes"
            ),
        }
    }
}

impl std::error::Error for ModuleError {}

impl Refuse for ModuleError {
    fn status(&self) -> u16 {
        match self {
            Self::Store(StoreError::Full { .. }) | Self::TooManyBytes(_) => 507,
            Self::Store(StoreError::KeyTaken(_)) => 409,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full { .. }) => "storeFull",
            Self::Store(StoreError::KeyTaken(_)) => "keyTaken",
            Self::TooManyBytes(_) => "tooManyModuleBytes",
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

    /// Takes a module as [`Self::add_module`] does, and counts it to whose token it was uploaded
    /// with. One that is known already counts to nobody.
    ///
    /// # Errors
    ///
    /// [`ModuleError`]; nothing is kept.
    pub fn upload_module(
        &mut self,
        now: Instant,
        owner: Option<TokenId>,
        module: Module,
        bytes: Arc<[u8]>,
    ) -> Result<(api::Module, bool), ModuleError> {
        let max = self.config.limits.token_module_bytes;
        let uploaded = owner.and_then(|owner| self.uploaded.get(&owner)).copied();
        let together = uploaded.unwrap_or(0).saturating_add(bytes.len());
        let known = self.ledger.module(module.id).is_some();
        if owner.is_some() && !known && together > max {
            return Err(ModuleError::TooManyBytes(max));
        }
        let (view, new) = self.add_module(now, module, bytes)?;
        if let Some(owner) = owner.filter(|_| new) {
            self.uploaded.insert(owner, together);
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

    /// What the agent there is to know of a container of its tasks that has not ended, by the key
    /// of it: no other agent is told what its environment holds.
    pub(super) fn manifest_for(&self, peer: PeerId, key: &str) -> Option<Vec<u8>> {
        let agent = self.peers.agent_at(peer)?;
        let tasks = self.ledger.agent(agent)?.tasks.iter();
        let mut tasks = tasks.filter_map(|task| self.ledger.task(*task));
        tasks.find(|task| task.blob.id.key() == key)?.manifest()
    }

    /// The bytes that agents fetch by `key`: of a module, or of a variant of one.
    pub(super) fn blob(&self, key: &str) -> Option<Arc<[u8]>> {
        let module = self.modules.by_key(key);
        module.or_else(|| self.variants.by_key(key))
    }
}
