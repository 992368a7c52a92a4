//! The master's side: the ledger that ships, and for each agent what waits to be asked of it.
//!
//! What `edgerm_master::master` does around the ledger (which request leads to which of its
//! methods, and what is queued) is done here again, without addresses, timers and events.

use edgerm_master::ledger::{Change, KillStep, Ledger, Module, OfferEnd, RowKey};
use edgerm_protocol::api::AgentState;
use edgerm_protocol::{AgentId, Instant, OfferId, TaskId, TaskState};
use edgerm_task_abi::Permissions;

use super::cluster::{Cluster, FRAMEWORKS, MODULE, NODES};
use super::message::{Message, MessageId, Messages};
use super::waiting::{Command, Waiting};

/// When everything happens, and when offers end: nothing here waits for a time.
pub(super) const NOW: Instant = Instant::from_millis(0);
pub(super) const EXPIRY: Instant = Instant::from_millis(1);

/// Something that happens to the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RecordInput {
    /// An agent asks.
    Request(usize, MessageId),
    /// An agent answers what it was asked last.
    Reply(usize, MessageId),
    /// An agent does not.
    Timeout(usize),
    /// An agent was silent for too long.
    Unreachable(usize),
    /// It is given up.
    Gone(usize),
    /// A framework is offered an agent.
    Offer(usize, usize),
    /// An offer of an agent expires: which of those that are open.
    Expire(usize, usize),
    /// An offer of an agent is accepted with a task: the agent, which offer, which task.
    Accept(usize, usize, usize),
    /// A task is to be killed.
    Kill(usize),
    /// A framework leaves.
    Leave(usize),
    /// The master crashes, and goes on from what lasts.
    Crash,
}

/// What the master did upon an input.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The answer to a request.
    pub(super) answer: Option<Message>,
    /// What each agent is asked.
    pub(super) asks: [Option<Message>; NODES],
    /// Of which agents nothing is awaited any more.
    pub(super) cut: [bool; NODES],
    /// What it should not have done.
    pub(super) fault: Option<String>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) ledger: Ledger,
    pub(super) links: [Waiting; NODES],
    pub(super) sessions: [u32; NODES],
    drawn_offers: u64,
}

impl Record {
    /// A master with its frameworks and the module.
    pub(super) fn new() -> Self {
        let mut record = Self {
            ledger: Ledger::new(),
            links: Default::default(),
            sessions: [0; NODES],
            drawn_offers: 0,
        };
        for framework in 0..FRAMEWORKS {
            record.apply(&Change::FrameworkRegistered {
                framework: Cluster::framework(framework),
                name: format!("framework {framework}"),
                role: "default".into(),
                owner: None,
            });
        }
        record.apply(&Change::ModuleAdmitted(Module {
            id: MODULE,
            size: 100,
            memory: 0,
            memory_needed: 0,
            permissions: Permissions::NONE,
            features: Vec::new(),
            admitted_at: NOW,
            owner: None,
        }));
        record
    }

    /// The agent of this node, once it has registered.
    pub(super) fn agent(&self, node: usize) -> Option<&edgerm_master::ledger::Agent> {
        self.ledger.agent_named(Cluster::node_name(node))
    }

    pub(super) fn is(&self, node: usize, state: AgentState) -> bool {
        self.agent(node).is_some_and(|agent| agent.state == state)
    }

    pub(super) fn node_of(&self, agent: AgentId) -> usize {
        let is_it = |node: &usize| self.agent(*node).is_some_and(|it| it.id == agent);
        (0..NODES).find(is_it).expect("an agent of a node")
    }

    /// All that decides its future. Ids of offers do not, for each is drawn anew; nor does what a
    /// task exited with, or why.
    pub(super) fn canonical(&self) -> String {
        use std::fmt::Write;
        let mut all = format!("{:?} {:?}", self.sessions, self.links);
        for agent in self.ledger.agents(None) {
            let (id, state, session, boot) = (agent.id, agent.state, agent.session, agent.boot);
            let _ = write!(
                all,
                " {id} {state:?} {session:?} {boot} {}",
                agent.described
            );
            for offer in agent.offers.iter().filter_map(|id| self.ledger.offer(*id)) {
                let _ = write!(all, " {} {:?}", offer.framework, offer.resources);
            }
        }
        for framework in self.ledger.frameworks(None) {
            let _ = write!(all, " {} {}", framework.id, framework.suppressed);
        }
        for task in self.ledger.tasks(None) {
            let (id, agent, state) = (task.id, task.agent, task.state);
            let _ = write!(all, " {id} {agent} {state} {}", task.kill_requested);
        }
        all
    }

