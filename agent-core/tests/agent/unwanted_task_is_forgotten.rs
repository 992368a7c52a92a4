//! A task that the master does not want at a registration is ended and forgotten.

use edgerm_agent_core::{KillReason, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use crate::common::{FIRST, Happened, SECOND, World, seconds};

/// The master forgets the session and that it ever wanted these.
fn forget(world: &mut World, unwanted: impl IntoIterator<Item = TaskId>) {
    world.master.session = None;
    world.master.tasks.clear();
    world.master.unwanted.extend(unwanted);
}

#[test]
fn one_that_runs_is_stopped_and_its_end_not_told() {
    let mut world = World::running(FIRST);
    forget(&mut world, [FIRST]);
    world.run_for(seconds(20));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Unwanted)]);
    assert_eq!(
        world.master.tasks[&FIRST].told,
        [TaskState::Running],
        "at the registration"
    );
    assert_eq!(world.agent.active_tasks(), 0);
    assert!(world.agent.launch(FIRST).is_none());
}

#[test]
fn one_that_waits_for_its_module_is_dropped_with_its_fetch() {
    let mut world = World::registered();
    world.master.refuse("m", Code::SERVICE_UNAVAILABLE);
    world.launch(FIRST, 16_000);
    world.launch(SECOND, 100);
    forget(&mut world, [FIRST]);
    world.run_for(seconds(20));
    assert_eq!(world.agent.active_tasks(), 1);
    world.master.accept("m");
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    assert_eq!(world.executor.started, [SECOND]);
}

#[test]
fn one_that_was_being_killed_is_forgotten_when_it_ends() {
    let mut world = World::running(FIRST);
    world.executor.paused = true;
    world.ask(crate::common::Ask::Kill(FIRST));
    forget(&mut world, [FIRST]);
    world.run_for(seconds(20));
    assert_eq!(
        world.executor.stopped,
        [(FIRST, KillReason::Requested)],
        "told once"
    );
    world.exit(FIRST, TaskExit::Killed).expect("it runs");
    world.run_for(seconds(20));
    assert_eq!(world.master.tasks[&FIRST].told, [TaskState::Killing]);
}

/// What an unwanted task said leaves the queue to the others, who are told of the room.
#[test]
fn what_it_said_makes_room() {
    let mut world = World::running(FIRST);
    world.launch(SECOND, 1000);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    forget(&mut world, [FIRST]);
    for _ in 0..4 {
        world.emit(FIRST, b"nobody wants to know").expect("room");
    }
    world.emit(SECOND, b"wanted").expect_err("no room");
    world.run_until(|world| world.has(&Happened::OutputTaken(FIRST)));
    world.emit(SECOND, b"wanted").expect("room");
    world.run_for(seconds(5));
    let told: Vec<TaskId> = world
        .master
        .outputs
        .iter()
        .map(|output| output.task)
        .collect();
    assert_eq!(told, [SECOND]);
}
