//! Answers what agents ask. Every message but the first bears the session that its
//! registration was given; one that the master does not know is answered 4.01, upon which the
//! agent registers.

use std::net::SocketAddr;

use edgerm_coap::{BlockSize, Code, Method, ReceivedRequest, RequestId, Response};
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::limits::{MAX_BODY, MAX_DESCRIPTION};
use edgerm_protocol::message::{
    Deregister, Output as OutputMessage, Ping, Pong, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::owned::Description;
use edgerm_protocol::{
    AgentId, DecodeError, Instant, SessionId, WIRE_VERSION, codec::List, decode, encode,
};

use super::Master;
use crate::ledger::{Change, DescriptionFault, check_description};
use crate::link::{Command, Link};

/// Largest block of a module: what fits a datagram beside the options.
const MODULE_BLOCK: BlockSize = BlockSize::B512;

/// A request that is not done, with the diagnostic for its agent.
struct Refused(Code, String);

impl Refused {
    fn bad(diagnostic: impl std::fmt::Display) -> Self {
        Self(Code::BAD_REQUEST, diagnostic.to_string())
    }
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        Self::bad(format_args!("the body is {error}"))
    }
}

/// The answer to a request that is done, and the agent that is to be asked something after it.
struct Done {
    agent: AgentId,
    body: Vec<u8>,
    code: Code,
    /// Whether the request may come again without harm.
    repeatable: bool,
}

