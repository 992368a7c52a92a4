//! [`Agent`]: the machines of this crate behind one interface.

mod answers;
#[cfg(feature = "inspect")]
mod inspect;
mod keys;
mod modules;
mod requests;
mod restore;
mod tasks;
mod uplink;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use edgerm_coap::oscore::{Credential, Node};
use edgerm_coap::{BlockSize, Channel, Code, Endpoint, Event, ExchangeId, RequestId};
use edgerm_protocol::codec::TextError;
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::limits::{MAX_DATAGRAM, MAX_TASKS};
use edgerm_protocol::message::ReceivedLaunch;
use edgerm_protocol::resource::Name;
use edgerm_protocol::{AgentId, BootId, DecodeError, Instant, ModuleId, TaskId, decode};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use crate::config::Config;
use crate::io::{Input, InputError, KillReason, Output};
use crate::module_fetch::ModuleFetch;
use crate::outputs::Outputs;
use crate::records::{Kept, RecordKey};
use crate::registration::Registration;
use crate::table::Table;
use crate::task::{NEVER, Task};
use uplink::Asked;

/// An agent with a table of `TASKS` tasks, at most [`MAX_TASKS`].
#[derive(Debug)]
pub struct Agent<const TASKS: usize> {
    name: String,
    boot: BootId,
    description: Vec<u8>,
    config: Config,
    rng: Pcg32,
    endpoint: Endpoint<Channel<Node>>,
    registration: Registration,
    /// The request to the master that is on its way, and what it is for.
    asked: Option<(ExchangeId, Asked)>,
    /// When the master was last heard.
    last_heard: Instant,
    /// Whether the last request to the master was answered: while it is not, only pings go out.
    reachable: bool,
    /// How often in a row the master wanted a request to be made again.
    repeats: u8,
    /// Whether the module's turn comes before the outputs'.
    module_first: bool,
    table: Table<TASKS>,
    fetch: ModuleFetch,
    outputs: Outputs,
    kept: Kept,
    identity: restore::Identity,
    /// The request about a task that the driver is to answer.
    passed_on: Option<(RequestId, TaskId)>,
    effects: VecDeque<Effect>,
    /// The effect that was polled last: what it holds is lent to the driver.
    polled: Option<Effect>,
}

/// An output that waits to be polled.
#[derive(Debug)]
enum Effect {
    CheckModule(ModuleId, u32),
    StoreBlock(ModuleId, u32, Vec<u8>),
    Persist(RecordKey, Vec<u8>),
    Erase(RecordKey),
    StartTask(TaskId),
    StopTask(TaskId, KillReason),
    TaskMessage(TaskId, Vec<u8>),
    TaskLog(TaskId, String),
    InspectTask(TaskId, Option<u32>),
    OutputTaken(TaskId),
    Registered(AgentId),
    RegistrationRefused(Code, String),
    Left,
    Transmit(Vec<u8>),
}

/// Why an agent could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewAgentError {
    /// The name is none.
    Name(TextError),
    /// The description is none.
    Description(DecodeError),
    /// The endpoint's datagrams have fewer than [`MAX_DATAGRAM`] bytes, which a message may have.
    Datagram {
        /// Bytes they have.
        max: usize,
    },
}

impl fmt::Display for NewAgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "the agent's name is {error}"),
            Self::Description(error) => write!(f, "the agent's description is {error}"),
            Self::Datagram { max } => {
                write!(f, "datagrams of {max} bytes, messages have {MAX_DATAGRAM}")
            }
        }
    }
}

impl core::error::Error for NewAgentError {}

