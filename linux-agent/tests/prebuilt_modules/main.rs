//! The modules that are committed do what their sources say, under the agent's executor.
//!
//! `EDGERM_WASM_APPS` names another directory to take them from: `cargo xtask wasm --check`
//! runs this on what it has just built where it cannot compare bytes.
#![cfg(test)]

mod rig;
mod variants;

use edgerm_linux_agent::executor::TaskEvent;
use edgerm_task_abi::{LogLevel, TaskEnd, Trap};

use rig::{Node, TASK, run};

#[test]
fn hello_greets() {
    for (env, greeting) in [
        (&[][..], "hello, world"),
        (&[("NAME", "Ada")], "hello, Ada"),
    ] {
        let run = run("hello", env);
        assert_eq!(run.emitted, [greeting]);
        assert_eq!(run.logged, [(LogLevel::Info, "saying hello".into())]);
        assert_eq!(run.end, TaskEnd::Exited(0));
    }
}

#[test]
fn moving_average_slides_over_its_window() {
    let env = [("WINDOW", "2"), ("INTERVAL_MS", "0"), ("COUNT", "3")];
    let run = run("moving-average", &env);
    let expected = ["temperature=2", "temperature=3", "temperature=4"];
    assert_eq!(
        (run.emitted, run.end),
        (expected.map(String::from).into(), TaskEnd::Exited(0))
    );
}

#[test]
fn moving_average_emits_what_is_no_whole_number_and_names_the_sensor_as_told() {
    let env = [
        ("SENSOR", "shed"),
        ("INTERVAL_MS", "1"),
        ("WINDOW", "1"),
        ("COUNT", "1"),
    ];
    assert_eq!(run("moving-average", &env).emitted, ["shed=1.5"]);
}

#[test]
fn moving_average_goes_on_for_ever_without_a_count() {
    let node = Node::with_task("moving-average", &[("INTERVAL_MS", "0")]);
    for _ in 0..20 {
        assert!(matches!(node.next(), TaskEvent::Output(..)));
        node.executor.output_taken(TASK);
    }
    node.executor.kill(TASK);
    assert_eq!(node.until_its_end().end, TaskEnd::Killed);
}

#[test]
fn moving_average_refuses_what_it_cannot_do() {
    for (env, code, line) in [
        ([("WINDOW", "0")], 3, "WINDOW is 1 to 64"),
        ([("WINDOW", "65")], 3, "WINDOW is 1 to 64"),
        ([("WINDOW", "four")], 3, "WINDOW"),
        ([("INTERVAL_MS", "-1")], 3, "INTERVAL_MS"),
        ([("SENSOR", "barometer")], 2, "no such sensor"),
    ] {
        let run = run("moving-average", &env);
        assert_eq!(run.end, TaskEnd::Exited(code), "{env:?}");
        assert_eq!(run.logged, [(LogLevel::Error, line.into())]);
    }
}

#[test]
fn threshold_switches_where_it_is_crossed() {
    let env = [("THRESHOLD", "2.5"), ("INTERVAL_MS", "0"), ("COUNT", "4")];
    let run = run("threshold", &env);
    assert_eq!(run.led, [0, 1_000_000]);
    assert_eq!(run.emitted, ["led=0", "led=1"]);
    assert_eq!(run.end, TaskEnd::Exited(0));
}

#[test]
fn threshold_refuses_what_is_no_decimal() {
    let run = run("threshold", &[("THRESHOLD", "warm")]);
    let line = "THRESHOLD is no decimal".to_owned();
    assert_eq!(
        (run.end, run.logged),
        (TaskEnd::Exited(3), vec![(LogLevel::Error, line)])
    );
    assert!(run.led.is_empty());
}

#[test]
fn spin_ends_by_a_kill_alone() {
    let node = Node::with_task("spin", &[]);
    node.executor.kill(TASK);
    assert_eq!(node.until_its_end().end, TaskEnd::Killed);
}

#[test]
fn oom_ends_at_the_memory_of_its_launch() {
    assert_eq!(run("oom", &[]).end, TaskEnd::Trapped(Trap::OutOfMemory));
}

#[test]
fn trap_traps() {
    assert_eq!(run("trap", &[]).end, TaskEnd::Trapped(Trap::Unreachable));
}
