//! The command line.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use edgerm_framework::{Client, api};
use edgerm_linux_agent::config::amount;

use crate::console::Format;
use crate::contained::Contained;
use crate::exit::{self, Failure};
use crate::own_token::OwnToken;
use crate::resolve::{self, TaskRef};
use crate::selector::{self, Selector};
use crate::supervision::Supervision;

/// Run pieces of your application on the machines of an EdgeRM cluster, from a server down to
/// a sensor node.
#[derive(Debug, Parser)]
#[command(name = "edgerm", version, after_help = exit::CODES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Where the master serves HTTP [default: http://127.0.0.1:8080]
    #[arg(
        long,
        global = true,
        env = "EDGERM_MASTER",
        hide_env_values = true,
        value_name = "URL"
    )]
    #[arg(help_heading = EVERYWHERE)]
    pub(crate) master: Option<String>,

    /// The token that the master asks for, where it does
    #[arg(
        long,
        global = true,
        env = "EDGERM_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    #[arg(help_heading = EVERYWHERE)]
    pub(crate) token: Option<String>,

    /// The authorities that a master with https is trusted by, in PEM, in place of this system's
    #[arg(long, global = true, env = "EDGERM_CA", value_name = "FILE")]
    #[arg(help_heading = EVERYWHERE)]
    pub(crate) ca: Option<PathBuf>,

    /// How results are written
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,

    /// Only results: ids in place of tables, nothing of how it goes
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

impl Cli {
    /// Where the master is unless told.
    pub(crate) const DEFAULT_MASTER: &str = "http://127.0.0.1:8080";

    /// A client of the master, with the token: the one told, or of this user's own `edgerm up`.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let mut client = Client::new(self.master_url())?;
        if let Some(path) = &self.ca {
            let pem = std::fs::read(path).map_err(|error| {
                Failure::Usage(format!("cannot read {}: {error}", path.display()))
            })?;
            client = client.with_authorities(&pem)?;
        }
        let own = || OwnToken::find(self.master_url());
        match self.token.clone().or_else(own) {
            Some(token) => Ok(client.with_token(&token)?),
            None => Ok(client),
        }
    }

    /// Where the master serves HTTP.
    pub(crate) fn master_url(&self) -> &str {
        self.master.as_deref().unwrap_or(Self::DEFAULT_MASTER)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring up a cluster on this machine: a master, a Linux agent, three simulated nodes
    Up(Up),
    /// See a whole cluster at work, with everything it says checked
    Demo,
    /// Run a module on the nodes that have what it needs
    Run(Box<Run>),
    /// List tasks
    Ps(Ps),
    /// Show what a task emitted and logged
    Logs(Logs),
    /// Show what running tasks use of their nodes, which are asked for it
    Usage(Usage),
    /// End tasks
    Kill(Kill),
    /// List agents, with what they have and what of it is used
    Agents,
    /// Let an agent run nothing new, so that it may be stopped once its tasks have ended
    Drain(Drain),
    /// Let an agent that was drained run tasks again
    Undrain {
        /// What it is called
        name: String,
    },
    /// List open offers
    Offers,
    /// List admitted modules
    Modules,
    /// Issue, list and revoke what callers of the master prove themselves with
    #[command(subcommand)]
    Tokens(Tokens),
    /// Enrol an agent: make the credential that it proves itself with, and write it to a file
    Enroll(Enroll),
    /// List the agents that are enrolled
    Enrolled,
    /// Give an enrolled agent another credential; its present one is refused from now on
    Rotate(Enroll),
    /// Refuse an enrolled agent from now on
    Revoke {
        /// What it is called
        name: String,
    },
    /// Issue, list and revoke tokens with which agents enrol themselves
    #[command(subcommand)]
    JoinToken(JoinToken),
    /// Enrol an agent with a join token; no other token is needed
    Join(Join),
    /// Write all that the master keeps to a file, while it runs
    Backup(Backup),
    /// Put a backup in place of all that the master keeps, while it runs
    Restore(Restore),
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
    /// Write the completions of a shell to standard output
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// `edgerm up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where to serve HTTP to frameworks and people; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) http: SocketAddr,

    /// Where to serve CoAP to agents; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5683")]
    pub(crate) coap: SocketAddr,
}