impl<const TASKS: usize> Agent<TASKS> {
    /// An agent that registers at once. What outlived a reboot is given to
    /// [`Agent::restore`] before anything else.
    ///
    /// `name` has 1 to 32 bytes and is the agent's alone in its cluster; `description` is
    /// encoded ([`edgerm_protocol::description`]). `credential` is what the agent and its master
    /// prove themselves with; without one neither does, and a master takes such an agent from
    /// loopback alone unless it was told otherwise. `entropy` differs at each boot, and with a
    /// credential it is of a generator fit for keys.
    ///
    /// # Errors
    ///
    /// [`NewAgentError`], by what the master would not understand.
    pub fn new(
        name: &str,
        description: &[u8],
        config: Config,
        credential: Option<Credential>,
        entropy: [u8; 32],
        now: Instant,
    ) -> Result<Self, NewAgentError> {
        const {
            assert!(
                TASKS > 0 && TASKS <= MAX_TASKS,
                "a registration lists every task"
            );
        };
        Name::new(name).map_err(NewAgentError::Name)?;
        EncodedDescription::new(description).map_err(NewAgentError::Description)?;
        let max = config.coap.max_datagram;
        if max < MAX_DATAGRAM {
            return Err(NewAgentError::Datagram { max });
        }
        let config = Config {
            block_size: config.block_size.min(BlockSize::B512),
            ..config
        };
        let mut rng = Pcg32::from_seed(fold(entropy));
        let security = match credential {
            Some(credential) => Channel::Protected(Node::new(credential, entropy)),
            None => Channel::Plain,
        };
        Ok(Self {
            name: name.into(),
            boot: BootId(rng.next_u32()),
            description: description.to_vec(),
            config,
            endpoint: Endpoint::new(config.coap, security, rng.next_u64()),
            rng,
            registration: Registration::new(now),
            asked: None,
            last_heard: now,
            reachable: true,
            repeats: 0,
            module_first: false,
            table: Table::new(),
            fetch: ModuleFetch::Idle,
            outputs: Outputs::new(config.max_outputs),
            kept: Kept::default(),
            identity: restore::Identity::Unknown,
            passed_on: None,
            effects: VecDeque::new(),
            polled: None,
        })
    }

