//! What the master's answers, or its silence, mean.

use alloc::string::String;

use edgerm_coap::{Code, ExchangeId, FetchedBlock, ReceivedResponse};
use edgerm_protocol::message::Registered;
use edgerm_protocol::words::{self, Words};
use edgerm_protocol::{Instant, TaskId, decode};

use super::uplink::Asked;
use super::{Agent, Effect};
use crate::io::KillReason;
use crate::registration::{Membership, Registration, next_ping};

/// How a request was taken, where only that matters.
enum Verdict {
    Taken,
    /// The master does not know the session.
    UnknownSession,
    /// Not now.
    Later,
    /// Never.
    Refused,
}

impl Verdict {
    fn of(response: &ReceivedResponse) -> Self {
        if response.code.is_success() {
            Self::Taken
        } else if response.code == Code::UNAUTHORIZED {
            Self::UnknownSession
        } else if response.code.class() == 5 {
            Self::Later
        } else {
            Self::Refused
        }
    }
}

impl<const TASKS: usize> Agent<TASKS> {
    pub(super) fn on_response(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        response: ReceivedResponse,
    ) {
        let Some((_, asked)) = self.asked.take_if(|(own, _)| *own == exchange) else {
            return;
        };
        self.reachable = true;
        self.repeats = 0;
        let verdict = Verdict::of(&response);
        match asked {
            Asked::Keys => self.on_keys_answered(now),
            Asked::Register => self.on_register_answered(now, &response),
            Asked::Ping => {
                self.on_told(matches!(verdict, Verdict::Taken));
                match verdict {
                    Verdict::Taken => self.on_heard(now),
                    Verdict::UnknownSession => self.on_forgotten(now, None),
                    Verdict::Later => {
                        // It is there, in this session, and cannot write down what is new.
                        self.last_heard = now;
                        self.defer(now);
                    }
                    Verdict::Refused => self.defer(now),
                }
            }
            Asked::Output { task, sequence } => match verdict {
                Verdict::Taken => {
                    self.on_heard(now);
                    self.on_output_over(task, sequence);
                }
                Verdict::UnknownSession => self.on_forgotten(now, None),
                Verdict::Later => self.defer(now),
                // One that is refused for good would block all that come after it.
                Verdict::Refused => self.on_output_over(task, sequence),
            },
            Asked::Block => match verdict {
                Verdict::Taken | Verdict::Refused => self.on_block_answered(response),
                Verdict::UnknownSession => {
                    self.fetch.on_unanswered();
                    self.on_forgotten(now, None);
                }
                Verdict::Later => {
                    self.fetch.on_unanswered();
                    self.defer(now);
                }
            },
            Asked::Deregister => {
                if matches!(verdict, Verdict::Taken) {
                    self.table.remove_where(&|task| task.has_ended());
                }
                self.on_left();
            }
        }
    }

    /// No answer came to the request.
    pub(super) fn on_silence(&mut self, now: Instant, exchange: ExchangeId) {
        let Some((_, asked)) = self.asked.take_if(|(own, _)| *own == exchange) else {
            return;
        };
        self.defer(now);
        match asked {
            // A master that rebooted meanwhile has lost the keys, and may not have said so.
            Asked::Keys | Asked::Register => {
                self.on_told(false);
                self.on_keys_failed(now);
            }
            Asked::Ping => self.on_told(false),
            Asked::Output { .. } => {}
            Asked::Block => self.fetch.on_unanswered(),
            Asked::Deregister => self.on_left(),
        }
    }

