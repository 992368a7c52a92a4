//! The engines, each with the little that a driver does around it.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::rc::Rc;

use edgerm_engine_wasm3::{Settings, Wasm3Engine};
use edgerm_linux_agent::engine::WasmiEngine;
use edgerm_task_abi::{
    Call, CallHandler, Engine, Feature, Outcome, StartError, Step, Suspended, Task, TaskEnd,
    TaskLimits,
};

/// An engine under test.
pub(crate) trait Subject: 'static {
    /// What its cases are named after.
    const NAME: &'static str;

    /// Whether it ends a task that neither returns nor calls. wasm3 counts no fuel: on a node the
    /// task's thread is aborted, which a thread of this process cannot be.
    const LEAVES_A_LOOP: bool;

    /// Bytes of the region that a task has to live in, if it has one: wasmi's tasks take of the
    /// process what their limits let them have.
    const ROOM: Option<usize>;

    /// What it tells that it has of WASM.
    fn features() -> Vec<Feature>;

    /// Starts a task and runs it to its end. Where it waits in a call, `wait` lets time pass
    /// until the call is worth resuming; where that never comes, or the task has used up all of
    /// [`FUEL`], the task is killed.
    fn run<C: CallHandler + 'static>(
        wasm: &[u8],
        limits: TaskLimits,
        calls: C,
        wait: impl FnMut(Suspended) -> bool + 'static,
    ) -> Result<TaskEnd, StartError>;
}

/// Fuel of one task at most, where it is counted.
pub(crate) const FUEL: u64 = 2_000_000;

/// Fuel of one slice: little, so that most cases are left and resumed in their middle.
const SLICE: u64 = 500;

/// wasmi, as the Linux agent has it. It leaves a call that waits.
pub(crate) struct Wasmi;

impl Subject for Wasmi {
    const NAME: &'static str = "wasmi";
    const LEAVES_A_LOOP: bool = true;
    const ROOM: Option<usize> = None;

    /// All: the agent tells no fewer.
    fn features() -> Vec<Feature> {
        Feature::ALL.to_vec()
    }

    fn run<C: CallHandler + 'static>(
        wasm: &[u8],
        limits: TaskLimits,
        calls: C,
        mut wait: impl FnMut(Suspended) -> bool + 'static,
    ) -> Result<TaskEnd, StartError> {
        let mut task = WasmiEngine::default().start(wasm, limits, calls)?;
        let mut fuel = FUEL;
        while fuel > 0 {
            match task.run(SLICE) {
                Step::OutOfFuel => fuel = fuel.saturating_sub(SLICE),
                Step::Wait(suspended) if wait(suspended) => {}
                Step::Wait(_) => return Ok(TaskEnd::Killed),
                Step::End(end) => return Ok(ended(&mut task, end)),
            }
        }
        Ok(TaskEnd::Killed)
    }
}

/// wasm3, as on a microcontroller. It stays in a call that waits.
pub(crate) struct Wasm3;

/// More than the memory of any case, and all that wasm3 keeps besides.
const ARENA: usize = 2 << 20;

/// What a thread of the test has left by far.
const SETTINGS: Settings = Settings {
    wasm_stack: 4096,
    native_stack: 1 << 16,
};

impl Subject for Wasm3 {
    const NAME: &'static str = "wasm3";
    const LEAVES_A_LOOP: bool = false;
    const ROOM: Option<usize> = Some(ARENA);

    fn features() -> Vec<Feature> {
        edgerm_engine_wasm3::features().collect()
    }

    fn run<C: CallHandler + 'static>(
        wasm: &[u8],
        limits: TaskLimits,
        calls: C,
        wait: impl FnMut(Suspended) -> bool + 'static,
    ) -> Result<TaskEnd, StartError> {
        let is_killed = Rc::new(Cell::new(false));
        let calls = Staying {
            calls,
            wait,
            is_killed: Rc::clone(&is_killed),
        };
        let mut arena = vec![MaybeUninit::uninit(); ARENA];
        let mut task = Wasm3Engine::new(&mut arena, SETTINGS).start(wasm, limits, calls)?;
        match task.run(SLICE) {
            Step::End(_) if is_killed.get() => Ok(TaskEnd::Killed),
            Step::End(end) => Ok(ended(&mut task, end)),
            step @ (Step::OutOfFuel | Step::Wait(_)) => panic!("it cannot: {step:?}"),
        }
    }
}

/// What the handler of a task's thread does: it waits where the call does.
struct Staying<C, W> {
    calls: C,
    wait: W,
    is_killed: Rc<Cell<bool>>,
}

impl<C: CallHandler, W: FnMut(Suspended) -> bool> CallHandler for Staying<C, W> {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        let mut outcome = self.calls.handle_call(call, memory);
        while let Outcome::Suspend(suspended) = outcome {
            if !(self.wait)(suspended) {
                self.is_killed.set(true);
                return Outcome::Exit(0);
            }
            outcome = self.calls.resume(suspended, memory);
        }
        outcome
    }

    fn resume(&mut self, suspended: Suspended, _: &mut [u8]) -> Outcome {
        panic!("it never left a call: {suspended:?}")
    }
}

/// `end`, once the task is seen to stay there.
fn ended(task: &mut impl Task, end: TaskEnd) -> TaskEnd {
    assert_eq!(task.run(SLICE), Step::End(end), "once ended, always ended");
    end
}
