//! A call out of a task, and what becomes of it.

use crate::{Args, Function, Value};

/// A call out of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub function: Function,
    /// With which arguments.
    pub args: Args,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It is done: the task goes on with this value, of the type that the table gives the
    /// function's result.
    Return(Value),
    /// It waits. The task goes on when [`CallHandler::resume`] has returned a value.
    Suspend(Suspended),
    /// The task has ended, with this exit code.
    Exit(i32),
}

/// A call that waits, to be resumed when its event has happened or its deadline has come,
/// whichever is first. To resume it too early or too often does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspended {
    pub(crate) call: Call,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) wake_on: WakeOn,
}

impl Suspended {
    /// When to resume it at the latest, on [`crate::Host::monotonic_ms`]. `None`: on the event only.
    pub const fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms
    }

    /// The event to resume it on.
    pub const fn wake_on(&self) -> WakeOn {
        self.wake_on
    }
}

/// What a suspended call waits for, besides its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WakeOn {
    /// Its deadline alone.
    Deadline,
    /// Room for an emitted payload.
    EmitRoom,
    /// A message from the framework.
    Message,
    /// A CoAP response.
    Response,
}

/// Who answers the calls of a task.
///
/// On Linux this is a [`crate::Gate`] that the engine owns. Where host calls run on another thread, it
/// is what passes them to the `Gate` there and waits; it then never returns
/// [`Outcome::Suspend`].
pub trait CallHandler {
    /// Answers a call. `memory` is all of the task's memory.
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome;

    /// Goes on with a call that waited.
    fn resume(&mut self, suspended: Suspended, memory: &mut [u8]) -> Outcome;
}