/// `edgerm run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A WASM file, or the id of an admitted module or how it begins
    #[arg(required_unless_present = "image", conflicts_with = "image")]
    pub(crate) module: Option<String>,

    /// What a node must have: sensor=KIND, actuator=KIND, device=LABEL, agent=NAME or
    /// ATTRIBUTE=VALUE. The task is given the devices. May be said several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = selector::parse)]
    pub(crate) on: Vec<Selector>,

    /// On how many nodes to run it: a number, or `all` that match
    #[arg(long, value_name = "N|all", default_value = "1", value_parser = parse_count)]
    pub(crate) count: Count,

    /// A variable of the task's environment. May be said several times
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Memory of a task, such as 64KiB; less than a page where its node can do that [default:
    /// what the module starts with, and 64KiB; what it needs, on a node that has not so much]
    #[arg(long, value_name = "BYTES", value_parser = amount::bytes)]
    pub(crate) mem: Option<u64>,

    /// Cores of a task, such as 0.25 or 250m
    #[arg(long, value_name = "CORES", default_value = "0.1", value_parser = amount::cores)]
    pub(crate) cpus: u64,

    #[command(flatten)]
    pub(crate) contained: Contained,

    #[command(flatten)]
    pub(crate) supervision: Supervision,

    /// What the tasks are called [default: the file's name, or the image's]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Show what the tasks emit and log until they end; Ctrl-C ends them
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// How long to wait for enough nodes that match, and then for the tasks to be RUNNING
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = amount::duration)]
    pub(crate) timeout: Duration,
}

/// On how many nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Exactly(NonZeroUsize),
    All,
}

/// `edgerm ps`.
#[derive(Debug, Args)]
pub(crate) struct Ps {
    /// Those that have ended too
    #[arg(short, long)]
    pub(crate) all: bool,
}

/// `edgerm logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Its id, or how that begins
    #[arg(value_parser = resolve::parse_task)]
    pub(crate) task: TaskRef,

    /// Go on until the task ends
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// `edgerm usage`.
#[derive(Debug, Args)]
pub(crate) struct Usage {
    /// Their ids, or how those begin [default: all that run]
    #[arg(value_name = "TASK", value_parser = resolve::parse_task)]
    pub(crate) tasks: Vec<TaskRef>,

    /// How long to wait for their nodes to answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = amount::duration)]
    pub(crate) timeout: Duration,
}

/// `edgerm kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// Their ids, or how those begin
    #[arg(value_name = "TASK", value_parser = resolve::parse_task)]
    #[arg(required_unless_present = "all")]
    pub(crate) tasks: Vec<TaskRef>,

    /// Every task that has not ended
    #[arg(long, conflicts_with = "tasks")]
    pub(crate) all: bool,

    /// How long to wait for them to end
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = amount::duration)]
    pub(crate) timeout: Duration,
}

/// `edgerm drain`.
#[derive(Debug, Args)]
pub(crate) struct Drain {
    /// What the agent is called
    pub(crate) name: String,

    /// Kill its tasks after this time; without it they end by themselves
    #[arg(long, value_name = "TIME", value_parser = amount::duration)]
    pub(crate) deadline: Option<Duration>,

    /// Wait until nothing runs there any more
    #[arg(long)]
    pub(crate) wait: bool,
}

/// `edgerm tokens`.
#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// Issue a token and show it, this once. From the first one on the master asks for one
    Issue {
        /// What it is called
        name: String,
        /// What its bearer may do
        #[arg(long, value_enum, value_name = "ROLE")]
        role: Role,

        #[command(flatten)]
        allowed: Allowed,
    },
    /// List the tokens, without their secrets
    List,
    /// Refuse the bearers of a token from now on
    Revoke {
        /// What it is called
        name: String,
    },
}

