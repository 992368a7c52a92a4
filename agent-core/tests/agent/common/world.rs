//! An agent and all that is around it, driven to the next thing that happens.

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_agent_core::{
    Agent, Config, Input, InputError, Output, RecordError, RecordKey, Reports, TaskExit, Usage,
};
use edgerm_coap::Code;
use edgerm_coap::oscore::Credential;
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId, TaskState};

use super::link::To;
use super::{Ask, Executor, LaunchSpec, Link, Master, Network, Records, Storage, TASKS};
use super::{config, credential, description, keeping, module};

/// What the agent told its driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Registered(AgentId),
    Refused(Code, String),
    OutputTaken(TaskId),
    Left,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) agent: Agent<TASKS>,
    pub(crate) master: Master,
    pub(crate) storage: Storage,
    pub(crate) records: Records,
    pub(crate) executor: Executor,
    pub(crate) link: Link,
    pub(crate) reports: Reports,
    /// Lines that the agent wants kept.
    lines: Vec<(TaskId, String)>,
    pub(crate) happened: Vec<(Instant, Happened)>,
    deadline: Option<Instant>,
    boots: u8,
    /// Steps since the clock moved last.
    steps: u32,
    /// What the storage and the executor answer next.
    inputs: VecDeque<Input<'static>>,
}

impl World {
    /// An agent that was just made, on a link that works.
    pub(crate) fn new() -> Self {
        Self::with(config(), Network::default(), 1)
    }

    /// An agent that the master knows.
    pub(crate) fn registered() -> Self {
        let mut world = Self::new();
        world.run_until(|world| world.agent.id().is_some());
        world
    }

    /// An agent with one task that runs, and was told to.
    pub(crate) fn running(id: TaskId) -> Self {
        let mut world = Self::registered();
        world.launch(id, 1000);
        world.run_until(|world| world.master.state(id) == Some(TaskState::Running));
        world
    }

    pub(crate) fn with(config: Config, network: Network, seed: u64) -> Self {
        Self::describing(&description(0), config, network, seed)
    }

