//! One type for each message, beside the path it goes to.
//!
//! Each body is a CBOR map with integer keys. A key that the receiver does not know is passed
//! over; a key that is absent has the default that the field's documentation gives, or none,
//! and the message is refused. A success without anything to say has no body. A refusal is a
//! CoAP 4.xx or 5.xx with a diagnostic text (RFC 7252 section 5.5.2).

use crate::cbor::cbor_map;
use crate::codec::{self, Decode, Decoder, Encode, Encoder, List, Sequence, Stopped, Text};
use crate::id::{AgentId, BootId, ModuleId, SessionId, TaskId};
use crate::limits::{MAX_DETAIL, MAX_ENV, MAX_NAME, MAX_TASK_DEVICES, MAX_TASKS};
use crate::resource::Name;
use crate::task_state::TaskState;

pub use crate::inspection::{Inspect, Inspection, LogLines};

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
    /// POST to the agent: [`super::Inspect`], answered by [`super::Inspection`].
    pub const INSPECT: &str = "i";
}

/// The text of a status update.
pub type Detail<'a> = Text<'a, MAX_DETAIL>;

/// An agent tells who it is, what it has and what it runs: after each boot, when what it has
/// changes, and when the master no longer knows its session.
pub type Register<'a> = RegisterOf<'a, UpdateList<'a>>;

/// A [`Register`] with its updates in some form: whoever writes them needs no list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterOf<'a, Updates> {
    /// [`crate::WIRE_VERSION`] of the agent.
    pub version: u8,
    /// What the agent is called, unique in the cluster.
    pub name: Name<'a>,
    /// The agent's boot.
    pub boot: BootId,
    /// Milliseconds between two pings.
    pub ping_period: u32,
    /// Bytes that the description has.
    pub description_length: u32,
    /// The encoded description. Absent where it does not fit: the master then pulls it from
    /// [`path::DESCRIPTION`].
    pub description: Option<&'a [u8]>,
    /// Every task the agent knows, those that ended and are not acknowledged included.
    /// Absent: none.
    pub tasks: Updates,
}

cbor_map!(RegisterOf<'a> of Updates {
    0: version,
    1: name,
    2: boot,
    3: ping_period,
    4: description_length,
    5: description,
    6: tasks,
});

/// The wire version of a registration, which the master reads before the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// [`crate::WIRE_VERSION`] of the agent.
    pub version: u8,
}

cbor_map!(Version { 0: version });

/// The master has registered the agent, and has settled which tasks it should run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Who the agent is to the cluster, the same at each registration.
    pub agent: AgentId,
    /// What every later message bears.
    pub session: SessionId,
    /// The listed tasks that the master does not want: the agent ends and forgets them. All
    /// other listed tasks that have ended are acknowledged by this answer. Absent: none.
    pub unwanted: List<TaskId, MAX_TASKS>,
}

cbor_map!(Registered {
    0: agent,
    1: session,
    2: unwanted,
});

/// A heartbeat, with the tasks whose state has changed. Its answer acknowledges them all.
pub type Ping<'a> = PingOf<UpdateList<'a>>;

/// A [`Ping`] with its updates in some form, as in [`RegisterOf`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingOf<Updates> {
    /// The agent's session. One the master does not know is answered 4.01 Unauthorized, upon
    /// which the agent registers.
    pub session: SessionId,
    /// Absent: none.
    pub updates: Updates,
}

cbor_map!(PingOf of Updates {
    0: session,
    1: updates,
});

/// The answer to a ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pong {
    /// Requests that wait at the master for this agent. Absent: none.
    pub waiting: Option<u8>,
}

cbor_map!(Pong { 0: waiting });

/// The states of an agent's tasks.
pub type UpdateList<'a> = List<StatusUpdate<'a>, MAX_TASKS>;

/// The state of one task, as its agent knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusUpdate<'a> {
    /// The task.
    pub task: TaskId,
    /// Its state.
    pub state: TaskState,
    /// What the task exited with, where it did.
    pub exit_code: Option<i32>,
    /// Why, for a person.
    pub detail: Option<Detail<'a>>,
}

cbor_map!(StatusUpdate<'a> {
    0: task,
    1: state,
    2: exit_code,
    3: detail,
});

/// Something that a task emitted for its framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output<'a> {
    /// The agent's session.
    pub session: SessionId,
    /// The task.
    pub task: TaskId,
    /// Counts the task's outputs from 1 in each boot of its agent, so that one that is told twice is
    /// seen once.
    pub sequence: u32,
    /// At most [`crate::limits::MAX_PAYLOAD`] bytes.
    pub payload: &'a [u8],
}

