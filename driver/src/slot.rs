//! A slot: one task that has, or is about to have, a thread.
//!
//! ```text
//!                    bytes are here            Started          call waits
//!   free ──> Loading ──────────────> Starting ───────> Running ───────────> Waiting
//!    ▲          │                       │                │  ▲                │   │
//!    │          │                       │                │  └── event, time ─┘   │
//!    ├─ killed ─┘                       └──── killed ────┴──────── killed ───────┤
//!    │                                                                           ▼
//!    └──────────────────────────── Ended, NotStarted ──────────────────────── Stopping
//! ```

use alloc::boxed::Box;

use edgerm_protocol::limits::MAX_TASK_DEVICES;
use edgerm_protocol::message::ReceivedLaunch;
use edgerm_protocol::{Instant, ModuleId, TaskId};
use edgerm_task_abi::limits::MAX_TABLE_ELEMENTS;
use edgerm_task_abi::{Permissions, Suspended, TaskLimits, WakeOn};

use crate::values::Values;

/// Messages that wait for a task at most, in the heap. One more is refused.
pub(crate) const MESSAGES: usize = 4;

/// Where a task is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// The storage is asked for its module.
    Loading,
    /// Its thread is told to start it.
    Starting,
    /// It is in wasm, or its call is about to be looked at.
    Running,
    /// Its call waits.
    Waiting(Suspended),
    /// Its thread is told to end.
    Stopping,
}

/// One task, and what it has of the node.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) task: TaskId,
    pub(crate) module: ModuleId,
    pub(crate) permissions: Permissions,
    pub(crate) phase: Phase,
    memory_bytes: u32,
    /// Whether what its call waits for has happened.
    woken: bool,
    /// The devices it has opened, by handle.
    pub(crate) open: heapless::Vec<u16, MAX_TASK_DEVICES>,
    pub(crate) messages: heapless::Deque<Box<[u8]>, MESSAGES>,
    pub(crate) values: Values,
}

impl Slot {
    pub(crate) fn new(launch: &ReceivedLaunch<'_>) -> Self {
        Self {
            task: launch.task,
            module: launch.module,
            permissions: Permissions::from_bits(launch.permissions.unwrap_or_default()),
            phase: Phase::Loading,
            memory_bytes: launch.mem,
            woken: false,
            open: heapless::Vec::new(),
            messages: heapless::Deque::new(),
            values: Values::default(),
        }
    }

    pub(crate) fn limits(&self) -> TaskLimits {
        TaskLimits {
            memory_bytes: usize::try_from(self.memory_bytes).unwrap_or(usize::MAX),
            table_elements: usize::try_from(MAX_TABLE_ELEMENTS).unwrap_or(usize::MAX),
        }
    }

    /// Its call waits from now on.
    pub(crate) fn wait(&mut self, suspended: Suspended) {
        self.woken = false;
        self.phase = Phase::Waiting(suspended);
    }

    /// This has happened: a call that waits for it is to be resumed.
    pub(crate) fn wake(&mut self, event: WakeOn) {
        if let Phase::Waiting(suspended) = &self.phase {
            self.woken |= suspended.wake_on() == event;
        }
    }

    /// The call that is to be resumed at `now`.
    pub(crate) fn due(&self, now: Instant) -> Option<Suspended> {
        match self.phase {
            Phase::Waiting(suspended) => {
                let deadline = suspended.deadline_ms();
                let is_late = deadline.is_some_and(|deadline| deadline <= now.as_millis());
                (self.woken || is_late).then_some(suspended)
            }
            Phase::Loading | Phase::Starting | Phase::Running | Phase::Stopping => None,
        }
    }

    /// When its call is to be resumed at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(suspended) => suspended.deadline_ms().map(Instant::from_millis),
            Phase::Loading | Phase::Starting | Phase::Running | Phase::Stopping => None,
        }
    }

    /// Takes a message, where there is room for it.
    pub(crate) fn take_message(&mut self, payload: &[u8]) -> bool {
        if matches!(self.phase, Phase::Stopping) || self.messages.is_full() {
            return false;
        }
        let taken = self.messages.push_back(payload.into()).is_ok();
        self.wake(WakeOn::Message);
        taken
    }
}
