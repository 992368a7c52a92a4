//! One node: the agent that ships, with a storage and an engine that are data, and at the far
//! end of its datagrams the endpoint that ships.

use std::collections::{BTreeMap, VecDeque};

use edgerm_agent_core::{Agent, Input, InputError, ModuleCheck, Output, RecordKey, TaskExit};
use edgerm_coap::{Endpoint, Event, Plain, Request, RequestId, Response};
use edgerm_protocol::{Instant, SessionId, TaskId, TaskState};

use super::cluster::{Cluster, PLACES};
use super::message::{Message, MessageId, Messages};

/// What outlives a reboot.
pub(super) type Disk = BTreeMap<RecordKey, Vec<u8>>;

/// Something that happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NodeInput {
    /// It boots.
    Boot,
    /// It loses all but its disk, to which so many of the writes that are asked have come.
    Crash(u8),
    /// The master answers its request.
    Answer(MessageId),
    /// The master asks.
    Ask(MessageId),
    /// Its next deadline has come.
    Timeout,
    /// The engine has started this task.
    Started(TaskId),
    /// This task has exited by itself.
    Exited(TaskId),
    /// The engine has ended this task.
    Killed(TaskId),
    /// The next write is done.
    Written,
}

/// A task as the engine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Run {
    pub(super) started: bool,
    pub(super) told_to_stop: bool,
}

/// What a node did upon an input.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Its request to the master.
    pub(super) ask: Option<Message>,
    /// Its answer to the master's.
    pub(super) reply: Option<Message>,
    /// Tasks that its engine is told to start.
    pub(super) starts: Vec<TaskId>,
    /// What it should not have done.
    pub(super) fault: Option<String>,
}

/// See the module.
pub(super) struct Node {
    pub(super) node: usize,
    pub(super) boots: u32,
    pub(super) disk: Disk,
    pub(super) engine: BTreeMap<TaskId, Run>,
    pub(super) writes: VecDeque<(RecordKey, Option<Vec<u8>>)>,
    agent: Option<Agent<PLACES>>,
    far: Endpoint<Plain>,
    /// The agent's request that the far end has not answered.
    asked: Option<RequestId>,
    now: Instant,
    deadline: Option<Instant>,
}

impl Node {
    /// A node that is off.
    pub(super) fn off(node: usize, boots: u32, disk: Disk) -> Self {
        let config = edgerm_coap::Config {
            pending: usize::MAX,
            ..edgerm_coap::Config::default()
        };
        Self {
            node,
            boots,
            disk,
            engine: BTreeMap::new(),
            writes: VecDeque::new(),
            agent: None,
            far: Endpoint::new(config, Plain, 1),
            asked: None,
            now: Instant::from_millis(0),
            deadline: None,
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.agent.is_some()
    }

    /// Whether it waits for an answer of the master's.
    pub(super) fn is_asking(&self) -> bool {
        self.agent.as_ref().is_some_and(Agent::is_asking)
    }

    pub(super) const fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.agent.as_ref().and_then(Agent::session)
    }

    /// Every task that the agent knows, in its state and with the one that the master knows.
    pub(super) fn known(&self) -> Vec<(TaskId, TaskState, TaskState)> {
        self.agent.iter().flat_map(Agent::known_tasks).collect()
    }

    /// All that decides its future.
    pub(super) fn canonical(&self) -> String {
        let Self {
            node,
            boots,
            disk,
            engine,
            writes,
            agent,
            far: _,
            asked: _,
            now,
            deadline: _,
        } = self;
        let agent = agent.as_ref().map(|agent| agent.canonical(*now));
        format!("{node} {boots} {disk:?} {engine:?} {writes:?} {agent:?}")
    }

    pub(super) fn handle(&mut self, input: NodeInput, messages: &Messages) -> Done {
        let mut done = Done::default();
        match input {
            NodeInput::Boot => self.boot(&mut done),
            NodeInput::Crash(written) => {
                let written = self.writes.drain(..usize::from(written));
                for (key, record) in written.collect::<Vec<_>>() {
                    self.write(key, record);
                }
                *self = Self::off(self.node, self.boots, std::mem::take(&mut self.disk));
            }
            NodeInput::Answer(message) => self.answer(messages.get(message), &mut done),
            NodeInput::Ask(message) => self.ask(messages.get(message), &mut done),
            NodeInput::Timeout => {
                self.now = self.deadline.unwrap_or(self.now).max(self.now);
                self.feed(Input::Timeout, &mut done);
            }
            NodeInput::Started(task) => {
                self.engine.entry(task).or_default().started = true;
                self.feed(Input::TaskStarted(task), &mut done);
            }
            NodeInput::Exited(task) => {
                self.engine.remove(&task);
                self.feed(Input::TaskExited(task, TaskExit::Exited(0)), &mut done);
            }
            NodeInput::Killed(task) => {
                self.engine.remove(&task);
                self.feed(Input::TaskExited(task, TaskExit::Killed), &mut done);
            }
            NodeInput::Written => {
                if let Some((key, record)) = self.writes.pop_front() {
                    self.write(key, record);
                    self.feed(Input::Persisted(key), &mut done);
                }
            }
        }
        done
    }

