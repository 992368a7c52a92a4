//! Why calls about tasks are refused, as the API shows it.

use std::fmt;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::MAX_PAGE;
use edgerm_protocol::limits::MAX_PAYLOAD;

use crate::refusal::Refuse;

pub use crate::ledger::KillError;

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// There is no such task, or it ended long ago.
    UnknownTask(TaskId),
    /// It is another framework's.
    NotYours(TaskId),
    /// It has ended.
    Ended(TaskId),
    /// It is a container, which has no queue.
    Container(TaskId),
    /// The digits of `hex` are none.
    NotHex,
    /// More bytes than a task can be given at once.
    TooLong(usize),
    /// So many messages wait for its agent already.
    Full(usize),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(task) => KillError::UnknownTask(*task).fmt(f),
            Self::NotYours(task) => KillError::NotYours(*task).fmt(f),
            Self::Ended(task) => write!(f, "task {task} has ended: nobody would receive it"),
            Self::Container(task) => write!(
                f,
                "task {task} is a container, which takes no messages: let it listen on a port"
            ),
            Self::NotHex => f.write_str("hex has two digits for each byte, 0 to 9 and a to f"),
            Self::TooLong(length) => {
                write!(
                    f,
                    "{length} bytes, at most {MAX_PAYLOAD} fit a message: send several"
                )
            }
            Self::Full(waiting) => write!(
                f,
                "{waiting} messages wait for the task's agent already: send it in a while"
            ),
        }
    }
}

impl std::error::Error for MessageError {}

impl Refuse for MessageError {
    fn status(&self) -> u16 {
        match self {
            Self::UnknownTask(_) => 404,
            Self::NotYours(_) => 403,
            Self::Ended(_) | Self::Container(_) => 409,
            Self::NotHex | Self::TooLong(_) => 422,
            Self::Full(_) => 429,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTask(_) => "unknownTask",
            Self::NotYours(_) => "notYourTask",
            Self::Ended(_) => "taskEnded",
            Self::Container(_) => "takesNoMessages",
            Self::NotHex => "notHex",
            Self::TooLong(_) => "tooLong",
            Self::Full(_) => "queueFull",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::NotHex => Some("hex".to_owned()),
            Self::NotYours(_) => Some("framework".to_owned()),
            Self::UnknownTask(_)
            | Self::Ended(_)
            | Self::Container(_)
            | Self::TooLong(_)
            | Self::Full(_) => None,
        }
    }
}

impl Refuse for KillError {
    fn status(&self) -> u16 {
        match self {
            Self::UnknownTask(_) => 404,
            Self::NotYours(_) => 403,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTask(_) => "unknownTask",
            Self::NotYours(_) => "notYourTask",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::UnknownTask(_) => None,
            Self::NotYours(_) => Some("framework".to_owned()),
        }
    }
}

/// Why outputs are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputsError {
    /// There is no such task, or it ended long ago.
    UnknownTask(TaskId),
    /// `limit` is out of range.
    Limit(usize),
    /// `waitMs` is over this many milliseconds.
    Wait(u128),
    /// So many long polls wait already.
    Overloaded(usize),
}

impl fmt::Display for OutputsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(task) => KillError::UnknownTask(*task).fmt(f),
            Self::Limit(limit) => write!(f, "limit {limit} is not within 1 to {MAX_PAGE}"),
            Self::Wait(most) => write!(f, "waitMs is over {most}: ask again after that"),
            Self::Overloaded(waits) => {
                write!(f, "{waits} calls wait already: ask again in a while")
            }
        }
    }
}

impl std::error::Error for OutputsError {}

impl Refuse for OutputsError {
    fn status(&self) -> u16 {
        match self {
            Self::UnknownTask(_) => 404,
            Self::Limit(_) | Self::Wait(_) => 400,
            Self::Overloaded(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTask(_) => "unknownTask",
            Self::Limit(_) | Self::Wait(_) => "outOfRange",
            Self::Overloaded(_) => "overloaded",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Limit(_) => Some("limit".to_owned()),
            Self::Wait(_) => Some("waitMs".to_owned()),
            Self::UnknownTask(_) | Self::Overloaded(_) => None,
        }
    }
}
