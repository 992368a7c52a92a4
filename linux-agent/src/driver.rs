//! The thin loop around the agent: its datagrams, its timer, its storage and its tasks.
//!
//! Whatever waits for a disk runs aside and comes back as an input, so the loop never blocks,
//! and things happen in the order in which the agent is told of them.

mod contained;

pub(crate) use contained::say_executors;

use std::collections::BTreeSet;
use std::time;

use edgerm_agent_core::{
    Agent, Input, ModuleCheck, Output, RecordKey, Reports, StorageError, TaskExit,
};
use edgerm_protocol::limits::{MAX_BODY, MAX_DATAGRAM, MAX_TASKS};
use edgerm_protocol::message::{Inspection, LogLevel, LogLines, ReceivedLaunch};
use edgerm_protocol::owned::Description;
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId, decode};
use edgerm_task_abi::{Permissions, TaskEnd};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use crate::containers::{ContainerEvent, Containers, Place};
use crate::devices::Devices;
use crate::executor::{Executor, TaskEvent, TaskSpec};
use crate::records::{RecordLock, RecordStorage};
use crate::storage_thread::StorageThread;
use crate::usage::Usage;

/// Bytes of log lines in one answer: what a datagram holds beside all else.
const LOG_BLOCK: usize = MAX_BODY - 256;

/// What comes to the loop besides datagrams and time.
#[derive(Debug)]
pub(crate) enum Happening {
    ModuleChecked(ModuleId, Result<ModuleCheck, StorageError>),
    BlockStored(ModuleId, Result<(), StorageError>),
    ModuleLoaded(TaskId, Result<Vec<u8>, StorageError>),
    RecordKept(RecordKey, Result<(), StorageError>),
    Task(TaskEvent),
    Container(ContainerEvent),
    /// Whether the container engine answers.
    Engine(bool),
    /// Tasks of which there is a container of this agent, or a mark of one.
    Strays(Vec<TaskId>),
    Leave,
}

/// The agent and all that it moves.
pub(crate) struct Driver {
    pub(crate) agent: Agent<MAX_TASKS>,
    pub(crate) socket: UdpSocket,
    pub(crate) storage: StorageThread,
    pub(crate) _lock: Option<RecordLock>,
    /// Where [`Happening`]s come from. Dropped before the executor, whose threads must not wait
    /// for room in it.
    pub(crate) happenings: mpsc::Receiver<Happening>,
    pub(crate) executor: Executor,
    /// `None`: it runs none.
    pub(crate) containers: Option<Containers>,
    /// What it tells of itself.
    pub(crate) description: Description,
    /// The devices that it tells of.
    pub(crate) devices: Devices,
    /// What tasks logged and used.
    pub(crate) reports: Reports,
    /// Tasks whose module is being read, of which the executor does not know yet.
    pub(crate) loading: BTreeSet<TaskId>,
    pub(crate) registered: watch::Sender<Option<AgentId>>,
    pub(crate) epoch: time::Instant,
}

/// Whether the loop goes on.
enum Next {
    WaitUntil(Option<Instant>),
    Left,
}

impl Driver {
    /// Runs until the agent has left.
    pub(crate) async fn run(mut self) {
        let mut buffer = [0; MAX_DATAGRAM + 1];
        loop {
            let deadline = match self.drain().await {
                Next::WaitUntil(deadline) => deadline,
                Next::Left => return,
            };
            tokio::select! {
                received = self.socket.recv(&mut buffer) => match received {
                    Ok(length) => self.input(Input::Datagram(&buffer[..length])),
                    // Nobody listens at the master's port: its silence tells the agent.
                    Err(error) => tracing::debug!(%error, "the master's address refused a datagram"),
                },
                Some(happening) = self.happenings.recv() => self.on_happening(happening),
                () = sleep_until(self.epoch, deadline) => self.input(Input::Timeout),
            }
        }
    }

    fn now(&self) -> Instant {
        let millis = self.epoch.elapsed().as_millis();
        Instant::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        if let Err(error) = self.agent.handle_input(now, input) {
            // A task may end while something of it is on its way here.
            tracing::debug!(%error, "the agent does not want this");
        }
    }

