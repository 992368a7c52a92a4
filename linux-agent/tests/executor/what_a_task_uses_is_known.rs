use edgerm_linux_agent::usage::Usage;
use edgerm_task_abi::limits::PAGE;
use edgerm_task_abi::{TaskEnd, Trap};

use crate::rig::{Rig, spec, task};

#[test]
fn while_it_runs_and_when_it_has_ended() {
    let mut rig = Rig::new();
    // What is told after a wait, was counted before it.
    let grow = r#"(func (export "_start")
        (drop (memory.grow (i32.const 3)))
        (drop (call $sleep_ms (i32.const 1)))
        (call $tell (i32.const 1))
        (drop (call $message_receive (i32.const 0) (i32.const 8) (i32.const -1))))"#;
    let id = rig.start(spec(1, &task(grow)));
    rig.output();
    let usage = rig.executor.usage(id).unwrap();
    assert_eq!((usage.mem, usage.mem_peak), (4 * PAGE, 4 * PAGE));
    rig.executor.kill(id);
    let last = rig.ends(id, TaskEnd::Killed);
    assert_eq!((last.mem, last.mem_peak), (0, 4 * PAGE));
    assert!(last.cpu_ms >= usage.cpu_ms, "{last:?} after {usage:?}");
    assert_eq!(rig.executor.usage(id), Some(last), "until it is reaped");
    rig.executor.reap(id);
    assert_eq!(rig.executor.usage(id), None);
}

#[test]
fn from_its_start() {
    let mut rig = Rig::new();
    let wait = r#"(func (export "_start") (drop (call $sleep_ms (i32.const -1))))"#;
    let id = rig.start(spec(1, &task(wait)));
    let Usage { mem, mem_peak, .. } = rig.executor.usage(id).unwrap();
    assert_eq!((mem, mem_peak), (PAGE, PAGE));
}

/// A wait costs nothing, and ten million rounds are more than what makes three functions ready.
#[test]
fn by_what_it_did_and_not_by_how_long_it_was_there() {
    let mut rig = Rig::new();
    let spin = r#"(func (export "_start") (local i32)
        (loop
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get 0) (i32.const 10000000)))))"#;
    let id = rig.start(spec(1, &task(spin)));
    let spun = rig.ends(id, TaskEnd::Exited(0));
    rig.executor.reap(id);
    let sleep = r#"(func (export "_start") (drop (call $sleep_ms (i32.const 20))))"#;
    let id = rig.start(spec(2, &task(sleep)));
    let slept = rig.ends(id, TaskEnd::Exited(0));
    assert!(slept.cpu_ms < spun.cpu_ms, "{slept:?} and {spun:?}");
}

#[test]
fn of_one_that_traps() {
    let mut rig = Rig::new();
    let trap = r#"(func (export "_start") (drop (memory.grow (i32.const 1))) unreachable)"#;
    let id = rig.start(spec(1, &task(trap)));
    let usage = rig.ends(id, TaskEnd::Trapped(Trap::Unreachable));
    assert_eq!((usage.mem, usage.mem_peak), (0, 2 * PAGE));
}
