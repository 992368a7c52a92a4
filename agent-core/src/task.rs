//! One task, from its launch to the acknowledgement of its end.
//!
//! ```text
//!              ┌───────────────────────────────────────────── Waiting ◄─┐
//!              ▼                                                        │ failed
//!  Held ──> Checking ──> Fetching ──> Checking ──> Starting ──> Running ┤
//!   │          │            │            │            │            │    │
//!   │          │            │            │            ├─ told to ──┤    │
//!   │          │            │            │            ▼            │    │
//!   │          │            │            │        Stopping ────────┼────┘
//!   ▼          ▼            ▼            ▼            ▼            ▼  silent
//!   └──────────┴────────────┴────────────┴──────── Ended ──────────┘
//! ```
//!
//! A task that is to start again after a reboot is held until its record is written. One that
//! failed and is to start again waits for that, longer each time. One that has ended stays until
//! the master has acknowledged it.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use edgerm_protocol::message::{Detail, ReceivedLaunch, StatusUpdate};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::words::{self, Words};
use edgerm_protocol::{Instant, ModuleId, TaskId, TaskState};

use crate::io::{KillReason, TaskExit};

/// Where a task is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// It begins once its record is written, once the master was heard, or with the next boot.
    Held,
    /// It has failed, and begins again when that is due.
    Waiting,
    /// The storage is asked for the module.
    Checking,
    /// The module is fetched, or waits for another module's fetch to end.
    Fetching,
    /// The engine is told to start it.
    Starting,
    /// It runs.
    Running,
    /// The engine is told to stop it.
    Stopping(KillReason),
    /// It has ended, and this is how.
    Ended(Ending),
}

/// Whether the storage has what it should have of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It has, or there is nothing to have, or it cannot.
    Settled,
    /// A record is to be written.
    Due,
    /// The record is being written.
    Writing,
    /// The end could not be written; the launch, after which it would start again, is erased.
    Erasing,
}

/// How a task ended.
#[derive(Debug)]
pub(crate) struct Ending {
    state: TaskState,
    exit_code: Option<i32>,
    /// At most [`edgerm_protocol::limits::MAX_DETAIL`] bytes: in the heap, since most tasks have none.
    detail: String,
}

