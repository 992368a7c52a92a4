use std::fmt::Write;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use edgerm_task_abi::TaskEnd;

use crate::rig::{Rig, spec, task};

/// Threads bear their task's id, and no other test has this one.
const ID: u64 = 0xfeed_cafe << 32;

fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "task-feedcafe").count()
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn a_hundred_leave_no_thread() {
    let mut rig = Rig::new();
    let spin = task(r#"(func (export "_start") (loop (br 0)))"#);
    for number in 0..100 {
        let id = rig.start(spec(ID + number, &spin));
        assert_eq!(threads(), 1);
        rig.executor.kill(id);
        assert_eq!(rig.finish(id).1, TaskEnd::Killed);
        // The kernel lists a thread for a moment after it was joined.
        let failed = Instant::now() + Duration::from_secs(60);
        while threads() > 0 {
            assert!(Instant::now() < failed, "a thread is left");
            thread::yield_now();
        }
    }
}

#[test]
fn neither_its_code_nor_its_memory() {
    // About a megabyte of code, once it is compiled, and one of memory.
    let mut body = String::from(r#"(func (export "_start") (drop (memory.grow (i32.const 15))))"#);
    for number in 0..1_000 {
        write!(body, "(func (param i32) (result i32) (local.get 0)").unwrap();
        for operand in 0..20 {
            write!(
                body,
                "(i32.add (i32.const {number})) (i32.rotl (i32.const {operand}))"
            )
            .unwrap();
        }
        body.push(')');
    }
    let spec = spec(1, &task(&body));
    let mut rig = Rig::new();
    let mut run = |times| {
        for _ in 0..times {
            let id = rig.start(spec.clone());
            rig.ends(id, TaskEnd::Exited(0));
            rig.executor.reap(id);
        }
    };
    run(4);
    let before = resident();
    run(256);
    // Other tests run beside this one, and one of them has 64 MiB.
    let kept = resident().saturating_sub(before) / 256;
    assert!(kept < 512 << 10, "{kept} bytes are left of each task");
}