impl Master {
    pub(super) fn on_request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        id: RequestId,
        request: &ReceivedRequest,
    ) {
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

    /// Tells an agent from beyond loopback that it is not taken.
    pub(super) fn refuse_stranger(&mut self, now: Instant, from: SocketAddr, id: RequestId) {
        let diagnostic = "agents are taken from loopback only, unless the master is --insecure";
        let response = Response::error(Code::FORBIDDEN, diagnostic).repeatable();
        self.respond(now, from, id, &response);
    }

    fn respond(&mut self, now: Instant, to: SocketAddr, id: RequestId, response: &Response<'_>) {
        let Some(peer) = self.peers.get_mut(to) else {
            return;
        };
        if let Err(error) = peer.endpoint.respond(now, id, response) {
            tracing::warn!(%to, %error, "a request stays unanswered");
            self.count("unanswered");
        }
        // What answers the agent leaves before what asks it.
        self.flush(to);
    }

    fn in_session(
        &mut self,
        now: Instant,
        from: SocketAddr,
        session: SessionId,
    ) -> Result<AgentId, Refused> {
        let Some(agent) = self.ledger.session(session).map(|agent| agent.id) else {
            let diagnostic = format!("session {session} is not known: register");
            return Err(Refused(Code::UNAUTHORIZED, diagnostic));
        };
        self.on_heard(now, agent, from);
        Ok(agent)
    }

    fn on_ping(&mut self, now: Instant, from: SocketAddr, body: &[u8]) -> Result<Done, Refused> {
        let ping: Ping<'_> = decode(body)?;
        let agent = self.in_session(now, from, ping.session)?;
        self.take_updates(now, agent, &ping.updates);
        let waiting = self.links.get(&agent).map_or(0, Link::waiting);
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

    fn on_output(&mut self, now: Instant, from: SocketAddr, body: &[u8]) -> Result<Done, Refused> {
        let output: OutputMessage<'_> = decode(body)?;
        let agent = self.in_session(now, from, output.session)?;
        let boot = self.ledger.agent(agent).map(|agent| agent.boot);
        let task = self.ledger.task(output.task);
        let (Some(boot), Some(task)) = (boot, task.filter(|task| task.agent == agent)) else {
            let diagnostic = format!("no task {} on this agent", output.task);
            return Err(Refused(Code::NOT_FOUND, diagnostic));
        };
        let (id, framework) = (task.id, task.framework);
        self.keep_output(
            framework,
            id,
            (boot, output.sequence),
            output.level,
            output.payload,
        );
        Ok(Done {
            agent,
            body: Vec::new(),
            code: Code::CHANGED,
            repeatable: true,
        })
    }

    fn on_register(
        &mut self,
        now: Instant,
        from: SocketAddr,
        body: &[u8],
    ) -> Result<Done, Refused> {
        // The version is read alone first: the rest may be of a form that is not known here.
        let version = decode::<Version>(body)?.0;
        if version != WIRE_VERSION {
            return Err(Refused::bad(format_args!(
                "wire version {version}, this master speaks {WIRE_VERSION}"
            )));
        }
        let register: Register<'_> = decode(body)?;
        let length = usize::try_from(register.description_length).unwrap_or(usize::MAX);
        if length > MAX_DESCRIPTION {
            return Err(Refused::bad(format_args!(
                "a description of {length} bytes, at most {MAX_DESCRIPTION} are read"
            )));
        }
        let description = match register.description {
            Some(bytes) if bytes.len() != length => {
                return Err(Refused::bad(format_args!(
                    "the description has {} bytes, not the {length} it was said to have",
                    bytes.len()
                )));
            }
            Some(bytes) => Some(read_description(bytes).map_err(Refused::bad)?),
            None => None,
        };
        let session = self.draw_session();
        let (agent, changes) = self
            .ledger
            .register_agent(
                register.name.as_str(),
                register.boot,
                register.ping_period,
                session,
                self.config.limits.agents,
            )
            .map_err(Refused::bad)?;
        self.commit_all(now, changes);
        self.open_link(now, agent, from);
        match description {
            Some(description) => self.describe(now, agent, description),
            None => self.pull_description(now, agent, register.description_length),
        }
        let unwanted = self.reconcile(now, agent, &register.tasks);
        tracing::info!(%agent, name = %register.name, %from, %session, "agent registered");
        let registered = Registered {
            agent,
            session,
            unwanted,
        };
        Ok(Done {
            agent,
            body: encoded(&registered),
            code: Code::CREATED,
            repeatable: false,
        })
    }

    fn reconcile(
        &mut self,
        now: Instant,
        agent: AgentId,
        listed: &[StatusUpdate<'_>],
    ) -> List<edgerm_protocol::TaskId, { edgerm_protocol::limits::MAX_TASKS }> {
        let outcome = self.ledger.reconcile(agent, listed);
        self.commit_all(now, outcome.changes);
        for task in outcome.launch {
            self.queue(agent, Command::Launch(task));
        }
        for task in outcome.kill {
            self.queue(agent, Command::Kill(task));
        }
        List::from_first(outcome.unwanted)
    }

    fn open_link(&mut self, now: Instant, agent: AgentId, from: SocketAddr) {
        let link = self
            .links
            .entry(agent)
            .or_insert_with(|| Link::new(from, now));
        if let Some(peer) = self.peers.get_mut(link.address) {
            peer.endpoint.cancel();
        }
        link.clear();
        link.heard_at = now;
        self.move_path(agent, from);
        self.watch(now, agent);
    }

    fn on_deregister(
        &mut self,
        now: Instant,
        from: SocketAddr,
        body: &[u8],
    ) -> Result<Done, Refused> {
        let deregister: Deregister<'_> = decode(body)?;
        let agent = self.in_session(now, from, deregister.session)?;
        self.take_updates(now, agent, &deregister.updates);
        tracing::info!(%agent, "agent left");
        self.lose(now, agent, "its agent left without telling how it ended");
        Ok(Done {
            agent,
            body: Vec::new(),
            code: Code::DELETED,
            repeatable: false,
        })
    }

    fn on_module_asked(
        &mut self,
        now: Instant,
        from: SocketAddr,
        id: RequestId,
        request: &ReceivedRequest,
    ) {
        let key = request.path().strip_prefix("m/").unwrap_or_default();
        let Some(bytes) = self.modules.by_key(key) else {
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

    /// Takes what `agent` told of itself.
    pub(super) fn describe(&mut self, now: Instant, agent: AgentId, description: Description) {
        if let Some(agent) = self.ledger.agent(agent) {
            let changes = self.ledger.describe_agent(agent, description);
            self.commit_all(now, changes);
        }
    }
}

/// The key of the version in a registration, read without the others.
#[derive(minicbor::Decode)]
#[cbor(map)]
struct Version(#[n(0)] u8);

/// Why bytes are no description.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadDescription {
    #[error("the description is {0}")]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Duplicate(#[from] edgerm_protocol::owned::DuplicateName),
    #[error("{0}")]
    Fault(#[from] DescriptionFault),
}

pub(super) fn read_description(bytes: &[u8]) -> Result<Description, BadDescription> {
    let description = Description::try_from(EncodedDescription::new(bytes)?)?;
    check_description(&description)?;
    Ok(description)
}

/// A message of ours that fits by its type.
fn encoded(message: &impl minicbor::Encode<()>) -> Vec<u8> {
    let mut buffer = [0; MAX_BODY];
    encode(message, &mut buffer).map_or_else(|_| Vec::new(), <[u8]>::to_vec)
}

impl Master {
    /// What is promised of an agent whose description is not yet known is rescinded, and the
    /// description asked for.
    fn pull_description(&mut self, now: Instant, id: AgentId, length: u32) {
        if let Some(agent) = self.ledger.agent(id) {
            let changes: Vec<Change> = self.ledger.rescind_offers(agent);
            self.commit_all(now, changes);
        }
        self.begin_pull(id, length);
    }
}
