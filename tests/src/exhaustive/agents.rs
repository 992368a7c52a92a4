//! What agents ask of the master, what they are asked, and what they answer.

use edgerm_coap::Code;
use edgerm_master::launch::encode_launch;
use edgerm_master::ledger::{Change, check_description, is_for_later};
use edgerm_protocol::api::AgentState;
use edgerm_protocol::codec::{Encode, List};
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Kill, Ping, Register, Registered, StatusUpdate, path};
use edgerm_protocol::owned::Description;
use edgerm_protocol::{SessionId, TaskId, TaskState, decode, encode};

use super::cluster::NODES;
use super::message::Message;
use super::record::{Record, Told};
use super::waiting::{Command, Waiting};

impl Record {
    pub(super) fn request(&mut self, node: usize, message: &Message, told: &mut Told) {
        let Message::Request { path, body } = message else {
            return;
        };
        let (code, body) = match path.as_str() {
            path::REGISTER => (Code::CREATED, self.register(node, body, told)),
            path::PING => match self.ping(node, body) {
                Some(pong) => (Code::CHANGED, pong),
                None => (Code::UNAUTHORIZED, Vec::new()),
            },
            other => {
                told.fault = Some(format!("an agent asks for {other}"));
                return;
            }
        };
        told.answer = Some(Message::Response { code, body });
        self.ask_next(node, told);
    }

    fn register(&mut self, node: usize, body: &[u8], told: &mut Told) -> Vec<u8> {
        let register: Register<'_> = decode(body).expect("an agent's registration");
        let name = register.name.as_str();
        self.sessions[node] += 1;
        let of_node = u32::try_from(node).expect("few nodes") << 8;
        let session = SessionId(of_node | self.sessions[node]);
        let (boot, period) = (register.boot, register.ping_period);
        let registered =
            self.ledger
                .register_agent(name.into(), boot, period, session, None, NODES);
        let (agent, changes) = registered.expect("a registration that is in order");
        self.apply_all(changes);
        self.links[node] = Waiting::default();
        told.cut[node] = true;
        let description = register.description.expect("a short description");
        let description = EncodedDescription::new(description).expect("a description");
        let description = Description::try_from(description).expect("a description");
        check_description(&description).expect("the standard types");
        let changes = self.ledger.describe_agent(
            self.ledger.agent(agent).expect("it was registered"),
            description,
        );
        self.apply_all(changes);
        let outcome = self.ledger.reconcile(agent, &register.tasks);
        told.fault = self.forgotten(&outcome.changes);
        self.apply_all(outcome.changes);
        for task in outcome.launch {
            self.links[node].push(Command::Launch(task));
        }
        for task in outcome.kill {
            self.links[node].push(Command::Kill(task));
        }
        encoded(&Registered {
            agent,
            session,
            unwanted: List::from_first(outcome.unwanted),
        })
    }

    /// A task that starts again after a reboot and was told to run is not forgotten by its agent.
    fn forgotten(&self, changes: &[Change]) -> Option<String> {
        changes.iter().find_map(|change| {
            let Change::TaskMoved { task, state, .. } = change else {
                return None;
            };
            let task = self.ledger.task(*task)?;
            let is_kept = task.restart.is_after_reboot() && task.state == TaskState::Running;
            (is_kept && *state == TaskState::Lost)
                .then(|| format!("task {} says restart, ran, and is LOST", task.id))
        })
    }

    fn ping(&mut self, node: usize, body: &[u8]) -> Option<Vec<u8>> {
        let ping: Ping<'_> = decode(body).expect("an agent's ping");
        let agent = self.ledger.session(ping.session)?;
        let (agent, is_unreachable) = (agent.id, agent.state == AgentState::Unreachable);
        self.links[node].held = false;
        if is_unreachable {
            self.apply(&Change::AgentReachable(agent));
        }
        let updates: &[StatusUpdate<'_>] = &ping.updates;
        for update in updates {
            if let Ok(change) = self.ledger.update_task(agent, update) {
                self.apply(&change);
            }
        }
        // How many requests wait is left out: an agent does not look at it.
        Some(Vec::new())
    }

    pub(super) fn ask_next(&mut self, node: usize, told: &mut Told) {
        let Some(session) = self.agent(node).and_then(|agent| agent.session) else {
            return;
        };
        let link = &mut self.links[node];
        if link.held || link.asked.is_some() {
            return;
        }
        while let Some(command) = self.links[node].pop() {
            let task = self.ledger.task(command.task());
            let Some(task) = task.filter(|task| !task.state.is_terminal()) else {
                continue;
            };
            let task = task.id;
            let (path, body) = match command {
                Command::Launch(_) => (path::LAUNCH, self.launch(task, session)),
                Command::Kill(_) => (path::KILL, encoded(&Kill { session, task })),
            };
            self.links[node].asked = Some(command);
            if matches!(command, Command::Launch(_)) {
                self.move_task(task, TaskState::Issued, None);
            }
            let path = path.to_owned();
            told.asks[node] = Some(Message::Request { path, body });
            return;
        }
    }

    fn launch(&self, task: TaskId, session: SessionId) -> Vec<u8> {
        let task = self.ledger.task(task).expect("a task that is asked for");
        let mut buffer = [0; MAX_BODY];
        let launch = encode_launch(task, session, &mut buffer);
        launch.expect("a launch that fits").to_vec()
    }

    pub(super) fn reply(&mut self, node: usize, message: &Message, told: &mut Told) {
        let (Message::Response { code, body }, Some(command)) =
            (message, self.links[node].asked.take())
        else {
            return;
        };
        if is_for_later(*code) {
            self.links[node].hold(command);
            return;
        }
        let change = match command {
            Command::Launch(task) => {
                let diagnostic = std::str::from_utf8(body).ok();
                self.ledger.launch_answered(task, *code, diagnostic)
            }
            Command::Kill(task) => self.ledger.kill_answered(task, *code),
        };
        self.apply_all(change);
        self.ask_next(node, told);
    }
}

/// A message of ours that fits by its type.
fn encoded(message: &impl Encode) -> Vec<u8> {
    let mut buffer = [0; MAX_BODY];
    encode(message, &mut buffer)
        .expect("a short message")
        .to_vec()
}