    fn on_happening(&mut self, happening: Happening) {
        match happening {
            Happening::ModuleChecked(module, Ok(check)) => {
                self.input(Input::ModuleChecked(module, check));
            }
            Happening::BlockStored(module, Ok(())) => self.input(Input::BlockStored(module)),
            Happening::ModuleChecked(module, Err(error))
            | Happening::BlockStored(module, Err(error)) => {
                self.input(Input::StorageFailed(module, error));
            }
            // Stopped while its module was read.
            Happening::ModuleLoaded(id, _) if !self.loading.remove(&id) => {}
            Happening::ModuleLoaded(id, Ok(bytes)) if bytes.starts_with(b"{") => {
                self.contain(id, &bytes);
            }
            Happening::ModuleLoaded(id, Ok(wasm)) => self.start(id, wasm),
            Happening::ModuleLoaded(id, Err(_)) => {
                self.input(Input::TaskStartFailed(
                    id,
                    "the module cannot be read from the cache",
                ));
            }
            Happening::RecordKept(key, Ok(())) => {
                tracing::debug!(record = %key, "kept");
                self.input(Input::Persisted(key));
            }
            Happening::RecordKept(key, Err(error)) => self.input(Input::PersistFailed(key, error)),
            Happening::Task(event) => self.on_task_event(event),
            Happening::Container(event) => self.on_container_event(event),
            Happening::Engine(is_there) => self.on_engine(is_there),
            Happening::Strays(tasks) => self.on_strays(&tasks),
            Happening::Leave => self.input(Input::Leave),
        }
    }

    fn on_task_event(&mut self, event: TaskEvent) {
        match event {
            TaskEvent::Started(id) => self.input(Input::TaskStarted(id)),
            TaskEvent::NotStarted(id, error) => {
                tracing::warn!(task = %id, %error, "the task cannot start");
                self.executor.reap(id);
                self.input(Input::TaskStartFailed(id, &error.to_string()));
            }
            TaskEvent::Output(id, payload) => self.input(Input::TaskOutput(id, &payload)),
            TaskEvent::Log(id, level, line) => {
                self.on_line(id, log_level(level), &line, None);
            }
            TaskEvent::Ended(id, end, usage) => {
                let Usage {
                    cpu_ms, mem_peak, ..
                } = usage;
                tracing::info!(task = %id, %end, cpu_ms, mem_peak, "ended");
                self.executor.reap(id);
                self.note_usage(id, usage);
                self.on_task_ended(id, end);
            }
        }
    }

    fn on_task_ended(&mut self, id: TaskId, end: TaskEnd) {
        match end {
            TaskEnd::Exited(code) => self.input(Input::TaskExited(id, TaskExit::Exited(code))),
            TaskEnd::Trapped(trap) => {
                self.input(Input::TaskExited(id, TaskExit::Trapped(trap.message())));
            }
            TaskEnd::Killed => self.input(Input::TaskExited(id, TaskExit::Killed)),
        }
    }

