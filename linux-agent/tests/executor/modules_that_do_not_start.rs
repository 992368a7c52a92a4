use edgerm_linux_agent::executor::{SpawnError, TaskEvent, TaskSpec};
use edgerm_task_abi::{StartError, TaskEnd};

use crate::rig::{Rig, spec, task, with_imports};

fn refusal(rig: &mut Rig, spec: TaskSpec) -> StartError {
    let id = spec.id;
    rig.executor.start(spec).unwrap();
    let event = rig.next();
    let TaskEvent::NotStarted(refused, error) = event else {
        panic!("not refused but {event:?}");
    };
    assert_eq!(refused, id);
    rig.executor.reap(id);
    error
}

#[test]
fn each_tells_why() {
    const MEMORY: &str = r#"(memory (export "memory") 1)"#;
    const START: &str = r#"(func (export "_start"))"#;
    let mut rig = Rig::new();
    for (module, error) in [
        (
            format!(r#"(import "edgerm" "reboot" (func)) {MEMORY} {START}"#),
            StartError::Import,
        ),
        (
            format!(
                r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) {MEMORY} {START}"#
            ),
            StartError::Import,
        ),
        (
            format!(r#"(import "edgerm" "exit" (func (param i64))) {MEMORY} {START}"#),
            StartError::Import,
        ),
        (
            format!(r#"(import "edgerm" "exit" (global i32)) {MEMORY} {START}"#),
            StartError::Import,
        ),
        (
            format!(r#"(import "edgerm" "memory" (memory 1)) {START}"#),
            StartError::Import,
        ),
        (
            format!("{MEMORY} {START} (func $s) (start $s)"),
            StartError::Module,
        ),
        (MEMORY.into(), StartError::Export),
        (START.into(), StartError::Export),
        (
            format!(r#"{MEMORY} (func (export "_start") (param i32))"#),
            StartError::Export,
        ),
        (
            format!(r#"{MEMORY} (func (export "_start") (result i64) (i64.const 0))"#),
            StartError::Export,
        ),
        (
            format!(r#"{MEMORY} {START} (data (i32.const 65535) "ab")"#),
            StartError::Segment,
        ),
        (
            format!("{MEMORY} {START} (table 1 funcref) (func $f) (elem (i32.const 1) $f)"),
            StartError::Segment,
        ),
        (
            format!("{MEMORY} {START} (table 1025 funcref)"),
            StartError::Table,
        ),
        (format!("{MEMORY} {START} (memory 1)"), StartError::Module),
    ] {
        let spec = spec(1, &format!("(module {module})"));
        assert_eq!(refusal(&mut rig, spec), error, "{module}");
    }
}

#[test]
fn bytes_that_are_no_module() {
    let mut rig = Rig::new();
    let whole = spec(1, &task(r#"(func (export "_start"))"#)).wasm;
    let cut = whole[..whole.len() - 1].to_vec();
    let mut other_version = whole;
    other_version[4] = 2;
    for wasm in [
        vec![],
        b"\0asm".to_vec(),
        vec![0xff; 4096],
        b"\x7fELF\x02\x01\x01".to_vec(),
        cut,
        other_version,
    ] {
        let spec = TaskSpec {
            wasm,
            ..spec(1, "(module)")
        };
        assert_eq!(refusal(&mut rig, spec), StartError::Module);
    }
}

#[test]
fn floats_do_start() {
    let mut rig = Rig::new();
    let floats = r#"(func (export "_start") (result i32)
        (i32.trunc_sat_f64_s (f64.sqrt (f64.const 1764))))"#;
    let id = rig.start(spec(1, &task(floats)));
    assert_eq!(rig.finish(id).1, TaskEnd::Exited(42));
}

#[test]
fn an_id_that_runs_already() {
    let mut rig = Rig::new();
    let body =
        with_imports(r#"(memory (export "memory") 1) (func (export "_start") (loop (br 0)))"#);
    let id = rig.start(spec(1, &body));
    let again = rig.executor.start(spec(1, &body));
    assert!(matches!(again, Err(SpawnError::Running(running)) if running == id));
}
