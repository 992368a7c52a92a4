//! The bytes of admitted modules, by digest.

mod files;

pub use files::{FileStore, ModuleFolder};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use edgerm_protocol::ModuleId;
use edgerm_protocol::id::ModuleKey;

/// Why a module's bytes are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// All modules together would have more bytes than may be kept.
    Full {
        /// Bytes that may be kept.
        max: usize,
    },
    /// Another module has the same key, which agents ask by.
    KeyTaken(ModuleId),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { max } => write!(
                f,
                "all modules together may have {max} bytes: raise the limit of the master"
            ),
            Self::KeyTaken(other) => write!(
                f,
                "its digest begins as that of module {other}: change a byte of it"
            ),
        }
    }
}

impl std::error::Error for StoreError {}

/// Keeps immutable modules.
pub trait ModuleStore: Send {
    /// Knows a module again that was kept before the master restarted, of so many bytes.
    fn recall(&mut self, id: ModuleId, size: u32);

    /// Keeps `bytes` under `id`; what is kept already stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing is kept.
    fn put(&mut self, id: ModuleId, bytes: Arc<[u8]>) -> Result<(), StoreError>;

    /// The bytes of the module with this key.
    fn by_key(&self, key: &str) -> Option<Arc<[u8]>>;

    /// The bytes of this module.
    fn get(&self, id: ModuleId) -> Option<Arc<[u8]>> {
        self.by_key(&id.key())
    }
}

/// Modules in memory: gone when the master ends.
#[derive(Debug)]
pub struct MemoryStore {
    modules: BTreeMap<ModuleKey, (ModuleId, Arc<[u8]>)>,
    bytes: usize,
    max_bytes: usize,
}

impl MemoryStore {
    /// A store of at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            modules: BTreeMap::new(),
            bytes: 0,
            max_bytes,
        }
    }
}

impl ModuleStore for MemoryStore {
    fn recall(&mut self, _: ModuleId, _: u32) {}

    fn put(&mut self, id: ModuleId, bytes: Arc<[u8]>) -> Result<(), StoreError> {
        let key = id.key();
        match self.modules.get(&key) {
            Some((own, _)) if *own == id => return Ok(()),
            Some((other, _)) => return Err(StoreError::KeyTaken(*other)),
            None => {}
        }
        if self.bytes + bytes.len() > self.max_bytes {
            return Err(StoreError::Full {
                max: self.max_bytes,
            });
        }
        self.bytes += bytes.len();
        self.modules.insert(key, (id, bytes));
        Ok(())
    }

    fn by_key(&self, key: &str) -> Option<Arc<[u8]>> {
        let key = ModuleKey::try_from(key).ok()?;
        self.modules.get(&key).map(|(_, bytes)| Arc::clone(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(first: u8, last: u8) -> ModuleId {
        let mut digest = [0; 32];
        digest[0] = first;
        digest[31] = last;
        ModuleId(digest)
    }

    #[test]
    fn a_key_names_one_module() {
        let mut store = MemoryStore::new(10);
        let bytes: Arc<[u8]> = Arc::from(&b"12345"[..]);
        assert_eq!(store.put(module(1, 0), Arc::clone(&bytes)), Ok(()));
        assert_eq!(store.put(module(1, 0), Arc::clone(&bytes)), Ok(()), "known");
        assert_eq!(
            store.put(module(1, 1), Arc::clone(&bytes)),
            Err(StoreError::KeyTaken(module(1, 0)))
        );
        assert_eq!(store.put(module(2, 0), Arc::clone(&bytes)), Ok(()));
        assert_eq!(
            store.put(module(3, 0), bytes),
            Err(StoreError::Full { max: 10 })
        );
        assert!(store.by_key("0100000000000000").is_some());
        assert!(store.by_key("01").is_none());
        assert!(store.by_key(&"0".repeat(400)).is_none());
    }
}
