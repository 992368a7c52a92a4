//! What an agent's answer to a launch or a kill means.
//!
//! | answer | launch | kill |
//! |---|---|---|
//! | 2.xx | STARTING | KILLING |
//! | 4.04 | REJECTED | LOST; KILLED where it was never taken |
//! | another 4.xx | REJECTED, with the diagnostic | nothing |
//!
//! After 4.01 and 5.xx it is asked again, when the agent is next heard.

use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use super::change::Change;
use super::reconcile::KILLED_UNTAKEN;
use super::{Ledger, Task};

/// Whether an answer says to ask again: the agent does not know the session, or not now.
pub fn is_for_later(answer: Code) -> bool {
    answer == Code::UNAUTHORIZED || answer.class() == 5
}

impl Ledger {
    /// The change that the answer to the launch of `task` is, with its diagnostic.
    pub fn launch_answered(
        &self,
        task: TaskId,
        answer: Code,
        diagnostic: Option<&str>,
    ) -> Option<Change> {
        if is_for_later(answer) {
            return None;
        }
        if answer.is_success() {
            return self.move_task_to(task, TaskState::Starting, None);
        }
        let code = answer.to_string();
        let detail = diagnostic.unwrap_or(&code);
        self.move_task_to(task, TaskState::Rejected, Some(detail))
    }

    /// The change that the answer to the kill of `task` is.
    pub fn kill_answered(&self, task: TaskId, answer: Code) -> Option<Change> {
        if answer.is_success() {
            return self.move_task_to(task, TaskState::Killing, None);
        }
        if answer != Code::NOT_FOUND {
            return None;
        }
        let was_taken = |task: &Task| task.state > TaskState::Issued;
        if self.task(task).is_some_and(was_taken) {
            let detail = "its agent does not know it";
            self.move_task_to(task, TaskState::Lost, Some(detail))
        } else {
            self.move_task_to(task, TaskState::Killed, Some(KILLED_UNTAKEN))
        }
    }
}
