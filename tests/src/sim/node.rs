//! A simulated node: the agent that ships, on a storage and an engine that are data.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use edgerm_agent_core::{Agent, Input, ModuleCheck, Output, StorageError, TaskExit};
use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId, TaskState};
use sha2::{Digest, Sha256};

use super::behaviour::Exit;
use super::hardware::{Build, Flash};
use super::log::Log;
use super::nonces::Nonces;
use super::records::{Done, End, Records};

/// A node of the simulated cluster.
#[derive(Debug)]
pub struct Node {
    /// Where it is in the network.
    pub address: SocketAddr,
    /// How often each task was started, over all boots.
    pub starts: BTreeMap<TaskId, u32>,
    /// Tasks whose ends were written down, and how those were.
    pub ends: BTreeMap<TaskId, TaskState>,
    /// When something was last asked of the storage that it could not do.
    pub unkept_at: Option<Instant>,
    /// When the power went last.
    pub lost_power_at: Option<Instant>,
    build: Build,
    description: Vec<u8>,
    agent: Agent<MAX_TASKS>,
    id: Option<AgentId>,
    modules: BTreeMap<ModuleId, Vec<u8>>,
    /// What was stored last of a module, and from where on.
    stored_last: Option<(ModuleId, usize)>,
    records: Records,
    running: BTreeMap<TaskId, Instant>,
    started: Vec<TaskId>,
    nonces: Nonces,
    is_off: bool,
    /// After how many more outputs the power goes.
    power_for: Option<u32>,
    listens_until: Instant,
    boots: u32,
    log: Log,
}

/// What outlives a reboot of a node; by default, nothing.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    modules: BTreeMap<ModuleId, Vec<u8>>,
    records: Records,
}

impl Node {
    /// A node that boots at `now`.
    ///
    /// # Panics
    ///
    /// Where the name or the description break the rules of the wire.
    pub fn new(build: Build, address: SocketAddr, now: Instant) -> Self {
        let description = build
            .description
            .to_bytes()
            .expect("a description that can be told");
        let mut build = build;
        build.clock.boot(now);
        Self {
            address,
            starts: BTreeMap::new(),
            ends: BTreeMap::new(),
            unkept_at: None,
            lost_power_at: None,
            agent: boot(&build, &description, 0, build.clock.shows(now)),
            build,
            description,
            id: None,
            modules: BTreeMap::new(),
            stored_last: None,
            records: Records::default(),
            running: BTreeMap::new(),
            started: Vec::new(),
            nonces: Nonces::default(),
            is_off: false,
            power_for: None,
            listens_until: now,
            boots: 0,
            log: Log::new(0),
        }
    }

    /// Loses what was kept of tasks and modules, as a flash that is erased does, or has again
    /// what it had before, and boots anew.
    ///
    /// # Panics
    ///
    /// Where the agent does not take up what was written.
    pub fn reboot_with(&mut self, storage: Storage, now: Instant) {
        self.modules = storage.modules;
        self.records = storage.records;
        self.reboot(now);
    }

    /// What is kept of tasks and modules, as it is now: to go back to.
    pub fn storage(&self) -> Storage {
        Storage {
            modules: self.modules.clone(),
            records: self.records.clone(),
        }
    }

    /// Forgets all but the modules and the records, as a reset does, and boots anew.
    ///
    /// # Panics
    ///
    /// Where the agent does not take up what it wrote.
    pub fn reboot(&mut self, now: Instant) {
        let under_way = self.records.under_way();
        let done = if self.build.flash.tears {
            let most = u32::try_from(under_way).unwrap_or(u32::MAX);
            usize::try_from(self.build.flash.draw(most + 1)).unwrap_or(0)
        } else {
            // All or nothing.
            under_way * usize::from(self.boots % 2 == 1)
        };
        self.lose_power(now, done);
        self.boot(now);
    }

    /// The power goes after so many more outputs, in the middle of whatever is done then.
    pub fn lose_power_after(&mut self, outputs: u32) {
        self.power_for = Some(outputs);
    }

