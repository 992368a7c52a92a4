//! The trait of the engines that run tasks, and how a task ends.

use core::fmt;

use crate::{CallHandler, Suspended};

/// Runs WASM.
///
/// An engine owns no thread and knows no clock. Its driver gives a task a thread, lets it run
/// slice by slice, waits where it waits, and ends it by dropping it. Where an engine cannot stop
/// within a slice, the driver gives the task a thread that it can abort.
pub trait Engine {
    /// A task of this engine; one that runs its module in place borrows it.
    type Task<'wasm, C: CallHandler + 'static>: Task;

    /// Makes a task out of an admitted module, ready to [`Task::run`]. `calls` answers its
    /// calls. An engine is good for one task, as it may hold the memory of it.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the module does not fit this engine or these limits.
    fn start<'wasm, C: CallHandler + 'static>(
        self,
        wasm: &'wasm [u8],
        limits: TaskLimits,
        calls: C,
    ) -> Result<Self::Task<'wasm, C>, StartError>;
}

/// A task in an engine.
pub trait Task {
    /// Runs the task for at most `fuel`, about one unit an instruction. An engine that cannot
    /// count runs on until the task waits or ends.
    ///
    /// After [`Step::Wait`] it first resumes the call that waits, so the driver calls this when
    /// that call's event has happened or its deadline has come. After [`Step::End`] it does
    /// nothing and returns the same again.
    fn run(&mut self, fuel: u64) -> Step;
}

/// What a task did in its slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// It used its fuel up and could go on.
    OutOfFuel,
    /// It waits in a call.
    Wait(Suspended),
    /// It has ended.
    End(TaskEnd),
}

/// What a task may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimits {
    /// Bytes of WASM memory at most. A module that asks for more does not start; one that grows
    /// beyond it ends with [`Trap::OutOfMemory`].
    pub memory_bytes: usize,
    /// Elements of all its tables together at most.
    pub table_elements: usize,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// By itself: [`crate::ENTRY`] returned, or the task called `exit`. 0 is success.
    Exited(i32),
    /// By itself, where it could not go on.
    Trapped(Trap),
    /// From outside, by its driver; no engine says this.
    Killed,
}

impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Trapped(trap) => trap.fmt(f),
            Self::Killed => f.write_str("killed"),
        }
    }
}

/// Why a task could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// It executed `unreachable`: a panic, an abort or a failed assertion.
    Unreachable,
    /// It read or wrote beyond its memory.
    MemoryOutOfBounds,
    /// It asked for more memory than its launch gave it.
    OutOfMemory,
    /// It called too deeply.
    StackOverflow,
    /// It divided an integer by zero.
    DivisionByZero,
    /// It divided, or converted from a float, into an integer that has no room for the result.
    IntegerOverflow,
    /// It used a table beyond its end.
    TableOutOfBounds,
    /// It called through a table an entry that is empty or of another type.
    IndirectCall,
    /// The engine gave it up: it does what this engine cannot.
    Engine,
}

impl Trap {
    /// Every trap.
    pub const ALL: [Self; 9] = [
        Self::Unreachable,
        Self::MemoryOutOfBounds,
        Self::OutOfMemory,
        Self::StackOverflow,
        Self::DivisionByZero,
        Self::IntegerOverflow,
        Self::TableOutOfBounds,
        Self::IndirectCall,
        Self::Engine,
    ];

    /// The same for a person, in at most 64 bytes, so that it fits the detail of a status
    /// update.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "trapped: unreachable code (a panic or an abort)",
            Self::MemoryOutOfBounds => "trapped: access beyond the end of its memory",
            Self::OutOfMemory => "out of memory: it grew beyond the memory of its launch",
            Self::StackOverflow => "trapped: stack overflow",
            Self::DivisionByZero => "trapped: integer division by zero",
            Self::IntegerOverflow => "trapped: integer overflow",
            Self::TableOutOfBounds => "trapped: access beyond the end of a table",
            Self::IndirectCall => "trapped: indirect call of no function or a wrong type",
            Self::Engine => "trapped: the engine could not go on with it",
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// Why a module did not become a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartError {
    /// It is no module, or uses a WASM feature that this engine does not have.
    Module,
    /// It imports a function that this node does not have, or with another signature.
    Import,
    /// It does not export [`crate::ENTRY`] and [`crate::MEMORY`] as the host API says.
    Export,
    /// It asks at once for more memory than its launch gives it.
    Memory {
        /// Bytes that it asks for.
        needed: u64,
        /// Bytes that it may have.
        limit: u64,
    },
    /// It asks at once for larger tables than it may have.
    Table,
    /// Its segments do not fit its memory or its tables.
    Segment,
    /// The node has no room for another task.
    NoRoom,
}

impl fmt::Display for StartError {
    /// In at most 64 bytes, so that it fits the detail of a status update.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module => f.write_str("the module does not suit this node's engine"),
            Self::Import => f.write_str("this node lacks a function that the module imports"),
            Self::Export => f.write_str("the module exports no _start or no memory"),
            Self::Memory { needed, limit } => {
                write!(f, "needs {needed} bytes of memory, may have {limit}")
            }
            Self::Table => f.write_str("the module's tables are too large"),
            Self::Segment => f.write_str("a segment is outside the module's memory or table"),
            Self::NoRoom => f.write_str("the node has no room for another task"),
        }
    }
}

impl core::error::Error for StartError {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    /// `MAX_DETAIL` of the protocol.
    const MAX_DETAIL: usize = 64;

    #[test]
    fn every_message_fits_the_detail_of_a_status_update() {
        for trap in Trap::ALL {
            assert!(trap.to_string().len() <= MAX_DETAIL, "{trap}");
        }
        let starts = [
            StartError::Module,
            StartError::Import,
            StartError::Export,
            StartError::Memory {
                needed: 1 << 32,
                limit: 1 << 32,
            },
            StartError::Table,
            StartError::Segment,
            StartError::NoRoom,
        ];
        for error in starts {
            assert!(error.to_string().len() <= MAX_DETAIL, "{error}");
        }
    }

    #[test]
    fn out_of_memory_says_memory() {
        assert!(
            TaskEnd::Trapped(Trap::OutOfMemory)
                .to_string()
                .contains("memory")
        );
    }
}