cbor_map!(Output<'a> {
    0: session,
    1: task,
    2: sequence,
    4: payload via codec::payload,
});

/// The severity of a log line, as in Zephyr; each with its number on the wire.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum LogLevel {
    /// Something went wrong.
    Error = 1,
    /// Something may go wrong.
    Warning = 2,
    /// Something happened.
    Info = 3,
    /// For whoever looks closely.
    Debug = 4,
}

impl LogLevel {
    /// The severity of this number on the wire.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Error),
            2 => Some(Self::Warning),
            3 => Some(Self::Info),
            4 => Some(Self::Debug),
            _ => None,
        }
    }
}

/// The agent leaves: its tasks have ended, nothing of it is offered any more.
pub type Deregister<'a> = DeregisterOf<UpdateList<'a>>;

/// A [`Deregister`] with its updates in some form, as in [`RegisterOf`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeregisterOf<Updates> {
    /// The agent's session.
    pub session: SessionId,
    /// The last states of its tasks. Absent: none.
    pub updates: Updates,
}

cbor_map!(DeregisterOf of Updates {
    0: session,
    1: updates,
});

/// Run this task. Told twice with the same id, it starts once.
pub type Launch<'a> = LaunchOf<List<Name<'a>, MAX_TASK_DEVICES>, List<Variable<'a>, MAX_ENV>>;

/// A [`Launch`] as it came, of which the lists are read where they are wanted: a small node has
/// no stack for them.
pub type ReceivedLaunch<'a> =
    LaunchOf<Sequence<'a, Name<'a>, MAX_TASK_DEVICES>, Sequence<'a, Variable<'a>, MAX_ENV>>;

/// A [`Launch`] with its lists in some form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchOf<Devices, Env> {
    /// The agent's session; another than its own is answered 4.01 Unauthorized.
    pub session: SessionId,
    /// The task.
    pub task: TaskId,
    /// The module that it runs.
    pub module: ModuleId,
    /// Bytes that the module has.
    pub module_size: u32,
    /// Bytes of memory it may have.
    pub mem: u32,
    /// Thousandths of a core that it is given. Absent: as much as is left over.
    pub cpus: Option<u32>,
    /// What it may call, as bits that the host API numbers. Absent: what needs no permission.
    pub permissions: Option<u32>,
    /// Labels of the devices it may use. Absent: none.
    pub devices: Devices,
    /// Its environment. Absent: empty.
    pub env: Env,
    /// Start it again after a reboot, without being told. Absent: no. An agent that keeps nothing
    /// over a reboot refuses it.
    pub restart: Option<bool>,
    /// End it when the master has been silent for this many seconds. Absent: never.
    pub stop_after_disconnected: Option<u32>,
    /// End it so many seconds after it first ran. Absent: never.
    pub deadline: Option<u32>,
    /// End it when it has neither emitted nor logged for this many seconds. Absent: never.
    pub max_silence: Option<u32>,
    /// How often to start it again when it ends ERRORED. Absent: never.
    pub max_restarts: Option<u32>,
}

cbor_map!(LaunchOf of Devices, Env {
    0: session,
    1: task,
    2: module,
    3: module_size,
    4: mem,
    5: cpus,
    6: permissions,
    7: devices,
    8: env,
    9: restart,
    10: stop_after_disconnected,
    11: deadline,
    12: max_silence,
    13: max_restarts,
});

/// One environment variable: `[key, value]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name.
    pub key: Text<'a, MAX_NAME>,
    /// Its value, which may be empty.
    pub value: &'a str,
}

impl Encode for Variable<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(2);
        self.key.encode(encoder);
        self.value.encode(encoder);
    }
}

impl<'b> Decode<'b> for Variable<'b> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let Some(others) = decoder.array()?.checked_sub(2) else {
            return decoder.present(None);
        };
        let variable = Self {
            key: decoder.read()?,
            value: decoder.read()?,
        };
        for _ in 0..others {
            decoder.skip()?;
        }
        Ok(variable)
    }
}

/// End this task. One that has ended already is answered as if it had just done so; one that
/// the agent does not know, 4.04 Not Found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The agent's session.
    pub session: SessionId,
    /// The task.
    pub task: TaskId,
}

cbor_map!(Kill {
    0: session,
    1: task,
});

/// Give this to the task, which receives messages in order. A task whose queue is full is
/// answered 5.03 Service Unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The agent's session.
    pub session: SessionId,
    /// The task.
    pub task: TaskId,
    /// At most [`crate::limits::MAX_PAYLOAD`] bytes.
    pub payload: &'a [u8],
}

cbor_map!(Message<'a> {
    0: session,
    1: task,
    2: payload via codec::payload,
});