    /// What the master does. `None`: this cannot happen to it now.
    pub(super) fn handle(
        &mut self,
        input: RecordInput,
        cluster: &Cluster,
        messages: &Messages,
    ) -> Option<Told> {
        let mut told = Told::default();
        match input {
            RecordInput::Request(node, message) => {
                self.request(node, messages.get(message), &mut told);
            }
            RecordInput::Reply(node, message) => self.reply(node, messages.get(message), &mut told),
            RecordInput::Timeout(node) => {
                let command = self.links[node].asked.take()?;
                self.links[node].hold(command);
            }
            RecordInput::Unreachable(node) => {
                let changes = self.ledger.agent_unreachable(self.agent(node)?);
                self.apply_all(changes);
            }
            RecordInput::Gone(node) => {
                let changes = self.ledger.agent_gone(self.agent(node)?, "it was silent");
                self.apply_all(changes);
                self.links[node] = Waiting::default();
                told.cut[node] = true;
            }
            RecordInput::Offer(framework, node) => {
                self.drawn_offers += 1;
                let (id, to) = (OfferId(self.drawn_offers), Cluster::framework(framework));
                let made = self
                    .ledger
                    .make_offer(id, to, self.agent(node)?.id, EXPIRY)?;
                self.apply(&made);
            }
            RecordInput::Expire(node, which) => {
                let (offer, framework) = *self.offers(node).get(which)?;
                self.apply(&Change::OfferEnded {
                    offer,
                    end: OfferEnd::Expired,
                });
                told.fault = self.late_acceptance(cluster, node, offer, framework);
            }
            RecordInput::Accept(node, which, task) => {
                self.accept(cluster, (node, which), task, &mut told)?;
            }
            RecordInput::Kill(task) => self.kill(Cluster::task(task), &mut told),
            RecordInput::Leave(framework) => {
                let framework = self.ledger.framework(Cluster::framework(framework))?;
                let tasks = framework.tasks.clone();
                let changes = self.ledger.framework_gone(framework);
                for task in tasks {
                    self.kill(task, &mut told);
                }
                self.apply_all(changes);
            }
            RecordInput::Crash => self.crash(&mut told),
        }
        Some(told)
    }

    fn rows(&self) -> Vec<(RowKey, Vec<u8>)> {
        let ledger = &self.ledger;
        let agents = ledger.agents(None).map(|it| RowKey::Agent(it.id));
        let frameworks = ledger.frameworks(None).map(|it| RowKey::Framework(it.id));
        let offers = ledger.offers(None).map(|it| RowKey::Offer(it.id));
        let tasks = ledger.tasks(None).map(|it| RowKey::Task(it.id));
        let modules = ledger.modules(None).map(|it| RowKey::Module(it.id));
        let keys = agents
            .chain(frameworks)
            .chain(offers)
            .chain(tasks)
            .chain(modules);
        keys.filter_map(|key| Some((key, ledger.row(key)?)))
            .collect()
    }

    pub(super) fn apply(&mut self, change: &Change) {
        self.ledger.apply(NOW, change);
        if let Change::TaskAccepted(task) = change {
            let node = self.node_of(task.agent);
            self.links[node].push(Command::Launch(task.id));
        }
        if let Change::TaskMoved { task, state, .. } = change
            && state.is_terminal()
            && let Some(agent) = self.ledger.task(*task).map(|task| task.agent)
        {
            let node = self.node_of(agent);
            self.links[node].forget(*task);
        }
    }

    pub(super) fn apply_all(&mut self, changes: impl IntoIterator<Item = Change>) {
        changes.into_iter().for_each(|change| self.apply(&change));
    }

    pub(super) fn move_task(&mut self, task: TaskId, state: TaskState, detail: Option<&str>) {
        if let Some(change) = self.ledger.move_task_to(task, state, detail) {
            self.apply(&change);
        }
    }

    fn kill(&mut self, task: TaskId, told: &mut Told) {
        match self.ledger.kill_task(task, None) {
            Ok(KillStep::Ended) | Err(_) => {}
            Ok(KillStep::Unsent(change)) => self.apply(&change),
            Ok(KillStep::Tell(change)) => {
                self.apply(&change);
                if let Some(agent) = self.ledger.task(task).map(|task| task.agent) {
                    let node = self.node_of(agent);
                    self.links[node].push(Command::Kill(task));
                    self.ask_next(node, told);
                }
            }
        }
    }

    /// What lasts is what the ledger's rows say; nobody is asked anything, and all are to be heard.
    fn crash(&mut self, told: &mut Told) {
        match Ledger::restore(self.rows()) {
            Ok(ledger) => self.ledger = ledger,
            Err(error) => told.fault = Some(format!("the ledger is not restored: {error}")),
        }
        for node in 0..NODES {
            self.links[node] = Waiting {
                held: true,
                ..Waiting::default()
            };
            told.cut[node] = true;
        }
        let tasks: Vec<TaskId> = self.ledger.tasks(None).map(|task| task.id).collect();
        for id in tasks {
            let Some(task) = self.ledger.task(id) else {
                continue;
            };
            let (agent, state, kill) = (task.agent, task.state, task.kill_requested);
            let node = self.node_of(agent);
            if state == TaskState::Unissued {
                self.move_task(id, TaskState::Issued, None);
            }
            if state <= TaskState::Issued {
                self.links[node].push(Command::Launch(id));
            }
            if kill && !state.is_terminal() {
                self.links[node].push(Command::Kill(id));
            }
        }
    }
}
