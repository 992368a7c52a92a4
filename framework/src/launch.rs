//! A task to be launched, said word by word.

use std::collections::BTreeMap;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{
    Container, ENGINE_MEM, HealthCheck, LaunchTask, Module, Offer, Restart, TaskResources,
};
use edgerm_protocol::owned::Attributes;

use crate::error::Error;

/// Thousandths of a core that a task is given unless told: a tenth.
pub const DEFAULT_CPUS: u64 = 100;

/// Bytes of memory that a container is given unless told: 64 MiB.
pub const DEFAULT_CONTAINER_MEM: u64 = 64 << 20;

/// What a task runs.
#[derive(Clone, Debug)]
enum Runs {
    Module(Module),
    Container(Container),
}

/// A task to be launched. Its id is drawn at random when it is.
#[derive(Clone, Debug)]
pub struct Launch {
    name: String,
    runs: Runs,
    cpus: u64,
    /// `None`: what suits the agent.
    mem: Option<u64>,
    devices: Vec<String>,
    ports: Vec<u16>,
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
        Self::of(name.into(), Runs::Module(module.clone()))
    }

    /// A task called `name` (1 to 32 bytes) that is a container, with [`DEFAULT_CPUS`] and
    /// [`DEFAULT_CONTAINER_MEM`], which [`crate::ConstraintsExt::containers`] asks of an offer.
    pub fn container(name: impl Into<String>, container: Container) -> Self {
        Self::of(name.into(), Runs::Container(container))
    }

    fn of(name: String, runs: Runs) -> Self {
        Self {
            name,
            runs,
            cpus: DEFAULT_CPUS,
            mem: None,
            devices: Vec::new(),
            ports: Vec::new(),
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

    /// Ports of the agent that it holds.
    #[must_use]
    pub fn ports(mut self, ports: Vec<u16>) -> Self {
        self.ports = ports;
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
        let default = match &self.runs {
            Runs::Module(module) => default_mem(module, &offer.attributes),
            Runs::Container(_) => DEFAULT_CONTAINER_MEM,
        };
        let (module, container) = match self.runs {
            Runs::Module(module) => (Some(module.id), None),
            Runs::Container(container) => (None, Some(container)),
        };
        Ok(LaunchTask {
            id: TaskId(getrandom::u64().map_err(Error::Entropy)?),
            name: self.name,
            module,
            container,
            resources: TaskResources {
                cpus: self.cpus,
                mem: self.mem.unwrap_or(default),
                devices: self.devices,
                ports: self.ports,
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
