//! A master for one agent: it keeps what it is told, serves modules and asks for things.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use edgerm_coap::oscore::rekey::Challenges;
use edgerm_coap::oscore::{Client, Credential, Keys, reject};
use edgerm_coap::{
    BlockOption, BlockSize, Channel, Code, Config, Echo, Endpoint, Event, ExchangeId, Ignored,
    Method, ReceivedRequest, ReceivedResponse, RequestId, Response, SecurityError, serve,
};
use edgerm_protocol::codec::List;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{
    Deregister, Output, Ping, Pong, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::{AgentId, Instant, ModuleId, SessionId, TaskId, TaskState, decode, encode};

use super::ask::{Answer, Ask};
use super::record::{Record, ToldOutput};

#[derive(Debug)]
pub(crate) struct Master {
    endpoint: Endpoint<Channel<Keys>>,
    /// What it knows of an agent that proves who it is.
    client: Option<(Client, Challenges)>,
    /// Datagrams in the endpoint's stead.
    replies: VecDeque<Vec<u8>>,
    /// Where the agent's datagrams come from.
    pub(crate) place: &'static [u8],
    pub(crate) session: Option<SessionId>,
    pub(crate) tasks: BTreeMap<TaskId, Record>,
    pub(crate) outputs: Vec<ToldOutput>,
    pub(crate) description: Vec<u8>,
    pub(crate) unwanted: BTreeSet<TaskId>,
    modules: BTreeMap<String, Vec<u8>>,
    /// Requests to these paths are refused with these codes.
    refusals: BTreeMap<&'static str, Code>,
    /// Every request that came, in order: when, and to which path.
    pub(crate) heard: Vec<(Instant, String)>,
    /// What every request is to repeat.
    pub(crate) wants_echo: Option<Echo>,
    /// Asks again what was not answered, or with 4.01 or 5.xx.
    pub(crate) insists: bool,
    asks: VecDeque<Ask>,
    ask_at: Instant,
    asked: Option<(ExchangeId, Ask)>,
    pub(crate) answers: Vec<Answer>,
}

impl Master {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            endpoint: Endpoint::new(Config::default(), Channel::Plain, !seed),
            client: None,
            replies: VecDeque::new(),
            place: b"192.0.2.1:5683",
            session: None,
            tasks: BTreeMap::new(),
            outputs: Vec::new(),
            description: Vec::new(),
            unwanted: BTreeSet::new(),
            modules: BTreeMap::new(),
            refusals: BTreeMap::new(),
            heard: Vec::new(),
            wants_echo: None,
            insists: false,
            asks: VecDeque::new(),
            ask_at: Instant::from_millis(0),
            asked: None,
            answers: Vec::new(),
        }
    }

    /// One that knows the credential of the agent, and has the keys of no boot yet.
    pub(crate) fn secured(seed: u64, credential: Credential) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_be_bytes());
        let channel = Channel::Protected(Keys::new());
        Self {
            endpoint: Endpoint::new(Config::default(), channel, !seed),
            client: Some((Client::new(credential), Challenges::new(key))),
            ..Self::new(seed)
        }
    }

    /// The power goes and comes back, and of the keys nothing is left; all else is, as if it
    /// were in a store.
    pub(crate) fn reboot(&mut self, seed: u64, credential: Credential) {
        let Self {
            endpoint, client, ..
        } = Self::secured(seed, credential);
        self.endpoint = endpoint;
        self.client = client;
        self.asked = None;
    }

    pub(crate) fn add_module(&mut self, module: ModuleId, bytes: Vec<u8>) {
        self.modules.insert(module.key().as_str().to_owned(), bytes);
    }

    pub(crate) fn refuse(&mut self, path: &'static str, code: Code) {
        self.refusals.insert(path, code);
    }

    pub(crate) fn accept(&mut self, path: &'static str) {
        self.refusals.remove(path);
    }

    pub(crate) fn ask(&mut self, ask: Ask) {
        self.asks.push_back(ask);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.asked.is_none() && self.asks.is_empty()
    }

    /// The state of a task that was told last.
    pub(crate) fn state(&self, id: TaskId) -> Option<TaskState> {
        self.tasks.get(&id)?.told.last().copied()
    }

    pub(crate) fn detail(&self, id: TaskId) -> &str {
        let record = self.tasks.get(&id);
        record
            .and_then(|record| record.detail.as_deref())
            .unwrap_or("")
    }

    /// When requests came to this path.
    pub(crate) fn heard_at(&self, path: &str) -> Vec<u64> {
        let heard = self.heard.iter().filter(|(_, other)| other == path);
        heard.map(|(at, _)| at.as_millis()).collect()
    }

    /// How many blocks of modules were asked for.
    pub(crate) fn blocks_asked(&self) -> usize {
        self.heard
            .iter()
            .filter(|(_, path)| path.starts_with("m/"))
            .count()
    }

    pub(crate) fn on_datagram(&mut self, now: Instant, datagram: &[u8]) {
        let is_request = datagram.get(1).is_some_and(|code| (1..32).contains(code));
        let event = match &mut self.client {
            Some((client, challenges)) if is_request => {
                let (endpoint, place) = (&mut self.endpoint, self.place);
                let hearing = client.handle_request(endpoint, challenges, place, now, datagram);
                self.replies.extend(hearing.challenge);
                if hearing.established {
                    self.asked = None;
                }
                hearing.event
            }
            _ => self.endpoint.handle_datagram(now, datagram),
        };
        match event {
            Ok(event) => self.on_event(now, event),
            Err(Ignored::Security(SecurityError::NoKeys | SecurityError::UnknownKey)) => {
                self.replies.extend(reject(datagram, Code::UNAUTHORIZED));
            }
            Err(Ignored::Security(SecurityError::Unauthentic)) => {
                self.replies.extend(reject(datagram, Code::BAD_REQUEST));
            }
            Err(_) => {}
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Instant) {
        if let Some(event) = self.endpoint.handle_timeout(now) {
            self.on_event(now, event);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let ask_at = (self.asked.is_none() && !self.asks.is_empty()).then_some(self.ask_at);
        self.endpoint.poll_timeout().into_iter().chain(ask_at).min()
    }

    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.asked.is_none()
            && self.ask_at <= now
            && let Some(ask) = self.asks.pop_front()
        {
            let exchange = ask.send(now, &mut self.endpoint, self.session);
            self.asked = Some((exchange, ask));
        }
        self.replies
            .pop_front()
            .or_else(|| self.endpoint.poll_transmit())
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Request(id, request) => self.on_request(now, id, &request),
            Event::Response(_, response) => self.on_answer(now, Some(&response)),
            Event::Acknowledged(_) => {}
            Event::Reset(_) | Event::TimedOut(_) | Event::Repeat(_) => self.on_answer(now, None),
        }
    }

    fn on_answer(&mut self, now: Instant, response: Option<&ReceivedResponse>) {
        let (_, ask) = self.asked.take().expect("an answer to a request");
        let code = response.map(|response| response.code);
        let again = code.is_none_or(|code| code.class() == 5 || code == Code::UNAUTHORIZED);
        if self.insists && again {
            self.ask_at = now + Duration::from_secs(1);
            return self.asks.push_front(ask);
        }
        if let (Ask::Description(_), Some(response)) = (&ask, response) {
            self.on_description(response);
        }
        let diagnostic = response
            .and_then(ReceivedResponse::diagnostic)
            .unwrap_or("");
        self.answers.push(Answer {
            ask,
            code,
            diagnostic: diagnostic.to_owned(),
            body: response.map_or(Vec::new(), |response| response.payload.clone()),
        });
    }

    fn on_description(&mut self, response: &ReceivedResponse) {
        let Some(block) = response.block2 else { return };
        self.description.extend(&response.payload);
        if block.more() {
            let next = BlockOption::new(block.number() + 1, false, block.size());
            self.asks
                .push_front(Ask::Description(next.expect("a small description")));
        }
    }

    fn on_request(&mut self, now: Instant, id: RequestId, request: &ReceivedRequest) {
        self.heard.push((now, request.path().to_owned()));
        if let Some(echo) = self.wants_echo
            && request.echo != Some(echo)
        {
            let response = Response {
                echo: Some(echo),
                ..Response::new(Code::UNAUTHORIZED)
            };
            return self.endpoint.respond(now, id, &response).expect("it waits");
        }
        let first = request.segments().next().unwrap_or("");
        if let Some(code) = self.refusals.get(first) {
            let refused = Response::error(*code, "as the test wants");
            return self.endpoint.respond(now, id, &refused).expect("it waits");
        }
        if let (Method::Get, Some(key)) = (request.method, request.path().strip_prefix("m/")) {
            return self.on_block_asked(now, id, key, request.block2);
        }
        let mut buffer = [0; MAX_BODY];
        let (code, body) = match first {
            path::REGISTER => (
                Code::CREATED,
                self.on_register(&request.payload, &mut buffer),
            ),
            path::PING => self.on_ping(&request.payload, &mut buffer),
            path::OUTPUT => (self.on_output(&request.payload), &[][..]),
            path::DEREGISTER => (self.on_deregister(&request.payload), &[][..]),
            _ => (Code::NOT_FOUND, &[][..]),
        };
        let response = Response::with_payload(code, body);
        self.endpoint.respond(now, id, &response).expect("it waits");
    }

    fn on_register<'a>(&mut self, body: &[u8], buffer: &'a mut [u8]) -> &'a [u8] {
        let register: Register<'_> = decode(body).expect("a registration");
        let session = SessionId(self.session.map_or(1, |session| session.0 + 1));
        self.session = Some(session);
        self.description = register.description.unwrap_or(&[]).to_vec();
        if register.description.is_none() {
            let first = BlockOption::new(0, false, BlockSize::B512).expect("the first");
            self.asks.push_front(Ask::Description(first));
        }
        register.tasks.iter().for_each(|update| self.apply(update));
        let listed = register.tasks.iter().map(|update| update.task);
        let registered = Registered {
            agent: AgentId(7),
            session,
            unwanted: List::from_first(listed.filter(|id| self.unwanted.contains(id))),
        };
        encode(&registered, buffer).expect("it fits")
    }

    fn on_ping<'a>(&mut self, body: &[u8], buffer: &'a mut [u8]) -> (Code, &'a [u8]) {
        let ping: Ping<'_> = decode(body).expect("a ping");
        if self.session != Some(ping.session) {
            return (Code::UNAUTHORIZED, &[]);
        }
        ping.updates.iter().for_each(|update| self.apply(update));
        let waiting = u8::try_from(self.asks.len()).ok().filter(|asks| *asks > 0);
        let pong = waiting.map(|_| encode(&Pong { waiting }, buffer).expect("it fits"));
        (Code::CHANGED, pong.map_or(&[], |pong| pong))
    }

    fn on_output(&mut self, body: &[u8]) -> Code {
        let output: Output<'_> = decode(body).expect("an output");
        if self.session != Some(output.session) {
            return Code::UNAUTHORIZED;
        }
        let told = ToldOutput {
            task: output.task,
            sequence: output.sequence,
            payload: output.payload.to_vec(),
        };
        if !self.outputs.contains(&told) {
            let ended = self.state(told.task).is_some_and(TaskState::is_terminal);
            assert!(!ended, "{} said more after its end was told", told.task);
            self.outputs.push(told);
        }
        Code::CHANGED
    }

    fn on_deregister(&mut self, body: &[u8]) -> Code {
        let deregister: Deregister<'_> = decode(body).expect("a good-bye");
        if self.session != Some(deregister.session) {
            return Code::UNAUTHORIZED;
        }
        deregister
            .updates
            .iter()
            .for_each(|update| self.apply(update));
        self.session = None;
        Code::DELETED
    }

    fn on_block_asked(
        &mut self,
        now: Instant,
        id: RequestId,
        key: &str,
        block: Option<BlockOption>,
    ) {
        let slice = self
            .modules
            .get(key)
            .map(|blob| serve(blob, block, BlockSize::MAX));
        let response = match &slice {
            Some(Ok(slice)) => Response::block(slice),
            Some(Err(_)) => Response::error(Code::BAD_REQUEST, "no such block"),
            None => Response::error(Code::NOT_FOUND, "no such module"),
        };
        self.endpoint.respond(now, id, &response).expect("it waits");
    }

    fn apply(&mut self, update: &StatusUpdate<'_>) {
        self.tasks.entry(update.task).or_default().apply(update);
    }
}