    /// Whether it is without power.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// The power is back.
    ///
    /// # Panics
    ///
    /// Where the agent does not take up what it wrote.
    pub fn boot(&mut self, now: Instant) {
        self.boots = self.boots.wrapping_add(1);
        self.is_off = false;
        self.build.clock.boot(now);
        self.listens_until = now;
        self.nonces = Nonces::default();
        self.log = Log::new(self.boots);
        let shown = self.build.clock.shows(now);
        self.agent = boot(&self.build, &self.description, self.boots, shown);
        for (key, record) in self.records.iter() {
            let restored = self.agent.restore(key, record);
            assert_eq!(restored, Ok(()), "{}: record {key}", self.build.name);
        }
    }

    /// Nothing goes wrong with it any more.
    pub fn recover(&mut self) {
        self.power_for = None;
        self.build.flash.recover();
    }

    /// What was started and ended so far is of no interest any more.
    pub fn forget_ends(&mut self) {
        self.starts.clear();
        self.ends.clear();
    }

    fn lose_power(&mut self, now: Instant, done: usize) {
        self.running.clear();
        self.power_for = None;
        self.is_off = true;
        self.lost_power_at = Some(now);
        self.ends.extend(self.records.cut_short(done));
        if self.build.flash.tears
            && let Some((module, from)) = self.stored_last.take()
            && let Some(bytes) = self.modules.get_mut(&module)
        {
            tear(bytes, from, &mut self.build.flash);
        }
    }

    /// Its storage.
    pub const fn flash(&mut self) -> &mut Flash {
        &mut self.build.flash
    }

    /// Tasks that were started since this was asked last.
    pub fn take_started(&mut self) -> Vec<TaskId> {
        std::mem::take(&mut self.started)
    }

    /// Tasks that run.
    pub fn running(&self) -> impl Iterator<Item = TaskId> {
        self.running.keys().copied()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.build.name
    }

    /// What the master calls it, once it does.
    pub fn id(&self) -> Option<AgentId> {
        self.id
    }

    /// Whether nothing is left of any task.
    pub fn is_idle(&self) -> bool {
        self.agent.active_tasks() == 0 && self.running.is_empty()
    }

    /// Records that are kept of tasks.
    pub fn task_records(&self) -> usize {
        let identity = edgerm_agent_core::RecordKey::IDENTITY;
        self.records
            .iter()
            .filter(|(key, _)| *key != identity)
            .count()
    }

    /// Takes a datagram or lets time pass; gives what is to be sent, and when to come back.
    pub fn step(
        &mut self,
        now: Instant,
        datagram: Option<&[u8]>,
    ) -> (Vec<Vec<u8>>, Option<Instant>) {
        let mut sent = Vec::new();
        let deaf = self.build.listens.is_some() && now > self.listens_until;
        let datagram = datagram.filter(|_| !deaf);
        let input = datagram.map_or(Input::Timeout, Input::Datagram);
        self.input(now, input, &mut sent);
        while let Some(done) = self.records.poll_done(now).filter(|_| !self.is_off) {
            let Done {
                key,
                end_of,
                failed,
            } = done;
            self.ends.extend(end_of);
            let input = match failed {
                None => Input::Persisted(key),
                Some(error) => Input::PersistFailed(key, error),
            };
            self.input(now, input, &mut sent);
        }
        while let Some(id) = self
            .running
            .iter()
            .find(|(_, end)| **end <= now)
            .map(|(id, _)| *id)
        {
            self.end(now, id, &mut sent);
        }
        if self.is_off {
            return (sent, None);
        }
        if let Some(listens) = self.build.listens.filter(|_| !sent.is_empty()) {
            self.listens_until = now + listens;
        }
        let output = self.agent.poll_output();
        let Output::Timeout(timeout) = output else {
            panic!("an output was left behind: {output:?}")
        };
        let timeout = timeout.map(|shown| self.build.clock.when(shown));
        (
            sent,
            timeout
                .into_iter()
                .chain(self.records.next_done())
                .chain(self.running.values().copied())
                .min(),
        )
    }