    fn write(&mut self, key: RecordKey, record: Option<Vec<u8>>) {
        match record {
            Some(record) => self.disk.insert(key, record),
            None => self.disk.remove(&key),
        };
    }

    fn boot(&mut self, done: &mut Done) {
        self.boots += 1;
        let mut entropy = [0; 32];
        entropy[0] = u8::try_from(self.node).expect("few nodes");
        entropy[4..8].copy_from_slice(&self.boots.to_be_bytes());
        let description = Cluster::description(self.node).to_bytes();
        let mut agent = Agent::new(
            Cluster::node_name(self.node),
            &description.expect("a description that can be told"),
            Cluster::agent_config(self.node),
            None,
            entropy,
            self.now,
        )
        .expect("a valid name and description");
        for (key, record) in &self.disk {
            if let Err(error) = agent.restore(*key, record) {
                done.fault = Some(format!("a record is not taken up: {error}"));
            }
        }
        self.agent = Some(agent);
        self.feed(Input::Timeout, done);
    }

    fn answer(&mut self, message: &Message, done: &mut Done) {
        let (Message::Response { code, body }, Some(asked)) = (message, self.asked.take()) else {
            return;
        };
        let response = Response::with_payload(*code, body);
        let sent = self.far.respond(self.now, asked, &response);
        sent.expect("an answer to what was asked");
        let datagram = self.far.poll_transmit().expect("the answer");
        self.feed(Input::Datagram(&datagram), done);
    }

    fn ask(&mut self, message: &Message, done: &mut Done) {
        let Message::Request { path, body } = message else {
            return;
        };
        let path = [path.as_str()];
        let request = Request::post_cbor(&path, body);
        let sent = self.far.request(self.now, &request);
        sent.expect("one request at a time");
        let datagram = self.far.poll_transmit().expect("the request");
        self.feed(Input::Datagram(&datagram), done);
        if self.far.is_busy() {
            done.fault = Some("a request of the master's is not answered".into());
            self.far.cancel();
        }
    }

    /// Gives the agent an input and does what it wants done at once: modules are there, what it
    /// says is heard. The engine and the storage take their time.
    fn feed(&mut self, input: Input<'_>, done: &mut Done) {
        let Some(agent) = &mut self.agent else {
            return;
        };
        let taken = agent.handle_input(self.now, input);
        note(taken, done);
        loop {
            match agent.poll_output() {
                Output::Transmit(datagram) => match self.far.handle_datagram(self.now, datagram) {
                    Ok(Event::Request(id, request)) => {
                        self.asked = Some(id);
                        let (path, body) = (request.path().to_owned(), request.payload);
                        done.ask = Some(Message::Request { path, body });
                    }
                    Ok(Event::Response(_, response)) => {
                        let (code, body) = (response.code, response.payload);
                        done.reply = Some(Message::Response { code, body });
                    }
                    other => done.fault = Some(format!("the far end had {other:?}")),
                },
                Output::CheckModule(module, _) => {
                    let verified = Input::ModuleChecked(module, ModuleCheck::Verified);
                    let taken = agent.handle_input(self.now, verified);
                    note(taken, done);
                }
                Output::StartTask(task) => {
                    done.starts.push(task);
                    if self.engine.insert(task, Run::default()).is_some() {
                        done.fault = Some(format!("task {task} runs twice at once"));
                    }
                }
                Output::StopTask(task, _) => {
                    self.engine.entry(task).or_default().told_to_stop = true;
                }
                Output::Persist(key, record) => {
                    self.writes.push_back((key, Some(record.to_vec())));
                }
                Output::Erase(key) => self.writes.push_back((key, None)),
                Output::StoreBlock(..) | Output::TaskMessage(..) => {
                    done.fault = Some("the agent wants what nobody gave it cause for".into());
                }
                Output::OutputTaken(_)
                | Output::TaskLog(..)
                | Output::InspectTask(..)
                | Output::Registered(_)
                | Output::RegistrationRefused(..)
                | Output::Left => {}
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }
}

fn note(taken: Result<(), InputError>, done: &mut Done) {
    if let Err(error) = taken {
        done.fault = Some(format!("the agent did not expect an input: {error}"));
    }
}
