//! Where modules are kept, with their real digests.

use std::collections::BTreeMap;

use edgerm_agent_core::{Input, ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;

use super::id_of;

#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) modules: BTreeMap<ModuleId, Vec<u8>>,
    /// Bytes of all modules together at most.
    pub(crate) capacity: usize,
    /// Blocks to come whose first byte is stored wrong.
    pub(crate) flips: usize,
    /// What it is asked is done, and not answered.
    pub(crate) paused: bool,
    /// What the test told the agent of it need not be true.
    pub(crate) fills_holes: bool,
    /// Every block stored, in order: of which module, and from where on.
    pub(crate) stored: Vec<(ModuleId, u32)>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            modules: BTreeMap::new(),
            capacity: 1 << 20,
            flips: 0,
            paused: false,
            fills_holes: false,
            stored: Vec::new(),
        }
    }
}

impl Storage {
    pub(crate) fn check(&mut self, module: ModuleId, size: u32) -> Option<Input<'static>> {
        let bytes = self.modules.entry(module).or_default();
        let have = u32::try_from(bytes.len()).expect("a small module");
        let check = if have != size {
            ModuleCheck::Partial(have)
        } else if id_of(bytes) == module {
            ModuleCheck::Verified
        } else {
            bytes.clear();
            ModuleCheck::Corrupt
        };
        (!self.paused).then_some(Input::ModuleChecked(module, check))
    }

    pub(crate) fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        block: &[u8],
    ) -> Option<Input<'static>> {
        self.stored.push((module, offset));
        let bytes = self.modules.entry(module).or_default();
        let offset = usize::try_from(offset).expect("a small module");
        let holds = offset <= bytes.len() || self.fills_holes;
        assert!(holds, "a hole before byte {offset}");
        bytes.resize(offset, 0);
        bytes.extend(block);
        if self.flips > 0 {
            self.flips -= 1;
            bytes[offset] ^= 1;
        }
        let answer = if self.modules.values().map(Vec::len).sum::<usize>() > self.capacity {
            Input::StorageFailed(module, StorageError::Full)
        } else {
            Input::BlockStored(module)
        };
        (!self.paused).then_some(answer)
    }
}
