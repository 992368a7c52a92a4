//! Asks agents: to launch, to kill, to pass a message on, to tell of a task, to describe
//! themselves.
//!
//! | answer | launch | kill | message |
//! |---|---|---|---|
//! | 2.xx | STARTING | KILLING | done |
//! | 4.01 | asked again when the agent is heard | the same | the same |
//! | 4.04 | REJECTED | LOST; KILLED where it was never taken | dropped |
//! | 4.xx | REJECTED, with the diagnostic | dropped | dropped |
//! | 5.xx | asked again when the agent is heard | the same | dropped |
//! | reset, or none | asked again when the agent is heard | the same | the same |
//!
//! What becomes of a question about a task is in `inspections`.

use edgerm_coap::oscore::Keys;
use edgerm_coap::{
    Block2Fetch, BlockSize, Channel, Code, Endpoint, Event, ExchangeId, ReceivedResponse, Request,
    RequestError,
};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Inspect, Kill, Message, path};
use edgerm_protocol::{AgentId, Instant, SessionId, TaskId, TaskState, encode};

use super::Master;
use super::registration::read_description;
use crate::launch;
use crate::ledger::{Ledger, is_for_later};
use crate::link::{Command, Link, Pull};
use crate::peers::PeerId;

/// Largest block of a description that is asked for; the agent may give smaller ones.
const DESCRIPTION_BLOCK: BlockSize = BlockSize::B512;

impl Master {
    /// Queues `command`; [`Self::ask_next`] sends it.
    pub(super) fn queue(&mut self, agent: AgentId, command: Command) {
        if let Some(link) = self.links.get_mut(&agent) {
            link.push(command);
            link.asks_after = self.journal.changed();
        }
    }

    /// Asks `agent` what waits for it, unless something is asked or it is to be heard first.
    pub(super) fn ask_next(&mut self, now: Instant, agent: AgentId) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let Some(session) = self.ledger.agent(agent).and_then(|agent| agent.session) else {
            return;
        };
        let id = link.peer;
        // Where somebody else was heard at its address since, it is to be heard again.
        let Some(peer) = self.peers.path_of(agent, id) else {
            return;
        };
        if link.held || link.asked.is_some() || peer.endpoint.is_busy() {
            return;
        }
        peer.asks_after = peer.asks_after.max(link.asks_after);
        let runs = |id| {
            let task = self.ledger.task(id);
            task.is_some_and(|task| task.state >= TaskState::Running)
        };
        let boot = self.ledger.agent(agent).map(|agent| agent.boot);
        let after = |task| {
            let reading = self.readings.get(&task)?;
            let last = boot.map(|boot| self.outputs.last_line(task, boot));
            Some(last.filter(|_| reading.lines))
        };
        while let Some(command) = link.pop(runs) {
            match ask(
                &mut peer.endpoint,
                now,
                &self.ledger,
                link,
                session,
                &after,
                &command,
            ) {
                Ok(Some(exchange)) => {
                    let asked = link.asked.insert(Box::new((exchange, command)));
                    match asked.1 {
                        Command::Launch(task) => {
                            let issued = self.ledger.move_task_to(task, TaskState::Issued, None);
                            self.commit_all(now, issued);
                        }
                        Command::Inspect(task) => self.on_asked(task),
                        Command::Describe | Command::Kill(_) | Command::Message(..) => {}
                    }
                    break;
                }
                // Nothing wants it any more.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%agent, ?command, %error, "a request cannot be sent");
                }
            }
        }
        self.flush(id);
    }

    /// An exchange of ours has come to something.
    pub(super) fn on_answer(&mut self, now: Instant, from: PeerId, event: Event) {
        let (exchange, response) = match event {
            Event::Response(exchange, response) => (exchange, Some(response)),
            Event::Reset(exchange) | Event::TimedOut(exchange) | Event::Repeat(exchange) => {
                (exchange, None)
            }
            Event::Acknowledged(_) | Event::Request(..) => return,
        };
        let Some(agent) = self.peers.get_mut(from).and_then(|peer| peer.agent) else {
            return;
        };
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let Some(command) = link.take_asked_in(exchange) else {
            return;
        };
        match response {
            Some(response) => {
                self.on_response(now, agent, command, &response);
                self.ask_next(now, agent);
            }
            None => {
                link.hold(command);
                self.count("request_unanswered");
            }
        }
    }

    fn on_response(
        &mut self,
        now: Instant,
        agent: AgentId,
        command: Command,
        response: &ReceivedResponse,
    ) {
        let is_dropped = command.can_wait() && response.code.class() == 5;
        if is_for_later(response.code) && !is_dropped {
            if let Some(link) = self.links.get_mut(&agent) {
                link.hold(command);
            }
            return;
        }
        match command {
            Command::Describe => self.on_description_block(now, agent, response),
            Command::Launch(task) => {
                let diagnostic = response.diagnostic();
                let change = self.ledger.launch_answered(task, response.code, diagnostic);
                self.commit_all(now, change);
            }
            Command::Kill(task) => {
                let change = self.ledger.kill_answered(task, response.code);
                self.commit_all(now, change);
                if !response.code.is_success() && response.code != Code::NOT_FOUND {
                    self.on_refused(agent, task, response);
                }
            }
            Command::Inspect(task) => self.on_inspection(now, agent, task, response),
            Command::Message(..) if response.code.is_success() => {}
            Command::Message(task, _) => self.on_refused(agent, task, response),
        }
    }

    fn on_refused(&mut self, agent: AgentId, task: TaskId, response: &ReceivedResponse) {
        self.count("request_refused");
        let diagnostic = response.diagnostic().unwrap_or_default();
        tracing::warn!(%agent, %task, code = %response.code, diagnostic, "refused");
    }

    /// Begins to pull a description of `length` bytes.
    pub(super) fn begin_pull(&mut self, agent: AgentId, length: u32) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        if let Ok(fetch) = Block2Fetch::new(length, DESCRIPTION_BLOCK, 0) {
            let bytes = Vec::new();
            link.pull = Some(Box::new(Pull { fetch, bytes }));
            link.push(Command::Describe);
        }
    }

    fn on_description_block(&mut self, now: Instant, agent: AgentId, response: &ReceivedResponse) {
        let Some(link) = self.links.get_mut(&agent) else {
            return;
        };
        let Some(pull) = &mut link.pull else {
            return;
        };
        match pull.fetch.accept(response) {
            Ok(block) => pull.bytes.extend_from_slice(block.data),
            Err(error) => {
                link.pull = None;
                self.count("description_refused");
                tracing::warn!(%agent, %error, "agent stays without a description");
                return;
            }
        }
        if !pull.fetch.is_done() {
            link.push(Command::Describe);
            return;
        }
        let bytes = std::mem::take(&mut pull.bytes);
        link.pull = None;
        match read_description(&bytes) {
            Ok(description) => self.describe(now, agent, description),
            Err(error) => {
                self.count("description_refused");
                tracing::warn!(%agent, %error, "agent stays without a description");
            }
        }
    }
}

