//! A task to be launched, said word by word.

use std::collections::BTreeMap;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{
    ENGINE_MEM, HealthCheck, LaunchTask, Module, Offer, Restart, TaskResources,
};
use edgerm_protocol::owned::Attributes;

use crate::error::Error;

/// Thousandths of a core that a task is given unless told: a tenth.
pub const DEFAULT_CPUS: u64 = 100;

/// A task to be launched. Its id is drawn at random when it is.
#[derive(Clone, Debug)]
pub struct Launch {
    name: String,
    module: Module,
    cpus: u64,
    /// `None`: what suits the agent.
    mem: Option<u64>,
    devices: Vec<String>,
    env: BTreeMap<String, String>,
    stop_after_disconnected: Option<u32>,
    give_up_after: Option<u32>,
    restart: Restart,
    max_restarts: Option<u32>,
    deadline: Option<u32>,
    health_check: Option<HealthCheck>,
}

impl Launch {
    /// A task called `name` (1 to 32 bytes) that runs `module` with [`DEFAULT_CPUS`] and
    /// [`default_mem`].
    pub fn new(name: impl Into<String>, module: &Module) -> Self {
        Self {
            name: name.into(),
            module: module.clone(),
            cpus: DEFAULT_CPUS,
            mem: None,
            devices: Vec::new(),
            env: BTreeMap::new(),
            stop_after_disconnected: None,
            give_up_after: None,
            restart: Restart::No,
            max_restarts: None,
            deadline: None,
            health_check: None,
        }
    }

    /// Thousandths of a core.
    #[must_use]
    pub fn cpus(mut self, thousandths: u64) -> Self {
        self.cpus = thousandths;
        self
    }

    /// Bytes of memory, the module's own and what the engine needs for it. With fewer than the
    /// module starts with it runs in exactly so many, on agents whose engine can do that.
    #[must_use]
    pub fn mem(mut self, bytes: u64) -> Self {
        self.mem = Some(bytes);
        self
    }

    /// Labels of the devices it may use, as [`crate::ConstraintsExt::assign`] gives them.
    #[must_use]
    pub fn devices(mut self, labels: Vec<String>) -> Self {
        self.devices = labels;
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

    /// Seconds after which it is LOST while its agent is UNREACHABLE. The agent has ended it by
    /// then where this is more than [`Self::stop_after_disconnected`] by
    /// [`edgerm_protocol::api::STOP_MARGIN`]; unless told, it is.
    #[must_use]
    pub fn give_up_after(mut self, seconds: u32) -> Self {
        self.give_up_after = Some(seconds);
        self
    }

    /// When its agent starts it again, which [`crate::ConstraintsExt::restart`] asks of an offer.
    #[must_use]
    pub fn restart(mut self, when: Restart) -> Self {
        self.restart = when;
        self
    }

    /// How often its agent starts it again after failures, where [`Self::restart`] says so.
    #[must_use]
    pub fn max_restarts(mut self, times: u32) -> Self {
        self.max_restarts = Some(times);
        self
    }

    /// Seconds that it may run, which [`crate::ConstraintsExt::supervised`] asks of an offer.
    #[must_use]
    pub fn deadline(mut self, seconds: u32) -> Self {
        self.deadline = Some(seconds);
        self
    }

    /// How its agent finds out that it is stuck, which [`crate::ConstraintsExt::supervised`] asks
    /// of an offer.
    #[must_use]
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.health_check = Some(check);
        self
    }

    /// The task as it is launched on `offer`, with an id drawn at random.
    pub(crate) fn on(self, offer: &Offer) -> Result<LaunchTask, Error> {
        let default = || default_mem(&self.module, &offer.attributes);
        Ok(LaunchTask {
            id: TaskId(getrandom::u64().map_err(Error::Entropy)?),
            name: self.name,
            module: self.module.id,
            resources: TaskResources {
                cpus: self.cpus,
                mem: self.mem.unwrap_or_else(default),
                devices: self.devices,
            },
            permissions: None,
            env: self.env,
            stop_after_disconnected: self.stop_after_disconnected,
            give_up_after: self.give_up_after,
            restart: self.restart,
            max_restarts: self.max_restarts,
            deadline: self.deadline,
            health_check: self.health_check,
        })
    }
}

/// Bytes of memory that a task of `module` is given unless told, on an agent of these
/// attributes: what [`edgerm_protocol::api::Needs::fit`] finds suitable. Where nothing is, what
/// would be elsewhere, so that the master says why it is refused.
pub fn default_mem(module: &Module, agent: &Attributes) -> u64 {
    let whole = module.memory.saturating_add(ENGINE_MEM);
    let fit = module.needs().fit(agent, None);
    fit.map_or(whole, |fit| fit.mem)
}
