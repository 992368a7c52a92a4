//! What a message tells of the tasks, encoded task by task out of the table: a list of updates
//! would be a kilobyte on the stack.

use edgerm_protocol::TaskState;
use edgerm_protocol::codec::{Encode, Encoder};
use edgerm_protocol::message::StatusUpdate;

use crate::outputs::Outputs;
use crate::task::Task;

/// Status updates of tasks in the table.
#[derive(Clone, Copy)]
pub(crate) struct Updates<'a> {
    tasks: &'a [Task],
    outputs: &'a Outputs,
    told: Told,
    /// Whether the texts of the updates are told.
    pub(crate) with_details: bool,
}

/// Of which tasks a message tells.
#[derive(Clone, Copy)]
pub(crate) enum Told {
    /// Of all, as a registration lists them.
    Listed,
    /// Of the first so many that have news.
    News(usize),
    /// Of all, whose ends these are.
    Ends,
}

impl<'a> Updates<'a> {
    /// Updates with their texts.
    pub(crate) const fn new(tasks: &'a [Task], outputs: &'a Outputs, told: Told) -> Self {
        Self {
            tasks,
            outputs,
            told,
            with_details: true,
        }
    }

    /// The updates one by one.
    fn iter(&self) -> impl Iterator<Item = StatusUpdate<'a>> {
        let Self {
            tasks,
            outputs,
            told,
            with_details,
        } = *self;
        let most = match told {
            Told::News(most) => most,
            Told::Listed | Told::Ends => tasks.len(),
        };
        let update = move |task: &'a Task| match told {
            Told::Listed => Some(listed(task, outputs)),
            Told::News(_) => may_tell(task, outputs).then(|| task.update()),
            Told::Ends => Some(task.update()),
        };
        let cut = move |update: StatusUpdate<'a>| StatusUpdate {
            detail: update.detail.filter(|_| with_details),
            ..update
        };
        tasks.iter().filter_map(update).take(most).map(cut)
    }
}

impl Encode for Updates<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(self.iter().count());
        self.iter().for_each(|update| update.encode(encoder));
    }

    fn is_absent(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// Whether a task has news that may be told.
pub(crate) fn may_tell(task: &Task, outputs: &Outputs) -> bool {
    task.has_news() && !has_more_to_say(task, outputs)
}

/// Whether a task has ended and something that it said waits: its end is told after all of it.
fn has_more_to_say(task: &Task, outputs: &Outputs) -> bool {
    task.has_ended() && outputs.has(task.id)
}

/// A task as a registration lists it.
pub(crate) fn listed<'a>(task: &'a Task, outputs: &Outputs) -> StatusUpdate<'a> {
    let state = if has_more_to_say(task, outputs) {
        TaskState::Running
    } else if task.is_unrecorded() {
        // It is listed, and its state is not told: the master knows this one, or a later one.
        TaskState::Starting
    } else {
        return task.update();
    };
    StatusUpdate {
        task: task.id,
        state,
        exit_code: None,
        detail: None,
    }
}
