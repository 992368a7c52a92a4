//! Which request goes to the master next.
//!
//! One request at a time (RFC 7252 section 4.7: NSTART is 1), the most urgent first:
//! registration, news of tasks or a ping when nothing was said for a period, then outputs and
//! blocks of a module in turn. A block says nothing of the session, so pings go on beside them.
//! While the master does not answer, pings alone go out.
//!
//! What encodes a body has a buffer for it on the stack, and is never inlined: a small stack
//! has room for one of them, and none for it below whatever else an input leads to.

use edgerm_coap::Request;
use edgerm_protocol::codec::List;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{
    Deregister, Output as OutputMessage, Ping, Register, StatusUpdate, path,
};
use edgerm_protocol::resource::Name;
use edgerm_protocol::{Instant, Millis, SessionId, TaskId, TaskState, WIRE_VERSION, encode};

use super::Agent;
use crate::outputs::Outputs;
use crate::registration::{Membership, Registration};
use crate::task::Task;

/// What a request that is on its way is for.
#[derive(Debug)]
pub(super) enum Asked {
    Register,
    Ping,
    Output { task: TaskId, sequence: u32 },
    Block,
    Deregister,
}

impl<const TASKS: usize> Agent<TASKS> {
    /// Sends the most urgent request, unless one is on its way.
    pub(super) fn ask_next(&mut self, now: Instant) {
        if self.asked.is_some() {
            return;
        }
        match self.registration {
            Registration::Unregistered { retry_at, .. } if retry_at <= now => {
                self.ask_to_register(now);
            }
            Registration::Registered {
                member, ping_at, ..
            } => {
                self.ask_as_member(now, member.session, ping_at <= now);
            }
            Registration::Leaving { member } => self.ask_to_leave(now, member),
            Registration::Unregistered { .. }
            | Registration::Registering { .. }
            | Registration::Left => {}
        }
    }

    fn ask_as_member(&mut self, now: Instant, session: SessionId, ping_is_due: bool) {
        let has_news = self.table.iter().any(|task| self.may_tell(task));
        if ping_is_due || (self.reachable && has_news) {
            return self.ask_ping(now, session);
        }
        if !self.reachable {
            return;
        }
        let module_waits = self.fetch.wanted().is_some();
        if self.outputs.front().is_some() && !(self.module_first && module_waits) {
            self.module_first = true;
            self.ask_output(now, session);
        } else if module_waits {
            self.module_first = false;
            self.ask_block(now);
        }
    }

    /// Whether a task has news that may be told.
    fn may_tell(&self, task: &Task) -> bool {
        task.has_news() && !has_more_to_say(task, &self.outputs)
    }

    #[inline(never)]
    fn ask_to_register(&mut self, now: Instant) {
        // A description that does not fit the datagram is pulled by the master; details give way.
        let mut buffer = [0; MAX_BODY];
        let forms = [(true, true), (false, true), (false, false)];
        let body = forms
            .into_iter()
            .find_map(|(with_description, with_details)| {
                let register = self.register(with_description, with_details)?;
                encode(&register, &mut buffer).ok().map(<[u8]>::len)
            });
        let posted = body.is_some_and(|length| {
            self.post(now, path::REGISTER, &buffer[..length], Asked::Register)
        });
        self.registration.on_asked();
        if posted {
            for task in self.table.iter_mut() {
                let state = register_update(task, &self.outputs).state;
                task.on_told(state);
            }
        } else {
            self.registration
                .on_failed(now, &self.config, &mut self.rng);
        }
    }

