//! Long polls: calls that wait for something, until it comes, their time runs out, or their
//! caller goes away.

use edgerm_protocol::{Instant, TaskId, api};

use super::{Master, Output, OutputQuery, Timer};
use crate::allocator::WaitId;

/// The answer to a long poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Master::request_offers`].
    Offers(api::Offers),
    /// To [`Master::read_outputs`].
    Outputs(api::Outputs),
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
    Outputs(TaskId, OutputQuery),
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

    /// Ends a long poll whose caller is gone, or that is answered. Its answer, if it is on its
    /// way, belongs to [`Self::return_reply`].
    pub fn end_wait(&mut self, wait: WaitId) {
        if let Some((deadline, awaited)) = self.waits.remove(&wait) {
            self.timers.remove(&(deadline, Timer::Wait(wait)));
            match awaited {
                Awaited::Offers => {
                    self.allocator.cancel(wait);
                }
                Awaited::Outputs(task, _) => {
                    self.output_waits.remove(&(task, wait));
                }
            }
        }
    }

    /// Answers a long poll.
    pub(super) fn reply(&mut self, wait: WaitId, reply: Reply) {
        self.end_wait(wait);
        let tells_nothing = match &reply {
            Reply::Offers(offers) => offers.offers.is_empty(),
            Reply::Outputs(_) => self.journal.is_failing(),
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
            Some((_, Awaited::Outputs(task, query))) => {
                let outputs = self.outputs_after(*task, *query);
                self.reply(wait, Reply::Outputs(outputs));
            }
            None => {}
        }
    }
}
