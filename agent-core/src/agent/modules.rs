//! Modules: asked for in the storage, fetched, checked, and the tasks that wait for them.

use edgerm_protocol::{ModuleId, TaskState};

use super::{Agent, Effect};
use crate::io::{InputError, ModuleCheck, StorageError};
use crate::module_fetch::Stored;
use crate::task::{Ending, Phase, Task};

impl<const TASKS: usize> Agent<TASKS> {
    pub(super) fn on_module_checked(
        &mut self,
        module: ModuleId,
        check: ModuleCheck,
    ) -> Result<(), InputError> {
        if !self
            .tasks_with(module)
            .any(|task| matches!(task.phase, Phase::Checking))
        {
            // Its tasks were killed while the storage looked.
            return Ok(());
        }
        match check {
            ModuleCheck::Verified => self.start_tasks_with(module),
            ModuleCheck::Partial(have)
                if self.tasks_with(module).all(|task| have < task.module_size) =>
            {
                self.want(module, have);
            }
            ModuleCheck::Corrupt | ModuleCheck::Partial(_)
                if self.tasks_with(module).any(|task| task.refetched) =>
            {
                self.fetch.abandon(module);
                self.reject_tasks_with(
                    module,
                    "the module's digest is wrong, even when fetched anew",
                );
            }
            ModuleCheck::Corrupt | ModuleCheck::Partial(_) => {
                // What a fetch has stored meanwhile is gone with the rest.
                self.fetch.abandon(module);
                for task in self.table.iter_mut().filter(|task| task.module == module) {
                    task.refetched = true;
                }
                self.want(module, 0);
            }
        }
        Ok(())
    }

    pub(super) fn on_block_stored(&mut self, module: ModuleId) -> Result<(), InputError> {
        match self.fetch.on_stored(module) {
            Some(Stored::More) => {}
            Some(Stored::All) => self.check(module),
            // Its tasks were killed while the storage wrote.
            None if !self.fetch.is_of(module) => {}
            None => return Err(InputError::UnknownModule(module)),
        }
        Ok(())
    }

    pub(super) fn on_storage_failed(
        &mut self,
        module: ModuleId,
        error: StorageError,
    ) -> Result<(), InputError> {
        self.fetch.abandon(module);
        self.reject_tasks_with(module, error.detail());
        Ok(())
    }

    /// Asks the storage for the module of these waiting tasks.
    pub(super) fn check(&mut self, module: ModuleId) {
        let mut size = None;
        for task in self.table.iter_mut() {
            if task.module == module && task.waits_for_module() {
                task.phase = Phase::Checking;
                size = Some(task.module_size);
            }
        }
        if let Some(size) = size {
            self.effects.push_back(Effect::CheckModule(module, size));
        }
        self.fetch_next();
    }

    /// Its tasks wait for a fetch, which begins unless another module's is under way.
    fn want(&mut self, module: ModuleId, have: u32) {
        for task in self.table.iter_mut() {
            if task.module == module && task.waits_for_module() {
                task.phase = Phase::Fetching;
            }
        }
        if !self.fetch.is_idle() {
            return;
        }
        let Some(size) = self.tasks_with(module).map(|task| task.module_size).next() else {
            return;
        };
        let begun = self.fetch.begin(module, size, self.config.block_size, have);
        if begun.is_err() {
            self.reject_tasks_with(module, "the module has too many blocks of this node's size");
        }
    }

    /// Once a fetch is over, the storage is asked again what it has of the next module.
    fn fetch_next(&mut self) {
        if !self.fetch.is_idle() {
            return;
        }
        let waiting = self
            .table
            .iter()
            .find(|task| matches!(task.phase, Phase::Fetching));
        if let Some(module) = waiting.map(|task| task.module) {
            self.check(module);
        }
    }

    fn start_tasks_with(&mut self, module: ModuleId) {
        // All of it is there, whatever an earlier look at the storage has led to.
        self.fetch.abandon(module);
        for task in self.table.iter_mut() {
            if task.module == module && task.waits_for_module() {
                task.phase = Phase::Starting;
                self.effects.push_back(Effect::StartTask(task.id));
            }
        }
        self.fetch_next();
    }

    pub(super) fn reject_tasks_with(&mut self, module: ModuleId, detail: &str) {
        for task in self.table.iter_mut() {
            if task.module == module && task.waits_for_module() {
                task.end(Ending::new(TaskState::Rejected, detail));
            }
        }
        self.fetch_next();
    }

    /// The fetch of a module ends when its last task was killed.
    pub(super) fn abandon_if_unwanted(&mut self, module: ModuleId) {
        if self.tasks_with(module).next().is_none() {
            self.fetch.abandon(module);
            self.fetch_next();
        }
    }

    /// The tasks that wait for this module.
    fn tasks_with(&self, module: ModuleId) -> impl Iterator<Item = &Task> {
        self.table
            .iter()
            .filter(move |task| task.module == module && task.waits_for_module())
    }
}
