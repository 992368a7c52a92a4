//! Answers what agents ask. Every message but the first bears the session that its
//! registration was given; one that the master does not know is answered 4.01, upon which the
//! agent registers.

use edgerm_coap::{BlockSize, Code, Method, ReceivedRequest, RequestId, RespondError, Response};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{
    Deregister, Output as OutputMessage, Ping, Pong, StatusUpdate, path,
};
use edgerm_protocol::{AgentId, DecodeError, Instant, SessionId, TaskId, decode, encode};

use super::Master;
use crate::outputs::Run;
use crate::peers::PeerId;

/// Largest block of a module: what fits a datagram beside the options.
const MODULE_BLOCK: BlockSize = BlockSize::B512;

/// A request that is not done, with the diagnostic for its agent.
pub(super) struct Refused(Code, String);

impl Refused {
    pub(super) fn forbidden(diagnostic: impl std::fmt::Display) -> Self {
        Self(Code::FORBIDDEN, diagnostic.to_string())
    }

    pub(super) fn bad(diagnostic: impl std::fmt::Display) -> Self {
        Self(Code::BAD_REQUEST, diagnostic.to_string())
    }
}

impl Refused {
    /// What the request would change cannot be written now.
    pub(super) fn unwritable() -> Self {
        let diagnostic = "the master's disk fails: again later";
        Self(Code::SERVICE_UNAVAILABLE, diagnostic.to_owned())
    }
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        Self::bad(format_args!("the body is {error}"))
    }
}

/// The answer to a request that is done, and the agent that is to be asked something after it.
pub(super) struct Done {
    pub(super) agent: AgentId,
    pub(super) body: Vec<u8>,
    pub(super) code: Code,
    /// Whether the request may come again without harm.
    pub(super) repeatable: bool,
    /// Whether it acknowledges something that is to last.
    pub(super) acknowledges: bool,
}

