//! Which request goes to the master next.
//!
//! One request at a time (RFC 7252 section 4.7: NSTART is 1), the most urgent first:
//! registration, news of tasks or a ping when nothing was said for a period, then outputs and
//! blocks of a module in turn. A block says nothing of the session, so pings go on beside them.
//! While the master does not answer, pings alone go out.
use edgerm_coap::{ExchangeId, Request, RequestError};
use edgerm_protocol::codec::{Encode, encoded_length};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{DeregisterOf, Output as OutputMessage, PingOf, RegisterOf, path};
use edgerm_protocol::resource::Name;
use edgerm_protocol::{Instant, Millis, SessionId, TaskId, WIRE_VERSION};

use super::Agent;
use crate::registration::{Membership, Registration};
use crate::task::Task;
use crate::updates::{Told, Updates, listed, may_tell};

/// What a request that is on its way is for.
#[derive(Debug)]
pub(super) enum Asked {
    Keys,
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
                self.registration.on_asked();
                if !self.ask_for_keys(now) {
                    self.ask_to_register(now);
                }
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
        if ping_is_due || (self.reachable && self.has_news()) {
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

    pub(super) fn ask_to_register(&mut self, now: Instant) {
        let Ok(name) = Name::new(&self.name) else {
            return;
        };
        let mut register = RegisterOf {
            version: WIRE_VERSION,
            name,
            boot: self.boot,
            ping_period: Millis::from(self.config.ping_period).0,
            description_length: u32::try_from(self.description.len()).unwrap_or(u32::MAX),
            description: Some(self.description.as_slice()),
            tasks: Updates::new(self.table.as_slice(), &self.outputs, Told::Listed),
        };
        // A description that does not fit the datagram is pulled by the master; details give way.
        if !fits(&register) {
            register.description = None;
        }
        register.tasks.with_details = fits(&register);
        let sent = self.endpoint.post_cbor(now, &[path::REGISTER], &register);
        if self.on_sent(now, sent, Asked::Register) {
            for task in self.table.iter_mut() {
                let state = listed(task, &self.outputs).state;
                task.on_told(state);
            }
        } else {
            self.on_keys_failed(now);
        }
    }

    /// A ping with as much news as a datagram holds.
    fn ask_ping(&mut self, now: Instant, session: SessionId) {
        let mut most = TASKS;
        let sent = loop {
            let ping = PingOf {
                session,
                updates: Updates::new(self.table.as_slice(), &self.outputs, Told::News(most)),
            };
            // An empty ping fits.
            if most == 0 || fits(&ping) {
                break self.endpoint.post_cbor(now, &[path::PING], &ping);
            }
            most -= 1;
        };
        if self.on_sent(now, sent, Asked::Ping) {
            let outputs = &self.outputs;
            let tasks = self.table.iter_mut();
            tasks
                .filter(|task| may_tell(task, outputs))
                .take(most)
                .for_each(|task| task.on_told(task.state()));
        }
    }

    fn ask_output(&mut self, now: Instant, session: SessionId) {
        let Some(output) = self.outputs.front() else {
            return;
        };
        let (task, sequence) = (output.task, output.sequence);
        let message = OutputMessage {
            session,
            task,
            sequence,
            payload: &output.payload,
        };
        let sent = self.endpoint.post_cbor(now, &[path::OUTPUT], &message);
        self.on_sent(now, sent, Asked::Output { task, sequence });
    }

    fn ask_block(&mut self, now: Instant) {
        let Some((module, block)) = self.fetch.wanted() else {
            return;
        };
        let key = module.key();
        let path = [path::MODULE, key.as_str()];
        let sent = self
            .endpoint
            .request(now, &Request::get_block(&path, block));
        if self.on_sent(now, sent, Asked::Block) {
            self.fetch.on_asked();
        }
    }

    /// Says good-bye once no task runs, the master has all they said, and the storage is done
    /// with them. An agent with tasks for its next boot comes back, so it tells its news and goes.
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
            return if self.has_news() && self.reachable {
                self.ask_ping(now, session);
            } else {
                self.on_left();
            };
        }
        let mut deregister = DeregisterOf {
            session,
            updates: Updates::new(self.table.as_slice(), &self.outputs, Told::Ends),
        };
        deregister.updates.with_details = fits(&deregister);
        let sent = self
            .endpoint
            .post_cbor(now, &[path::DEREGISTER], &deregister);
        if !self.on_sent(now, sent, Asked::Deregister) {
            self.on_left();
        }
    }

    /// Tells whether a request could be sent: one that is not taken now waits for the next ping.
    pub(super) fn on_sent(
        &mut self,
        now: Instant,
        sent: Result<ExchangeId, RequestError>,
        asked: Asked,
    ) -> bool {
        match sent {
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

    fn has_news(&self) -> bool {
        let mut tasks = self.table.iter();
        tasks.any(|task| may_tell(task, &self.outputs))
    }
}

/// Whether a body is one that a datagram holds.
fn fits(body: &dyn Encode) -> bool {
    encoded_length(body) <= MAX_BODY
}