/// The policy of a framework's token.
#[derive(Debug, Args)]
pub(crate) struct Allowed {
    /// A permission that tasks may be granted, or `none`; give it again for more [default: all]
    #[arg(long, value_name = "PERMISSION")]
    allow_permission: Vec<String>,

    /// A kind of sensor that tasks may have, or `none`; give it again for more [default: all]
    #[arg(long, value_name = "KIND")]
    allow_sensor: Vec<String>,

    /// A kind of actuator that tasks may have, or `none`; give it again for more [default: all]
    #[arg(long, value_name = "KIND")]
    allow_actuator: Vec<String>,

    /// Whether tasks may be containers [default: where all permissions are allowed]
    #[arg(long, value_name = "BOOL")]
    allow_containers: Option<bool>,

    /// Bytes that tasks may emit and log within a day, all of them together [default: any number]
    #[arg(long, value_name = "BYTES")]
    bytes_per_day: Option<u64>,
}

impl Allowed {
    /// The policy; `None` where all is allowed.
    pub(crate) fn policy(&self) -> Option<api::Policy> {
        let allowed = |names: &[String]| {
            let names = names.iter();
            (names.len() > 0).then(|| names.filter(|name| *name != "none").cloned().collect())
        };
        let policy = api::Policy {
            permissions: allowed(&self.allow_permission),
            sensors: allowed(&self.allow_sensor),
            actuators: allowed(&self.allow_actuator),
            containers: self.allow_containers,
            bytes_per_day: self.bytes_per_day,
        };
        (policy != api::Policy::default()).then_some(policy)
    }
}

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Everything, tokens included
    Operator,
    /// Register frameworks, and see and touch their offers and tasks alone
    Framework,
    /// See everything, change nothing
    ReadOnly,
}

impl From<Role> for api::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Operator => Self::Operator,
            Role::Framework => Self::Framework,
            Role::ReadOnly => Self::ReadOnly,
        }
    }
}

/// `edgerm enroll` and `edgerm rotate`.
#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// What the agent is called: 1 to 32 letters, digits, `-`, `_` and `.`
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) to: Destination,
}

/// In what form a credential is written, and where.
#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// What the credential is for
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub(crate) form: Form,

    /// Where to write it, for its owner alone [default: NAME.toml, NAME.conf or NAME.bin, in this
    /// folder; of hex, standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Overwrite the file if there is one
    #[arg(long)]
    pub(crate) force: bool,
}

/// The form of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A file for the agent on Linux: `edgerm-agent --credential FILE`
    #[default]
    File,
    /// A fragment of Kconfig for a Zephyr image of one device
    Kconfig,
    /// The bytes of the setting `edgerm/credential` on Zephyr
    Settings,
    /// Hexadecimal digits
    Hex,
}

/// `edgerm join-token`.
#[derive(Debug, Subcommand)]
pub(crate) enum JoinToken {
    /// Issue a join token and show it, this once
    Issue {
        /// What it is for
        #[arg(long)]
        label: Option<String>,
        /// How long agents may join with it, up to 30 days (720h)
        #[arg(long, value_name = "TIME", default_value = "1h", value_parser = amount::duration)]
        expires_in: Duration,
        /// How many agents may join with it
        #[arg(long, value_name = "N", default_value_t = 1)]
        uses: u32,
    },
    /// List the join tokens that are neither used up nor expired
    List,
    /// Let nobody join with a token any more
    Revoke {
        /// Its id
        id: String,
    },
}

/// `edgerm join`.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// What the agent will be called
    pub(crate) name: String,

    /// A file with the join token, which is read from standard input where this is `-`
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) with: PathBuf,

    #[command(flatten)]
    pub(crate) to: Destination,
}