impl Master {
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        from: PeerId,
        id: RequestId,
        request: &ReceivedRequest,
    ) {
        self.count("requests");
        let body = request.payload.as_slice();
        let answer = match (request.path(), request.method) {
            (path::PING, Method::Post) => self.on_ping(now, from, body),
            (path::OUTPUT, Method::Post) => self.on_output(now, from, body),
            (path::REGISTER, Method::Post) => self.on_register(now, from, body),
            (path::DEREGISTER, Method::Post) => self.on_deregister(now, from, body),
            (module, Method::Get) if module.starts_with("m/") => {
                return self.on_module_asked(now, from, id, request);
            }
            (path::PING | path::OUTPUT | path::REGISTER | path::DEREGISTER, _) => Err(Refused(
                Code::METHOD_NOT_ALLOWED,
                "this path takes POST".to_owned(),
            )),
            (unknown, _) => {
                let diagnostic = format!("no such path: {unknown}");
                Err(Refused(Code::NOT_FOUND, diagnostic))
            }
        };
        match answer {
            Ok(done) => {
                if let Some(peer) = self.peers.get_mut(from) {
                    // The agent has given up what it asked before.
                    let changed = self.journal.changed();
                    peer.answers_after = if done.acknowledges { changed } else { 0 };
                }
                let response = Response {
                    repeatable: done.repeatable,
                    ..Response::with_payload(done.code, &done.body)
                };
                self.respond(now, from, id, &response);
                self.ask_next(now, done.agent);
            }
            Err(Refused(code, diagnostic)) => {
                self.count("refused");
                tracing::debug!(%from, %code, diagnostic, "refused a request");
                self.respond(
                    now,
                    from,
                    id,
                    &Response::error(code, &diagnostic).repeatable(),
                );
            }
        }
    }

    /// Tells an agent that proves nothing that it is not taken.
    pub(super) fn refuse_stranger(&mut self, now: Instant, from: PeerId, id: RequestId) {
        let diagnostic = "enroll this agent: edgerm enroll; or start the master with --insecure";
        let response = Response::error(Code::FORBIDDEN, diagnostic).repeatable();
        self.respond(now, from, id, &response);
    }

    pub(super) fn respond(
        &mut self,
        now: Instant,
        to: PeerId,
        id: RequestId,
        response: &Response<'_>,
    ) {
        let Some(peer) = self.peers.get_mut(to) else {
            return;
        };
        let mut answered = peer.endpoint.respond(now, id, response);
        if let Err(RespondError::TooLarge { .. }) = answered {
            // One that stayed would take the place of others. What is too long is a diagnostic.
            let code = match response.code.is_success() {
                true => Code::INTERNAL_SERVER_ERROR,
                false => response.code,
            };
            answered = peer.endpoint.respond(now, id, &Response::new(code));
        }
        if let Err(error) = answered {
            tracing::warn!(%to, %error, "a request stays unanswered");
            self.count("unanswered");
        }
        // What answers the agent leaves before what asks it.
        self.flush(to);
    }

    fn in_session(
        &mut self,
        now: Instant,
        from: PeerId,
        session: SessionId,
    ) -> Result<AgentId, Refused> {
        let agent = self.ledger.session(session);
        // Who does not prove itself has none under a name that was enrolled since.
        let taken = |name: &str| self.enrolled.by_name(name).is_some();
        let agent = agent.filter(|agent| from.proves() || !taken(&agent.name));
        let agent = agent.map(|agent| agent.id);
        // Who proves itself has no part in another's session, nor has who does not in his.
        let agent = agent.filter(|agent| {
            let link = self.links.get(agent);
            link.is_some_and(|link| link.peer == from || !(link.peer.proves() || from.proves()))
        });
        let Some(agent) = agent else {
            let diagnostic = format!("session {session} is not known: register");
            return Err(Refused(Code::UNAUTHORIZED, diagnostic));
        };
        self.on_heard(now, agent, from);
        Ok(agent)
    }

    fn on_ping(&mut self, now: Instant, from: PeerId, body: &[u8]) -> Result<Done, Refused> {
        let ping: Ping<'_> = decode(body)?;
        let agent = self.in_session(now, from, ping.session)?;
        let is_news = |update| self.ledger.update_task(agent, update).is_ok();
        if self.journal.is_failing() && ping.updates.iter().any(is_news) {
            return Err(Refused::unwritable());
        }
        self.take_updates(now, agent, &ping.updates);
        if let Some(task) = self.unwanted(agent, &ping.updates) {
            self.count("unwanted");
            let diagnostic = format!("task {task} has ended: register");
            return Err(Refused(Code::UNAUTHORIZED, diagnostic));
        }
        let waiting = self.links.get(&agent).map_or(0, |link| link.waiting());
        let mut pong = Vec::new();
        if waiting > 0 {
            let waiting = Some(u8::try_from(waiting).unwrap_or(u8::MAX));
            pong = encoded(&Pong { waiting });
        }
        Ok(Done {
            agent,
            body: pong,
            code: Code::CHANGED,
            repeatable: true,
            acknowledges: !ping.updates.is_empty(),
        })
    }

    fn take_updates(&mut self, now: Instant, agent: AgentId, updates: &[StatusUpdate<'_>]) {
        for update in updates {
            match self.ledger.update_task(agent, update) {
                Ok(change) => self.commit(now, change),
                Err(_) => self.count("update_ignored"),
            }
        }
    }

    /// A task that the agent says it runs, and that it should not: a registration settles it.
    fn unwanted(&self, agent: AgentId, updates: &[StatusUpdate<'_>]) -> Option<TaskId> {
        let runs = |update: &&StatusUpdate<'_>| !update.state.is_terminal();
        let mut running = updates.iter().filter(runs).map(|update| update.task);
        running.find(|id| {
            let task = self.ledger.task(*id).filter(|task| task.agent == agent);
            task.is_none_or(|task| task.state.is_terminal())
        })
    }

    fn on_output(&mut self, now: Instant, from: PeerId, body: &[u8]) -> Result<Done, Refused> {
        let output: OutputMessage<'_> = decode(body)?;
        let agent = self.in_session(now, from, output.session)?;
        let boot = self.ledger.agent(agent).map(|agent| agent.boot);
        let task = self.ledger.task(output.task);
        let (Some(boot), Some(task)) = (boot, task.filter(|task| task.agent == agent)) else {
            let diagnostic = format!("no task {} on this agent", output.task);
            return Err(Refused(Code::NOT_FOUND, diagnostic));
        };
        let (id, whose) = (task.id, (task.framework, task.owner));
        let run = Run {
            boot,
            number: output.sequence,
        };
        self.keep_output(now, whose, id, run, output.payload);
        Ok(Done {
            agent,
            body: Vec::new(),
            code: Code::CHANGED,
            repeatable: true,
            acknowledges: false,
        })
    }

    fn on_deregister(&mut self, now: Instant, from: PeerId, body: &[u8]) -> Result<Done, Refused> {
        let deregister: Deregister<'_> = decode(body)?;
        let agent = self.in_session(now, from, deregister.session)?;
        if self.journal.is_failing() {
            return Err(Refused::unwritable());
        }
        self.take_updates(now, agent, &deregister.updates);
        tracing::info!(%agent, "agent left");
        self.lose(now, agent, "its agent left without telling how it ended");
        Ok(Done {
            agent,
            body: Vec::new(),
            code: Code::DELETED,
            repeatable: false,
            acknowledges: true,
        })
    }

    fn on_module_asked(
        &mut self,
        now: Instant,
        from: PeerId,
        id: RequestId,
        request: &ReceivedRequest,
    ) {
        let key = request.path().strip_prefix("m/").unwrap_or_default();
        let manifest = || self.manifest_for(from, key).map(Into::into);
        let Some(bytes) = self.blob(key).or_else(manifest) else {
            let diagnostic = format!("no module {key}");
            let response = Response::error(Code::NOT_FOUND, &diagnostic).repeatable();
            return self.respond(now, from, id, &response);
        };
        match edgerm_coap::serve(&bytes, request.block2, MODULE_BLOCK) {
            Ok(block) => self.respond(now, from, id, &Response::block(&block)),
            Err(error) => {
                let diagnostic = error.to_string();
                let response = Response::error(Code::BAD_REQUEST, &diagnostic).repeatable();
                self.respond(now, from, id, &response);
            }
        }
    }
}

/// A message of ours that fits by its type.
pub(super) fn encoded(message: &impl edgerm_protocol::codec::Encode) -> Vec<u8> {
    let mut buffer = [0; MAX_BODY];
    encode(message, &mut buffer).map_or_else(|_| Vec::new(), <[u8]>::to_vec)
}
