//! The states of a task, and which may follow which.
//!
//! ```text
//! Unissued ──> Issued ──> Starting ──> Running ──> Killing
//!     │           │           │           │           │
//!     └───────────┴───────────┴───────────┴───────────┴──> Completed, Errored, Killed,
//!                                                           Lost, Rejected
//! ```
//!
//! A task moves to the right, may skip states whose news was lost, and ends in one terminal
//! state that never changes. The first five names and those of the ends but two are the
//! original EdgeRM's; `Lost` and `Rejected` are what a lossy world adds.

use core::fmt;

use crate::cbor::cbor_numbers;
use crate::planted::{Bug, is_planted};

/// Where a task is in its life. The numbers are the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum TaskState {
    /// Accepted by the master, not yet sent to the agent.
    Unissued,
    /// Sent to the agent, which has not yet answered.
    Issued,
    /// Taken by the agent: its module is fetched, verified and instantiated.
    Starting,
    /// Running.
    Running,
    /// Told to stop, not yet gone.
    Killing,
    /// Ended by itself with exit code 0.
    Completed,
    /// Ended by itself otherwise: a trap, a limit, an exit code that is not 0.
    Errored,
    /// Ended because it was told to.
    Killed,
    /// The agent rebooted or forgot it, or was given up.
    Lost,
    /// The agent would not start it.
    Rejected,
}

cbor_numbers!(TaskState {
    0: Unissued,
    1: Issued,
    2: Starting,
    3: Running,
    4: Killing,
    5: Completed,
    6: Errored,
    7: Killed,
    8: Lost,
    9: Rejected,
});

impl TaskState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Unissued,
        Self::Issued,
        Self::Starting,
        Self::Running,
        Self::Killing,
        Self::Completed,
        Self::Errored,
        Self::Killed,
        Self::Lost,
        Self::Rejected,
    ];

    /// Whether the task has ended. It then holds no resources and never changes again.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Unissued | Self::Issued | Self::Starting | Self::Running | Self::Killing => false,
            Self::Completed | Self::Errored | Self::Killed | Self::Lost | Self::Rejected => true,
        }
    }

    /// Whether news of `next` moves a task that is in this state.
    pub fn may_become(self, next: Self) -> bool {
        match self.is_terminal() {
            true => is_planted(Bug::OverwriteEnd),
            false => self < next,
        }
    }

    /// The name, as the API and the terminal show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unissued => "UNISSUED",
            Self::Issued => "ISSUED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Killing => "KILLING",
            Self::Completed => "COMPLETED",
            Self::Errored => "ERRORED",
            Self::Killed => "KILLED",
            Self::Lost => "LOST",
            Self::Rejected => "REJECTED",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_state_never_changes() {
        for state in TaskState::ALL
            .into_iter()
            .filter(|state| state.is_terminal())
        {
            assert!(
                TaskState::ALL
                    .into_iter()
                    .all(|next| !state.may_become(next)),
                "{state}"
            );
        }
    }

    #[test]
    fn a_task_never_moves_back() {
        use TaskState::*;

        let moves = [
            (Unissued, Issued, true),
            (Issued, Running, true),
            (Running, Starting, false),
            (Running, Running, false),
            (Killing, Running, false),
            (Killing, Completed, true),
            (Issued, Rejected, true),
        ];
        for (from, to, allowed) in moves {
            assert_eq!(from.may_become(to), allowed, "{from} to {to}");
        }
    }
}