impl Ending {
    /// An ending in this terminal state, with as much of the detail as an update holds.
    pub(crate) fn new(state: TaskState, detail: &str) -> Self {
        let detail = Detail::cut(detail).map_or("", |detail| detail.as_str());
        Self {
            state,
            exit_code: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn from_exit(exit: TaskExit<'_>, task: &Task) -> Self {
        match exit {
            TaskExit::Exited(0) => Self {
                exit_code: Some(0),
                ..Self::new(TaskState::Completed, "")
            },
            TaskExit::Exited(code) => Self {
                exit_code: Some(code),
                ..Self::new(TaskState::Errored, "")
            },
            TaskExit::Trapped(detail) => Self::new(TaskState::Errored, detail),
            TaskExit::Killed => Self::of_kill(task),
        }
    }

    fn of_kill(task: &Task) -> Self {
        let (why, seconds) = match task.phase {
            Phase::Stopping(KillReason::Silent) => ("no sign of life for ", task.max_silence),
            Phase::Stopping(KillReason::Deadline) => {
                ("it has passed its deadline of ", task.deadline)
            }
            Phase::Stopping(KillReason::Disconnected) => {
                return Self::new(TaskState::Killed, "the master was silent for too long");
            }
            Phase::Stopping(KillReason::Leaving) => {
                return Self::new(TaskState::Killed, "the agent left");
            }
            Phase::Stopping(KillReason::Requested | KillReason::Unwanted)
            | Phase::Held
            | Phase::Waiting
            | Phase::Checking
            | Phase::Fetching
            | Phase::Starting
            | Phase::Running
            | Phase::Ended(_) => return Self::new(TaskState::Killed, ""),
        };
        let detail = words::text(&|words: &mut Words<'_>| {
            words.text(why).number(seconds).text(" s");
        });
        Self::new(TaskState::Errored, &detail)
    }

    /// Says how it ended.
    pub(crate) fn say(&self, words: &mut Words<'_>) {
        if let Some(code) = self.exit_code {
            words.text(if code < 0 {
                "exit code -"
            } else {
                "exit code "
            });
            words.number(code.unsigned_abs());
        }
        words.text(&self.detail);
    }
}

/// When nothing is ever due.
pub(crate) const NEVER: Instant = Instant::from_millis(u64::MAX);

/// So many seconds after `now`; never where there are none.
fn after(now: Instant, seconds: u32) -> Instant {
    if seconds == 0 {
        NEVER
    } else {
        now + Duration::from_secs(seconds.into())
    }
}

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) module: ModuleId,
    pub(crate) module_size: u32,
    /// Whether the module was fetched anew after it had a wrong digest.
    pub(crate) refetched: bool,
    pub(crate) phase: Phase,
    /// Its place in the table, which names its record.
    pub(crate) place: u8,
    /// Whether it starts again after a reboot.
    pub(crate) restart: bool,
    pub(crate) recorded: Recorded,
    /// The body of the launch, as it came and was checked; empty once the task has ended.
    pub(crate) launch: Vec<u8>,
    pub(crate) stop_after_disconnected: Option<u32>,
    /// Seconds that it may run; 0: for ever.
    deadline: u32,
    /// Seconds for which it may say nothing; 0: for ever.
    max_silence: u32,
    /// How often it may fail yet and start again, and how often it has.
    restarts_left: u32,
    restarts: u8,
    /// When it has run for as long as it may. It has not run before this is set.
    ends_at: Instant,
    /// Running: when it has said nothing for too long. Waiting: when it begins again.
    due_at: Instant,
    /// Counts what it emitted.
    pub(crate) sequence: u32,
    /// The state that the master knows.
    told: TaskState,
    /// The state in the request that is on its way.
    in_flight: Option<TaskState>,
}

impl Task {
    /// A task that was just launched. The answer to the launch tells the master STARTING.
    pub(crate) fn new(launch: &ReceivedLaunch<'_>, body: &[u8]) -> Self {
        let restart = launch.restart == Some(true);
        let (phase, recorded) = match restart {
            true if is_planted(Bug::BeginUnwritten) => (Phase::Checking, Recorded::Due),
            true => (Phase::Held, Recorded::Due),
            false => (Phase::Checking, Recorded::Settled),
        };
        Self {
            id: launch.task,
            module: launch.module,
            module_size: launch.module_size,
            refetched: false,
            phase,
            place: 0,
            restart,
            recorded,
            launch: body.to_vec(),
            stop_after_disconnected: launch.stop_after_disconnected,
            deadline: launch.deadline.unwrap_or(0),
            max_silence: launch.max_silence.unwrap_or(0),
            restarts_left: launch.max_restarts.unwrap_or(0),
            restarts: 0,
            ends_at: NEVER,
            due_at: NEVER,
            sequence: 0,
            told: TaskState::Starting,
            in_flight: None,
        }
    }

    /// A task that had ended before a reboot.
    pub(crate) fn ended(update: &StatusUpdate<'_>) -> Self {
        let detail = update.detail.map_or("", |detail| detail.as_str());
        Self {
            id: update.task,
            module: ModuleId([0; 32]),
            module_size: 0,
            refetched: false,
            phase: Phase::Ended(Ending {
                exit_code: update.exit_code,
                ..Ending::new(update.state, detail)
            }),
            place: 0,
            restart: false,
            recorded: Recorded::Settled,
            launch: Vec::new(),
            stop_after_disconnected: None,
            deadline: 0,
            max_silence: 0,
            restarts_left: 0,
            restarts: 0,
            ends_at: NEVER,
            due_at: NEVER,
            sequence: 0,
            told: TaskState::Starting,
            in_flight: None,
        }
    }

