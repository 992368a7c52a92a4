//! A kill ends the task wherever it is, and its end is told once.

use edgerm_agent_core::{Input, KillReason, ModuleCheck, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, SECOND, World, seconds};

#[track_caller]
fn kill(world: &mut World) {
    assert_eq!(world.ask(Ask::Kill(FIRST)).0, Code::CHANGED);
    assert_eq!(
        world.ask(Ask::Kill(FIRST)).0,
        Code::CHANGED,
        "asked for twice"
    );
}

#[track_caller]
fn assert_killed(world: &mut World) {
    world.run_for(seconds(10));
    let told = &world.master.tasks[&FIRST].told;
    let ends = told.iter().filter(|state| state.is_terminal()).count();
    assert_eq!(
        (world.master.state(FIRST), ends),
        (Some(TaskState::Killed), 1)
    );
    assert_eq!(world.agent.active_tasks(), 0);
}

#[test]
fn while_the_storage_looks() {
    let mut world = World::registered();
    world.storage.paused = true;
    let module = world.launch(FIRST, 2000);
    kill(&mut world);
    // What the storage says then leads to nothing.
    let checked = Input::ModuleChecked(module, ModuleCheck::Verified);
    world.input(checked).expect("it was asked");
    assert_killed(&mut world);
    assert_eq!(world.executor.started, []);
}

#[test]
fn while_its_module_is_fetched() {
    let mut world = World::registered();
    world.launch(FIRST, 16_000);
    world.run_until(|world| world.storage.stored.len() == 3);
    kill(&mut world);
    assert_killed(&mut world);
    assert!(world.storage.stored.len() < 10, "the fetch is over");
    assert_eq!(world.executor.started, []);
}

#[test]
fn while_a_block_is_stored() {
    let mut world = World::registered();
    world.storage.paused = true;
    let module = world.launch(FIRST, 2000);
    let nothing = Input::ModuleChecked(module, ModuleCheck::Partial(0));
    world.input(nothing).expect("it was asked");
    world.run_until(|world| world.storage.stored.len() == 1);
    kill(&mut world);
    world
        .input(Input::BlockStored(module))
        .expect("it was asked");
    assert_killed(&mut world);
    assert_eq!(world.storage.stored.len(), 1);
}

#[test]
fn while_it_starts() {
    let mut world = World::registered();
    world.executor.paused = true;
    world.launch(FIRST, 100);
    world.run_until(|world| world.executor.started == [FIRST]);
    kill(&mut world);
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Requested)]);
    world.input(Input::TaskStarted(FIRST)).expect("it starts");
    world.exit(FIRST, TaskExit::Killed).expect("it runs");
    assert_killed(&mut world);
}

#[test]
fn while_it_runs() {
    let mut world = World::running(FIRST);
    kill(&mut world);
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Requested)]);
    assert_killed(&mut world);
    kill(&mut world);
    assert_eq!(world.executor.stopped.len(), 1, "it is over");
}

/// One that ended by itself before it heard of the kill tells its own end.
#[test]
fn while_it_ends() {
    let mut world = World::running(FIRST);
    world.executor.paused = true;
    kill(&mut world);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
}

/// The task that waits for the killed one's fetch to end has its own module next.
#[test]
fn the_fetch_passes_to_who_waits() {
    let mut world = World::registered();
    world.launch(FIRST, 16_000);
    world.run_until(|world| world.storage.stored.len() == 3);
    world.launch(SECOND, 1000);
    kill(&mut world);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    assert_killed_of_first(&world);
}

fn assert_killed_of_first(world: &World) {
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
    assert_eq!(world.executor.started, [SECOND]);
}
