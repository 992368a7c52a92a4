//! What tasks emit, log and use.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TaskId;
use crate::message::LogLevel;

/// Bytes: a text where they are UTF-8, else hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutputData {
    /// UTF-8.
    Text(String),
    /// Two lower-case digits a byte.
    Hex(String),
}

/// Outputs of a task, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// What was emitted or logged.
    pub outputs: Vec<Output>,
    /// Whether the task has ended and these are its last.
    pub end: bool,
    /// How far its log is known, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<InspectionState>,
}

/// Something that a task emitted or logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Which task.
    pub task: TaskId,
    /// Counts what the master has kept of the task, from 1. `after` takes it.
    pub index: u64,
    /// The severity of a log line. Absent: this was emitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// Log lines right before this one that its agent had no room to keep. Absent: none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lost: u32,
    /// What it was.
    #[serde(flatten)]
    pub data: OutputData,
}

/// Whether a task's log, which its agent keeps, is read for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogWanted {
    /// It is not: what was emitted is told alone.
    #[default]
    None,
    /// The call waits until all is there that the agent has.
    Read,
    /// The call waits for what is emitted or logged next.
    Follow,
}

/// A word that is no [`LogWanted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLogWanted;

impl fmt::Display for NoLogWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write none, read or follow")
    }
}

impl core::error::Error for NoLogWanted {}

impl FromStr for LogWanted {
    type Err = NoLogWanted;

    fn from_str(word: &str) -> Result<Self, NoLogWanted> {
        let all = [Self::None, Self::Read, Self::Follow];
        let found = all.into_iter().find(|wanted| wanted.name() == word);
        found.ok_or(NoLogWanted)
    }
}

impl LogWanted {
    /// The word for it in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Follow => "follow",
        }
    }
}

/// How far what an agent knows of a task is known to the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InspectionState {
    /// All that there was when the call came.
    Read,
    /// The agent has not answered yet.
    Pending,
    /// The agent is not reached: it is what was known before.
    Unreachable,
}

/// What a task has used since it began in this boot of its agent. What the agent does not measure
/// is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Milliseconds of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Bytes of memory that it has, or had when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem: Option<u64>,
    /// Bytes of memory that it had at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem_peak: Option<u64>,
}

/// The usage of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskUsage {
    /// Which task.
    pub task: TaskId,
    /// How far it is known.
    pub state: InspectionState,
    /// What it used.
    #[serde(flatten)]
    pub usage: Usage,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_none(lost: &u32) -> bool {
    *lost == 0
}

impl OutputData {
    /// The form that `bytes` have.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Hex(
                bytes
                    .iter()
                    .flat_map(|byte| [byte >> 4, byte & 15])
                    .filter_map(|nibble| char::from_digit(nibble.into(), 16))
                    .collect(),
            ),
        }
    }

    /// The bytes; `None` where the digits are none, or odd in number.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.as_bytes().to_vec()),
            Self::Hex(digits) => {
                let nibbles = digits.chars().map(|digit| digit.to_digit(16));
                let nibbles = nibbles.collect::<Option<Vec<_>>>()?;
                let pairs = nibbles.chunks(2).map(|pair| match *pair {
                    [high, low] => u8::try_from(high << 4 | low).ok(),
                    _ => None,
                });
                pairs.collect()
            }
        }
    }
}