    pub(crate) fn describing(
        description: &[u8],
        config: Config,
        network: Network,
        seed: u64,
    ) -> Self {
        let now = Instant::from_millis(0);
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&seed.to_be_bytes());
        let agent = Agent::new("node", description, config, None, entropy, now);
        let agent = agent.expect("a name and a description");
        Self::of(now, agent, Master::new(seed), network, seed)
    }

    /// An agent with a credential, that its master knows too.
    pub(crate) fn secured(network: Network, seed: u64) -> Self {
        Self::proving(credential(), credential(), network, seed)
    }

    /// An agent and a master that each have a credential.
    pub(crate) fn proving(
        agents: Credential,
        masters: Credential,
        network: Network,
        seed: u64,
    ) -> Self {
        let now = Instant::from_millis(0);
        let (description, agents) = (description(0), Some(agents));
        let agent = Agent::new("node", &description, config(), agents, [0xa0; 32], now);
        let agent = agent.expect("a name and a description");
        Self::of(now, agent, Master::secured(seed, masters), network, seed)
    }

    fn of(now: Instant, agent: Agent<TASKS>, master: Master, network: Network, seed: u64) -> Self {
        let mut world = Self {
            now,
            agent,
            master,
            storage: Storage::default(),
            records: Records::default(),
            executor: Executor::default(),
            link: Link::new(network, seed),
            reports: Reports::new(TASKS, 300),
            lines: Vec::new(),
            happened: Vec::new(),
            deadline: None,
            boots: 0,
            steps: 0,
            inputs: VecDeque::new(),
        };
        world.drain();
        world
    }

    /// An agent that keeps records, registered, with one task that runs and is to start again
    /// after a reboot.
    pub(crate) fn keeping(id: TaskId) -> Self {
        let mut world = Self::with(keeping(), Network::default(), 1);
        world.run_until(|world| world.agent.id().is_some());
        world.launch_to_restart(id);
        world.run_until(|world| world.master.state(id) == Some(TaskState::Running));
        world
    }

    /// The power goes and comes back: the storage has what it had, and nothing else is left.
    pub(crate) fn reboot(&mut self) -> Vec<(RecordKey, RecordError)> {
        self.reboot_as("node")
    }

    /// The same, under this name.
    pub(crate) fn reboot_as(&mut self, name: &str) -> Vec<(RecordKey, RecordError)> {
        self.boots += 1;
        let mut entropy = [self.boots; 32];
        entropy[0] = 0xb0;
        let agent = Agent::new(name, &description(0), keeping(), None, entropy, self.now);
        self.agent = agent.expect("a name and a description");
        self.executor = Executor::default();
        self.inputs.clear();
        self.records.on_reboot();
        let mut dropped = Vec::new();
        for (key, record) in self.records.kept.clone() {
            if let Err(error) = self.agent.restore(key, &record) {
                dropped.push((key, error));
            }
        }
        self.drain();
        dropped
    }

    /// Gives the agent an input, and does what it wants done.
    pub(crate) fn input(&mut self, input: Input<'_>) -> Result<(), InputError> {
        let result = self.agent.handle_input(self.now, input);
        self.drain();
        if result.is_ok() {
            let waits = self.deadline.is_none_or(|deadline| deadline > self.now);
            assert!(waits, "a deadline that has passed: {:?}", self.agent);
        }
        result
    }

    /// The next thing to happen, no later than `until`; false once there is none.
    pub(crate) fn step(&mut self, until: Instant) -> bool {
        self.transmit_masters();
        self.steps += 1;
        assert!(self.steps < 10_000, "it goes in circles: {:?}", self.agent);
        if let Some(input) = self.inputs.pop_front() {
            // A task may have ended while something of it was on its way.
            let _late = self.input(input);
            return true;
        }
        let arrival = self.link.next_arrival();
        let next = [arrival, self.deadline, self.master.poll_timeout()];
        let Some(next) = next.into_iter().flatten().min() else {
            return false;
        };
        if next > until {
            return false;
        }
        if next > self.now {
            self.now = next;
            self.steps = 0;
        }
        if arrival == Some(next) {
            match self.link.deliver() {
                Some((To::Agent, datagram)) => {
                    self.input(Input::Datagram(&datagram)).expect("no error");
                }
                Some((To::Master, datagram)) => self.master.on_datagram(self.now, &datagram),
                None => {}
            }
        } else if self.deadline == Some(next) {
            self.input(Input::Timeout).expect("no error");
        } else {
            self.master.on_timeout(self.now);
        }
        true
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.step(until) {}
        self.now = until;
        self.steps = 0;
    }

    /// Runs until `condition` holds, an hour of virtual time at most.
    #[track_caller]
    pub(crate) fn run_until(&mut self, condition: impl Fn(&Self) -> bool) {
        let until = self.now + Duration::from_secs(3600);
        while !condition(self) {
            assert!(self.step(until), "it never happened: {self:#?}");
        }
    }

    /// Asks the agent something as the master, and waits for the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, ask: Ask) -> (Code, String) {
        let before = self.master.answers.len();
        self.master.ask(ask);
        self.run_until(|world| world.master.answers.len() > before);
        let answer = self.master.answers.last().expect("the answer");
        (answer.code.expect("no silence"), answer.diagnostic.clone())
    }

    /// Launches a task with a module of so many bytes, which the master then has.
    #[track_caller]
    pub(crate) fn launch(&mut self, id: TaskId, length: usize) -> ModuleId {
        let (module, bytes) = module(length);
        self.master.add_module(module, bytes);
        let launch = LaunchSpec::new(id, module, length);
        assert_eq!(self.ask(Ask::Launch(launch)).0, Code::CHANGED);
        module
    }

    /// Launches a task that is to start again after a reboot.
    #[track_caller]
    pub(crate) fn launch_to_restart(&mut self, id: TaskId) {
        let (module, bytes) = module(1000);
        self.master.add_module(module, bytes);
        let launch = LaunchSpec {
            restart: true,
            ..LaunchSpec::new(id, module, 1000)
        };
        assert_eq!(self.ask(Ask::Launch(launch)).0, Code::CHANGED);
    }

    /// The task ends by itself.
    pub(crate) fn exit(&mut self, id: TaskId, exit: TaskExit<'_>) -> Result<(), InputError> {
        self.executor.running.remove(&id);
        self.input(Input::TaskExited(id, exit))
    }

    pub(crate) fn emit(&mut self, id: TaskId, payload: &[u8]) -> Result<(), InputError> {
        self.input(Input::TaskOutput(id, payload))
    }

    /// The task logs a line.
    pub(crate) fn log(&mut self, id: TaskId, line: &str) -> Result<(), InputError> {
        self.input(Input::TaskLogged(id))?;
        self.keep_line(id, LogLevel::Info, line);
        Ok(())
    }

    /// What the task uses, as its driver finds out.
    pub(crate) fn used(&mut self, id: TaskId, usage: Usage) {
        let is_here = |id| self.agent.has_task(id);
        self.reports.used(id, is_here, usage);
    }

    pub(crate) fn has(&self, happened: &Happened) -> bool {
        self.happened.iter().any(|(_, other)| other == happened)
    }

    fn drain(&mut self) {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(datagram) => self.link.send(self.now, To::Master, datagram),
                Output::CheckModule(module, size) => {
                    self.inputs.extend(self.storage.check(module, size));
                }
                Output::StoreBlock(module, offset, block) => {
                    self.inputs
                        .extend(self.storage.store(module, offset, block));
                }
                Output::Persist(key, record) => {
                    self.inputs.extend(self.records.persist(key, record));
                }
                Output::Erase(key) => self.inputs.extend(self.records.erase(key)),
                Output::StartTask(id) => self.inputs.extend(self.executor.start(id)),
                Output::StopTask(id, reason) => {
                    self.inputs.extend(self.executor.stop(id, reason));
                }
                Output::TaskMessage(id, payload) => {
                    self.inputs.extend(self.executor.message(id, payload));
                }
                Output::TaskLog(id, line) => self.lines.push((id, line.to_owned())),
                Output::InspectTask(id, after) => {
                    let mut buffer = [0; 512];
                    let is_here = |id| self.agent.has_task(id);
                    let told = self.reports.inspect(id, is_here, after, 256, &mut buffer);
                    let told = self
                        .agent
                        .handle_input(self.now, Input::Inspected(id, told));
                    told.expect("it was asked");
                }
                Output::OutputTaken(id) => self.note(Happened::OutputTaken(id)),
                Output::Registered(agent) => self.note(Happened::Registered(agent)),
                Output::RegistrationRefused(code, text) => {
                    let refused = Happened::Refused(code, text.to_owned());
                    self.note(refused);
                }
                Output::Left => self.note(Happened::Left),
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    break;
                }
            }
        }
        for (id, line) in std::mem::take(&mut self.lines) {
            self.keep_line(id, LogLevel::Error, &line);
        }
    }

    fn keep_line(&mut self, id: TaskId, level: LogLevel, line: &str) {
        let is_here = |id| self.agent.has_task(id);
        self.reports.log(id, is_here, level, line.as_bytes());
    }

    fn note(&mut self, happened: Happened) {
        self.happened.push((self.now, happened));
    }

    fn transmit_masters(&mut self) {
        while let Some(datagram) = self.master.poll_transmit(self.now) {
            self.link.send(self.now, To::Agent, &datagram);
        }
    }
}
