//! What a task emits and logs, followed to its end.

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{InspectionState, LogWanted, Output, Outputs};
use futures_util::Stream;
use futures_util::stream;

use crate::client::Client;
use crate::error::Error;

/// How long one call waits for the next output.
const LONG_POLL: Duration = Duration::from_secs(25);

impl Client {
    /// What `task` emits, from the oldest that the master keeps until it has ended.
    pub fn follow_output(&self, task: TaskId) -> OutputFollower {
        self.follower(task, LogWanted::None)
    }

    /// What `task` emits and logs. Its agent keeps its newest lines and tells them while they are
    /// followed, so this costs the node messages that [`Client::follow_output`] does not.
    pub fn follow_output_and_log(&self, task: TaskId) -> OutputFollower {
        self.follower(task, LogWanted::Follow)
    }

    fn follower(&self, task: TaskId, log: LogWanted) -> OutputFollower {
        let (client, ready) = (self.clone(), VecDeque::new());
        OutputFollower {
            client,
            task,
            log,
            after: 0,
            ready,
            ended: false,
        }
    }
}

/// The outputs of one task, in their order.
pub struct OutputFollower {
    client: Client,
    task: TaskId,
    log: LogWanted,
    after: u64,
    ready: VecDeque<Output>,
    ended: bool,
}

impl OutputFollower {
    /// The next output, waited for; `None` when the task has ended and this was all.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    ///
    /// # Errors
    ///
    /// [`Error`], after which it may be asked for again.
    pub async fn next(&mut self) -> Result<Option<Output>, Error> {
        while self.ready.is_empty() && !self.ended {
            self.poll(LONG_POLL, self.log).await?;
        }
        Ok(self.ready.pop_front())
    }

    /// The outputs as a stream, which ends with the task or after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Output, Error>> {
        stream::try_unfold(self, |mut follower| async move {
            Ok(follower.next().await?.map(|output| (output, follower)))
        })
    }

    /// What there is and was not given yet, with all of the log that its agent has: asked for where
    /// it is wanted, and waited for up to half a minute.
    ///
    /// # Errors
    ///
    /// [`Error`], after which it may be asked for again.
    pub async fn kept(&mut self) -> Result<Kept, Error> {
        let (wait, log) = match self.log {
            LogWanted::None => (Duration::ZERO, LogWanted::None),
            LogWanted::Read | LogWanted::Follow => (LONG_POLL, LogWanted::Read),
        };
        let log_state = self.poll(wait, log).await?;
        let mut outputs: Vec<Output> = self.ready.drain(..).collect();
        // The rest of what the master has by now.
        while !self.ended {
            self.poll(Duration::ZERO, self.log).await?;
            if self.ready.is_empty() {
                break;
            }
            outputs.extend(self.ready.drain(..));
        }
        Ok(Kept {
            outputs,
            log: log_state,
        })
    }

    async fn poll(
        &mut self,
        wait: Duration,
        log: LogWanted,
    ) -> Result<Option<InspectionState>, Error> {
        let told = self
            .client
            .outputs(self.task, self.after, wait, log)
            .await?;
        let Outputs { outputs, end, log } = told;
        self.after = outputs.last().map_or(self.after, |output| output.index);
        self.ready.extend(outputs);
        self.ended = end;
        Ok(log)
    }
}

/// What there was of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Oldest first.
    pub outputs: Vec<Output>,
    /// How far its log is known, where it was asked for.
    pub log: Option<InspectionState>,
}
