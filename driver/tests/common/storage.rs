//! Modules in memory, with what flash does to people: it is slow, full, and wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_driver::port::Storage;
use edgerm_protocol::ModuleId;
use sha2::{Digest, Sha256};

/// What is asked of a storage; a slow one has it asked twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Check(ModuleId),
    Store(ModuleId, u32),
    Load(ModuleId),
}

#[derive(Debug)]
pub(crate) struct MemoryStorage {
    pub(crate) modules: BTreeMap<ModuleId, Vec<u8>>,
    /// Loads of each module that were not released.
    pub(crate) loaded: BTreeMap<ModuleId, usize>,
    /// Bytes of all modules together at most.
    pub(crate) capacity: usize,
    /// Blocks to come whose first byte is stored wrong.
    pub(crate) flips: usize,
    /// Loads to come that find the module unreadable.
    pub(crate) unreadable: usize,
    /// Whether everything takes a while.
    pub(crate) slow: bool,
    /// Whether what is begun is never done: of all, and of loads.
    pub(crate) hangs: bool,
    pub(crate) never_loads: bool,
    /// What is under way.
    pub(crate) begun: Vec<Asked>,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self {
            modules: BTreeMap::new(),
            loaded: BTreeMap::new(),
            capacity: 1 << 20,
            flips: 0,
            unreadable: 0,
            slow: false,
            hangs: false,
            never_loads: false,
            begun: Vec::new(),
        }
    }
}

impl MemoryStorage {
    /// Whether this was asked before, or need not be.
    fn is_done(&mut self, asked: Asked) -> nb::Result<(), StorageError> {
        if self.hangs || self.never_loads && matches!(asked, Asked::Load(_)) {
            return Err(nb::Error::WouldBlock);
        }
        if !self.slow {
            return Ok(());
        }
        match self.begun.iter().position(|begun| *begun == asked) {
            Some(place) => {
                self.begun.remove(place);
                Ok(())
            }
            None => {
                self.begun.push(asked);
                Err(nb::Error::WouldBlock)
            }
        }
    }
}

impl Storage for MemoryStorage {
    type Module = Arc<[u8]>;

    fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError> {
        self.is_done(Asked::Check(module))?;
        let bytes = self.modules.entry(module).or_default();
        let have = u32::try_from(bytes.len()).expect("a small module");
        Ok(if have != size {
            ModuleCheck::Partial(have)
        } else if Sha256::digest(&bytes)[..] == module.0 {
            ModuleCheck::Verified
        } else {
            bytes.clear();
            ModuleCheck::Corrupt
        })
    }

    fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        self.is_done(Asked::Store(module, offset))?;
        let offset = usize::try_from(offset).expect("a small module");
        let others = self.modules.iter().filter(|(id, _)| **id != module);
        let used: usize = others.map(|(_, bytes)| bytes.len()).sum();
        if offset + bytes.len() > self.capacity {
            return Err(nb::Error::Other(StorageError::Full));
        }
        if used + offset + bytes.len() > self.capacity {
            let loaded = &self.loaded;
            self.modules
                .retain(|id, _| *id == module || loaded.contains_key(id));
        }
        let stored = self.modules.entry(module).or_default();
        assert!(offset <= stored.len(), "what is before a block is stored");
        stored.truncate(offset);
        stored.extend_from_slice(bytes);
        if self.flips > 0 {
            self.flips -= 1;
            stored[offset] ^= 1;
        }
        Ok(())
    }

    fn load(&mut self, module: ModuleId) -> nb::Result<Arc<[u8]>, StorageError> {
        self.is_done(Asked::Load(module))?;
        if self.unreadable > 0 {
            self.unreadable -= 1;
            return Err(nb::Error::Other(StorageError::Io));
        }
        *self.loaded.entry(module).or_default() += 1;
        Ok(self.modules[&module].as_slice().into())
    }

    fn release(&mut self, module: ModuleId) {
        let loads = self.loaded.get_mut(&module).expect("it was loaded");
        *loads -= 1;
        if *loads == 0 {
            self.loaded.remove(&module);
        }
    }
}
