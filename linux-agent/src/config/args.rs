//! [`Args`]: the settings as flags.

use std::path::PathBuf;

/// What the command line may set. Whatever it does not is looked for in the environment, by the
/// flag's name as in `EDGERM_AGENT_MAX_TASK_MEM`, then in the file.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Args {
    /// Read settings and declared devices from this file, in TOML
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,

    /// What the agent is called in the cluster, up to 32 bytes [default: that of the credential, or
    /// the hostname]
    #[arg(long)]
    pub name: Option<String>,

    /// Where the master serves CoAP to agents [default: 127.0.0.1:5683]
    #[arg(long, value_name = "HOST:PORT")]
    pub master: Option<String>,

    /// The file that `edgerm enroll` made for this agent, by which it and the master know each
    /// other [default: none, for a master on loopback that has enrolled nobody]
    #[arg(long, value_name = "PATH")]
    pub credential: Option<PathBuf>,

    /// Keep what lasts in this folder, modules and records of tasks [default: that of a service or a user for state]
    #[arg(long, value_name = "PATH")]
    pub data_dir: Option<PathBuf>,

    /// Cores for tasks, such as 2, 0.25 or 250m [default: all, less what the file reserves]
    #[arg(long, value_name = "CORES")]
    pub cpus: Option<String>,

    /// Memory for all tasks, such as 512MiB [default: all, less what the file reserves or
    /// a quarter, 1GiB at most]
    #[arg(long, value_name = "BYTES")]
    pub mem: Option<String>,

    /// Storage for tasks, such as 2GiB, or a folder whose filesystem it is; 0 offers none [default:
    /// the filesystem of the data, less what the file reserves or a quarter, 8GiB at most]
    #[arg(long, value_name = "BYTES|PATH")]
    pub disk: Option<String>,

    /// Ports for tasks, such as 8000-8999,9100 [default: none]
    #[arg(long, value_name = "RANGES")]
    pub ports: Option<String>,

    /// Run containers by the Docker engine that listens at this socket, which gives the cluster
    /// what the engine may: mind who may launch [default: none]
    #[arg(long, value_name = "PATH")]
    pub docker: Option<PathBuf>,

    /// Tasks that run at once, 1 to 15 [default: 8]
    #[arg(long, value_name = "TASKS")]
    pub slots: Option<String>,

    /// Memory of one task at most [default: 16MiB]
    #[arg(long, value_name = "BYTES")]
    pub max_task_mem: Option<String>,

    /// Modules kept for next time, in bytes [default: 64MiB]
    #[arg(long, value_name = "BYTES")]
    pub module_cache: Option<String>,

    /// Whether to start tasks again that are to be, when the agent or the machine has rebooted
    /// [default: true]
    #[arg(long, value_name = "BOOL")]
    pub restart: Option<String>,

    /// Time between two pings, 100ms to 1h [default: 5s]
    #[arg(long, value_name = "TIME")]
    pub ping_period: Option<String>,

    /// Whether to offer the sensors of the kernel's hardware monitoring [default: true]
    #[arg(long, value_name = "BOOL")]
    pub hwmon: Option<String>,

    /// Whether to offer the sensors of the kernel's industrial I/O [default: true]
    #[arg(long, value_name = "BOOL")]
    pub iio: Option<String>,

    /// Something true of this agent, such as location=geo:40.4,-79.9. May be said several
    /// times; in EDGERM_AGENT_ATTRIBUTES semicolons stand between
    #[arg(long = "attribute", value_name = "NAME=TEXT")]
    pub attributes: Vec<String>,
}
