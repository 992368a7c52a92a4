//! Tasks live in their arena, whatever its size.
#![cfg(test)]

use std::mem::MaybeUninit;

use edgerm_engine_wasm3::{Settings, Wasm3Engine};
use edgerm_task_abi::{
    Call, CallHandler, Engine, Outcome, StartError, Step, Suspended, Task, TaskEnd, TaskLimits,
    Trap, Value,
};

const LIMITS: TaskLimits = TaskLimits {
    memory_bytes: 8192,
    table_elements: 64,
};

/// What a test's thread has left of its stack by far.
const SETTINGS: Settings = Settings {
    wasm_stack: 2048,
    native_stack: 65_536,
};

/// Answers every call with 0.
#[derive(Debug)]
struct Zero;

impl CallHandler for Zero {
    fn handle_call(&mut self, _: Call, _: &mut [u8]) -> Outcome {
        Outcome::Return(Value::I32(0))
    }

    fn resume(&mut self, suspended: Suspended, _: &mut [u8]) -> Outcome {
        panic!("waited: {suspended:?}")
    }
}

/// Runs the module in an arena of so many bytes. Gives how it ended and what it took.
fn run(wasm: &[u8], bytes: usize) -> Result<(TaskEnd, usize), StartError> {
    let mut arena = vec![MaybeUninit::uninit(); bytes];
    let mut task = Wasm3Engine::new(&mut arena, SETTINGS).start(wasm, LIMITS, Zero)?;
    let Step::End(end) = task.run(0) else {
        panic!("it runs to its end")
    };
    assert_eq!(task.run(0), Step::End(end), "once ended, always ended");
    Ok((end, task.peak()))
}

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).expect("the test's module is well-formed")
}

/// A module with some of everything, which exits with 7.
fn everything() -> Vec<u8> {
    module(
        r#"(import "edgerm" "sleep_ms" (func $sleep (param i32) (result i32)))
        (import "edgerm" "abi_version" (func $version (result i32)))
        (memory (export "memory") 600 4000 (pagesize 1))
        (data (i32.const 16) "seven") (data (i32.const 599) "!") (data "passive")
        (global $seven (mut i32) (i32.const 6))
        (global $wide i64 (i64.const -1))
        (table 4 funcref) (elem (i32.const 1) $one $more)
        (type $step (func (result i32)))
        (func $one (type $step) (i32.const 1))
        (func $more (type $step)
          (if (result i32) (i64.eqz (global.get $wide)) (then (i32.const 0))
            (else (block (result i32)
              (br_table 0 0 0 (i32.const 2) (call_indirect (type $step) (i32.const 1)))))))
        (func $switch (param i32) (result i32)
          (block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
            (return (i32.const 10))) (return (i32.const 20))) (i32.const 30))
        (func (export "_start") (result i32)
          (drop (call $sleep (call $version)))
          (drop (call $switch (i32.const 1)))
          (drop (call $more))
          (global.set $seven (i32.add (global.get $seven) (call_indirect (type $step) (i32.const 1))))
          (drop (memory.grow (i32.const 1000)))
          (i32.store8 (i32.const 1599) (global.get $seven))
          (i32.load8_u (i32.const 1599)))"#,
    )
}

#[test]
fn a_task_starts_in_all_that_it_takes_and_in_no_less() {
    let wasm = everything();
    let (end, peak) = run(&wasm, 1 << 16).unwrap();
    assert_eq!(end, TaskEnd::Exited(7));
    let (mut no_room, mut out_of_memory, mut whole) = (0, 0, 0);
    for bytes in 0..=peak + 64 {
        match run(&wasm, bytes) {
            Err(error) => {
                assert_eq!(error, StartError::NoRoom, "{bytes}");
                no_room += 1;
            }
            Ok((TaskEnd::Trapped(trap), _)) => {
                assert_eq!(trap, Trap::OutOfMemory, "{bytes}");
                out_of_memory += 1;
            }
            Ok((end, _)) => {
                assert_eq!(end, TaskEnd::Exited(7), "{bytes}");
                whole += 1;
            }
        }
    }
    assert!(no_room > 1000, "{no_room}");
    // What it grows by.
    assert!((980..=1020).contains(&out_of_memory), "{out_of_memory}");
    assert!((1..=128).contains(&whole), "{whole}");
}
