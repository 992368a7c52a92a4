//! What must hold in every simulation, whatever goes wrong, checked on whatever changed.
//!
//! - What is offered of an agent is at most what it has less what is used, an exclusive device is
//!   held once, sums are sums: the ledger's own check, from its records alone.
//! - Nothing is offered of an agent that is silent, gone, or not described.
//! - A task that was told to have ended stays as it ended, and is there until it may be forgotten.
//! - A task runs where it was accepted alone, not twice, and not after its end was told.
//! - An end that a node wrote down is the end that is told, and the other way round. A task is LOST
//!   where its node lost what ran, or was given up, and nowhere else; one that is to start again
//!   only where it had not yet begun, or the node's storage failed.
//! - Once faults have stopped, agents are heard, every task ends, and nothing is left of it.

use std::collections::BTreeMap;

use edgerm_master::master::RowKey;
use edgerm_protocol::api::{AgentState, EventKind, Restart};
use edgerm_protocol::{AgentId, Instant, OfferId, TaskId, TaskState};

use super::cluster::{Cluster, Happened};
use super::node::Node;
use super::options::Report;
use super::workload::Workload;

/// What frameworks were told of a task.
#[derive(Clone, Debug)]
struct Told {
    agent: AgentId,
    node: String,
    restart: Restart,
    state: TaskState,
    since: Instant,
}

/// What was told, and what must therefore hold.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    tasks: BTreeMap<TaskId, Told>,
    /// Those that the master has forgotten since.
    forgotten: BTreeMap<TaskId, Told>,
    offers: BTreeMap<OfferId, AgentId>,
    /// When agents were given up last.
    gone: BTreeMap<AgentId, Instant>,
    /// Whether faults stopped long ago, so that nobody is silent.
    is_settled: bool,
}

impl Oracle {
    /// Something happened.
    pub(super) fn observe(&mut self, cluster: &Cluster, happened: &Happened, report: &mut Report) {
        match happened {
            Happened::Told(event) => self.on_told(cluster, event, report),
            Happened::Started(task, address) => {
                self.adopt(cluster, *task, report);
                let id = cluster.nodes.get(address).and_then(Node::id);
                let told = self.tasks.get(task);
                let Some(told) = told.or_else(|| self.forgotten.get(task)) else {
                    panic!("{task} starts, and nobody was told that it was accepted");
                };
                assert_eq!(Some(told.agent), id, "{task} starts on another agent");
                // One that is LOST may run on a node that was given up.
                let ended = told.state.is_terminal() && told.state != TaskState::Lost;
                // One whose end could not be written, nor its launch erased, starts once more.
                let node = cluster.nodes.get(address);
                let unkept = node.and_then(|node| node.unkept_at);
                let ended = ended && unkept.is_none_or(|at| at < told.since);
                assert!(!ended, "{task} starts, and was told to be {}", told.state);
            }
            Happened::MasterBack => self.on_master_back(cluster, report),
            Happened::LostPower(_) | Happened::LostMaster | Happened::Replied(..) => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other events change no agent"
    )]
    fn on_told(&mut self, cluster: &Cluster, event: &EventKind, report: &mut Report) {
        let agent = match event {
            EventKind::TaskUpdated { task } => {
                self.on_task(cluster, task, report);
                task.agent
            }
            EventKind::OfferMade { offer } => {
                report.offers += 1;
                self.offers.insert(offer.id, offer.agent);
                offer.agent
            }
            EventKind::OfferEnded { offer, .. } => match self.offers.remove(offer) {
                Some(agent) => agent,
                None => return,
            },
            EventKind::AgentRegistered { agent } => agent.id,
            EventKind::AgentReachable { agent } => *agent,
            EventKind::AgentUnreachable { agent } => {
                assert!(
                    !self.is_settled,
                    "{agent} is silent, though nothing goes wrong"
                );
                *agent
            }
            EventKind::AgentGone { agent } => {
                report.gone += 1;
                self.gone.insert(*agent, cluster.now());
                *agent
            }
            _ => return,
        };
        check_agent(cluster, agent);
    }

