//! Agents without machines: the agent that ships, and a socket, for which every module is there
//! and every task runs for ever.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use edgerm_agent_core::{Agent, Config, Input, ModuleCheck, Output, TaskExit};
use edgerm_framework::owned::{AttributeValue, Description, Value};
use edgerm_protocol::limits::{MAX_DATAGRAM, MAX_TASKS};
use edgerm_protocol::{Instant, ModuleId, TaskId};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{PATIENCE, stalled};
use crate::exit::Failure;

/// Agents that register at once, so that no datagram finds the master's buffer full.
const AT_ONCE: usize = 128;

/// Bytes of memory that an agent has for each task.
const TASK_MEM: u64 = 128 << 10;

/// Agents beyond those that the tasks fill, for each launch in flight, so that each of the last
/// launches finds one that is not offered to another.
const SPARE: usize = 4;

/// Files that a process has open beside its sockets.
const OTHER_FILES: usize = 128;

/// How many agents run so many tasks at once.
pub(super) fn count_for(launches: usize, in_flight: usize) -> usize {
    launches.div_ceil(MAX_TASKS) + SPARE * in_flight
}

/// Lets this process have a socket for each of so many agents.
pub(super) fn allow_sockets(agents: usize) -> Result<(), Failure> {
    let wanted = (agents + OTHER_FILES) as u64;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(wanted),
        ..limit
    };
    let too_few = |error| {
        let what = format!(
            "{agents} agents need {wanted} open files, more than the hard limit (`ulimit -Hn`): \
             raise it, or ask for fewer --launches"
        );
        Failure::local(what, io::Error::from(error))
    };
    setrlimit(Resource::Nofile, raised).map_err(too_few)
}

/// Agents that run until they are dropped.
pub(super) struct Agents {
    /// One permit for each task that was started and is not yet asked for.
    started: Arc<Semaphore>,
    _running: JoinSet<()>,
}

impl Agents {
    /// Starts so many, and waits until the master knows them all.
    pub(super) async fn start(master: SocketAddr, count: usize) -> Result<Self, Failure> {
        let description = description().to_bytes();
        let description = description.map_err(|error| Failure::Unexpected(error.to_string()))?;
        let started = Arc::new(Semaphore::new(0));
        let registered = Arc::new(Semaphore::new(0));
        let mut running = JoinSet::new();
        for first in (0..count).step_by(AT_ONCE) {
            let some = AT_ONCE.min(count - first);
            for number in first..first + some {
                let driver = Driver {
                    agent: agent(number, &description)?,
                    socket: connect(master).await?,
                    epoch: std::time::Instant::now(),
                    answers: VecDeque::new(),
                    registered: Arc::clone(&registered),
                    started: Arc::clone(&started),
                };
                running.spawn(driver.run());
            }
            take(&registered, some, "agents to register").await?;
        }
        Ok(Self {
            started,
            _running: running,
        })
    }

    /// Waits until so many tasks were started.
    pub(super) async fn until_started(&self, tasks: usize) -> Result<(), Failure> {
        take(&self.started, tasks, "tasks to start on their agents").await
    }
}

async fn take(semaphore: &Semaphore, count: usize, what: &str) -> Result<(), Failure> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    match timeout(PATIENCE, semaphore.acquire_many(count)).await {
        // It is never closed.
        Ok(permits) => {
            permits.into_iter().for_each(|permits| permits.forget());
            Ok(())
        }
        Err(_) => Err(stalled(what)),
    }
}

async fn connect(master: SocketAddr) -> Result<UdpSocket, Failure> {
    let connected = async {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(master).await?;
        // Until the runtime has heard of it, it would take the first datagram for one too many.
        socket.writable().await?;
        Ok(socket)
    };
    connected
        .await
        .map_err(|error: io::Error| Failure::local("cannot open a socket for an agent", error))
}

