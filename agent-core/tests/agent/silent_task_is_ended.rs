//! A task with a health check is ended when it neither emits nor logs for too long.

use edgerm_agent_core::{Input, KillReason};
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, LaunchSpec, SECOND, World, module, seconds};

/// A task that runs since now, and may be silent for half a minute, beside one that may for ever.
fn world(max_restarts: Option<u32>) -> World {
    let mut world = World::running(SECOND);
    let (id, bytes) = module(500);
    world.master.add_module(id, bytes);
    let launch = LaunchSpec {
        max_silence: Some(30),
        max_restarts,
        ..LaunchSpec::new(FIRST, id, 500)
    };
    world.ask(Ask::Launch(launch));
    world.run_until(|world| world.executor.running.contains(&FIRST));
    world.run_for(seconds(0));
    world
}

#[test]
fn one_that_says_nothing_is_ended_to_the_second() {
    let mut world = world(None);
    let ran = world.now;
    world.run_until(|world| !world.executor.stopped.is_empty());
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Silent)]);
    assert_eq!(world.now, ran + seconds(30));
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
    assert_eq!(world.master.detail(FIRST), "no sign of life for 30 s");
    assert!(world.executor.running.contains(&SECOND));
}

#[test]
fn what_it_emits_or_logs_is_a_sign_of_life() {
    let mut world = world(None);
    for round in 0..20 {
        world.run_for(seconds(29));
        if round % 2 == 0 {
            world.emit(FIRST, b"21.5").expect("there is room");
        } else {
            let line = Input::TaskLogged(FIRST);
            world.input(line).expect("it runs");
        }
    }
    assert_eq!(world.executor.stopped, []);
    let spoke = world.now;
    world.run_until(|world| !world.executor.stopped.is_empty());
    assert_eq!(world.now, spoke + seconds(30));
}

/// It may be waiting for room, for as long as nobody takes what it said.
#[test]
fn one_whose_output_waits_for_the_master_is_not_to_blame() {
    let mut world = world(None);
    world.link.cut(true);
    world.emit(FIRST, b"21.5").expect("there is room");
    world.run_for(seconds(3600));
    assert_eq!(world.executor.stopped, []);
    world.link.cut(false);
    world.run_until(|world| !world.master.outputs.is_empty());
    world.run_until(|world| !world.executor.stopped.is_empty());
}

#[test]
fn nor_is_one_that_finds_no_room() {
    let mut world = world(None);
    world.link.cut(true);
    while world.emit(SECOND, b"much").is_ok() {}
    world.run_for(seconds(3600));
    assert_eq!(world.executor.stopped, []);
}

#[test]
fn it_is_started_again_where_it_says_so() {
    let mut world = world(Some(1));
    world.run_for(seconds(31));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Silent)]);
    assert_eq!(world.executor.started, [SECOND, FIRST, FIRST]);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));
    world.run_for(seconds(31));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
}
