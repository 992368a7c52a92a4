use edgerm_linux_agent::engine::WasmiEngine;
use edgerm_task_abi::{Call, CallHandler, Engine, Outcome, Suspended, TaskEnd, Value};

use crate::rig::{LIMITS, run};

/// Answers each call at once.
#[derive(Debug)]
struct Answers;

impl CallHandler for Answers {
    fn handle_call(&mut self, _: Call, _: &mut [u8]) -> Outcome {
        Outcome::Return(Value::I32(7))
    }

    fn resume(&mut self, suspended: Suspended, _: &mut [u8]) -> Outcome {
        panic!("waited: {suspended:?}")
    }
}

/// A hundred calls are of a few hundred instructions, which alone are a part of one slice.
#[test]
fn however_few_instructions_they_are() {
    let calls = r#"(module
        (import "edgerm" "abi_version" (func $call (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") (result i32) (local i32 i32)
          (loop
            (local.set 1 (call $call))
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get 0) (i32.const 100))))
          (local.get 1)))"#;
    let wasm = wat::parse_str(calls).expect("the test's module is well-formed");
    let mut task = WasmiEngine::default()
        .start(&wasm, LIMITS, Answers)
        .expect("it starts");
    let (slices, end) = run(&mut task, 10_000);
    assert_eq!(end, TaskEnd::Exited(7));
    assert!(slices >= 10, "{slices} slices for a hundred calls");
}
