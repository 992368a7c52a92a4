//! However often a launch comes, and however late, its task starts once.

use edgerm_agent_core::TaskExit;
use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use crate::common::{Ask, FIRST, World, seconds};

#[test]
fn a_launch_that_is_asked_for_again_starts_nothing() {
    let mut world = World::running(FIRST);
    world.launch(FIRST, 1000);
    world.run_for(seconds(10));
    assert_eq!(world.executor.started, [FIRST]);
}

#[test]
fn a_launch_whose_answer_was_lost_starts_nothing_when_it_comes_again() {
    let mut world = World::registered();
    world.link.cut_to_master = true;
    let (module, bytes) = crate::common::module(100);
    world.master.add_module(module, bytes);
    world.master.ask(Ask::Launch(crate::common::LaunchSpec::new(
        FIRST, module, 100,
    )));
    world.run_for(seconds(20));
    world.link.cut_to_master = false;
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    assert_eq!(world.executor.started, [FIRST]);
}

#[test]
fn a_launch_that_comes_after_the_end_starts_nothing() {
    let mut world = World::running(FIRST);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(1));
    // Others come and go meanwhile.
    for id in 1..=15 {
        let id = TaskId(id);
        world.launch(id, 1000);
        world.run_until(|world| world.executor.running.contains(&id));
        world.exit(id, TaskExit::Exited(0)).expect("it runs");
        world.run_for(seconds(1));
    }
    world.launch(FIRST, 1000);
    world.run_for(seconds(10));
    assert_eq!(world.executor.started.len(), 16);
    assert_eq!(world.agent.active_tasks(), 0);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
}

#[test]
fn a_launch_that_a_kill_overtook_starts_nothing() {
    let mut world = World::registered();
    for _ in 0..2 {
        let (code, diagnostic) = world.ask(Ask::Kill(FIRST));
        assert_eq!(code, Code::NOT_FOUND);
        assert_eq!(diagnostic, "no task 0123456789abcdef here");
    }
    let (module, _) = crate::common::module(100);
    let late = crate::common::LaunchSpec::new(FIRST, module, 100);
    let (code, diagnostic) = world.ask(Ask::Launch(late));
    assert_eq!(code, Code::CONFLICT);
    assert_eq!(diagnostic, "the task was killed before its launch came");
    assert_eq!(world.executor.started, []);
}
