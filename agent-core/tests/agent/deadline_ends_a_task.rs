//! A task with a deadline is ended when it has run for so long, with the master there or not.

use edgerm_agent_core::{KillReason, TaskExit};
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, LaunchSpec, World, module, seconds};

const DEADLINE: u32 = 60;

/// A task that runs since now, and may for a minute.
fn world(spec: impl Fn(LaunchSpec) -> LaunchSpec) -> World {
    let mut world = World::registered();
    let (id, bytes) = module(500);
    world.master.add_module(id, bytes);
    let launch = LaunchSpec {
        deadline: Some(DEADLINE),
        ..LaunchSpec::new(FIRST, id, 500)
    };
    world.ask(Ask::Launch(spec(launch)));
    world.run_until(|world| !world.executor.started.is_empty());
    world.run_for(seconds(0));
    world
}

#[test]
fn it_is_ended_to_the_second() {
    let mut world = world(|launch| launch);
    let ran = world.now;
    world.run_until(|world| !world.executor.stopped.is_empty());
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Deadline)]);
    assert_eq!(world.now, ran + seconds(DEADLINE.into()));
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
    assert_eq!(
        world.master.detail(FIRST),
        "it has passed its deadline of 60 s"
    );
}

#[test]
fn the_master_need_not_be_there() {
    let mut world = world(|launch| launch);
    world.link.cut(true);
    world.run_for(seconds(DEADLINE.into()));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Deadline)]);
    world.link.cut(false);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Errored));
}

#[test]
fn one_that_ends_before_ends_as_it_does() {
    let mut world = world(|launch| launch);
    world.run_for(seconds(59));
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(60));
    assert_eq!(world.executor.stopped, []);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
}

#[test]
fn a_restart_gives_it_no_more_time() {
    let mut world = world(|launch| LaunchSpec {
        max_restarts: Some(100),
        ..launch
    });
    let ran = world.now;
    while world.executor.stopped.is_empty() && world.now < ran + seconds(50) {
        world.run_for(seconds(5));
        if world.executor.running.contains(&FIRST) {
            world.exit(FIRST, TaskExit::Exited(1)).expect("it runs");
        }
    }
    let starts = world.executor.started.len();
    assert!(starts > 2, "it was started again");
    world.run_for(seconds(60));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
    assert_eq!(
        world.master.detail(FIRST),
        "it has passed its deadline of 60 s"
    );
    assert_eq!(world.agent.active_tasks(), 0);
}

#[test]
fn a_kill_counts_for_more() {
    let mut world = world(|launch| launch);
    world.executor.paused = true;
    world.run_for(seconds(DEADLINE.into()));
    world.ask(Ask::Kill(FIRST));
    world.exit(FIRST, TaskExit::Killed).expect("it was stopped");
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
}
