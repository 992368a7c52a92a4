//! One type for each message, beside the path it goes to.
//!
//! Each body is a CBOR map with integer keys. A key that the receiver does not know is passed
//! over; a key that is absent has the default that the field's documentation gives, or none,
//! and the message is refused. A success without anything to say has no body. A refusal is a
//! CoAP 4.xx or 5.xx with a diagnostic text (RFC 7252 section 5.5.2).

use minicbor::{Decode, Encode};

use crate::codec::{self, List, Text};
use crate::id::{AgentId, BootId, ModuleId, SessionId, TaskId};
use crate::limits::{MAX_DETAIL, MAX_ENV, MAX_NAME, MAX_TASK_DEVICES, MAX_TASKS};
use crate::resource::Name;
use crate::task_state::TaskState;

/// CoAP paths, one letter each because every ping bears one.
pub mod path {
    /// POST to the master: [`super::Register`], answered by [`super::Registered`].
    pub const REGISTER: &str = "r";
    /// POST to the master: [`super::Ping`], answered by [`super::Pong`].
    pub const PING: &str = "p";
    /// POST to the master: [`super::Output`].
    pub const OUTPUT: &str = "o";
    /// POST to the master: [`super::Deregister`].
    pub const DEREGISTER: &str = "q";
    /// GET from the master, with the module's key as the second segment: the module's bytes,
    /// by Block2.
    pub const MODULE: &str = "m";
    /// POST to the agent: [`super::Launch`].
    pub const LAUNCH: &str = "l";
    /// POST to the agent: [`super::Kill`].
    pub const KILL: &str = "k";
    /// POST to the agent: [`super::Message`].
    pub const MESSAGE: &str = "t";
    /// GET from the agent: its description, by Block2.
    pub const DESCRIPTION: &str = "d";
}

/// The text of a status update.
pub type Detail<'a> = Text<'a, MAX_DETAIL>;

/// An agent tells who it is, what it has and what it runs: after each boot, when what it has
/// changes, and when the master no longer knows its session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Register<'a> {
    /// [`crate::WIRE_VERSION`] of the agent.
    #[n(0)]
    pub version: u8,
    /// What the agent is called, unique in the cluster.
    #[b(1)]
    pub name: Name<'a>,
    /// The agent's boot.
    #[n(2)]
    pub boot: BootId,
    /// Milliseconds between two pings.
    #[n(3)]
    pub ping_period: u32,
    /// Bytes that the description has.
    #[n(4)]
    pub description_length: u32,
    /// The encoded description. Absent where it does not fit: the master then pulls it from
    /// [`path::DESCRIPTION`].
    #[cbor(b(5), with = "minicbor::bytes")]
    pub description: Option<&'a [u8]>,
    /// Every task the agent knows, those that ended and are not acknowledged included.
    /// Absent: none.
    #[b(6)]
    pub tasks: List<StatusUpdate<'a>, MAX_TASKS>,
}

/// The master has registered the agent, and has settled which tasks it should run.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Registered {
    /// Who the agent is to the cluster, the same at each registration.
    #[n(0)]
    pub agent: AgentId,
    /// What every later message bears.
    #[n(1)]
    pub session: SessionId,
    /// The listed tasks that the master does not want: the agent ends and forgets them. All
    /// other listed tasks that have ended are acknowledged by this answer. Absent: none.
    #[n(2)]
    pub unwanted: List<TaskId, MAX_TASKS>,
}

/// A heartbeat, with the tasks whose state has changed. Its answer acknowledges them all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ping<'a> {
    /// The agent's session. One the master does not know is answered 4.01 Unauthorized, upon
    /// which the agent registers.
    #[n(0)]
    pub session: SessionId,
    /// Absent: none.
    #[b(1)]
    pub updates: List<StatusUpdate<'a>, MAX_TASKS>,
}

/// The answer to a ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pong {
    /// Requests that wait at the master for this agent. Absent: none.
    #[n(0)]
    pub waiting: Option<u8>,
}

/// The state of one task, as its agent knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StatusUpdate<'a> {
    /// The task.
    #[n(0)]
    pub task: TaskId,
    /// Its state.
    #[n(1)]
    pub state: TaskState,
    /// What the task exited with, where it did.
    #[n(2)]
    pub exit_code: Option<i32>,
    /// Why, for a person.
    #[b(3)]
    pub detail: Option<Detail<'a>>,
}

