//! What a task emits and logs, followed to its end.

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{Output, Outputs};
use futures_util::Stream;
use futures_util::stream;

use crate::client::Client;
use crate::error::Error;

/// How long one call waits for the next output.
const LONG_POLL: Duration = Duration::from_secs(25);

impl Client {
    /// What `task` emits and logs, from the oldest that the master keeps until it has ended.
    pub fn follow_output(&self, task: TaskId) -> OutputFollower {
        let (client, ready) = (self.clone(), VecDeque::new());
        OutputFollower {
            client,
            task,
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
            self.poll(LONG_POLL).await?;
        }
        Ok(self.ready.pop_front())
    }

    /// The next output that is there already; `None` where there is no more for now.
    ///
    /// # Errors
    ///
    /// [`Error`], after which it may be asked for again.
    pub async fn next_kept(&mut self) -> Result<Option<Output>, Error> {
        if self.ready.is_empty() && !self.ended {
            self.poll(Duration::ZERO).await?;
        }
        Ok(self.ready.pop_front())
    }

    /// The outputs as a stream, which ends with the task or after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Output, Error>> {
        stream::try_unfold(self, |mut follower| async move {
            Ok(follower.next().await?.map(|output| (output, follower)))
        })
    }

    async fn poll(&mut self, wait: Duration) -> Result<(), Error> {
        let Outputs { outputs, end } = self.client.outputs(self.task, self.after, wait).await?;
        self.after = outputs.last().map_or(self.after, |output| output.index);
        self.ready.extend(outputs);
        self.ended = end;
        Ok(())
    }
}
