//! The master at the other end: it takes what the agent tells, serves one module, and asks.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context, ensure};
use edgerm_coap::oscore::rekey::Challenges;
use edgerm_coap::oscore::{Client, Credential, Keys};
use edgerm_coap::{
    BlockSize, Channel, Code, Config, Endpoint, Event, Method, ReceivedRequest, RequestId,
    Response, serve,
};
use edgerm_protocol::codec::List;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{
    Deregister, Output, Ping, Pong, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::{AgentId, Instant, SessionId, TaskId, TaskState, decode, encode};

/// Where the agent's datagrams come from.
const PLACE: &[u8] = b"a serial line";

/// What it knows of one agent.
pub(super) struct Master {
    pub(super) endpoint: Endpoint<Channel<Keys>>,
    /// Of an agent that proves who it is.
    client: Option<(Client, Challenges)>,
    /// Datagrams in the endpoint's stead.
    challenges: VecDeque<Vec<u8>>,
    pub(super) session: SessionId,
    pub(super) registrations: usize,
    pub(super) states: BTreeMap<TaskId, TaskState>,
    pub(super) outputs: usize,
    pub(super) has_left: bool,
    /// Answers no ping in the session it gave last.
    pub(super) forgets: bool,
    /// The answer to what it asked last.
    pub(super) answer: Option<Code>,
    module: Vec<u8>,
}

impl Master {
    /// A master that serves this module under whatever key, and speaks OSCORE with an agent that
    /// has this credential.
    pub(super) fn new(module: Vec<u8>, credential: Option<Credential>) -> Self {
        let channel = match credential {
            Some(_) => Channel::Protected(Keys::new()),
            None => Channel::Plain,
        };
        let client =
            credential.map(|credential| (Client::new(credential), Challenges::new([9; 32])));
        Self {
            endpoint: Endpoint::new(Config::default(), channel, 1),
            client,
            challenges: VecDeque::new(),
            session: SessionId(0x1234_5678),
            registrations: 0,
            states: BTreeMap::new(),
            outputs: 0,
            has_left: false,
            forgets: false,
            answer: None,
            module,
        }
    }

    pub(super) fn on_datagram(&mut self, now: Instant, datagram: &[u8]) -> anyhow::Result<()> {
        let is_request = datagram.get(1).is_some_and(|code| (1..32).contains(code));
        let event = match &mut self.client {
            Some((client, challenges)) if is_request => {
                let heard =
                    client.handle_request(&mut self.endpoint, challenges, PLACE, now, datagram);
                self.challenges.extend(heard.challenge);
                heard.event
            }
            _ => self.endpoint.handle_datagram(now, datagram),
        };
        // A duplicate is no event.
        event.map_or(Ok(()), |event| self.on_event(now, event))
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let challenge = self.challenges.pop_front();
        challenge.or_else(|| self.endpoint.poll_transmit())
    }

    pub(super) fn on_timeout(&mut self, now: Instant) -> anyhow::Result<()> {
        let event = self.endpoint.handle_timeout(now);
        event.map_or(Ok(()), |event| self.on_event(now, event))
    }

    fn on_event(&mut self, now: Instant, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Request(id, request) => self.on_request(now, id, &request)?,
            Event::Response(_, response) => self.answer = Some(response.code),
            Event::Acknowledged(_) => {}
            Event::Reset(_) | Event::TimedOut(_) | Event::Repeat(_) => {
                ensure!(false, "the agent does not answer");
            }
        }
        Ok(())
    }

    fn on_request(
        &mut self,
        now: Instant,
        id: RequestId,
        request: &ReceivedRequest,
    ) -> anyhow::Result<()> {
        let mut buffer = [0; MAX_BODY];
        let first = request.segments().next().unwrap_or("");
        let response = match (request.method, first) {
            (Method::Get, path::MODULE) => {
                let slice = serve(&self.module, request.block2, BlockSize::MAX);
                Response::block(&slice.context("the agent asks for a block that is not there")?)
            }
            (Method::Post, path::REGISTER) => {
                Response::with_payload(Code::CREATED, self.on_register(request, &mut buffer)?)
            }
            (Method::Post, path::PING) => {
                let ping: Ping<'_> = decode(&request.payload)?;
                if ping.session != self.session {
                    Response::new(Code::UNAUTHORIZED)
                } else if self.forgets {
                    self.session = SessionId(self.session.0 + 1);
                    self.forgets = false;
                    Response::new(Code::UNAUTHORIZED)
                } else {
                    ping.updates.iter().for_each(|update| self.apply(update));
                    let pong = encode(&Pong { waiting: Some(1) }, &mut buffer)?;
                    Response::with_payload(Code::CHANGED, pong)
                }
            }
            (Method::Post, path::OUTPUT) => {
                let _output: Output<'_> = decode(&request.payload)?;
                self.outputs += 1;
                Response::new(Code::CHANGED)
            }
            (Method::Post, path::DEREGISTER) => {
                let deregister: Deregister<'_> = decode(&request.payload)?;
                deregister
                    .updates
                    .iter()
                    .for_each(|update| self.apply(update));
                self.has_left = true;
                Response::new(Code::DELETED)
            }
            _ => Response::new(Code::NOT_FOUND),
        };
        self.endpoint.respond(now, id, &response)?;
        Ok(())
    }

    fn on_register<'a>(
        &mut self,
        request: &ReceivedRequest,
        buffer: &'a mut [u8],
    ) -> anyhow::Result<&'a [u8]> {
        let register: Register<'_> = decode(&request.payload)?;
        register.tasks.iter().for_each(|update| self.apply(update));
        self.registrations += 1;
        let registered = Registered {
            agent: AgentId(7),
            session: self.session,
            unwanted: List::default(),
        };
        Ok(encode(&registered, buffer)?)
    }

    fn apply(&mut self, update: &StatusUpdate<'_>) {
        self.states.insert(update.task, update.state);
    }
}
