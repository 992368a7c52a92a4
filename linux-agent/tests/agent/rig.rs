//! An agent, and a master that does what the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant as Clock};

use edgerm_agent_core::Config;
use edgerm_coap::{
    BlockSize, Code, Endpoint, Event, Method, Plain, ReceivedRequest, Request, RequestId, Response,
    serve,
};
use edgerm_linux_agent::Agent;
use edgerm_linux_agent::agent::Options;
use edgerm_linux_agent::devices::Devices;
use edgerm_protocol::message::{
    Deregister, Kill, Launch, Message, Output, Ping, Pong, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::owned::Description;
use edgerm_protocol::{AgentId, Instant, ModuleId, SessionId, TaskId, TaskState, decode, encode};
use edgerm_task_abi::{HOST_FUNCTIONS, IMPORT_MODULE, Permissions};
use sha2::{Digest, Sha256};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long a test may take before it has failed; none waits for it.
const FAILURE: Duration = Duration::from_secs(120);

const SESSION: SessionId = SessionId(7);

pub(crate) const AGENT: AgentId = AgentId(1);

/// What the agent told the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Registered(String),
    State(TaskId, TaskState, String),
    Output(TaskId, u32, Vec<u8>),
    Left,
}

pub(crate) struct Master {
    socket: UdpSocket,
    agent: Option<SocketAddr>,
    endpoint: Endpoint,
    epoch: Clock,
    told: VecDeque<Told>,
    answer: Option<Code>,
    modules: Vec<Vec<u8>>,
    /// Requests that were for blocks of modules.
    pub(crate) blocks: usize,
    /// The path of which requests are not answered until [`Master::release`].
    pub(crate) hold: Option<&'static str>,
    held: Vec<(RequestId, ReceivedRequest)>,
}

impl Master {
    pub(crate) async fn new() -> Self {
        Self::at(UdpSocket::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn at(socket: UdpSocket) -> Self {
        Self {
            socket,
            agent: None,
            endpoint: Endpoint::new(edgerm_coap::Config::default(), Plain, 1),
            epoch: Clock::now(),
            told: VecDeque::new(),
            answer: None,
            modules: Vec::new(),
            blocks: 0,
            hold: None,
            held: Vec::new(),
        }
    }

    /// Keeps a module of this text for the agent to fetch.
    pub(crate) fn add_module(&mut self, wasm: Vec<u8>) -> Module {
        let module = Module {
            id: ModuleId(Sha256::digest(&wasm).into()),
            size: u32::try_from(wasm.len()).unwrap(),
        };
        self.modules.push(wasm);
        module
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// What the agent tells next.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
            }
            self.step().await;
        }
    }

    /// How this task ends, if that comes next; that it runs may be told before.
    pub(crate) async fn end(&mut self, id: TaskId) -> (TaskState, String) {
        let mut told = self.next().await;
        if told == Told::State(id, TaskState::Running, String::new()) {
            told = self.next().await;
        }
        let Told::State(task, state, detail) = told else {
            panic!("not a state but {told:?}");
        };
        assert_eq!(task, id);
        (state, detail)
    }

    pub(crate) async fn launch(&mut self, task: TaskId, module: Module) -> Code {
        let mut buffer = [0; 1024];
        let launch = Launch {
            session: SESSION,
            task,
            module: module.id,
            module_size: module.size,
            mem: 1 << 20,
            cpus: None,
            permissions: Some(Permissions::ALL.bits()),
            devices: Default::default(),
            env: Default::default(),
            restart: None,
            stop_after_disconnected: None,
            deadline: None,
            max_silence: None,
            max_restarts: None,
        };
        self.ask(path::LAUNCH, encode(&launch, &mut buffer).unwrap())
            .await
    }

    pub(crate) async fn kill(&mut self, task: TaskId) -> Code {
        let kill = Kill {
            session: SESSION,
            task,
        };
        let mut buffer = [0; 64];
        self.ask(path::KILL, encode(&kill, &mut buffer).unwrap())
            .await
    }