/// Sends `command`. `None` where it is about a task that has ended, a pull that is over, or one that
/// nobody reads any more; `after` is the last line that is known of one that is read, where lines
/// are wanted.
fn ask(
    endpoint: &mut Endpoint<Channel<Keys>>,
    now: Instant,
    ledger: &Ledger,
    link: &Link,
    session: SessionId,
    after: &dyn Fn(TaskId) -> Option<Option<u32>>,
    command: &Command,
) -> Result<Option<ExchangeId>, AskError> {
    let mut buffer = [0; MAX_BODY];
    let running = |id: &TaskId| ledger.task(*id).filter(|task| !task.state.is_terminal());
    let (path, body) = match command {
        Command::Describe => {
            let block = link.pull.as_ref().and_then(|pull| pull.fetch.next_block());
            let Some(block) = block else { return Ok(None) };
            let path = [path::DESCRIPTION];
            let request = Request::get_block(&path, block);
            return Ok(Some(endpoint.request(now, &request)?));
        }
        Command::Launch(task) => {
            let Some(task) = running(task) else {
                return Ok(None);
            };
            let body = launch::encode_launch(task, session, &mut buffer)?;
            (path::LAUNCH, body)
        }
        Command::Kill(task) => {
            let Some(task) = running(task) else {
                return Ok(None);
            };
            let task = task.id;
            (path::KILL, encode(&Kill { session, task }, &mut buffer)?)
        }
        Command::Message(task, payload) => {
            let Some(task) = running(task) else {
                return Ok(None);
            };
            let message = Message {
                session,
                task: task.id,
                payload,
            };
            (path::MESSAGE, encode(&message, &mut buffer)?)
        }
        Command::Inspect(task) => {
            let Some(after) = after(*task) else {
                return Ok(None);
            };
            let inspect = Inspect {
                session,
                task: *task,
                after,
            };
            (path::INSPECT, encode(&inspect, &mut buffer)?)
        }
    };
    Ok(Some(
        endpoint.request(now, &Request::post_cbor(&[path], body))?,
    ))
}

/// Why a request was not sent. What could be too large was refused when it was accepted.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{0}")]
    Encode(#[from] edgerm_protocol::EncodeError),
    #[error("{0}")]
    Request(#[from] RequestError),
}