    pub(crate) const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    pub(crate) const fn is_held(&self) -> bool {
        matches!(self.phase, Phase::Held)
    }

    pub(crate) const fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_))
    }

    /// Whether it waits for its module and no engine knows of it yet.
    pub(crate) const fn waits_for_module(&self) -> bool {
        matches!(self.phase, Phase::Checking | Phase::Fetching)
    }

    /// Whether an engine has it.
    pub(crate) const fn is_in_engine(&self) -> bool {
        matches!(
            self.phase,
            Phase::Starting | Phase::Running | Phase::Stopping(_)
        )
    }

    /// Whether it waits for the module of this launch, or will, and was told another size of it.
    pub(crate) fn disagrees_on_module(&self, launch: &ReceivedLaunch<'_>) -> bool {
        !(self.is_in_engine() || self.has_ended())
            && self.module == launch.module
            && self.module_size != launch.module_size
    }

    /// The engine runs it.
    pub(crate) fn on_running(&mut self, now: Instant) {
        self.phase = Phase::Running;
        if self.ends_at == NEVER {
            self.ends_at = after(now, self.deadline);
        }
        self.on_sign_of_life(now);
    }

    /// It said something, or is not to blame for its silence.
    pub(crate) fn on_sign_of_life(&mut self, now: Instant) {
        if let Phase::Running = self.phase {
            self.due_at = after(now, self.max_silence);
        }
    }

    /// Where it failed and is to start again: seconds until it does. It waits from now on.
    pub(crate) fn wait_to_restart(&mut self, now: Instant, ending: &Ending) -> Option<u32> {
        /// The longest wait is 2 to the power of this, 64 s.
        const DOUBLINGS: u8 = 6;
        let failed = match self.phase {
            Phase::Starting | Phase::Running | Phase::Stopping(KillReason::Silent) => {
                ending.state == TaskState::Errored
            }
            Phase::Held
            | Phase::Waiting
            | Phase::Checking
            | Phase::Fetching
            | Phase::Stopping(_)
            | Phase::Ended(_) => false,
        };
        if !failed {
            return None;
        }
        self.restarts_left = self.restarts_left.checked_sub(1)?;
        let seconds = 1 << self.restarts.min(DOUBLINGS);
        self.restarts = self.restarts.saturating_add(1);
        self.phase = Phase::Waiting;
        self.due_at = after(now, seconds);
        Some(seconds)
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        self.phase = Phase::Ended(ending);
        self.recorded = Recorded::Due;
        self.launch = Vec::new();
    }

    /// The state, as the master names it.
    pub(crate) const fn state(&self) -> TaskState {
        match &self.phase {
            Phase::Held | Phase::Checking | Phase::Fetching | Phase::Starting => {
                TaskState::Starting
            }
            // It has run, and a state moves only forward.
            Phase::Running | Phase::Waiting => TaskState::Running,
            Phase::Stopping(_) => TaskState::Killing,
            Phase::Ended(ending) => ending.state,
        }
    }

    /// The state that the master knows.
    #[cfg(feature = "inspect")]
    pub(crate) const fn told(&self) -> TaskState {
        self.told
    }

    /// Whether the master does not know the state yet. KILLING is no news to the master: the
    /// answer to the kill told it, and the end follows soon.
    pub(crate) fn has_news(&self) -> bool {
        let state = self.state();
        self.told.may_become(state) && state != TaskState::Killing && !self.is_unrecorded()
    }

    /// Whether it has ended and the storage does not have that yet, so that nobody is told.
    pub(crate) fn is_unrecorded(&self) -> bool {
        let unrecorded = self.has_ended() && self.recorded != Recorded::Settled;
        unrecorded && !is_planted(Bug::TellUnwritten)
    }

    pub(crate) fn update(&self) -> StatusUpdate<'_> {
        let (exit_code, detail) = match &self.phase {
            Phase::Ended(ending) => (ending.exit_code, Detail::new(&ending.detail).ok()),
            Phase::Held
            | Phase::Waiting
            | Phase::Checking
            | Phase::Fetching
            | Phase::Starting
            | Phase::Running
            | Phase::Stopping(_) => (None, None),
        };
        StatusUpdate {
            task: self.id,
            state: self.state(),
            exit_code,
            detail,
        }
    }

    /// An update with this state is on its way.
    pub(crate) fn on_told(&mut self, state: TaskState) {
        self.in_flight = Some(state);
    }

    /// The request with the update was answered, or is given up. Tells whether the master has
    /// now acknowledged the end.
    pub(crate) fn on_answer(&mut self, acknowledged: bool) -> bool {
        let in_flight = self.in_flight.take();
        let acknowledged = acknowledged || is_planted(Bug::DropLastUpdate);
        if let Some(state) = in_flight.filter(|_| acknowledged) {
            self.told = state;
        }
        self.told.is_terminal()
    }

    /// When something is due next, and why it is to be stopped then; without a reason it begins
    /// again.
    pub(crate) fn due(&self, last_heard: Instant) -> (Instant, Option<KillReason>) {
        let own = match self.phase {
            Phase::Running => (self.due_at, Some(KillReason::Silent)),
            Phase::Waiting => (self.due_at, None),
            Phase::Held | Phase::Checking | Phase::Fetching | Phase::Starting => (NEVER, None),
            Phase::Stopping(_) | Phase::Ended(_) => return (NEVER, None),
        };
        let disconnected = self.stop_after_disconnected;
        let disconnected = disconnected.map_or(NEVER, |seconds| {
            last_heard + Duration::from_secs(seconds.into())
        });
        // What comes first counts, and of what comes at once what stops it.
        let ends = (self.ends_at, Some(KillReason::Deadline));
        let next = if own.0 < ends.0 { own } else { ends };
        if disconnected <= next.0 {
            return (disconnected, Some(KillReason::Disconnected));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use edgerm_protocol::limits::MAX_DETAIL;

    use super::*;

    fn stopping(reason: KillReason) -> Task {
        let update = StatusUpdate {
            task: TaskId(1),
            state: TaskState::Killed,
            exit_code: None,
            detail: None,
        };
        Task {
            phase: Phase::Stopping(reason),
            deadline: 60,
            max_silence: 5,
            ..Task::ended(&update)
        }
    }

    #[test]
    fn each_exit_has_its_state() {
        let cases = [
            (TaskExit::Exited(0), TaskState::Completed, Some(0), ""),
            (TaskExit::Exited(3), TaskState::Errored, Some(3), ""),
            (
                TaskExit::Trapped("unreachable"),
                TaskState::Errored,
                None,
                "unreachable",
            ),
            (
                TaskExit::Killed,
                TaskState::Killed,
                None,
                "the master was silent for too long",
            ),
        ];
        for (exit, state, exit_code, detail) in cases {
            let ending = Ending::from_exit(exit, &stopping(KillReason::Disconnected));
            assert_eq!(ending.state, state);
            assert_eq!(ending.exit_code, exit_code);
            assert_eq!(ending.detail, detail);
        }
    }

    #[test]
    fn what_it_was_stopped_for_is_told() {
        use TaskState::{Errored, Killed};
        let cases = [
            (KillReason::Silent, Errored, "no sign of life for 5 s"),
            (KillReason::Leaving, Killed, "the agent left"),
            (
                KillReason::Deadline,
                Errored,
                "it has passed its deadline of 60 s",
            ),
            (KillReason::Requested, Killed, ""),
        ];
        for (reason, state, detail) in cases {
            let ending = Ending::from_exit(TaskExit::Killed, &stopping(reason));
            assert_eq!((ending.state, ending.detail.as_str()), (state, detail));
        }
    }

    #[test]
    fn a_detail_is_cut_to_what_an_update_holds() {
        let ending = Ending::new(TaskState::Errored, &"ö".repeat(MAX_DETAIL));
        assert_eq!(ending.detail.len(), MAX_DETAIL);
    }
}
