//! The agent in a process of its own.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use edgerm_framework::Events;
use edgerm_framework::api::{Agent, EventKind};
use edgerm_framework::owned::AttributeValue;
use edgerm_protocol::standard::{DOCKER, attributes};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::exit::Failure;

/// How long one step may take until the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the agent is called.
const NAME: &str = "bench";

/// What the program is called.
const PROGRAM: &str = "edgerm-agent";

/// Variables that would set something else up than what is measured begin so.
const VARIABLES: &str = "EDGERM_";

/// Lines of the agent's log that are told where it does not do what it should.
const TOLD: usize = 5;

/// The agent's program: the one that was told, or that beside this program.
pub(super) fn find(told: Option<&Path>) -> Result<PathBuf, Failure> {
    let program = match told {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()
            .map_err(|error| Failure::local("cannot tell where this program is", error))?
            .with_file_name(PROGRAM),
    };
    if program.is_file() {
        return Ok(program);
    }
    Err(Failure::NothingMatched {
        what: format!("there is no agent at {}", program.display()),
        next: "build it with `cargo build --release -p edgerm-linux-agent`, or name it with \
               --agent PATH"
            .into(),
    })
}

/// What an agent is started with.
pub(super) struct Options<'a> {
    pub(super) program: &'a Path,
    pub(super) master: SocketAddr,
    /// Its data folder.
    pub(super) data: &'a Path,
    /// The file that its log is added to.
    pub(super) log: &'a Path,
    pub(super) ping_period: Duration,
    /// The socket of the engine of its containers.
    pub(super) docker: Option<&'a Path>,
}

/// An agent, which is killed when this is dropped.
pub(super) struct AgentProcess {
    process: Child,
    id: u32,
    log: PathBuf,
}

impl AgentProcess {
    /// Starts one, with the settings of nobody else.
    pub(super) fn start(options: &Options<'_>) -> Result<Self, Failure> {
        let failed = |error| {
            let what = format!("cannot start {}", options.program.display());
            Failure::local(what, error)
        };
        let mut log = OpenOptions::new();
        log.create(true).append(true);
        let log = log.open(options.log).map_err(failed)?;
        let mut command = Command::new(options.program);
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| name.as_encoded_bytes().starts_with(VARIABLES.as_bytes()))
        {
            command.env_remove(name);
        }
        command
            .args(["--name", NAME, "--master", &options.master.to_string()])
            .arg("--data-dir")
            .arg(options.data)
            .args([
                "--ping-period",
                &format!("{}ms", options.ping_period.as_millis()),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(socket) = options.docker {
            command.arg("--docker").arg(socket);
        }
        let process = command.spawn().map_err(failed)?;
        let id = process
            .id()
            .ok_or_else(|| failed(io::Error::other("it has no id")))?;
        Ok(Self {
            process,
            id,
            log: options.log.to_owned(),
        })
    }

    /// The id of its process.
    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the master has it, with containers where it is to run some.
    pub(super) async fn registers(
        &mut self,
        events: &mut Events,
        docker: Option<&Path>,
    ) -> Result<(), Failure> {
        let registered = async {
            loop {
                if let EventKind::AgentRegistered { agent } = events.next().await?.kind {
                    return Ok::<_, Failure>(agent);
                }
            }
        };
        let agent = tokio::select! {
            registered = timeout(PATIENCE, registered) => {
                registered.map_err(|_| self.stalled("to register"))??
            }
            _ = self.process.wait() => return Err(self.ended()),
        };
        match docker {
            Some(socket) if !runs_containers(&agent) => Err(Failure::NothingMatched {
                what: format!("no container engine answers at {}", socket.display()),
                next: format!(
                    "see that it runs: docker --host unix://{} info",
                    socket.display()
                ),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Waits for so long; an error where the agent does not last.
    pub(super) async fn lasts(&mut self, time: Duration) -> Result<(), Failure> {
        match timeout(time, self.process.wait()).await {
            Ok(_) => Err(self.ended()),
            Err(_) => Ok(()),
        }
    }

    /// Has it leave, and waits until its process has ended. Where it had not heard yet that it is
    /// registered, the master is not told.
    pub(super) async fn leave(mut self) -> Result<(), Failure> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        let told = id.map_or(Ok(()), |id| kill_process(id, Signal::TERM));
        told.map_err(|error| {
            Failure::local("cannot tell the agent to leave", io::Error::from(error))
        })?;
        match timeout(PATIENCE, self.process.wait()).await {
            Ok(ended) => ended
                .map(drop)
                .map_err(|error| Failure::local("cannot wait for the agent", error)),
            Err(_) => Err(self.stalled("to leave")),
        }
    }

    fn ended(&self) -> Failure {
        Failure::Unexpected(format!("the agent ended by itself{}", self.said()))
    }

    fn stalled(&self, what: &str) -> Failure {
        let seconds = PATIENCE.as_secs();
        Failure::Unexpected(format!(
            "waited {seconds} s for the agent {what}{}",
            self.said()
        ))
    }

    /// The end of its log, to be added to a sentence.
    fn said(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let told = &lines[lines.len().saturating_sub(TOLD)..];
        if told.is_empty() {
            String::new()
        } else {
            format!(", and said\n{}", told.join("\n"))
        }
    }
}

/// Whether an agent tells that it runs containers.
fn runs_containers(agent: &Agent) -> bool {
    match agent.attributes.get(attributes::EXECUTORS) {
        Some(AttributeValue::Texts(texts)) => texts.iter().any(|text| text == DOCKER),
        Some(AttributeValue::Text(_) | AttributeValue::Number(_)) | None => false,
    }
}
