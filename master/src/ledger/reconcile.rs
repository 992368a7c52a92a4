//! Settles, at a registration, which tasks an agent should run.
//!
//! | the ledger has it | the agent does not list it | lists it as not ended | lists it as ended |
//! |---|---|---|---|
//! | not, or on another agent | | unwanted | acknowledge |
//! | ended | | unwanted | acknowledge |
//! | UNISSUED, ISSUED | launch | take | take |
//! | UNISSUED, ISSUED, to be killed | killed | take and kill | take |
//! | STARTING, RUNNING, KILLING | lost | take | take |
//! | the same, to be killed | lost | take and kill | take |
//!
//! To take a state is to move to it where the task may; a task that its agent restarted stays
//! RUNNING in the ledger while it starts.

use std::collections::BTreeMap;

use edgerm_protocol::message::StatusUpdate;
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::{AgentId, TaskId, TaskState};

use super::change::Change;
use super::{Ledger, Task};

/// Why a task is KILLED that was sent, and that its agent does not know.
pub(super) const KILLED_UNTAKEN: &str = "killed before its agent had taken it";

/// What becomes of one task: a cell of the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Nothing: the agent forgets it.
    Acknowledge,
    /// The agent's state is the news.
    Take,
    /// The same, and the kill is sent again.
    TakeAndKill,
    /// The agent ends it.
    Unwanted,
    /// It is sent, again if need be.
    Launch,
    /// It ends KILLED: it was wanted dead and never ran, or not any more.
    Killed,
    /// It ends LOST: the agent forgot it.
    Lost,
    /// Neither has it running.
    Nothing,
}

/// Decides one task from how the agent lists it, and how the ledger has it on that agent with
/// whether it is to be killed.
pub fn resolve(listed: Option<TaskState>, known: Option<(TaskState, bool)>) -> Resolution {
    let known = known.filter(|(state, _)| !state.is_terminal());
    match (listed, known) {
        (None, None) => Resolution::Nothing,
        (Some(listed), None) if listed.is_terminal() => Resolution::Acknowledge,
        (Some(_), None) => Resolution::Unwanted,
        (None, Some((TaskState::Unissued | TaskState::Issued, false))) => Resolution::Launch,
        (None, Some((TaskState::Unissued | TaskState::Issued, true))) => Resolution::Killed,
        (None, Some(_)) => Resolution::Lost,
        (Some(_), Some((_, true))) if is_planted(Bug::LoseKill) => Resolution::Take,
        (Some(listed), Some((_, true))) if !listed.is_terminal() => Resolution::TakeAndKill,
        (Some(_), Some(_)) => Resolution::Take,
    }
}

/// The outcome for all tasks of one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// What changes in the ledger.
    pub changes: Vec<Change>,
    /// What the agent is to end and forget.
    pub unwanted: Vec<TaskId>,
    /// What is to be sent.
    pub launch: Vec<TaskId>,
    /// What is to be killed.
    pub kill: Vec<TaskId>,
}

impl Ledger {
    /// Compares the tasks that `agent` lists with those that the ledger has on it.
    pub fn reconcile(&self, agent: AgentId, listed: &[StatusUpdate<'_>]) -> Reconciliation {
        let mut outcome = Reconciliation::default();
        let listed: BTreeMap<TaskId, &StatusUpdate<'_>> =
            listed.iter().map(|update| (update.task, update)).collect();
        for (id, update) in &listed {
            let known = self.task(*id).filter(|task| task.agent == agent);
            let resolution = resolve(Some(update.state), known.map(standing));
            self.settle(agent, *id, Some(update), resolution, &mut outcome);
        }
        let running = self.agents.get(&agent).into_iter();
        for id in running.flat_map(|agent| &agent.tasks) {
            if !listed.contains_key(id) {
                let resolution = resolve(None, self.task(*id).map(standing));
                self.settle(agent, *id, None, resolution, &mut outcome);
            }
        }
        outcome
    }

    fn settle(
        &self,
        agent: AgentId,
        task: TaskId,
        update: Option<&StatusUpdate<'_>>,
        resolution: Resolution,
        outcome: &mut Reconciliation,
    ) {
        let news = || update.and_then(|update| self.update_task(agent, update).ok());
        match resolution {
            Resolution::Acknowledge | Resolution::Nothing => {}
            Resolution::Take => outcome.changes.extend(news()),
            Resolution::TakeAndKill => {
                outcome.changes.extend(news());
                outcome.kill.push(task);
            }
            Resolution::Unwanted => outcome.unwanted.push(task),
            Resolution::Launch => outcome.launch.push(task),
            Resolution::Killed => {
                let change = self.move_task_to(task, TaskState::Killed, Some(KILLED_UNTAKEN));
                outcome.changes.extend(change);
            }
            Resolution::Lost => {
                let detail = Some("its agent registered anew without it");
                let change = self.move_task_to(task, TaskState::Lost, detail);
                outcome.changes.extend(change);
            }
        }
    }
}

fn standing(task: &Task) -> (TaskState, bool) {
    (task.state, task.kill_requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        use Resolution::*;

        let (before, taken, ended): (Vec<_>, Vec<_>, Vec<_>) = (
            vec![TaskState::Unissued, TaskState::Issued],
            vec![TaskState::Starting, TaskState::Running, TaskState::Killing],
            TaskState::ALL
                .into_iter()
                .filter(|state| state.is_terminal())
                .collect(),
        );
        let rows = |states: &[TaskState], kill: bool| -> Vec<Option<(TaskState, bool)>> {
            states.iter().map(|state| Some((*state, kill))).collect()
        };
        let table = [
            (vec![None], [Nothing, Unwanted, Acknowledge]),
            (rows(&ended, false), [Nothing, Unwanted, Acknowledge]),
            (rows(&ended, true), [Nothing, Unwanted, Acknowledge]),
            (rows(&before, false), [Launch, Take, Take]),
            (rows(&before, true), [Killed, TakeAndKill, Take]),
            (rows(&taken, false), [Lost, Take, Take]),
            (rows(&taken, true), [Lost, TakeAndKill, Take]),
        ];
        for (row, cells) in table {
            for known in row {
                assert_eq!(resolve(None, known), cells[0], "{known:?} not listed");
                for listed in TaskState::ALL {
                    let cell = cells[if listed.is_terminal() { 2 } else { 1 }];
                    assert_eq!(
                        resolve(Some(listed), known),
                        cell,
                        "{known:?} listed {listed}"
                    );
                }
            }
        }
    }
}