    /// A task has ended by itself.
    fn end(&mut self, now: Instant, id: TaskId, sent: &mut Vec<Vec<u8>>) {
        self.running.remove(&id);
        let behaviour = (self.build.behaviour)(id, self.build.seed);
        self.write(now, id, behaviour.logs);
        let said = id.to_string();
        for _ in 0..behaviour.says {
            self.input(now, Input::TaskOutput(id, said.as_bytes()), sent);
        }
        let exit = match behaviour.exit {
            Exit::Code(code) => TaskExit::Exited(code),
            Exit::Trap => TaskExit::Trapped("unreachable"),
        };
        self.input(now, Input::TaskExited(id, exit), sent);
    }

    /// A task logs so many lines.
    fn write(&mut self, now: Instant, id: TaskId, lines: u8) {
        let shown = self.build.clock.shows(now);
        for _ in 0..lines {
            if self
                .agent
                .handle_input(shown, Input::TaskLogged(id))
                .is_ok()
            {
                self.log.write(id, |id| self.agent.has_task(id));
            }
        }
    }

    /// Gives the agent an input and does all it wants done, which gives it more.
    fn input(&mut self, now: Instant, input: Input<'_>, sent: &mut Vec<Vec<u8>>) {
        if self.is_off {
            return;
        }
        let shown = self.build.clock.shows(now);
        let mut answers = VecDeque::new();
        let mut ending = ending(&input);
        // An engine's news of a task that was killed in the same instant is refused.
        let _refused = self.agent.handle_input(shown, input);
        loop {
            let output = self.agent.poll_output();
            if !matches!(output, Output::Timeout(_))
                && let Some(outputs) = &mut self.power_for
            {
                let Some(left) = outputs.checked_sub(1) else {
                    let under_way = u32::try_from(self.records.under_way()).unwrap_or(0);
                    let done = self.build.flash.draw(under_way + 1);
                    return self.lose_power(now, usize::try_from(done).unwrap_or(0));
                };
                *outputs = left;
            }
            match output {
                Output::Transmit(bytes) => {
                    self.nonces.check(&self.build.name, bytes);
                    sent.push(bytes.to_vec());
                }
                Output::CheckModule(module, size) => {
                    answers.push_back(Answer::Checked(
                        module,
                        check(&mut self.modules, module, size),
                    ));
                }
                Output::StoreBlock(module, offset, bytes) => {
                    if let Some(error) = self.build.flash.trouble(now) {
                        answers.push_back(Answer::Unstored(module, error));
                        continue;
                    }
                    let from = usize::try_from(offset).unwrap_or(usize::MAX);
                    let stored = self.modules.entry(module).or_default();
                    stored.truncate(from);
                    stored.extend_from_slice(bytes);
                    self.stored_last = Some((module, from));
                    answers.push_back(Answer::Stored(module));
                }
                Output::StartTask(id) => {
                    *self.starts.entry(id).or_default() += 1;
                    self.started.push(id);
                    let name = &self.build.name;
                    assert!(!self.ends.contains_key(&id), "{name}: {id} had ended");
                    let behaviour = (self.build.behaviour)(id, self.build.seed);
                    // For ever, where it is to be told to end.
                    let for_ever = Instant::from_millis(u64::MAX);
                    let end = behaviour.runs_for.map_or(for_ever, |time| now + time);
                    let before = self.running.insert(id, end);
                    assert_eq!(before, None, "{name}: {id} runs already");
                    answers.push_back(Answer::Started(id));
                }
                Output::StopTask(id, _) => {
                    self.running.remove(&id);
                    answers.push_back(Answer::Killed(id));
                }
                Output::TaskMessage(id, _) => answers.push_back(Answer::Taken(id)),
                Output::Registered(id) => self.id = Some(id),
                Output::Persist(key, record) => {
                    let record = record.to_vec();
                    let how = (self.build.flash.takes(), self.build.flash.trouble(now));
                    self.unkept_at = how.1.map(|_| now).or(self.unkept_at);
                    self.records.ask(now, (key, Some(record)), ending, how);
                }
                Output::Erase(key) => {
                    let how = (self.build.flash.takes(), self.build.flash.trouble(now));
                    self.unkept_at = how.1.map(|_| now).or(self.unkept_at);
                    self.records.ask(now, (key, None), None, how);
                }
                Output::InspectTask(id, after) => answers.push_back(Answer::Inspected(id, after)),
                Output::OutputTaken(_)
                | Output::TaskLog(..)
                | Output::RegistrationRefused(..)
                | Output::Left => {}
                Output::Timeout(_) => match answers.pop_front() {
                    Some(Answer::Inspected(id, after)) => {
                        ending = None;
                        let mut buffer = [0; 512];
                        let is_here = |id| self.agent.has_task(id);
                        let told = self.log.inspect(id, is_here, after, &mut buffer);
                        let _refused = self.agent.handle_input(shown, Input::Inspected(id, told));
                    }
                    Some(answer) => {
                        let input = answer.as_input();
                        ending = self::ending(&input);
                        let _refused = self.agent.handle_input(shown, input);
                        if let Answer::Started(id) = answer {
                            let behaviour = (self.build.behaviour)(id, self.build.seed);
                            self.write(now, id, behaviour.logs);
                        }
                    }
                    None => return,
                },
            }
        }
    }
}

