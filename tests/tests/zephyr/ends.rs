//! How tasks end, and that their node goes on.

use edgerm_framework::api::{Agent, Constraints, Task};
use edgerm_framework::{Launch, TaskState};
use edgerm_task_abi::Trap;
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;

use crate::work::{averages, module};
use crate::{LARGE, NATIVE, RISCV, SMALL};

pub(crate) fn small_kill() {
    a_kill_ends_a_loop(&SMALL);
}

pub(crate) fn large_kill() {
    a_kill_ends_a_loop(&LARGE);
}

pub(crate) fn riscv_kill() {
    a_kill_ends_a_loop(&RISCV);
}

/// On a processor that is emulated: that of `native_sim` is so fast that no time passes in a loop.
fn a_kill_ends_a_loop(image: &Image) {
    on(image, |cluster, agent| {
        let task = run(cluster, agent, "spin");
        let running = cluster.state(task.id, TaskState::Running);
        assert_eq!(running.state, TaskState::Running, "{running:?}");
        assert_eq!(cluster.kill(task.id).state, TaskState::Killed);
    });
}

pub(crate) fn small_trap() {
    a_trap_is_told(&SMALL);
}

pub(crate) fn large_trap() {
    a_trap_is_told(&LARGE);
}

pub(crate) fn riscv_trap() {
    a_trap_is_told(&RISCV);
}

pub(crate) fn native_trap() {
    a_trap_is_told(&NATIVE);
}

fn a_trap_is_told(image: &Image) {
    on(image, |cluster, agent| {
        let task = run(cluster, agent, "trap");
        assert_errored(cluster, &task, Trap::Unreachable);
    });
}

pub(crate) fn large_oom() {
    memory_is_held_to_the_launch(&LARGE);
}

pub(crate) fn native_oom() {
    memory_is_held_to_the_launch(&NATIVE);
}

fn memory_is_held_to_the_launch(image: &Image) {
    on(image, |cluster, agent| {
        let task = run(cluster, agent, "oom");
        assert_errored(cluster, &task, Trap::OutOfMemory);
    });
}

pub(crate) fn large_exits() {
    exit_codes_are_told(&LARGE);
}

pub(crate) fn native_exits() {
    exit_codes_are_told(&NATIVE);
}

fn exit_codes_are_told(image: &Image) {
    let cases = [
        (0, TaskState::Completed),
        (7, TaskState::Errored),
        (-1, TaskState::Errored),
    ];
    on(image, |cluster, agent| {
        for (code, state) in cases {
            let module = cluster.upload(module(&format!(
                r#"(memory (export "memory") 1)
                (func (export "_start") (result i32) (i32.const {code}))"#
            )));
            let launch = Launch::new("exits", &module);
            let task = cluster.launch(agent, &Constraints::default(), launch);
            let ended = cluster.end(task.id);
            assert_eq!((ended.state, ended.exit_code), (state, Some(code)));
        }
    });
}

/// Runs a case on a node, which does what it did before.
fn on(image: &Image, case: impl FnOnce(&Cluster, &Agent)) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    case(&cluster, &agent);
    let emitted = averages(&cluster, &agent, 1);
    assert_eq!(emitted, ["temperature=21"]);
}

fn run(cluster: &Cluster, agent: &Agent, app: &str) -> Task {
    let module = cluster.upload_prebuilt(app);
    cluster.launch(agent, &Constraints::default(), Launch::new(app, &module))
}

fn assert_errored(cluster: &Cluster, task: &Task, trap: Trap) {
    let ended = cluster.end(task.id);
    assert_eq!(ended.state, TaskState::Errored, "{ended:?}");
    assert_eq!(ended.detail.as_deref(), Some(trap.message()));
}
