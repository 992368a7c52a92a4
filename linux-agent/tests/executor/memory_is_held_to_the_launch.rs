use edgerm_linux_agent::executor::TaskEvent;
use edgerm_task_abi::limits::PAGE;
use edgerm_task_abi::{StartError, TaskEnd, Trap};

use crate::rig::{MEM, Rig, spec, task, with_imports};

const ECHO: &str = r#"(func (export "_start") (local i32)
    (loop
      (local.set 0 (call $message_receive (i32.const 0) (i32.const 800) (i32.const -1)))
      (drop (call $emit (i32.const 0) (local.get 0) (i32.const -1)))
      (br 0)))"#;

#[test]
fn one_that_grows_for_ever_ends_by_it_and_the_others_go_on() {
    let mut rig = Rig::new();
    let echo = rig.start(spec(2, &task(ECHO)));
    let grow = r#"(func (export "_start") (loop (drop (memory.grow (i32.const 1))) (br 0)))"#;
    let end = rig.end_of(grow);
    assert_eq!(end, TaskEnd::Trapped(Trap::OutOfMemory));
    assert!(end.to_string().contains("memory"), "{end}");
    rig.executor.message(echo, b"still there?").unwrap();
    assert_eq!(rig.output(), b"still there?");
}

#[test]
fn one_that_asks_at_once_for_more_does_not_start() {
    let mut rig = Rig::new();
    let greedy = r#"(memory (export "memory") 17) (func (export "_start"))"#;
    let spec = spec(1, &with_imports(greedy));
    let id = spec.id;
    rig.executor.start(spec).unwrap();
    let memory = StartError::Memory {
        needed: 17 * PAGE,
        limit: MEM.into(),
    };
    assert_eq!(rig.next(), TaskEvent::NotStarted(id, memory));
    rig.executor.reap(id);
}

#[test]
fn all_of_it_may_be_had_and_the_own_maximum_is_told_by_minus_one() {
    let mut rig = Rig::new();
    for (memory, pages, code) in [
        ("1", 15, 1),
        ("0", 16, 0),
        ("16", 0, 16),
        ("1 4", 3, 1),
        ("1 4", 4, -1),
        ("1 4", -1, -1),
    ] {
        let grow = format!(
            r#"(memory (export "memory") {memory})
            (func (export "_start") (result i32) (memory.grow (i32.const {pages})))"#
        );
        let id = rig.start(spec(1, &with_imports(&grow)));
        let end = rig.finish(id).1;
        assert_eq!(end, TaskEnd::Exited(code), "{memory} and {pages} more");
    }
}

#[test]
fn growth_from_nothing_is_held_to_it_too() {
    let mut rig = Rig::new();
    let grow = r#"(memory (export "memory") 0)
        (func (export "_start") (drop (memory.grow (i32.const 17))))"#;
    let id = rig.start(spec(1, &with_imports(grow)));
    assert_eq!(rig.finish(id).1, TaskEnd::Trapped(Trap::OutOfMemory));
}

#[test]
fn what_one_instruction_needs_beyond_a_slice_is_given() {
    let mut rig = Rig::new();
    // 48 MiB, where a slice is good for some 32.
    let fill = r#"(memory (export "memory") 1024)
        (func (export "_start") (result i32)
          (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x3000000))
          (memory.copy (i32.const 0x1000000) (i32.const 0) (i32.const 0x3000000))
          (i32.load8_u (i32.const 0x3ffffff)))"#;
    let spec = edgerm_linux_agent::executor::TaskSpec {
        mem: 64 << 20,
        ..spec(1, &with_imports(fill))
    };
    let id = rig.start(spec);
    assert_eq!(rig.finish(id).1, TaskEnd::Exited(7));
}