    pub(crate) async fn message(&mut self, task: TaskId, payload: &[u8]) -> Code {
        let message = Message {
            session: SESSION,
            task,
            payload,
        };
        let mut buffer = [0; 1024];
        self.ask(path::MESSAGE, encode(&message, &mut buffer).unwrap())
            .await
    }

    /// Asks the agent, and waits for its answer; what it tells meanwhile is kept.
    async fn ask(&mut self, path: &str, body: &[u8]) -> Code {
        let path = [path];
        let request = Request::post_cbor(&path, body);
        self.endpoint.request(self.now(), &request).unwrap();
        loop {
            self.transmit().await;
            if let Some(code) = self.answer.take() {
                return code;
            }
            self.step().await;
        }
    }

    /// Waits until the agent has asked for what is held.
    pub(crate) async fn held(&mut self) {
        while self.held.is_empty() {
            self.step().await;
        }
    }

    /// Answers what is held, and holds nothing more.
    pub(crate) async fn release(&mut self) {
        self.hold = None;
        for (id, request) in std::mem::take(&mut self.held) {
            self.on_request(id, &request);
        }
        self.transmit().await;
    }

    /// Sends bytes that no endpoint made.
    pub(crate) async fn send(&self, datagram: &[u8]) {
        let agent = self.agent.expect("the agent was heard");
        self.socket.send_to(datagram, agent).await.unwrap();
    }

    fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.epoch.elapsed().as_millis()).unwrap())
    }

    async fn transmit(&mut self) {
        while let Some(datagram) = self.endpoint.poll_transmit() {
            self.send(&datagram).await;
        }
    }

    /// Takes one datagram, and answers it. The agent's retransmissions make up for ours:
    /// loopback loses next to nothing.
    async fn step(&mut self) {
        let mut buffer = [0; 2048];
        let left = FAILURE.saturating_sub(self.epoch.elapsed());
        let received = timeout(left, self.socket.recv_from(&mut buffer)).await;
        let (length, agent) = received.expect("the agent says something").unwrap();
        self.agent = Some(agent);
        match self.endpoint.handle_datagram(self.now(), &buffer[..length]) {
            Ok(Event::Request(id, request)) => {
                if self.hold == Some(request.segments().next().unwrap_or_default()) {
                    self.held.push((id, request));
                } else {
                    self.on_request(id, &request);
                }
            }
            Ok(Event::Response(_, response)) => self.answer = Some(response.code),
            Ok(Event::Acknowledged(_)) | Err(_) => {}
            Ok(event @ (Event::Reset(_) | Event::TimedOut(_) | Event::Repeat(_))) => {
                panic!("{event:?}")
            }
        }
        self.transmit().await;
    }

    fn on_request(&mut self, id: RequestId, request: &ReceivedRequest) {
        let mut buffer = [0; 128];
        let mut segments = request.segments();
        let segment = segments.next().unwrap_or_default();
        let response = match (segment, request.method) {
            (path::REGISTER, Method::Post) => {
                let register: Register<'_> = decode(&request.payload).unwrap();
                self.told
                    .push_back(Told::Registered(register.name.to_string()));
                let registered = Registered {
                    agent: AGENT,
                    session: SESSION,
                    unwanted: Default::default(),
                };
                let body = encode(&registered, &mut buffer).unwrap();
                Response::with_payload(Code::CREATED, body)
            }
            (path::PING, Method::Post) => {
                let ping: Ping<'_> = decode(&request.payload).unwrap();
                assert_eq!(ping.session, SESSION);
                self.told.extend(ping.updates.iter().map(state));
                let body = encode(&Pong::default(), &mut buffer).unwrap();
                Response::with_payload(Code::CHANGED, body)
            }
            (path::OUTPUT, Method::Post) => {
                let output: Output<'_> = decode(&request.payload).unwrap();
                let payload = output.payload.to_vec();
                let output = Told::Output(output.task, output.sequence, payload);
                self.told.push_back(output);
                Response::new(Code::CHANGED)
            }
            (path::MODULE, Method::Get) => {
                self.blocks += 1;
                let key = segments.next().unwrap_or_default();
                let has_key =
                    |wasm: &&Vec<u8>| ModuleId(Sha256::digest(wasm).into()).key().as_str() == key;
                let wasm = self.modules.iter().find(has_key).expect("a module").clone();
                let slice = serve(&wasm, request.block2, BlockSize::B512).unwrap();
                let response = Response::block(&slice);
                return self.respond(id, &response);
            }
            (path::DEREGISTER, Method::Post) => {
                let deregister: Deregister<'_> = decode(&request.payload).unwrap();
                self.told.extend(deregister.updates.iter().map(state));
                self.told.push_back(Told::Left);
                Response::new(Code::DELETED)
            }
            other => panic!("the agent asks {other:?}"),
        };
        self.respond(id, &response);
    }

    fn respond(&mut self, id: RequestId, response: &Response<'_>) {
        self.endpoint.respond(self.now(), id, response).unwrap();
    }
}

