//! A simulated node: the agent that ships, on a storage and an engine that are data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use edgerm_agent_core::{Agent, Config, Input, ModuleCheck, Output, TaskExit};
use edgerm_coap::oscore::Credential;
use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::owned::Description;
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId};
use sha2::{Digest, Sha256};

use super::records::Records;

/// How long each task runs before it exits with 0, having emitted its id.
pub const TASK_RUNS_FOR: Duration = Duration::from_millis(500);

/// A node of the simulated cluster.
#[derive(Debug)]
pub struct Node {
    /// Where it is in the network.
    pub address: SocketAddr,
    /// How often each task was started, over all boots.
    pub starts: BTreeMap<TaskId, u32>,
    /// Tasks whose ends were written down.
    pub ends: BTreeSet<TaskId>,
    name: String,
    description: Vec<u8>,
    config: Config,
    credential: Credential,
    seed: u64,
    agent: Agent<MAX_TASKS>,
    id: Option<AgentId>,
    modules: BTreeMap<ModuleId, Vec<u8>>,
    records: Records,
    running: BTreeMap<TaskId, Instant>,
    started: Vec<TaskId>,
    boots: u32,
}

/// What outlives a reboot of a node; by default, nothing.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    modules: BTreeMap<ModuleId, Vec<u8>>,
    records: Records,
}

impl Node {
    /// A node that boots at `now`, with this credential and entropy that follows from a seed.
    ///
    /// # Panics
    ///
    /// Where the name or the description break the rules of the wire.
    pub fn new(
        name: &str,
        address: SocketAddr,
        description: &Description,
        config: Config,
        (credential, seed): (Credential, u64),
        now: Instant,
    ) -> Self {
        let description = description
            .to_bytes()
            .expect("a description that can be told");
        Self {
            address,
            starts: BTreeMap::new(),
            ends: BTreeSet::new(),
            agent: boot(name, &description, config, &credential, (seed, 0), now),
            name: name.to_owned(),
            description,
            config,
            credential,
            seed,
            id: None,
            modules: BTreeMap::new(),
            records: Records::default(),
            running: BTreeMap::new(),
            started: Vec::new(),
            boots: 0,
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
        self.boots = self.boots.wrapping_add(1);
        self.running.clear();
        self.records.cut_short(self.boots.is_multiple_of(2));
        self.agent = boot(
            &self.name,
            &self.description,
            self.config,
            &self.credential,
            (self.seed, self.boots),
            now,
        );
        for (key, record) in self.records.iter() {
            let restored = self.agent.restore(key, record);
            assert_eq!(restored, Ok(()), "{}: record {key}", self.name);
        }
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
        &self.name
    }

    /// What the master calls it, once it does.
    pub fn id(&self) -> Option<AgentId> {
        self.id
    }

    /// Whether nothing is left of any task.
    pub fn is_idle(&self) -> bool {
        self.agent.active_tasks() == 0 && self.running.is_empty()
    }

    /// Takes a datagram or lets time pass; gives what is to be sent, and when to come back.
    pub fn step(
        &mut self,
        now: Instant,
        datagram: Option<&[u8]>,
    ) -> (Vec<Vec<u8>>, Option<Instant>) {
        let mut sent = Vec::new();
        self.input(
            now,
            datagram.map_or(Input::Timeout, Input::Datagram),
            &mut sent,
        );
        while let Some((key, end_of)) = self.records.poll_done(now) {
            self.ends.extend(end_of);
            self.input(now, Input::Persisted(key), &mut sent);
        }
        while let Some(id) = self
            .running
            .iter()
            .find(|(_, end)| **end <= now)
            .map(|(id, _)| *id)
        {
            self.running.remove(&id);
            self.input(
                now,
                Input::TaskOutput(id, None, id.to_string().as_bytes()),
                &mut sent,
            );
            self.input(now, Input::TaskExited(id, TaskExit::Exited(0)), &mut sent);
        }
        let output = self.agent.poll_output();
        let Output::Timeout(timeout) = output else {
            panic!("an output was left behind: {output:?}")
        };
        (
            sent,
            timeout
                .into_iter()
                .chain(self.records.next_done())
                .chain(self.running.values().copied())
                .min(),
        )
    }

    /// Gives the agent an input and does all it wants done, which gives it more.
    fn input(&mut self, now: Instant, input: Input<'_>, sent: &mut Vec<Vec<u8>>) {
        let mut answers = VecDeque::new();
        let mut ending = ending(&input);
        // An engine's news of a task that was killed in the same instant is refused.
        let _refused = self.agent.handle_input(now, input);
        loop {
            match self.agent.poll_output() {
                Output::Transmit(bytes) => sent.push(bytes.to_vec()),
                Output::CheckModule(module, size) => {
                    answers.push_back(Answer::Checked(
                        module,
                        check(&mut self.modules, module, size),
                    ));
                }
                Output::StoreBlock(module, offset, bytes) => {
                    let stored = self.modules.entry(module).or_default();
                    stored.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
                    stored.extend_from_slice(bytes);
                    answers.push_back(Answer::Stored(module));
                }
                Output::StartTask(id) => {
                    *self.starts.entry(id).or_default() += 1;
                    self.started.push(id);
                    assert!(!self.ends.contains(&id), "{}: {id} had ended", self.name);
                    let before = self.running.insert(id, now + TASK_RUNS_FOR);
                    assert_eq!(before, None, "{}: {id} runs already", self.name);
                    answers.push_back(Answer::Started(id));
                }
                Output::StopTask(id, _) => {
                    self.running.remove(&id);
                    answers.push_back(Answer::Killed(id));
                }
                Output::TaskMessage(id, _) => answers.push_back(Answer::Taken(id)),
                Output::Registered(id) => self.id = Some(id),
                Output::Persist(key, record) => {
                    self.records.ask(now, key, Some(record.to_vec()), ending);
                }
                Output::Erase(key) => self.records.ask(now, key, None, None),
                Output::OutputTaken(_) | Output::RegistrationRefused(..) | Output::Left => {}
                Output::Timeout(_) => match answers.pop_front() {
                    Some(answer) => {
                        let input = answer.as_input();
                        ending = self::ending(&input);
                        let _refused = self.agent.handle_input(now, input);
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
    Started(TaskId),
    Killed(TaskId),
    Taken(TaskId),
}

impl Answer {
    fn as_input(&self) -> Input<'static> {
        match *self {
            Self::Checked(module, check) => Input::ModuleChecked(module, check),
            Self::Stored(module) => Input::BlockStored(module),
            Self::Started(id) => Input::TaskStarted(id),
            Self::Killed(id) => Input::TaskExited(id, TaskExit::Killed),
            Self::Taken(id) => Input::MessageTaken(id, true),
        }
    }
}

/// The task that has ended with this: what is written next is its end.
fn ending(input: &Input<'_>) -> Option<TaskId> {
    if let Input::TaskExited(id, _) = input {
        Some(*id)
    } else {
        None
    }
}

fn boot(
    name: &str,
    description: &[u8],
    config: Config,
    credential: &Credential,
    (seed, boots): (u64, u32),
    now: Instant,
) -> Agent<MAX_TASKS> {
    // Entropy that is another for each node and each boot, and the same in each run.
    let entropy = Sha256::digest(format!("{seed} {name} {boots}")).into();
    let credential = Some(credential.clone());
    let agent = Agent::new(name, description, config, credential, entropy, now);
    agent.expect("a valid name and description")
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
