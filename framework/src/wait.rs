//! Until a task is in a state.

use edgerm_protocol::api::{EventKind, Task};
use edgerm_protocol::{TaskId, TaskState};

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// Waits until `task` is in `state`, beyond it, or has ended, however long that takes.
    /// A task that never reaches `state` is answered with how it ended.
    ///
    /// # Errors
    ///
    /// [`Error`], such as a refusal where the master knows no such task.
    pub async fn wait_for_state(&self, task: TaskId, state: TaskState) -> Result<Task, Error> {
        let arrived = |task: &Task| task.state >= state || task.state.is_terminal();
        let known = self.task(task).await?;
        if arrived(&known) {
            return Ok(known);
        }
        let mut events = self.events_of(known.framework).await?;
        // It may have arrived before the events began.
        let known = self.task(task).await?;
        if arrived(&known) {
            return Ok(known);
        }
        loop {
            let kind = events.next().await?.kind;
            let news = if let EventKind::TaskUpdated { task: news } = kind {
                news
            } else if let EventKind::Missed { .. } = kind {
                self.task(task).await?
            } else {
                continue;
            };
            if news.id == task && arrived(&news) {
                return Ok(news);
            }
        }
    }

    /// Waits until `task` has ended, however long that takes.
    ///
    /// # Errors
    ///
    /// As [`Client::wait_for_state`].
    pub async fn wait_for_end(&self, task: TaskId) -> Result<Task, Error> {
        self.wait_for_state(task, TaskState::Completed).await
    }
}