fn state(update: &StatusUpdate<'_>) -> Told {
    let detail = update.detail.map_or("", |detail| detail.as_str());
    Told::State(update.task, update.state, detail.to_owned())
}

/// A module, as a launch names it.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    id: ModuleId,
    size: u32,
}

/// A module of one page with every host function under its name.
pub(crate) fn module(body: &str) -> Vec<u8> {
    let imports: String = HOST_FUNCTIONS
        .iter()
        .map(|function| {
            let params: String = function
                .param_types()
                .map(|ty| format!(" {}", ty.name()))
                .collect();
            let result = function.result.map(|ty| format!("(result {})", ty.name()));
            format!(
                r#"(import "{IMPORT_MODULE}" "{name}" (func ${name} (param{params}) {result}))"#,
                name = function.name,
                result = result.unwrap_or_default(),
            )
        })
        .collect();
    let module = format!(r#"(module {imports} (memory (export "memory") 1) {body})"#);
    wat::parse_str(module).expect("the test's module is well-formed")
}

/// A running agent, and the folder of its modules.
pub(crate) struct Rig {
    pub(crate) agent: Agent,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// An agent that retransmits after a moment.
    pub(crate) async fn start(master: SocketAddr, devices: Devices) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let core = Config {
            coap: edgerm_coap::Config {
                ack_timeout: Duration::from_millis(200),
                max_retransmit: 10,
                ..edgerm_coap::Config::default()
            },
            ..Config::default()
        };
        let options = Options {
            name: "attic".into(),
            master: master.to_string(),
            credential: None,
            module_folder: folder.path().to_owned(),
            module_cache: 1 << 20,
            record_folder: None,
            containers: None,
            container_folder: folder.path().join("containers"),
            description: Description::default(),
            devices,
            core,
        };
        Self {
            agent: Agent::start(options).await.unwrap(),
            _folder: folder,
        }
    }

    /// A master with an agent that has registered.
    pub(crate) async fn registered() -> (Self, Master) {
        let mut master = Master::new().await;
        let mut rig = Self::start(master.address(), Devices::default()).await;
        assert_eq!(master.next().await, Told::Registered("attic".into()));
        assert_eq!(rig.agent.registered().await, Some(AGENT));
        (rig, master)
    }

    /// Has the agent leave, and gives all that it still tells.
    pub(crate) async fn leave(self, master: &mut Master) -> Vec<Told> {
        let listen = async {
            let mut told = Vec::new();
            while told.last() != Some(&Told::Left) {
                told.push(master.next().await);
            }
            told
        };
        let ((), told) = tokio::join!(self.agent.leave(), listen);
        told
    }
}
