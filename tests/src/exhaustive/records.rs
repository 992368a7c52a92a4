//! Every state that the master's side was ever in, once, and what each input led to there; what
//! must hold of each, and of each step.

use edgerm_master::ledger::Task;
use edgerm_protocol::api::AgentState;
use edgerm_protocol::message::StatusUpdate;
use edgerm_protocol::{TaskId, TaskState};
use rustc_hash::FxHashMap;

use super::cluster::{Cluster, NODES};
use super::message::{MessageId, Messages};
use super::record::{Record, RecordInput};

/// A state of the master's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RecordId(u32);

/// What an input leads to.
#[derive(Clone, Debug)]
pub(super) struct RecordStep {
    pub(super) next: RecordId,
    pub(super) answer: Option<MessageId>,
    pub(super) asks: [Option<MessageId>; NODES],
    pub(super) cut: [bool; NODES],
    pub(super) fault: Option<String>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Records {
    all: Vec<Record>,
    numbers: FxHashMap<String, RecordId>,
    /// `None`: the input cannot come in this state.
    steps: FxHashMap<(RecordId, RecordInput), Option<RecordStep>>,
}

impl Records {
    pub(super) fn first(&mut self) -> RecordId {
        self.number(Record::new())
    }

    pub(super) fn get(&self, RecordId(id): RecordId) -> &Record {
        &self.all[id as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn step(
        &mut self,
        from: RecordId,
        input: RecordInput,
        cluster: &Cluster,
        messages: &mut Messages,
    ) -> Option<&RecordStep> {
        if !self.steps.contains_key(&(from, input)) {
            let step = self.make_step(from, input, cluster, messages);
            self.steps.insert((from, input), step);
        }
        self.steps[&(from, input)].as_ref()
    }

    fn make_step(
        &mut self,
        from: RecordId,
        input: RecordInput,
        cluster: &Cluster,
        messages: &mut Messages,
    ) -> Option<RecordStep> {
        let mut record = self.get(from).clone();
        let told = record.handle(input, cluster, messages)?;
        let fault = told.fault.or_else(|| fault(self.get(from), &record));
        let mut number = |message| messages.number(message);
        Some(RecordStep {
            answer: told.answer.map(&mut number),
            asks: told.asks.map(|ask| ask.map(&mut number)),
            cut: told.cut,
            fault,
            next: self.number(record),
        })
    }

    fn number(&mut self, record: Record) -> RecordId {
        let next = RecordId(u32::try_from(self.all.len()).expect("few states of a master"));
        let number = *self.numbers.entry(record.canonical()).or_insert(next);
        if number == next {
            self.all.push(record);
        }
        number
    }
}

/// What is wrong with a step of the master's.
fn fault(before: &Record, after: &Record) -> Option<String> {
    if let Err(violation) = after.ledger.check_invariants() {
        return Some(violation.to_string());
    }
    for offer in after.ledger.offers(None) {
        let agent = after.ledger.agent(offer.agent);
        if !agent.is_some_and(|agent| agent.state == AgentState::Registered && agent.described) {
            return Some(format!("agent {} is offered and is not there", offer.agent));
        }
    }
    for task in before.ledger.tasks(None) {
        let Some(now) = after.ledger.task(task.id) else {
            return Some(format!("task {} is forgotten", task.id));
        };
        let end = |task: &Task| (task.state, task.exit_code, task.detail.clone());
        if task.state.is_terminal() && end(task) != end(now) {
            return Some(format!(
                "task {} was {}, and is {}",
                task.id, task.state, now.state
            ));
        }
        if task.agent != now.agent || task.state > now.state {
            return Some(format!("task {} went back or elsewhere", task.id));
        }
        if now.state.is_terminal() && moves(after, now) {
            return Some(format!("task {} is {}, and may move", task.id, now.state));
        }
    }
    None
}

/// Whether a task may be moved by what its agent says, whatever that is.
fn moves(record: &Record, task: &Task) -> bool {
    TaskState::ALL.into_iter().any(|state| {
        let update = StatusUpdate {
            task: task.id,
            state,
            exit_code: None,
            detail: None,
        };
        record.ledger.update_task(task.agent, &update).is_ok()
            || record.ledger.move_task_to(task.id, state, None).is_some()
    })
}

impl Record {
    /// The state of a task, where the ledger has it.
    pub(super) fn task(&self, task: TaskId) -> Option<TaskState> {
        self.ledger.task(task).map(|task| task.state)
    }
}