    /// The master wants to know first that the agent is where the request came from: it is made
    /// again at once, unless it was that often in a row.
    pub(super) fn on_repeat(&mut self, now: Instant, exchange: ExchangeId) {
        const MOST: u8 = 3;
        if self.repeats >= MOST {
            self.repeats = 0;
            return self.on_silence(now, exchange);
        }
        let Some((_, asked)) = self.asked.take_if(|(own, _)| *own == exchange) else {
            return;
        };
        self.repeats += 1;
        self.reachable = true;
        match asked {
            Asked::Keys => self.on_keys_failed(now),
            Asked::Register => {
                self.on_told(false);
                self.registration.restart(now);
            }
            // Still due, as what it told is.
            Asked::Ping => self.on_told(false),
            Asked::Output { .. } | Asked::Deregister => {}
            Asked::Block => self.fetch.on_unanswered(),
        }
    }

    /// The master took a request in this session: it has not given the agent up.
    fn on_heard(&mut self, now: Instant) {
        self.last_heard = now;
        self.reachable = true;
        // Not at once, or the two would go in circles while the storage fails.
        self.kept.try_again();
        self.registration.on_heard(now, &self.config, &mut self.rng);
    }

    /// The master does not know the session any more, or what a message is protected with; what
    /// is left is the membership that serves until there is another.
    pub(super) fn on_forgotten(&mut self, now: Instant, left: Option<Membership>) {
        self.reachable = false;
        self.registration
            .on_forgotten(now, left, &self.config, &mut self.rng);
    }

    /// The master does not take what is asked: nothing but a ping goes out, after a period.
    pub(super) fn defer(&mut self, now: Instant) {
        self.reachable = false;
        self.registration
            .put_off_ping(now, &self.config, &mut self.rng);
    }

    fn on_register_answered(&mut self, now: Instant, response: &ReceivedResponse) {
        let registered = Some(response).filter(|response| response.code.is_success());
        let registered =
            registered.and_then(|response| decode::<Registered>(&response.payload).ok());
        self.on_told(registered.is_some());
        let Some(registered) = registered else {
            let text = String::from(response.diagnostic().unwrap_or("the answer is malformed"));
            self.effects
                .push_back(Effect::RegistrationRefused(response.code, text));
            return self
                .registration
                .on_failed(now, &self.config, &mut self.rng);
        };
        let member = Membership {
            agent: registered.agent,
            session: registered.session,
        };
        let ping_at = next_ping(now, &self.config, &mut self.rng);
        self.registration.on_registered(member, ping_at);
        self.last_heard = now;
        self.effects.push_back(Effect::Registered(member.agent));
        for &id in &registered.unwanted {
            if self.table.find(id).is_some_and(|task| !task.has_ended()) {
                self.stop(id, KillReason::Unwanted);
            }
            // One that no engine knew has ended by that.
            self.table
                .remove_where(&|task| task.id == id && task.has_ended());
            self.forget_outputs(id);
        }
        self.begin_held();
    }

    /// An output needs to be told no more, and makes room for the next.
    fn on_output_over(&mut self, task: TaskId, sequence: u32) {
        if self.outputs.remove(task, Some(sequence)) {
            self.effects.push_back(Effect::OutputTaken(task));
        }
    }

    /// The updates on their way were acknowledged, or not.
    pub(super) fn on_told(&mut self, acknowledged: bool) {
        self.table
            .remove_where(&|task| task.on_answer(acknowledged));
    }

    fn on_block_answered(&mut self, response: ReceivedResponse) {
        match self.fetch.on_answer(&response) {
            Some(Ok((module, FetchedBlock { offset, .. }))) => {
                // The payload is the block: a small node has no room for another of it.
                let effect = Effect::StoreBlock(module, offset, response.payload);
                self.effects.push_back(effect);
            }
            Some(Err((module, error))) => {
                self.reject_tasks_with(
                    module,
                    &words::text(&|words: &mut Words<'_>| {
                        words.text("the module cannot be fetched: ").of(&error);
                    }),
                );
            }
            None => {}
        }
    }

    pub(super) fn on_left(&mut self) {
        self.registration = Registration::Left;
        // What the master has acknowledged is erased before the driver goes.
        self.keep_records();
        self.effects.push_back(Effect::Left);
    }
}