    /// Takes something that happened. [`Agent::poll_output`] is to be drained after each.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the driver erred; nothing has changed then. What a peer sends is
    /// never an error: garbage is dropped.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) -> Result<(), InputError> {
        match input {
            Input::Datagram(datagram) => self.on_datagram(now, datagram),
            Input::ModuleChecked(module, check) => self.on_module_checked(module, check)?,
            Input::BlockStored(module) => self.on_block_stored(module)?,
            Input::StorageFailed(module, error) => self.on_storage_failed(module, error)?,
            Input::TaskStarted(id) => self.on_task_started(now, id)?,
            Input::TaskStartFailed(id, detail) => self.on_task_start_failed(now, id, detail)?,
            Input::TaskExited(id, exit) => self.on_task_exited(now, id, exit)?,
            Input::TaskOutput(id, payload) => self.on_task_output(now, id, payload)?,
            Input::TaskLogged(id) => self.on_task_logged(now, id)?,
            Input::Inspected(id, body) => self.on_inspected(now, id, body)?,
            Input::Persisted(key) => self.on_persisted(key, None)?,
            Input::PersistFailed(key, error) => self.on_persisted(key, Some(error))?,
            Input::MessageTaken(id, taken) => self.on_message_taken(now, id, taken)?,
            Input::DescriptionChanged(bytes) => self.on_description_changed(now, bytes)?,
            Input::Leave => self.on_leave(),
            Input::Timeout => {}
        }
        self.on_time(now);
        self.keep_records();
        self.ask_next(now);
        Ok(())
    }

    /// The next thing to be done; [`Output::Timeout`] once there is nothing more.
    pub fn poll_output(&mut self) -> Output<'_> {
        self.polled = self.effects.pop_front();
        if self.polled.is_none() {
            self.polled = self.endpoint.poll_transmit().map(Effect::Transmit);
        }
        match &self.polled {
            Some(effect) => effect.as_output(),
            None => Output::Timeout(self.poll_timeout()),
        }
    }

    /// What a task was launched with, until it ends.
    pub fn launch(&self, id: TaskId) -> Option<ReceivedLaunch<'_>> {
        let task = self.table.find(id)?;
        decode(&task.launch).ok()
    }

    /// Whether the task runs here, or has ended and the master does not know it yet.
    pub fn has_task(&self, id: TaskId) -> bool {
        self.table.find(id).is_some()
    }

    /// Who the agent is to the master, once it is registered.
    pub fn id(&self) -> Option<AgentId> {
        self.registration.member().map(|member| member.agent)
    }

    /// Tasks that have not ended.
    pub fn active_tasks(&self) -> usize {
        self.table.active()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // A request that is on its way is the endpoint's to time; nothing else can be asked.
        let registration = self
            .registration
            .deadline()
            .filter(|_| self.asked.is_none());
        let next = sooner(registration, self.endpoint.poll_timeout());
        let tasks = self.table.iter().map(|task| task.due(self.last_heard).0);
        sooner(next, tasks.min().filter(|due| *due < NEVER))
    }

    fn on_datagram(&mut self, now: Instant, datagram: &[u8]) {
        match self.endpoint.handle_datagram(now, datagram) {
            Ok(event) => self.on_event(now, event),
            // Garbage and duplicates are no event; the endpoint has answered what wants an answer.
            Err(_) => self.on_hint(now),
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Request(id, request) => self.on_request(now, id, &request),
            Event::Response(exchange, response) => self.on_response(now, exchange, response),
            // The answer follows; the exchange waits for it.
            Event::Acknowledged(_) => {}
            Event::Reset(exchange) | Event::TimedOut(exchange) => self.on_silence(now, exchange),
            Event::Repeat(exchange) => self.on_repeat(now, exchange),
        }
    }

    /// What is due at `now`.
    fn on_time(&mut self, now: Instant) {
        if let Some(event) = self.endpoint.handle_timeout(now) {
            self.on_event(now, event);
        }
        let last_heard = self.last_heard;
        let due = |task: &Task| {
            let (at, reason) = task.due(last_heard);
            (at <= now).then_some((task.id, reason))
        };
        while let Some((id, reason)) = self.table.iter().find_map(due) {
            self.on_due(now, id, reason);
        }
    }

    fn on_description_changed(&mut self, now: Instant, bytes: &[u8]) -> Result<(), InputError> {
        EncodedDescription::new(bytes).map_err(InputError::Description)?;
        self.description = bytes.to_vec();
        self.registration.restart(now);
        Ok(())
    }

    fn on_leave(&mut self) {
        if self.registration.member().is_none() {
            // An answer to the registration, should it be on its way, is waited for no more.
            self.endpoint.cancel();
            self.asked = None;
        }
        self.registration.on_leave();
        let active: heapless::Vec<TaskId, TASKS> = self
            .table
            .iter()
            .filter(|task| !task.has_ended())
            .map(|task| task.id)
            .collect();
        for id in active {
            self.stop(id, KillReason::Leaving);
        }
    }
}

impl Effect {
    fn as_output(&self) -> Output<'_> {
        match self {
            Self::CheckModule(module, size) => Output::CheckModule(*module, *size),
            Self::StoreBlock(module, offset, bytes) => Output::StoreBlock(*module, *offset, bytes),
            Self::Persist(key, record) => Output::Persist(*key, record),
            Self::Erase(key) => Output::Erase(*key),
            Self::StartTask(id) => Output::StartTask(*id),
            Self::StopTask(id, reason) => Output::StopTask(*id, *reason),
            Self::TaskMessage(id, payload) => Output::TaskMessage(*id, payload),
            Self::TaskLog(id, line) => Output::TaskLog(*id, line),
            Self::InspectTask(id, after) => Output::InspectTask(*id, *after),
            Self::OutputTaken(id) => Output::OutputTaken(*id),
            Self::Registered(agent) => Output::Registered(*agent),
            Self::RegistrationRefused(code, text) => Output::RegistrationRefused(*code, text),
            Self::Left => Output::Left,
            Self::Transmit(datagram) => Output::Transmit(datagram),
        }
    }
}

/// The sooner of two instants, of which either may be none.
fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A generator's seed out of all the entropy there is.
fn fold(entropy: [u8; 32]) -> [u8; 16] {
    core::array::from_fn(|i| entropy[i] ^ entropy[i + 16])
}
