//! An engine whose tasks call nothing.

use edgerm_linux_agent::engine::{WasmiEngine, WasmiTask};
use edgerm_task_abi::{
    Call, CallHandler, Engine, Outcome, StartError, Step, Suspended, Task, TaskEnd, TaskLimits,
};

pub(crate) const LIMITS: TaskLimits = TaskLimits {
    memory_bytes: 65_536,
    table_elements: 8,
};

/// Answers no call, for there is none.
#[derive(Debug)]
pub(crate) struct NoCalls;

impl CallHandler for NoCalls {
    fn handle_call(&mut self, call: Call, _: &mut [u8]) -> Outcome {
        panic!("called: {call:?}")
    }

    fn resume(&mut self, suspended: Suspended, _: &mut [u8]) -> Outcome {
        panic!("waited: {suspended:?}")
    }
}

/// Starts a task of a memory of one page and these fields, which may have eight elements of
/// tables.
pub(crate) fn start(fields: &str) -> Result<WasmiTask<NoCalls>, StartError> {
    let wat = format!(r#"(module {fields} (memory (export "memory") 1))"#);
    let wasm = wat::parse_str(wat).expect("the test's module is well-formed");
    WasmiEngine::default().start(&wasm, LIMITS, NoCalls)
}

/// The exported entry of this body, which leaves an i32.
pub(crate) fn entry(body: &str) -> String {
    format!(r#"(func (export "_start") (result i32) {body})"#)
}

/// Runs a task to its end in slices of `fuel`, and tells how many of them it used up.
pub(crate) fn run(task: &mut impl Task, fuel: u64) -> (usize, TaskEnd) {
    for slices in 0..1_000_000 {
        match task.run(fuel) {
            Step::OutOfFuel => {}
            Step::Wait(suspended) => panic!("waits: {suspended:?}"),
            Step::End(end) => return (slices, end),
        }
    }
    panic!("the task gets nowhere");
}
