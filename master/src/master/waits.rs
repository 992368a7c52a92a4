//! Long polls: calls that wait for something, until it comes, their time runs out, or their
//! caller goes away.

use edgerm_protocol::{Instant, TaskId, api};

use super::inspections::Question;
use super::{Master, Output, OutputQuery, OutputsError, Timer};
use crate::allocator::WaitId;

/// The answer to a long poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Master::request_offers`].
    Offers(api::Offers),
    /// To [`Master::read_outputs`].
    Outputs(api::Outputs),
    /// To [`Master::read_usage`].
    Usage(api::TaskUsage),
}

/// A call is answered at once, or waits for its [`Output::Reply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The answer.
    Ready(T),
    /// It comes as an output under this name, in the time that the call gave at the latest.
    Waiting(WaitId),
}

/// What a long poll waits for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Awaited {
    Offers,
    /// Outputs of a task, for a call that came after this question.
    Outputs(TaskId, OutputQuery, Question),
    /// The usage of a task, likewise.
    Usage(TaskId, Question),
}

impl Master {
    /// A name for a long poll that is answered by `deadline`.
    pub(super) fn begin_wait(&mut self, deadline: Instant, awaited: Awaited) -> WaitId {
        let wait = WaitId(self.next_wait);
        self.next_wait += 1;
        self.waits.insert(wait, (deadline, awaited));
        self.timers.insert((deadline, Timer::Wait(wait)));
        wait
    }

    /// The same for what waits for a task.
    pub(super) fn wait_for(
        &mut self,
        deadline: Instant,
        task: TaskId,
        awaited: Awaited,
    ) -> Result<WaitId, OutputsError> {
        if self.waits.len() >= self.config.limits.waits {
            return Err(OutputsError::Overloaded(self.waits.len()));
        }
        let wait = self.begin_wait(deadline, awaited);
        self.task_waits.insert((task, wait));
        Ok(wait)
    }

    /// The long polls that wait for a task.
    pub(super) fn waits_of(&self, task: TaskId) -> Vec<WaitId> {
        let all = (task, WaitId(0))..=(task, WaitId(u64::MAX));
        self.task_waits.range(all).map(|(_, wait)| *wait).collect()
    }

    /// Ends a long poll whose caller is gone, or that is answered. Its answer, if it is on its
    /// way, belongs to [`Self::return_reply`].
    pub fn end_wait(&mut self, wait: WaitId) {
        if let Some((deadline, awaited)) = self.waits.remove(&wait) {
            self.timers.remove(&(deadline, Timer::Wait(wait)));
            match awaited {
                Awaited::Offers => {
                    self.allocator.cancel(wait);
                }
                Awaited::Outputs(task, ..) | Awaited::Usage(task, _) => {
                    self.task_waits.remove(&(task, wait));
                }
            }
        }
    }

    /// Answers a long poll.
    pub(super) fn reply(&mut self, wait: WaitId, reply: Reply) {
        self.end_wait(wait);
        let tells_nothing = match &reply {
            Reply::Offers(offers) => offers.offers.is_empty(),
            Reply::Outputs(_) | Reply::Usage(_) => self.journal.is_failing(),
        };
        let change = match tells_nothing {
            true => 0,
            false => self.journal.changed(),
        };
        self.emit_after(change, Output::Reply { wait, reply });
    }

    pub(super) fn on_wait_timer(&mut self, wait: WaitId) {
        match self.waits.get(&wait) {
            Some((_, Awaited::Offers)) => {
                let offers = Vec::new();
                self.reply(wait, Reply::Offers(api::Offers { offers }));
            }
            Some((_, Awaited::Outputs(task, query, since))) => {
                let outputs = self.outputs_after(*task, *query, *since);
                self.reply(wait, Reply::Outputs(outputs));
            }
            Some((_, Awaited::Usage(task, since))) => {
                let usage = self.usage_since(*task, *since);
                self.reply(wait, Reply::Usage(usage));
            }
            None => {}
        }
    }
}
