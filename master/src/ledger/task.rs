//! Tasks move as their agents say, and end when somebody wants them to.

use std::fmt;

use edgerm_protocol::message::StatusUpdate;
use edgerm_protocol::{AgentId, FrameworkId, TaskId, TaskState};

use super::Ledger;
use super::change::Change;

/// Why a status update changes nothing. It is acknowledged all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateIgnored {
    /// The ledger has no such task.
    UnknownTask(TaskId),
    /// The task is another agent's.
    OtherAgent(TaskId),
    /// The task is in that state, beyond it, or ended.
    NoNews(TaskId),
}

/// Why a task cannot be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KillError {
    /// There is no such task, or it ended long ago.
    UnknownTask(TaskId),
    /// It is another framework's.
    NotYours(TaskId),
}

impl fmt::Display for KillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(task) => {
                write!(f, "there is no task {task}: list them with GET /v1/tasks")
            }
            Self::NotYours(task) => write!(f, "task {task} is another framework's"),
        }
    }
}

impl std::error::Error for KillError {}

/// What it takes to kill a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KillStep {
    /// It has ended.
    Ended,
    /// It was never sent: this ends it.
    Unsent(Change),
    /// The agent must be told, besides.
    Tell(Change),
}

impl Ledger {
    /// The change that `update` of a task on `agent` is.
    ///
    /// # Errors
    ///
    /// [`UpdateIgnored`], where it is none.
    pub fn update_task(
        &self,
        agent: AgentId,
        update: &StatusUpdate<'_>,
    ) -> Result<Change, UpdateIgnored> {
        let id = update.task;
        let task = self.tasks.get(&id).ok_or(UpdateIgnored::UnknownTask(id))?;
        if task.agent != agent {
            return Err(UpdateIgnored::OtherAgent(id));
        }
        if !task.state.may_become(update.state) {
            return Err(UpdateIgnored::NoNews(id));
        }
        Ok(Change::TaskMoved {
            task: id,
            state: update.state,
            exit_code: update.exit_code,
            detail: update.detail.map(|detail| detail.as_str().to_owned()),
        })
    }

    /// The move of `task` to `state`, where it may make it.
    pub fn move_task_to(
        &self,
        task: TaskId,
        state: TaskState,
        detail: Option<&str>,
    ) -> Option<Change> {
        let task = self.tasks.get(&task)?;
        task.state.may_become(state).then(|| Change::TaskMoved {
            task: task.id,
            state,
            exit_code: None,
            detail: detail.map(str::to_owned),
        })
    }

    /// What it takes to kill `task` on behalf of `framework`, or of an operator.
    ///
    /// # Errors
    ///
    /// [`KillError`]; nothing changes.
    pub fn kill_task(
        &self,
        task: TaskId,
        framework: Option<FrameworkId>,
    ) -> Result<KillStep, KillError> {
        let task = self.tasks.get(&task).ok_or(KillError::UnknownTask(task))?;
        if framework.is_some_and(|framework| framework != task.framework) {
            return Err(KillError::NotYours(task.id));
        }
        Ok(if task.state.is_terminal() {
            KillStep::Ended
        } else if task.state == TaskState::Unissued {
            KillStep::Unsent(Change::TaskMoved {
                task: task.id,
                state: TaskState::Killed,
                exit_code: None,
                detail: Some("killed before it was sent to its agent".to_owned()),
            })
        } else {
            KillStep::Tell(Change::KillRequested(task.id))
        })
    }
}