/// `edgerm backup`: agents, frameworks, tasks, modules, tokens, enrolled agents and join tokens, all
/// of one moment.
///
/// Keep the file as secret as the master's own: whoever has it can be each of the agents, and join
/// with the join tokens in it. Of the tokens of callers it has digests alone.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where to write it, for its owner alone. It is there when it is whole and on the disk
    pub(crate) file: PathBuf,

    /// Overwrite the file if there is one
    #[arg(long)]
    pub(crate) force: bool,
}

/// `edgerm restore`: the backup is checked as a whole, and then put in force at once, or not at all.
///
/// From then on tokens, enrolled agents, join tokens, frameworks, modules and tasks are those of the
/// backup. What came after it is gone: agents register anew, and tasks that the backup does not know
/// are ended on them. Your own token stays, where the backup does not know it, so that you are not
/// locked out. Calls that wait end with an error, and streams of events begin anew.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// What `edgerm backup` wrote
    pub(crate) file: PathBuf,

    /// Do not ask whether to
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// `edgerm bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Launch to RUNNING, and kill to KILLED, as a framework sees them; on a throw-away cluster
    /// in this process, or on that of --master
    Launch(BenchLaunch),
    /// Launches a second that a master takes through its HTTP API and keeps on a disk; of a
    /// throw-away master in another process, with agents in this one
    Store(BenchStore),
    /// How soon an agent is registered, its memory and its processor time while idle; of the
    /// program that ships, with a throw-away master in this process
    Agent(BenchAgent),
    /// The master of `bench store`
    #[command(hide = true)]
    StoreMaster(BenchMaster),
}

/// `edgerm bench launch`.
#[derive(Debug, Args)]
pub(crate) struct BenchLaunch {
    /// How many launches
    #[arg(short = 'n', long, default_value = "50")]
    pub(crate) runs: NonZeroUsize,
}

/// `edgerm bench store`.
#[derive(Debug, Args)]
pub(crate) struct BenchStore {
    /// How many launches
    #[arg(short = 'n', long, default_value = "20000")]
    pub(crate) launches: NonZeroUsize,

    /// How many of them wait for their answers at once
    #[arg(long, value_name = "N", default_value = "64")]
    pub(crate) in_flight: NonZeroUsize,

    /// Where the store is, in a folder that is removed afterwards: it is this disk that is
    /// measured
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// A bound of the master, as docs/limits.md names them. May be said several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
}

/// `edgerm bench agent`.
#[derive(Debug, Args)]
pub(crate) struct BenchAgent {
    /// How many starts
    #[arg(short = 'n', long, default_value = "20")]
    pub(crate) runs: NonZeroUsize,

    /// How long it is left alone
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_idle)]
    pub(crate) idle: Duration,

    /// The agent's program [default: edgerm-agent, beside this one]
    #[arg(long, value_name = "PATH")]
    pub(crate) agent: Option<PathBuf>,

    /// Measure one that runs containers too, by the Docker engine that listens at this socket
    #[arg(long, value_name = "SOCKET")]
    pub(crate) docker: Option<PathBuf>,
}

/// `edgerm bench store-master`.
#[derive(Debug, Args)]
pub(crate) struct BenchMaster {
    /// Its store
    #[arg(long, value_name = "FILE")]
    pub(crate) store: PathBuf,

    /// A bound on what is held or asked
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
}

fn parse_count(text: &str) -> Result<Count, String> {
    match text {
        "all" => Ok(Count::All),
        number => number
            .parse()
            .map(Count::Exactly)
            .map_err(|_| "write a number from 1, or `all`".into()),
    }
}

fn parse_idle(text: &str) -> Result<Duration, String> {
    let idle = amount::duration(text)?;
    if idle < Duration::from_secs(1) {
        return Err("that is too short to tell anything: write 1s or more".into());
    }
    Ok(idle)
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        Some(_) | None => Err("write KEY=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
