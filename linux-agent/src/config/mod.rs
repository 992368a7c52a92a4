//! [`Config`]: how an agent is set up, by its operator or by a program that has several.
//!
//! A setting is looked for on the command line ([`Args`]), then in the environment, then in the
//! file of `--config`; what is said nowhere has a default. `agent.example.toml` has every key.

pub mod amount;
mod args;
mod credential;
mod describe;
mod devices;
mod environment;
mod error;
mod file;
mod load;
mod reserve;
mod word;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::owned::Attributes;
use edgerm_protocol::resource::{Access, Range};

use crate::containers::ContainersConfig;
use crate::machine::{Machine, filesystem};
use reserve::Reserve;

pub use args::Args;
pub use credential::CredentialProblem;
pub use error::{ConfigError, DeviceProblem, Setting};
pub use reserve::{MAX_DISK_RESERVE, MAX_MEM_RESERVE};

/// Where an agent looks for its master unless told.
pub const DEFAULT_MASTER: &str = "127.0.0.1:5683";

/// Tasks that run at once at most: the agent's table keeps a row for one that has ended and is
/// not acknowledged.
pub const MAX_SLOTS: usize = MAX_TASKS - 1;

/// How an agent is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What it is called in the cluster, 1 to 32 bytes.
    pub name: String,
    /// The master's CoAP address, `host:port`.
    pub master: String,
    /// The file with what it and the master prove themselves with. `None`: neither does, and a
    /// master takes it from loopback alone, unless it was told otherwise.
    pub credential: Option<PathBuf>,
    /// Where it keeps what lasts.
    pub data_dir: PathBuf,
    /// Thousandths of a core for tasks.
    pub cpus: u64,
    /// Bytes of memory for all tasks.
    pub mem: u64,
    /// Bytes of storage for tasks. With 0 it offers none.
    pub disk: u64,
    /// Ports for tasks, up to 8 ranges.
    pub ports: Vec<Range>,
    /// Which containers it runs; `None`: none.
    pub containers: Option<ContainersConfig>,
    /// Tasks that run at once, 1 to [`MAX_SLOTS`]: 8.
    pub slots: usize,
    /// Bytes of memory of one task at most: 16 MiB.
    pub max_task_mem: u32,
    /// Bytes of modules that are kept for next time: 64 MiB.
    pub module_cache: u64,
    /// Whether it starts tasks again that are to be, after a reboot of its own or the machine's,
    /// and keeps for that what of tasks is to last: yes.
    pub restart: bool,
    /// Time between two pings: 5 s.
    pub ping_period: Duration,
    /// What else is true of it, beside what it tells by itself.
    pub attributes: Attributes,
    /// Whether the sensors of the kernel's hardware monitoring are offered.
    pub hwmon: bool,
    /// Whether the sensors of the kernel's industrial I/O are offered.
    pub iio: bool,
    /// Sensors that are simulated.
    pub sensors: Vec<SensorConfig>,
    /// Actuators that are simulated.
    pub actuators: Vec<ActuatorConfig>,
    /// What it runs on.
    pub machine: Machine,
}

/// A sensor that is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorConfig {
    /// What it is called on this agent, 1 to 32 bytes.
    pub label: String,
    /// What it measures, by its standard name.
    pub kind: String,
    /// How many tasks may use it at once.
    pub access: Access,
    /// What it reads.
    pub reads: Reads,
}

/// What a declared sensor reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It is simulated.
    Simulated(Simulation),
    /// It is a file under `/dev`, which a container reads as it knows how, or with `*`, `?` or `[`
    /// in its path a pattern of such files, each a sensor.
    File(PathBuf),
}

/// What a simulated sensor reads, in millionths of the unit of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simulation {
    /// Always the same.
    Constant(i64),
    /// A swing around a mean, which begins there with the agent and rises.
    Sine {
        /// The middle.
        mean: i64,
        /// From the middle to a peak.
        amplitude: i64,
        /// From a peak to the next.
        period: Duration,
    },
    /// Recorded values, one a reading, anew from their end.
    Replay {
        /// A file of comma-separated lines.
        path: PathBuf,
        /// Which column, from 0.
        column: usize,
    },
}

/// An actuator that is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActuatorConfig {
    /// What it is called on this agent, 1 to 32 bytes.
    pub label: String,
    /// What it moves, by its standard name.
    pub kind: String,
    /// How many tasks may use it at once.
    pub access: Access,
    /// A file under `/dev`, which a container writes as it knows how, or a pattern of such files as
    /// of a sensor. `None`: it is simulated, remembers what it is set to, and tells the log.
    pub path: Option<PathBuf>,
}

impl Config {
    /// An agent of this name for this master, with the defaults of this machine for all else.
    pub fn new(name: &str, master: &str) -> Self {
        let data_dir = environment::default_data_dir(&|variable| env::var_os(variable), name);
        let machine = Machine {
            disk: filesystem(&data_dir),
            ..Machine::this()
        };
        let reserve = Reserve::default();
        Self::with_defaults(
            name.to_owned(),
            master.to_owned(),
            data_dir,
            machine,
            reserve,
        )
    }

    fn with_defaults(
        name: String,
        master: String,
        data_dir: PathBuf,
        machine: Machine,
        reserve: Reserve,
    ) -> Self {
        Self {
            name,
            master,
            credential: None,
            data_dir,
            cpus: reserve.cpus_left(machine.cpus),
            mem: reserve.mem_left(machine.mem.unwrap_or(0)),
            disk: reserve.disk_left(machine.disk.unwrap_or(0)),
            ports: Vec::new(),
            containers: None,
            slots: 8,
            max_task_mem: 16 << 20,
            module_cache: 64 << 20,
            restart: true,
            ping_period: Duration::from_secs(5),
            attributes: Attributes::new(),
            hwmon: true,
            iio: true,
            sensors: Vec::new(),
            actuators: Vec::new(),
            machine,
        }
    }
}
