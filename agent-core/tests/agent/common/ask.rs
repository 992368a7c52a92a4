//! What the master asks of the agent, and what it is answered.

use edgerm_coap::oscore::Keys;
use edgerm_coap::{BlockOption, Channel, Code, Endpoint, ExchangeId, Request};
use edgerm_protocol::codec::List;
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Inspect, Kill, Launch, Message, path};
use edgerm_protocol::{Instant, ModuleId, SessionId, TaskId, encode};

use super::name;

/// A task to be launched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaunchSpec {
    pub(crate) task: TaskId,
    pub(crate) module: ModuleId,
    pub(crate) module_size: u32,
    pub(crate) mem: u32,
    pub(crate) device: Option<&'static str>,
    pub(crate) restart: bool,
    pub(crate) stop_after_disconnected: Option<u32>,
    pub(crate) deadline: Option<u32>,
    pub(crate) max_silence: Option<u32>,
    pub(crate) max_restarts: Option<u32>,
}

impl LaunchSpec {
    pub(crate) fn new(task: TaskId, module: ModuleId, length: usize) -> Self {
        Self {
            task,
            module,
            module_size: u32::try_from(length).expect("a small module"),
            mem: 1024,
            device: None,
            restart: false,
            stop_after_disconnected: None,
            deadline: None,
            max_silence: None,
            max_restarts: None,
        }
    }
}

/// Something that the master asks of the agent.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Launch(LaunchSpec),
    Kill(TaskId),
    Message(TaskId, Vec<u8>),
    /// What there is of a task, and its lines after a number.
    Inspect(TaskId, Option<u32>),
    /// A part of the description, by Block2.
    Description(BlockOption),
    /// Bytes of the test's own.
    Raw(&'static str, Vec<u8>),
}

/// What the agent answered; no code where it was silent.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) ask: Ask,
    pub(crate) code: Option<Code>,
    pub(crate) diagnostic: String,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    /// Sends the request, in this session.
    pub(crate) fn send(
        &self,
        now: Instant,
        endpoint: &mut Endpoint<Channel<Keys>>,
        session: Option<SessionId>,
    ) -> ExchangeId {
        let session = session.unwrap_or(SessionId(0));
        let mut buffer = [0; MAX_BODY];
        let (path, body) = match self {
            Self::Launch(spec) => {
                let devices = spec.device.into_iter().map(name);
                let launch = Launch {
                    session,
                    task: spec.task,
                    module: spec.module,
                    module_size: spec.module_size,
                    mem: spec.mem,
                    cpus: None,
                    permissions: None,
                    devices: List::from_first(devices),
                    env: List::default(),
                    restart: spec.restart.then_some(true),
                    stop_after_disconnected: spec.stop_after_disconnected,
                    deadline: spec.deadline,
                    max_silence: spec.max_silence,
                    max_restarts: spec.max_restarts,
                };
                (path::LAUNCH, encode(&launch, &mut buffer))
            }
            Self::Kill(task) => {
                let kill = Kill {
                    session,
                    task: *task,
                };
                (path::KILL, encode(&kill, &mut buffer))
            }
            Self::Message(task, payload) => {
                let message = Message {
                    session,
                    task: *task,
                    payload,
                };
                (path::MESSAGE, encode(&message, &mut buffer))
            }
            Self::Inspect(task, after) => {
                let inspect = Inspect {
                    session,
                    task: *task,
                    after: *after,
                };
                (path::INSPECT, encode(&inspect, &mut buffer))
            }
            Self::Description(block) => {
                let request = Request::get_block(&[path::DESCRIPTION], *block);
                return endpoint.request(now, &request).expect("nothing is asked");
            }
            Self::Raw(path, body) => (*path, Ok(body.as_slice())),
        };
        let (path, body) = ([path], body.expect("it fits"));
        let request = Request::post_cbor(&path, body);
        endpoint.request(now, &request).expect("nothing is asked")
    }
}