/// Something that a task emitted for its framework, or logged.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Output<'a> {
    /// The agent's session.
    #[n(0)]
    pub session: SessionId,
    /// The task.
    #[n(1)]
    pub task: TaskId,
    /// Counts the task's outputs from 1 in each run of it, so that one that is told twice is
    /// seen once, and one that was dropped is missed.
    #[n(2)]
    pub sequence: u32,
    /// The severity of a log line. Absent: this is no log line, but an emitted payload.
    #[cbor(n(3), decode_with = "codec::optional_variant")]
    pub level: Option<LogLevel>,
    /// At most [`crate::limits::MAX_PAYLOAD`] bytes emitted, or
    /// [`crate::limits::MAX_LOG`] of UTF-8 logged.
    #[cbor(
        b(4),
        encode_with = "minicbor::bytes::encode",
        decode_with = "codec::payload"
    )]
    pub payload: &'a [u8],
}

/// The severity of a log line, as in Zephyr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum LogLevel {
    /// Something went wrong.
    #[n(1)]
    Error,
    /// Something may go wrong.
    #[n(2)]
    Warning,
    /// Something happened.
    #[n(3)]
    Info,
    /// For whoever looks closely.
    #[n(4)]
    Debug,
}

/// The agent leaves: its tasks have ended, nothing of it is offered any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Deregister<'a> {
    /// The agent's session.
    #[n(0)]
    pub session: SessionId,
    /// The last states of its tasks. Absent: none.
    #[b(1)]
    pub updates: List<StatusUpdate<'a>, MAX_TASKS>,
}

/// Run this task. Told twice with the same id, it starts once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Launch<'a> {
    /// The agent's session; another than its own is answered 4.01 Unauthorized.
    #[n(0)]
    pub session: SessionId,
    /// The task.
    #[n(1)]
    pub task: TaskId,
    /// The module that it runs.
    #[n(2)]
    pub module: ModuleId,
    /// Bytes that the module has.
    #[n(3)]
    pub module_size: u32,
    /// Bytes of memory it may have.
    #[n(4)]
    pub mem: u32,
    /// Thousandths of a core that it is given. Absent: as much as is left over.
    #[n(5)]
    pub cpus: Option<u32>,
    /// What it may call, as bits that the host API numbers. Absent: what needs no permission.
    #[n(6)]
    pub permissions: Option<u32>,
    /// Labels of the devices it may use. Absent: none.
    #[b(7)]
    pub devices: List<Name<'a>, MAX_TASK_DEVICES>,
    /// Its environment. Absent: empty.
    #[b(8)]
    pub env: List<Variable<'a>, MAX_ENV>,
    /// Start it again after a reboot, without being told. Absent: no. For agents to come: one
    /// that keeps nothing over a reboot passes it over, and the master does not send it.
    #[n(9)]
    pub restart: Option<bool>,
    /// End it when the master has been silent for this many seconds. Absent: never.
    #[n(10)]
    pub stop_after_disconnected: Option<u32>,
}

/// One environment variable: `[key, value]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Variable<'a> {
    /// Its name.
    #[b(0)]
    pub key: Text<'a, MAX_NAME>,
    /// Its value, which may be empty.
    #[b(1)]
    pub value: &'a str,
}

/// End this task. One that has ended already is answered as if it had just done so; one that
/// the agent does not know, 4.04 Not Found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Kill {
    /// The agent's session.
    #[n(0)]
    pub session: SessionId,
    /// The task.
    #[n(1)]
    pub task: TaskId,
}

/// Give this to the task, which receives messages in order. A task whose queue is full is
/// answered 5.03 Service Unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Message<'a> {
    /// The agent's session.
    #[n(0)]
    pub session: SessionId,
    /// The task.
    #[n(1)]
    pub task: TaskId,
    /// At most [`crate::limits::MAX_PAYLOAD`] bytes.
    #[cbor(
        b(2),
        encode_with = "minicbor::bytes::encode",
        decode_with = "codec::payload"
    )]
    pub payload: &'a [u8],
}