    fn on_task(
        &mut self,
        cluster: &Cluster,
        task: &edgerm_protocol::api::Task,
        report: &mut Report,
    ) {
        let told = self.tasks.entry(task.id).or_insert_with(|| {
            report.tasks += 1;
            Told {
                agent: task.agent,
                node: task.agent_name.clone(),
                restart: task.restart,
                state: TaskState::Unissued,
                since: cluster.now(),
            }
        });
        let (id, before, state) = (task.id, told.state, task.state);
        assert!(
            !before.is_terminal() && state >= before,
            "{id} was told to be {before}, and is told to be {state}"
        );
        told.state = state;
        if !state.is_terminal() {
            return;
        }
        let told = told.clone();
        let detail = task.detail.as_deref().unwrap_or_default();
        if state == TaskState::Lost && detail.contains("was silent for") {
            // That its agent is gone is told after it, and the agent may be back by then.
            self.gone.insert(told.agent, cluster.now());
        }
        self.on_end(cluster, id, &told, report);
    }

    fn on_end(&self, cluster: &Cluster, id: TaskId, told: &Told, report: &mut Report) {
        let [ended, killed, lost, rejected] = &mut report.ends;
        *match told.state {
            TaskState::Killed => killed,
            TaskState::Lost => lost,
            TaskState::Rejected => rejected,
            TaskState::Unissued
            | TaskState::Issued
            | TaskState::Starting
            | TaskState::Running
            | TaskState::Killing
            | TaskState::Completed
            | TaskState::Errored => ended,
        } += 1;
        self.check_end(cluster, id, told);
    }

    /// A task has ended as its node says that it did.
    fn check_end(&self, cluster: &Cluster, id: TaskId, told: &Told) {
        let Some(node) = cluster.node_named(&told.node) else {
            panic!("{id} ran on {}, which is not there", told.node);
        };
        let state = told.state;
        let since = |at: Option<Instant>| at.is_some_and(|at| at >= told.since);
        // Its tasks are told to be lost before it is told to be gone.
        let agent = cluster.master().ledger().agent(told.agent);
        let is_gone = agent.is_none_or(|agent| agent.state == AgentState::Gone);
        let given_up = is_gone || since(self.gone.get(&told.agent).copied());
        let unkept = since(node.unkept_at);
        match node.ends.get(&id) {
            Some(end) => assert!(
                *end == state || (state == TaskState::Lost && given_up),
                "{id} is {state}, and {} wrote that it was {end}",
                told.node
            ),
            None => assert!(
                unkept || !matches!(state, TaskState::Completed | TaskState::Errored),
                "{id} is {state}, and {} never wrote that",
                told.node
            ),
        }
        if state == TaskState::Lost && !given_up {
            let began = node.starts.contains_key(&id);
            let kept = told.restart == Restart::Reboot && began && !unkept;
            assert!(
                since(node.lost_power_at) && !kept,
                "{id} is LOST, and {} has no reason for that",
                told.node
            );
        }
    }

    /// A task of which nobody was told, since the master was killed when it was to tell: it is on
    /// the disk all the same.
    fn adopt(&mut self, cluster: &Cluster, id: TaskId, report: &mut Report) {
        if self.tasks.contains_key(&id) || !cluster.has_row(RowKey::Task(id)) {
            return;
        }
        if let Some(task) = cluster.master().ledger().task(id) {
            report.tasks += 1;
            let told = Told {
                agent: task.agent,
                node: task.agent_name.to_string(),
                restart: task.restart,
                state: TaskState::Unissued,
                since: task.accepted_at,
            };
            self.tasks.insert(id, told);
        }
    }

    /// A master goes on where another was killed: it knows all that was told.
    fn on_master_back(&mut self, cluster: &Cluster, report: &mut Report) {
        let ledger = cluster.master().ledger();
        cluster.check_all();
        for task in ledger.tasks(None) {
            self.adopt(cluster, task.id, report);
        }
        let mut ended = Vec::new();
        for (id, told) in &mut self.tasks {
            let (before, state) = (told.state, ledger.task(*id).map(|task| task.state));
            let holds = match state {
                Some(state) if before.is_terminal() => state == before,
                Some(state) => state >= before,
                None => before.is_terminal(),
            };
            assert!(
                holds,
                "{id} was told to be {before}, and after the master was killed it is {state:?}"
            );
            // It was killed before it told, and is asked.
            if let Some(state) = state.filter(|state| state.is_terminal() && *state != before) {
                told.state = state;
                ended.push((*id, told.clone()));
            }
        }
        for (id, told) in ended {
            self.on_end(cluster, id, &told, report);
        }
        self.forget(cluster, report);
    }