fn agent(number: usize, description: &[u8]) -> Result<Agent<MAX_TASKS>, Failure> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)
        .map_err(|error| Failure::local("no entropy for an agent", error))?;
    let config = Config {
        slots: MAX_TASKS,
        ping_period: Duration::from_secs(20),
        ..Config::default()
    };
    let name = format!("bench-{number}");
    Agent::new(&name, description, config, None, entropy, now_at_start())
        .map_err(|error| Failure::Unexpected(error.to_string()))
}

/// A small machine with room for as many tasks as an agent has at most.
fn description() -> Description {
    let tasks = MAX_TASKS as u64;
    let resources = [
        ("cpus", 100 * tasks),
        ("mem", TASK_MEM * tasks),
        ("tasks", tasks),
    ];
    let attributes = [("os", "simulated"), ("arch", "none"), ("executors", "wasm")];
    Description {
        resources: resources
            .map(|(name, amount)| (name.to_owned(), Value::Scalar(amount)))
            .into(),
        attributes: attributes
            .map(|(name, text)| (name.to_owned(), AttributeValue::Text(text.into())))
            .into(),
    }
}

const fn now_at_start() -> Instant {
    Instant::from_millis(0)
}

/// One agent and its socket.
struct Driver {
    agent: Agent<MAX_TASKS>,
    socket: UdpSocket,
    epoch: std::time::Instant,
    answers: VecDeque<Input<'static>>,
    registered: Arc<Semaphore>,
    started: Arc<Semaphore>,
}

impl Driver {
    async fn run(mut self) {
        let mut buffer = [0; MAX_DATAGRAM + 1];
        let mut deadline = self.take(Input::Timeout);
        loop {
            let until = deadline.map_or(Duration::from_secs(3600), |deadline| {
                deadline.saturating_duration_since(self.now())
            });
            deadline = match timeout(until, self.socket.recv(&mut buffer)).await {
                Ok(Ok(length)) => self.take(Input::Datagram(&buffer[..length])),
                // Nobody listens at the master's port: its silence tells the agent.
                Ok(Err(_)) => deadline,
                Err(_) => self.take(Input::Timeout),
            };
        }
    }

    fn now(&self) -> Instant {
        now_at_start() + self.epoch.elapsed()
    }

    /// Gives the agent an input and does all that it wants done; when to come back.
    fn take(&mut self, input: Input<'_>) -> Option<Instant> {
        let now = self.now();
        // The agent refuses news of what it has given up meanwhile.
        let _refused = self.agent.handle_input(now, input);
        loop {
            match self.agent.poll_output() {
                // A datagram that finds no room is lost, as one may be.
                Output::Transmit(datagram) => drop(self.socket.try_send(datagram)),
                Output::CheckModule(module, _) => self.answers.push_back(verified(module)),
                Output::StartTask(task) => {
                    self.started.add_permits(1);
                    self.answers.push_back(Input::TaskStarted(task));
                }
                Output::StopTask(task, _) => self.answers.push_back(killed(task)),
                Output::TaskMessage(task, _) => {
                    self.answers.push_back(Input::MessageTaken(task, true));
                }
                Output::Registered(_) => self.registered.add_permits(1),
                // No module is fetched, no record is kept and nothing is emitted.
                Output::StoreBlock(..)
                | Output::Persist(..)
                | Output::Erase(_)
                | Output::OutputTaken(_)
                | Output::TaskLog(..)
                | Output::InspectTask(..)
                | Output::RegistrationRefused(..)
                | Output::Left => {}
                Output::Timeout(deadline) => match self.answers.pop_front() {
                    Some(answer) => drop(self.agent.handle_input(now, answer)),
                    None => return deadline,
                },
            }
        }
    }
}

const fn verified(module: ModuleId) -> Input<'static> {
    Input::ModuleChecked(module, ModuleCheck::Verified)
}

const fn killed(task: TaskId) -> Input<'static> {
    Input::TaskExited(task, TaskExit::Killed)
}
