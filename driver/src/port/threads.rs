//! A thread and an arena a slot.

use edgerm_task_abi::{Call, Outcome, StartError, TaskEnd, TaskLimits, Value};

/// The threads that tasks run on. A slot is a number from 0 on, below the number of slots that
/// the driver was made with.
///
/// A slot's thread starts the module in an engine ([`crate::run_task`]) and tells what comes of
/// it. It is only ever in wasm, or waits for the answer to a call. All that it allocates lies in
/// the slot's arena, which is empty again before the slot tells [`ThreadEvent::NotStarted`] or
/// [`ThreadEvent::Ended`].
///
/// ```text
///           start                 Started                 Called
///   free ──────────> starting ─────────────> in wasm ───────────────> waits for an answer
///    ▲ ▲               │                     │ ▲  │                          │   │
///    │ └─ NotStarted ──┘                     │ └──┼───────── answer ─────────┘   │
///    └───────────── Ended ───────────────────┘    └────────── abort ─────────────┘ ──> Ended
/// ```
pub trait Threads {
    /// The bytes of a module, as the storage gives them.
    type Module;

    /// Starts a task in a free slot; told by [`ThreadEvent::Started`] or
    /// [`ThreadEvent::NotStarted`]. The slot owns `module` until it is free again, and drops it
    /// then.
    fn start(&mut self, slot: usize, module: Self::Module, limits: TaskLimits);

    /// What the slot's thread did, once for each thing that it did and in their order; `None`
    /// where nothing is new.
    fn poll(&mut self, slot: usize) -> Option<ThreadEvent>;

    /// All of the memory of a task that waits for an answer; empty in any other state.
    fn memory(&mut self, slot: usize) -> &mut [u8];

    /// Lets a task go on that waits for an answer.
    fn answer(&mut self, slot: usize, answer: Answer);

    /// Ends the slot's thread, whatever it does, and drops its arena. [`ThreadEvent::Ended`]
    /// follows with [`TaskEnd::Killed`], or with what the task did itself in the same moment: at
    /// the next poll where a thread can be aborted, else as soon as it has seen that it is to end.
    fn abort(&mut self, slot: usize);
}

/// What a slot's thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadEvent {
    /// The module is instantiated, and the task runs.
    Started,
    /// The module does not run here, and why. The slot is free.
    NotStarted(StartError),
    /// The task called its node, and waits.
    Called(Call),
    /// The task is over, and how. The slot is free.
    Ended(TaskEnd),
}

/// The answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done: the task goes on with this value.
    Return(Value),
    /// The task ends itself with this exit code; [`ThreadEvent::Ended`] follows.
    Exit(i32),
}

impl From<Answer> for Outcome {
    /// What the [`edgerm_task_abi::CallHandler`] on the task's thread tells its engine.
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Return(value) => Self::Return(value),
            Answer::Exit(code) => Self::Exit(code),
        }
    }
}