    fn register(&self, with_description: bool, with_details: bool) -> Option<Register<'_>> {
        Some(Register {
            version: WIRE_VERSION,
            name: Name::new(&self.name).ok()?,
            boot: self.boot,
            ping_period: Millis::from(self.config.ping_period).0,
            description_length: u32::try_from(self.description.len()).unwrap_or(u32::MAX),
            description: with_description.then_some(self.description.as_slice()),
            tasks: List::from_first(
                self.table
                    .iter()
                    .map(|task| register_update(task, &self.outputs))
                    .map(|update| cut(update, with_details)),
            ),
        })
    }

    /// A ping with as much news as a datagram holds.
    #[inline(never)]
    fn ask_ping(&mut self, now: Instant, session: SessionId) {
        let mut buffer = [0; MAX_BODY];
        let mut news: heapless::Vec<TaskId, TASKS> = self
            .table
            .iter()
            .filter(|task| self.may_tell(task))
            .map(|task| task.id)
            .collect();
        let length = loop {
            let updates = news
                .iter()
                .filter_map(|id| self.table.find(*id))
                .map(Task::update);
            let ping = Ping {
                session,
                updates: List::from_first(updates),
            };
            match encode(&ping, &mut buffer) {
                Ok(body) => break body.len(),
                // An empty ping fits.
                Err(_) if news.pop().is_none() => return,
                Err(_) => {}
            }
        };
        if self.post(now, path::PING, &buffer[..length], Asked::Ping) {
            self.table
                .iter_mut()
                .filter(|task| news.contains(&task.id))
                .for_each(|task| task.on_told(task.state()));
        }
    }

    #[inline(never)]
    fn ask_output(&mut self, now: Instant, session: SessionId) {
        let Some(output) = self.outputs.front() else {
            return;
        };
        let (task, sequence) = (output.task, output.sequence);
        let message = OutputMessage {
            session,
            task,
            sequence,
            level: output.level,
            payload: &output.payload,
        };
        let mut buffer = [0; MAX_BODY];
        let Ok(length) = encode(&message, &mut buffer).map(<[u8]>::len) else {
            return;
        };
        self.post(
            now,
            path::OUTPUT,
            &buffer[..length],
            Asked::Output { task, sequence },
        );
    }

    fn ask_block(&mut self, now: Instant) {
        let Some((module, block)) = self.fetch.wanted() else {
            return;
        };
        let key = module.key();
        let path = [path::MODULE, key.as_str()];
        if self.ask(now, &Request::get_block(&path, block), Asked::Block) {
            self.fetch.on_asked();
        }
    }

    /// Says good-bye once no task runs, the master has all they said, and the storage is done
    /// with them. An agent with tasks for its next boot comes back, so it tells its news and goes.
    #[inline(never)]
    fn ask_to_leave(&mut self, now: Instant, member: Option<Membership>) {
        let runs = |task: &Task| !task.has_ended() && !task.is_held();
        if self.table.iter().any(runs) || self.kept.is_any_busy() {
            return;
        }
        let Some(Membership { session, .. }) = member else {
            return self.on_left();
        };
        if self.outputs.front().is_some() && self.reachable {
            return self.ask_output(now, session);
        }
        if self.table.active() > 0 {
            let has_news = self.table.iter().any(|task| self.may_tell(task));
            return if has_news && self.reachable {
                self.ask_ping(now, session);
            } else {
                self.on_left();
            };
        }
        let mut buffer = [0; MAX_BODY];
        let body = [true, false].into_iter().find_map(|with_details| {
            let updates = self.table.iter().map(Task::update);
            let deregister = Deregister {
                session,
                updates: List::from_first(updates.map(|update| cut(update, with_details))),
            };
            encode(&deregister, &mut buffer).ok().map(<[u8]>::len)
        });
        let posted = body.is_some_and(|length| {
            self.post(now, path::DEREGISTER, &buffer[..length], Asked::Deregister)
        });
        if !posted {
            self.on_left();
        }
    }

    fn post(&mut self, now: Instant, path: &str, body: &[u8], asked: Asked) -> bool {
        self.ask(now, &Request::post_cbor(&[path], body), asked)
    }

    /// Sends a request, and tells whether it could: one that is not taken now waits for the
    /// next ping.
    fn ask(&mut self, now: Instant, request: &Request<'_>, asked: Asked) -> bool {
        match self.endpoint.request(now, request) {
            Ok(exchange) => {
                self.asked = Some((exchange, asked));
                true
            }
            Err(_) => {
                self.defer(now);
                false
            }
        }
    }
}

/// Whether a task has ended and something that it said waits: its end is told after all of it.
fn has_more_to_say(task: &Task, outputs: &Outputs) -> bool {
    task.has_ended() && outputs.has(task.id)
}

/// The state of a task as a registration lists it.
fn register_update<'a>(task: &'a Task, outputs: &Outputs) -> StatusUpdate<'a> {
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

fn cut(update: StatusUpdate<'_>, with_details: bool) -> StatusUpdate<'_> {
    StatusUpdate {
        detail: update.detail.filter(|_| with_details),
        ..update
    }
}