/// What the storage or the engine answers.
enum Answer {
    Checked(ModuleId, ModuleCheck),
    Stored(ModuleId),
    Unstored(ModuleId, StorageError),
    Started(TaskId),
    Killed(TaskId),
    Taken(TaskId),
    /// What there is of a task after this line.
    Inspected(TaskId, Option<u32>),
}

impl Answer {
    fn as_input(&self) -> Input<'static> {
        match *self {
            Self::Checked(module, check) => Input::ModuleChecked(module, check),
            Self::Stored(module) => Input::BlockStored(module),
            Self::Unstored(module, error) => Input::StorageFailed(module, error),
            Self::Started(id) => Input::TaskStarted(id),
            Self::Killed(id) => Input::TaskExited(id, TaskExit::Killed),
            Self::Taken(id) => Input::MessageTaken(id, true),
            Self::Inspected(id, _) => Input::Inspected(id, None),
        }
    }
}

/// The task that has ended with this: what is written next is its end.
const fn ending(input: &Input<'_>) -> Option<End> {
    if let Input::TaskExited(id, exit) = input {
        let state = match exit {
            TaskExit::Exited(0) => TaskState::Completed,
            TaskExit::Exited(_) | TaskExit::Trapped(_) => TaskState::Errored,
            TaskExit::Killed => TaskState::Killed,
        };
        Some((*id, state))
    } else {
        None
    }
}

fn boot(build: &Build, description: &[u8], boots: u32, shown: Instant) -> Agent<MAX_TASKS> {
    // Entropy that is another for each node and each boot, and the same in each run.
    let Build { name, seed, .. } = build;
    let entropy = Sha256::digest(format!("{seed} {name} {boots}")).into();
    let credential = Some(build.credential.clone());
    let agent = Agent::new(name, description, build.config, credential, entropy, shown);
    agent.expect("a valid name and description")
}

/// What was written last of a module is cut off somewhere, or wrong.
fn tear(bytes: &mut Vec<u8>, from: usize, flash: &mut Flash) {
    let length = bytes.len().saturating_sub(from);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let at = from + usize::try_from(flash.draw(length.max(1))).unwrap_or(0);
    match flash.draw(3) {
        0 => bytes.truncate(at),
        1 => bytes.iter_mut().skip(at).for_each(|byte| *byte ^= 0xff),
        _ => {}
    }
}

fn check(modules: &mut BTreeMap<ModuleId, Vec<u8>>, module: ModuleId, size: u32) -> ModuleCheck {
    let Some(bytes) = modules.get(&module) else {
        return ModuleCheck::Partial(0);
    };
    if bytes.len() as u64 != u64::from(size) {
        return ModuleCheck::Partial(u32::try_from(bytes.len()).unwrap_or(0));
    }
    if Sha256::digest(bytes)[..] == module.0 {
        return ModuleCheck::Verified;
    }
    modules.remove(&module);
    ModuleCheck::Corrupt
}