    /// Lets tasks be forgotten that the master has forgotten, as it may.
    fn forget(&mut self, cluster: &Cluster, report: &mut Report) {
        let ledger = cluster.master().ledger();
        let before = self.forgotten.len();
        let is_forgotten =
            |id: &TaskId, told: &mut Told| told.state.is_terminal() && ledger.task(*id).is_none();
        let forgotten = self.tasks.extract_if(.., is_forgotten);
        self.forgotten.extend(forgotten);
        let forgotten = self.forgotten.len() - before;
        report.forgotten += u64::try_from(forgotten).unwrap_or(0);
        let most = cluster.master().config().limits.ended_tasks;
        let ended = ledger.tasks(None).filter(|task| task.state.is_terminal());
        let ended = ended.count();
        assert!(
            forgotten == 0 || ended >= most,
            "{forgotten} tasks are forgotten, and there are {ended}"
        );
    }

    /// Faults have stopped: what was accepted has begun, where nobody wanted it to end.
    pub(super) fn check_begun(cluster: &Cluster, workload: &Workload) {
        for task in cluster.master().ledger().tasks(None) {
            let begun = task.state > TaskState::Issued || workload.has_killed(task.id);
            assert!(begun, "{} is {}, and never began", task.id, task.state);
        }
    }

    /// Faults begin anew.
    pub(super) fn on_storm(&mut self) {
        self.is_settled = false;
    }

    /// Faults have stopped long ago: everything is as it should be.
    pub(super) fn check_settled(&mut self, cluster: &Cluster, report: &mut Report) {
        self.is_settled = true;
        let ledger = cluster.master().ledger();
        cluster.check_all();
        for agent in ledger.agents(None) {
            assert_eq!(agent.state, AgentState::Registered, "{}", agent.name);
            assert!(
                agent.described && agent.used.is_empty(),
                "{} holds something",
                agent.name
            );
        }
        assert_eq!(
            ledger.agent_count(),
            cluster.nodes.len(),
            "every agent is there"
        );
        assert_eq!(ledger.offers(None).count(), 0, "an offer stands for ever");
        for node in cluster.nodes.values() {
            let left = node.task_records();
            assert!(
                node.is_idle() && left == 0,
                "{} keeps {left} tasks",
                node.name()
            );
        }
        for (id, told) in &self.tasks {
            let state = told.state;
            let node = &told.node;
            assert!(state.is_terminal(), "{id} is {state} for ever on {node}");
            if let Some(task) = ledger.task(*id) {
                assert_eq!(task.state, state, "{id} has another end");
            }
        }
        self.forget(cluster, report);
        check_rows(cluster);
        for task in ledger.tasks(None) {
            assert!(
                self.tasks.contains_key(&task.id),
                "nobody was told of {}",
                task.id
            );
        }
        report.settled += 1;
    }
}

/// What is offered of an agent may be.
fn check_agent(cluster: &Cluster, id: AgentId) {
    cluster.check_agent(id);
    if let Some(agent) = cluster.master().ledger().agent(id) {
        let may = agent.state == AgentState::Registered && agent.described;
        assert!(
            may || agent.offers.is_empty(),
            "{} is offered, and is {:?}",
            agent.name,
            agent.state
        );
    }
}

/// What is on the disk is what the master knows, and no more.
fn check_rows(cluster: &Cluster) {
    assert!(cluster.is_written(), "something is not written for ever");
    let ledger = cluster.master().ledger();
    let mut rows = 0;
    for (key, row) in cluster.rows() {
        rows += 1;
        let known = ledger.row(key);
        assert_eq!(
            known.as_deref(),
            Some(row),
            "the row of {key:?} is wrong, or too many"
        );
    }
    assert_eq!(rows, ledger.row_keys().count(), "rows are missing");
}
