//! Modules that were asked for and are not there, with their sizes.

use edgerm_protocol::ModuleId;

/// The last `MODULES` of them: several tasks may wait for theirs while one is fetched.
#[derive(Debug)]
pub(super) struct Expected<const MODULES: usize> {
    modules: heapless::Deque<(ModuleId, u32), MODULES>,
}

impl<const MODULES: usize> Expected<MODULES> {
    pub(super) const fn new() -> Self {
        Self {
            modules: heapless::Deque::new(),
        }
    }

    /// Expects a module of so many bytes, and forgets the one that was asked for longest ago where
    /// there are too many: as many as can be kept may run.
    pub(super) fn insert(&mut self, module: ModuleId, size: u32) {
        self.remove(module);
        if self.modules.is_full() {
            self.modules.pop_front();
        }
        // There is room now.
        let _ = self.modules.push_back((module, size));
    }

    /// The bytes that it is to have; `None` where it was not asked for.
    pub(super) fn size(&self, module: ModuleId) -> Option<u32> {
        let mut modules = self.modules.iter();
        let found = modules.find(|(expected, _)| *expected == module);
        found.map(|(_, size)| *size)
    }

    pub(super) fn remove(&mut self, module: ModuleId) {
        for _ in 0..self.modules.len() {
            if let Some(first) = self.modules.pop_front()
                && first.0 != module
            {
                let _ = self.modules.push_back(first);
            }
        }
    }
}
