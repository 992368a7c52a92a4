//! What a simulated task does: it says something and ends, or runs until it is told to end.

use std::time::Duration;

use edgerm_protocol::TaskState;

/// How long each task runs before it exits with 0, having emitted its id, unless a cluster was
/// told otherwise.
pub const TASK_RUNS_FOR: Duration = Duration::from_millis(500);

/// What one task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// How long it runs; `None`: until it is told to end.
    pub runs_for: Option<Duration>,
    /// How it ends then.
    pub exit: Exit,
    /// How often it emits its id before.
    pub says: u8,
    /// How many lines it logs when it begins, and again before it ends by itself.
    pub logs: u8,
}

/// How a task ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By a trap.
    Trap,
}

impl Exit {
    /// The state that it ends in.
    pub const fn state(self) -> TaskState {
        match self {
            Self::Code(0) => TaskState::Completed,
            Self::Code(_) | Self::Trap => TaskState::Errored,
        }
    }
}

impl Behaviour {
    /// What every task does in a cluster that was not told otherwise.
    pub const PLAIN: Self = Self {
        runs_for: Some(TASK_RUNS_FOR),
        exit: Exit::Code(0),
        says: 1,
        logs: 0,
    };
}
