//! What the child does with each module. It tells each step before it takes it.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::mem::MaybeUninit;
use std::rc::Rc;

use edgerm_engine_wasm3::{Settings, Wasm3Engine};
use edgerm_linux_agent::engine::WasmiEngine;
use edgerm_master::admission::{Admitted, Limits, admit, variant};
use edgerm_task_abi::limits::PAGE;
use edgerm_task_abi::{
    Call, CallHandler, Engine, Gate, Outcome, Permissions, StartError, Step, Suspended, Task,
    TaskEnd, TaskLimits, Trap,
};

use crate::node::{Did, Node};
use crate::parent::Range;
use crate::smith;

/// Memory that a task is given: four pages.
const MEMORY: usize = 4 << 16;

/// What is admitted here: what a task here can have.
const LIMITS: Limits = Limits {
    module_bytes: 1 << 20,
    memory_bytes: MEMORY as u64,
    table_elements: 1024,
};

/// Fuel of one task, and of one slice: most tasks are left and resumed in their middle.
const FUEL: u64 = 1_000_000;
const SLICE: u64 = 700;

/// Bytes of the region that a task of wasm3 lives in.
const ARENA: usize = 2 << 20;

/// What a task of the Linux agent can nest, and more: what overflows on a node ends otherwise.
const ROOMY: Settings = Settings {
    wasm_stack: 1 << 16,
    native_stack: 1 << 18,
};

/// Tells what becomes of each module of `range`, a line a step.
pub(crate) fn judge_all(range: Range) {
    let admitted_by = |wasm: &[u8]| admit(wasm, &LIMITS);
    let mut out = std::io::stdout().lock();
    let mut tell = |line: String| {
        // A parent that is gone hears nothing; its child ends with its last module.
        let _told = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    for index in range.first..range.first + range.count {
        tell(format!("{index} make"));
        let wasm = smith::module(range.seed, index);
        tell(format!("{index} admission"));
        match admitted_by(&wasm) {
            Err(refusal) => {
                assert!(refusal.offset <= wasm.len(), "{refusal}");
                tell(format!("{index} refused {}", refusal.rule.code()));
            }
            Ok(admitted) => run(index, &admitted, &mut tell),
        }
        tell(format!("{index} done"));
    }
}

fn run(index: u64, admitted: &Admitted, tell: &mut impl FnMut(String)) {
    tell(format!("{index} wasmi"));
    let whole = in_wasmi(&admitted.wasm);
    tell(format!("{index} ended {}", name(&whole.0)));
    let has = edgerm_engine_wasm3::features().collect::<Vec<_>>();
    if !admitted
        .features
        .iter()
        .all(|feature| has.contains(feature))
    {
        return;
    }
    tell(format!("{index} wasm3-start"));
    compare(index, &admitted.wasm, &whole, tell);
    // What a small node gets: pages of one byte, so many that its data fit.
    let Ok(bytes) = u32::try_from(1000 + index * 977 % (2 * PAGE)) else {
        return;
    };
    if let Ok(small) = variant(&admitted.wasm, bytes) {
        tell(format!("{index} variant"));
        let whole = in_wasmi(&small.wasm);
        tell(format!("{index} wasm3-variant"));
        compare(index, &small.wasm, &whole, tell);
    }
}

/// Runs in wasm3 what has ended in wasmi, and tells where the two differ.
///
/// It runs twice: with the stacks of a small node, where much overflows, and with larger ones.
fn compare(index: u64, wasm: &[u8], whole: &Ran, tell: &mut impl FnMut(String)) {
    // wasm3 counts no fuel: what goes on for ever is a matter of the task's thread.
    let goes_on = whole.0 == Ok(TaskEnd::Killed);
    let small = in_wasm3(wasm, Settings::default(), goes_on);
    let roomy = in_wasm3(wasm, ROOMY, goes_on);
    tell(format!("{index} ended-small {:?}", small.0));
    tell(format!("{index} ended-roomy {:?}", roomy.0));
    tell(format!("{index} ended3 {}", name(&roomy.0)));
    if !goes_on && is_comparable(&whole.0) && is_comparable(&roomy.0) && *whole != roomy {
        tell(format!("{index} differs {whole:?} {roomy:?}").replace('\n', " "));
    }
}

/// Stacks and memory are as large as an engine has them.
fn is_comparable(came: &Result<TaskEnd, StartError>) -> bool {
    match came {
        Ok(TaskEnd::Trapped(Trap::StackOverflow | Trap::OutOfMemory | Trap::Engine)) | Err(_) => {
            false
        }
        Ok(TaskEnd::Exited(_) | TaskEnd::Trapped(_) | TaskEnd::Killed) => true,
    }
}

fn name(came: &Result<TaskEnd, StartError>) -> &'static str {
    match came {
        Ok(TaskEnd::Exited(_)) => "exited",
        Ok(TaskEnd::Trapped(_)) => "trapped",
        Ok(TaskEnd::Killed) => "killed",
        Err(StartError::NoRoom) => "no-room",
        Err(_) => "not-started",
    }
}

type Ran = (Result<TaskEnd, StartError>, Did);

const TASK: TaskLimits = TaskLimits {
    memory_bytes: MEMORY,
    table_elements: 1024,
};

fn in_wasmi(wasm: &[u8]) -> Ran {
    let did = Rc::default();
    let calls = Patient::new(&did);
    let came = WasmiEngine::default()
        .start(wasm, TASK, calls)
        .map(|mut task| {
            let mut fuel = FUEL;
            while fuel > 0 {
                match task.run(SLICE) {
                    Step::OutOfFuel => fuel = fuel.saturating_sub(SLICE),
                    Step::Wait(_) => fuel = fuel.saturating_sub(1),
                    Step::End(end) => return end,
                }
            }
            TaskEnd::Killed
        });
    (came, did.take())
}

fn in_wasm3(wasm: &[u8], settings: Settings, start_alone: bool) -> Ran {
    let did = Rc::default();
    let mut arena = vec![MaybeUninit::uninit(); ARENA];
    let started = Wasm3Engine::new(&mut arena, settings).start(wasm, TASK, Patient::new(&did));
    let came = started.map(|mut task| match start_alone {
        true => TaskEnd::Killed,
        false => match task.run(SLICE) {
            Step::End(end) => end,
            Step::OutOfFuel | Step::Wait(_) => TaskEnd::Killed,
        },
    });
    (came, did.take())
}

/// The gate to a node, where a wait is over at once; one without an end ends the task.
struct Patient {
    gate: Gate<Node>,
    waits: Cell<u32>,
}

/// Waits of one call at most.
const MAX_WAITS: u32 = 4;

impl Patient {
    fn new(did: &Rc<RefCell<Did>>) -> Self {
        Self {
            gate: Gate::new(Permissions::ALL, Node::new(did)),
            waits: Cell::new(0),
        }
    }
}

impl CallHandler for Patient {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        self.waits.set(0);
        let mut outcome = self.gate.handle_call(call, memory);
        while let Outcome::Suspend(suspended) = outcome {
            let node = self.gate.host_mut();
            node.wait_until(suspended.deadline_ms().unwrap_or(0));
            self.waits.set(self.waits.get() + 1);
            if self.waits.get() > MAX_WAITS {
                return Outcome::Exit(1);
            }
            outcome = self.gate.resume(suspended, memory);
        }
        outcome
    }

    fn resume(&mut self, suspended: Suspended, memory: &mut [u8]) -> Outcome {
        self.gate.resume(suspended, memory)
    }
}
