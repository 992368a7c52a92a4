//! What goes into an agent and what comes out.

use core::fmt;

use edgerm_coap::Code;
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId};

use crate::records::RecordKey;

/// Something that happened outside.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A datagram came from the master's address.
    Datagram(&'a [u8]),
    /// What the storage holds of a module, asked for by [`Output::CheckModule`].
    ModuleChecked(ModuleId, ModuleCheck),
    /// The block of [`Output::StoreBlock`] is stored.
    BlockStored(ModuleId),
    /// The block of [`Output::StoreBlock`] could not be stored.
    StorageFailed(ModuleId, StorageError),
    /// The task of [`Output::StartTask`] runs.
    TaskStarted(TaskId),
    /// The task of [`Output::StartTask`] cannot run, and why.
    TaskStartFailed(TaskId, &'a str),
    /// A task has ended, by itself or after [`Output::StopTask`].
    TaskExited(TaskId, TaskExit<'a>),
    /// A task emitted bytes, to be told for certain: [`Output::OutputTaken`] follows.
    TaskOutput(TaskId, &'a [u8]),
    /// A task logged a line, which is the driver's to keep: a sign of life.
    TaskLogged(TaskId),
    /// What there is of the task of [`Output::InspectTask`]: an encoded
    /// [`edgerm_protocol::message::Inspection`]; `None` where nothing is known of it.
    Inspected(TaskId, Option<&'a [u8]>),
    /// The storage has done what [`Output::Persist`] or [`Output::Erase`] asked for this key.
    Persisted(RecordKey),
    /// The storage could not do it.
    PersistFailed(RecordKey, StorageError),
    /// Whether the task could take the message of [`Output::TaskMessage`].
    MessageTaken(TaskId, bool),
    /// What the agent has is another now: the new encoded description.
    DescriptionChanged(&'a [u8]),
    /// The agent is to end its tasks and leave the cluster. Where one of them says `restart`, the
    /// agent is to come back: that task is stopped and not ended, to start again with the next
    /// boot, and the master is told of the others alone.
    Leave,
    /// The instant of [`Output::Timeout`] has come.
    Timeout,
}

/// Something to be done outside.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Output<'a> {
    /// Send this datagram to the master.
    Transmit(&'a [u8]),
    /// Tell with [`Input::ModuleChecked`] what the storage holds of this module, which has so
    /// many bytes. Where all of them are there, their SHA-256 must be the module's id.
    CheckModule(ModuleId, u32),
    /// Store these bytes of the module from this offset on; those before it are stored. What is
    /// asked of one module's storage is done and answered in the order of the asking.
    StoreBlock(ModuleId, u32, &'a [u8]),
    /// Put this record, of at most [`crate::MAX_RECORD`] bytes, in the place of what stood under
    /// this key: whatever happens, the one or the other is there afterwards, and
    /// [`Input::Persisted`] is told once it would outlive a loss of power. One thing at a time is
    /// asked of a key, and always answered; a storage that may hang has [`Input::PersistFailed`]
    /// told for it.
    Persist(RecordKey, &'a [u8]),
    /// Remove what stands under this key. It is answered as [`Output::Persist`] is.
    Erase(RecordKey),
    /// Start the task as [`crate::Agent::launch`] tells.
    StartTask(TaskId),
    /// End the task, whatever it does.
    StopTask(TaskId, KillReason),
    /// Give this message to the task.
    TaskMessage(TaskId, &'a [u8]),
    /// Keep a line in the log of the task, as an error.
    TaskLog(TaskId, &'a str),
    /// The master asks what there is of this task, and for its log lines after this number, where it
    /// wants some: tell with [`Input::Inspected`]. [`crate::Reports`] has it.
    InspectTask(TaskId, Option<u32>),
    /// Something that the task emitted has left the queue: there is room for another, of this
    /// task or of one that found the queue full.
    OutputTaken(TaskId),
    /// The master knows the agent by this id.
    Registered(AgentId),
    /// The master does not want the agent, and why. It will try again.
    RegistrationRefused(Code, &'a str),
    /// The agent has left, as it was told to: no task runs, and it asks nothing more.
    Left,
    /// Nothing more to do until this instant, or for ever.
    Timeout(Option<Instant>),
}

/// What the storage holds of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleCheck {
    /// All of it, with the right digest.
    Verified,
    /// The first bytes, as many as this; 0 where there are none.
    Partial(u32),
    /// As many bytes as the module has, with another digest. They were removed. A part that is
    /// as long as the module counts as this.
    Corrupt,
}

/// Why a block or a record was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no room.
    Full,
    /// The storage does not work.
    Io,
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no room",
            Self::Io => "the storage does not work",
        })
    }
}

impl core::error::Error for StorageError {}

impl StorageError {
    /// The same, for the detail of a status update.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Full => "the node's storage has no room for the module",
            Self::Io => "the node's storage could not keep the module",
        }
    }

    /// The same, of a task that is to start again after a reboot.
    pub(crate) const fn record_detail(self) -> &'static str {
        match self {
            Self::Full => "the node's storage has no room to restart it from",
            Self::Io => "the node's storage could not keep it for a restart",
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskExit<'a> {
    /// By itself, with this exit code; 0 is success.
    Exited(i32),
    /// By itself: it trapped or hit a limit, and which.
    Trapped(&'a str),
    /// Because it was told to.
    Killed,
}

/// Why a task is ended from outside. Of several reasons the last in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KillReason {
    /// It showed no sign of life for longer than it allows.
    Silent,
    /// The agent leaves.
    Leaving,
    /// The master was silent for longer than the task allows.
    Disconnected,
    /// It has run for as long as it may.
    Deadline,
    /// The master said so.
    Requested,
    /// The master does not know the task, or has given it up.
    Unwanted,
}

/// An input that the driver should not have given. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// No task here has this id, or it has ended.
    UnknownTask(TaskId),
    /// The task is not in the state in which this input makes sense.
    UnexpectedForTask(TaskId),
    /// This module is not being fetched or checked.
    UnknownModule(ModuleId),
    /// Nothing is asked of the storage under this key.
    UnexpectedRecord(RecordKey),
    /// The queue of outputs is full: wait for [`Output::OutputTaken`].
    OutputQueueFull {
        /// Outputs in it.
        capacity: usize,
    },
    /// An output longer than [`edgerm_protocol::limits::MAX_PAYLOAD`].
    OutputTooLong {
        /// Bytes it has.
        length: usize,
    },
    /// A description that is none.
    Description(edgerm_protocol::DecodeError),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(task) => write!(f, "no task {task} runs here"),
            Self::UnexpectedForTask(task) => write!(f, "task {task} is in another state"),
            Self::UnknownModule(module) => write!(f, "module {module} is not awaited"),
            Self::UnexpectedRecord(key) => write!(f, "record {key} is not awaited"),
            Self::OutputQueueFull { capacity } => write!(f, "{capacity} outputs wait already"),
            Self::OutputTooLong { length } => write!(f, "an output of {length} bytes is too long"),
            Self::Description(error) => write!(f, "the description is {error}"),
        }
    }
}

impl core::error::Error for InputError {}