    /// Does all that the agent wants done.
    async fn drain(&mut self) -> Next {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(datagram) => {
                    if let Err(error) = self.socket.send(datagram).await {
                        tracing::debug!(%error, "a datagram was not sent; it will be again");
                    }
                }
                Output::CheckModule(module, size) => {
                    self.storage.ask(move |storage| {
                        Happening::ModuleChecked(module, storage.modules.check(module, size))
                    });
                }
                Output::StoreBlock(module, offset, bytes) => {
                    let bytes = bytes.to_vec();
                    self.storage.ask(move |storage| {
                        Happening::BlockStored(
                            module,
                            storage.modules.store(module, offset, &bytes),
                        )
                    });
                }
                Output::Persist(key, record) => {
                    let record = record.to_vec();
                    self.keep(key, move |records| records.write(key, &record));
                }
                Output::Erase(key) => self.keep(key, move |records| records.erase(key)),
                Output::StartTask(id) => self.load(id),
                Output::StopTask(id, reason) => {
                    tracing::info!(task = %id, ?reason, "stopping");
                    if self.loading.remove(&id) {
                        self.input(Input::TaskExited(id, TaskExit::Killed));
                    } else if let Some(containers) =
                        self.containers.as_ref().filter(|it| it.has(id))
                    {
                        containers.stop(id, reason);
                    } else {
                        self.executor.kill(id);
                    }
                }
                Output::TaskMessage(id, payload) => {
                    let taken = self.executor.message(id, payload).is_ok();
                    self.input(Input::MessageTaken(id, taken));
                }
                Output::TaskLog(id, line) => {
                    let line = line.to_owned();
                    let is_here = |id| self.agent.has_task(id);
                    self.reports
                        .log(id, is_here, LogLevel::Error, line.as_bytes());
                }
                Output::InspectTask(id, after) => self.inspect(id, after),
                Output::OutputTaken(id) => self.executor.output_taken(id),
                Output::Registered(agent) => {
                    tracing::info!(%agent, "registered");
                    self.registered.send_replace(Some(agent));
                    if let Some(containers) = &self.containers {
                        containers.look_for_strays();
                    }
                }
                Output::RegistrationRefused(code, reason) => {
                    tracing::warn!(%code, reason, "the master refuses this agent; it will try again");
                }
                Output::Left => return Next::Left,
                Output::Timeout(deadline) => {
                    self.remove_unclaimed();
                    return Next::WaitUntil(deadline);
                }
            }
        }
    }

    /// A task has logged this; where a container wrote it, in this place of what it wrote.
    fn on_line(&mut self, id: TaskId, level: LogLevel, line: &str, written: Option<Place>) {
        let now = self.now();
        // What comes after its end is nobody's.
        if self.agent.handle_input(now, Input::TaskLogged(id)).is_err() {
            return;
        }
        let is_here = |id| self.agent.has_task(id);
        let number = self.reports.log(id, is_here, level, line.as_bytes());
        if let Some(containers) = &mut self.containers
            && let Some(written) = written
        {
            containers.line_kept(id, number, written);
        }
    }

    /// A task has used so much.
    fn note_usage(&mut self, id: TaskId, usage: Usage) {
        let is_here = |id| self.agent.has_task(id);
        self.reports.used(id, is_here, usage);
    }

    /// Tells what there is of a task.
    fn inspect(&mut self, id: TaskId, after: Option<u32>) {
        let contained = || self.containers.as_ref()?.usage(id);
        if let Some(usage) = self.executor.usage(id).or_else(contained) {
            self.note_usage(id, usage);
        }
        let mut buffer = [0; MAX_BODY];
        let is_here = |id| self.agent.has_task(id);
        let told = self
            .reports
            .inspect(id, is_here, after, LOG_BLOCK, &mut buffer);
        if let Some(containers) = &mut self.containers
            && let Some(after) = after
            && let Some(Ok(sent)) = told.map(decode::<Inspection<'_>>)
        {
            let count = LogLines(sent.lines.unwrap_or_default()).count();
            containers.lines_sent(id, after, sent.first.unwrap_or_default(), count);
        }
        let now = self.now();
        if let Err(error) = self.agent.handle_input(now, Input::Inspected(id, told)) {
            tracing::debug!(%error, "nobody asked");
        }
    }

    /// Has this done with the records. Where none are kept, the agent asks for none.
    fn keep(
        &self,
        key: RecordKey,
        job: impl FnOnce(&RecordStorage) -> Result<(), StorageError> + Send + 'static,
    ) {
        self.storage.ask(move |storage| {
            let kept = storage.records.as_ref().map_or(Err(StorageError::Io), job);
            Happening::RecordKept(key, kept)
        });
    }

    /// Reads the module of a task that is to start.
    fn load(&mut self, id: TaskId) {
        let Some(module) = self.agent.launch(id).map(|launch| launch.module) else {
            return;
        };
        self.loading.insert(id);
        self.storage
            .ask(move |storage| Happening::ModuleLoaded(id, storage.modules.load(module)));
    }

    fn start(&mut self, id: TaskId, wasm: Vec<u8>) {
        let launch = self.agent.launch(id);
        let Some(spec) = launch.map(|launch| task_spec(&launch, wasm)) else {
            return;
        };
        tracing::info!(task = %id, "starting");
        if let Err(error) = self.executor.start(spec) {
            tracing::warn!(task = %id, %error, "the task cannot start");
            self.input(Input::TaskStartFailed(id, &error.to_string()));
        }
    }
}

const fn log_level(level: edgerm_task_abi::LogLevel) -> LogLevel {
    match level {
        edgerm_task_abi::LogLevel::Error => LogLevel::Error,
        edgerm_task_abi::LogLevel::Warning => LogLevel::Warning,
        edgerm_task_abi::LogLevel::Info => LogLevel::Info,
        edgerm_task_abi::LogLevel::Debug => LogLevel::Debug,
    }
}

fn task_spec(launch: &ReceivedLaunch<'_>, wasm: Vec<u8>) -> TaskSpec {
    TaskSpec {
        id: launch.task,
        wasm,
        env: launch
            .env
            .iter()
            .map(|variable| (variable.key.as_str().to_owned(), variable.value.to_owned()))
            .collect(),
        permissions: Permissions::from_bits(launch.permissions.unwrap_or_default()),
        mem: launch.mem,
        cpus: launch.cpus.unwrap_or(0),
        devices: launch
            .devices
            .iter()
            .map(|label| label.as_str().to_owned())
            .collect(),
    }
}

async fn sleep_until(epoch: time::Instant, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => {
            let deadline = epoch + time::Duration::from_millis(deadline.as_millis());
            tokio::time::sleep_until(deadline.into()).await;
        }
        None => std::future::pending().await,
    }
}
