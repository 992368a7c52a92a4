//! What tasks log is kept by their node, the newest of it, and read from it.

use edgerm_framework::api::Constraints;
use edgerm_framework::{Launch, TaskState};
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;

use crate::work::module;
use crate::{NATIVE, RISCV, SMALL};

/// Lines that the task logs: more than a node keeps.
const LINES: u32 = 60;

/// `CONFIG_EDGERM_LOG_BYTES` over the bytes of a line and its header.
const KEPT: u32 = 256 / (7 + 2);

/// Logs `line 00` and so on, and ends. Its memory is small enough for any node, and says so.
const CHATTY: &str = r#"
    (import "edgerm" "log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "__heap_base") i32 (i32.const 16))
    (data (i32.const 0) "line 00")
    (func (export "_start") (local $number i32)
      (loop $again
        (i32.store8 (i32.const 5)
          (i32.add (i32.const 48) (i32.div_u (local.get $number) (i32.const 10))))
        (i32.store8 (i32.const 6)
          (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
        (drop (call $log (i32.const 3) (i32.const 0) (i32.const 7)))
        (local.set $number (i32.add (local.get $number) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $number) (i32.const 60)))))"#;

pub(crate) fn small() {
    the_newest_lines_are_read(&SMALL);
}

pub(crate) fn riscv() {
    the_newest_lines_are_read(&RISCV);
}

pub(crate) fn native() {
    the_newest_lines_are_read(&NATIVE);
}

fn the_newest_lines_are_read(image: &Image) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    let module = cluster.upload(module(CHATTY));
    let launch = Launch::new("chatty", &module);
    let task = cluster.launch(&agent, &Constraints::default(), launch);
    let ended = cluster.end(task.id);
    assert_eq!(ended.state, TaskState::Completed, "{ended:?}");
    let (lost, lines) = cluster.log(task.id);
    assert_eq!(lost, LINES - KEPT);
    let expected: Vec<String> = (lost..LINES)
        .map(|number| format!("line {number:02}"))
        .collect();
    assert_eq!(lines, expected);
    // What was read stays with the master.
    assert_eq!(cluster.log(task.id), (lost, lines));
}
