//! Variants of modules for nodes with little memory, made when a launch needs one and kept
//! while tasks may fetch them.
//!
//! A variant is a function of its module and the memory, so that what is dropped can be made
//! again; but one that a task was launched with is there until the task has ended. The rest goes
//! when all together have more bytes than are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgerm_protocol::ModuleId;
use edgerm_protocol::id::ModuleKey;

use crate::admission::{self, Refusal};
use crate::modules::ModuleStore;

/// Why there is no variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariantError {
    /// The bytes of the module are gone.
    #[error("the bytes of module {0} are gone: upload it again")]
    NoModule(ModuleId),
    /// What was made breaks a rule of admission.
    #[error("no variant of the module with so little memory can be: {0}")]
    Refused(#[from] Refusal),
    /// Another module has the same key, which agents ask by.
    #[error("the variant's digest begins as that of another module: ask for other memory")]
    KeyTaken,
}

/// What an agent fetches to run a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub id: ModuleId,
    /// Bytes.
    pub size: u32,
}

impl Blob {
    /// None yet.
    pub(crate) const NONE: Self = Self {
        id: ModuleId([0; 32]),
        size: 0,
    };
}

/// Variants, by what they were made of and by what agents ask for.
#[derive(Debug)]
pub(crate) struct Variants {
    made: BTreeMap<(ModuleId, u32), Blob>,
    blobs: BTreeMap<ModuleKey, (ModuleId, Arc<[u8]>)>,
    bytes: usize,
    /// Bytes beyond which those that no task needs are dropped: at least `keep`.
    sweep_at: usize,
    keep: usize,
}

impl Variants {
    /// Keeps `keep` bytes of variants, and beyond that those that tasks need.
    pub(crate) const fn new(keep: usize) -> Self {
        Self {
            made: BTreeMap::new(),
            blobs: BTreeMap::new(),
            bytes: 0,
            sweep_at: keep,
            keep,
        }
    }

    /// The variant of `module` for `mem` bytes of memory.
    pub(crate) fn obtain(
        &mut self,
        modules: &dyn ModuleStore,
        module: ModuleId,
        mem: u32,
    ) -> Result<Blob, VariantError> {
        if let Some(made) = self.made.get(&(module, mem)) {
            return Ok(*made);
        }
        let wasm = modules.get(module).ok_or(VariantError::NoModule(module))?;
        let variant = admission::variant(&wasm, mem)?;
        let key = variant.id.key();
        let other = |bytes: Arc<[u8]>| *bytes != *variant.wasm;
        if modules.by_key(&key).is_some_and(other) || self.by_key(&key).is_some_and(other) {
            return Err(VariantError::KeyTaken);
        }
        let blob = Blob {
            id: variant.id,
            // A few bytes more than the module, whose size is far below 4 GiB.
            size: u32::try_from(variant.wasm.len()).unwrap_or(u32::MAX),
        };
        let bytes = Arc::<[u8]>::from(variant.wasm);
        let added = bytes.len();
        if self.blobs.insert(key, (blob.id, bytes)).is_none() {
            self.bytes += added;
        }
        self.made.insert((module, mem), blob);
        Ok(blob)
    }

    /// The bytes of the variant with this key.
    pub(crate) fn by_key(&self, key: &str) -> Option<Arc<[u8]>> {
        let key = ModuleKey::try_from(key).ok()?;
        self.blobs.get(&key).map(|(_, bytes)| Arc::clone(bytes))
    }

    /// Whether it is time to [`Self::sweep`].
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes > self.sweep_at
    }

    /// Drops those that are not `needed`. It is full again when there is twice as much, so that
    /// sweeps of what is needed stay rare.
    pub(crate) fn sweep(&mut self, needed: impl Fn(ModuleId) -> bool) {
        self.blobs.retain(|_, (id, _)| needed(*id));
        self.made.retain(|_, blob| needed(blob.id));
        self.bytes = self.blobs.values().map(|(_, bytes)| bytes.len()).sum();
        self.sweep_at = self.keep.max(self.bytes.saturating_mul(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::MemoryStore;

    /// A store of one module that needs 16 bytes of memory.
    fn store() -> (MemoryStore, ModuleId) {
        let text = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
        let wasm = wat::parse_str(text).expect("it is well-formed");
        let limits = admission::Limits::default();
        let admitted = admission::admit(&wasm, &limits).expect("it is sound");
        let mut store = MemoryStore::new(1000);
        let stored = store.put(admitted.id, Arc::from(admitted.wasm));
        assert_eq!(stored, Ok(()));
        (store, admitted.id)
    }

    #[test]
    fn a_variant_is_made_once_and_found_by_its_key() {
        let (store, module) = store();
        let mut variants = Variants::new(1000);
        let made = variants.obtain(&store, module, 100).expect("it can be");
        assert_eq!(variants.obtain(&store, module, 100), Ok(made));
        let bytes = variants.by_key(&made.id.key()).expect("it is kept");
        assert_eq!(bytes.len(), made.size as usize);
        assert_eq!(variants.bytes, bytes.len());
        assert!(variants.by_key(&module.key()).is_none());
        let unknown = ModuleId([9; 32]);
        assert_eq!(
            variants.obtain(&store, unknown, 100),
            Err(VariantError::NoModule(unknown))
        );
    }

    #[test]
    fn those_that_tasks_need_stay() {
        let (store, module) = store();
        let mut variants = Variants::new(100);
        let first = variants.obtain(&store, module, 100).expect("it can be");
        let mut mem = 100;
        while !variants.is_full() {
            mem += 1;
            let _made = variants.obtain(&store, module, mem).expect("it can be");
        }
        variants.sweep(|id| id == first.id);
        assert!(!variants.is_full());
        assert_eq!(variants.bytes, first.size as usize);
        assert!(variants.by_key(&first.id.key()).is_some());
        assert_eq!(variants.made.len(), 1);

        // Where all are needed they stay, and the next sweep is far.
        while !variants.is_full() {
            mem += 1;
            let _made = variants.obtain(&store, module, mem).expect("it can be");
        }
        let kept = variants.bytes;
        variants.sweep(|_| true);
        assert_eq!(variants.bytes, kept);
        assert!(!variants.is_full());
    }
}
