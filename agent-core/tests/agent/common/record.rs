//! What the master keeps of a task.

use edgerm_protocol::message::StatusUpdate;
use edgerm_protocol::{TaskId, TaskState};

/// What the master keeps of a task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Every state told, in order, repetitions included.
    pub(crate) told: Vec<TaskState>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) detail: Option<String>,
}

impl Record {
    /// Takes the next state, which may not be another than the one it ended in.
    pub(crate) fn apply(&mut self, update: &StatusUpdate<'_>) {
        let ended = self.told.iter().find(|state| state.is_terminal());
        if let Some(end) = ended {
            assert_eq!(*end, update.state, "the end of {} has changed", update.task);
        }
        self.told.push(update.state);
        self.exit_code = update.exit_code;
        self.detail = update.detail.map(|detail| detail.as_str().to_owned());
    }
}

/// One output that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldOutput {
    pub(crate) task: TaskId,
    pub(crate) sequence: u32,
    pub(crate) payload: Vec<u8>,
}
