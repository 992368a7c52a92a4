//! A task to be launched, said word by word.

use std::collections::BTreeMap;

use edgerm_protocol::api::{LaunchTask, Module, TaskResources};
use edgerm_protocol::{ModuleId, TaskId};

use crate::error::Error;

/// Thousandths of a core that a task is given unless told: a tenth.
pub const DEFAULT_CPUS: u64 = 100;

/// Bytes of memory that a task is given beyond its module's own unless told, for what the
/// engine keeps of it.
pub const ENGINE_MEM: u64 = 64 * 1024;

/// A task to be launched. Its id is drawn at random when it is.
#[derive(Clone, Debug)]
pub struct Launch {
    name: String,
    module: ModuleId,
    resources: TaskResources,
    env: BTreeMap<String, String>,
    stop_after_disconnected: Option<u32>,
}

impl Launch {
    /// A task called `name` (1 to 32 bytes) that runs `module` with [`DEFAULT_CPUS`] and the
    /// memory that it starts with and [`ENGINE_MEM`].
    pub fn new(name: impl Into<String>, module: &Module) -> Self {
        let resources = TaskResources {
            cpus: DEFAULT_CPUS,
            mem: default_mem(module),
            devices: Vec::new(),
        };
        Self {
            name: name.into(),
            module: module.id,
            resources,
            env: BTreeMap::new(),
            stop_after_disconnected: None,
        }
    }

    /// Thousandths of a core.
    #[must_use]
    pub fn cpus(mut self, thousandths: u64) -> Self {
        self.resources.cpus = thousandths;
        self
    }

    /// Bytes of memory, the module's own and what the engine needs for it.
    #[must_use]
    pub fn mem(mut self, bytes: u64) -> Self {
        self.resources.mem = bytes;
        self
    }

    /// Labels of the devices it may use, as [`crate::ConstraintsExt::assign`] gives them.
    #[must_use]
    pub fn devices(mut self, labels: Vec<String>) -> Self {
        self.resources.devices = labels;
        self
    }

    /// One variable of its environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(key.into(), value.into());
        self
    }

    /// Seconds of the master's silence after which the agent ends it.
    #[must_use]
    pub fn stop_after_disconnected(mut self, seconds: u32) -> Self {
        self.stop_after_disconnected = Some(seconds);
        self
    }

    pub(crate) fn with_random_id(self) -> Result<LaunchTask, Error> {
        Ok(LaunchTask {
            id: TaskId(getrandom::u64().map_err(Error::Entropy)?),
            name: self.name,
            module: self.module,
            resources: self.resources,
            permissions: None,
            env: self.env,
            stop_after_disconnected: self.stop_after_disconnected,
        })
    }
}

/// Bytes of memory that a task of `module` is given unless told.
pub const fn default_mem(module: &Module) -> u64 {
    module.memory.saturating_add(ENGINE_MEM)
}
