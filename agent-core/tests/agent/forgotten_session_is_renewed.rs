//! A master that answers 4.01 has forgotten the session: the agent registers and its tasks go on.

use edgerm_agent_core::{Input, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::{SessionId, TaskState};

use crate::common::{Ask, FIRST, SECOND, World, description, seconds};

#[test]
fn an_agent_that_was_forgotten_registers_again_and_keeps_its_tasks() {
    let mut world = World::running(FIRST);
    world.master.session = None;
    world.master.tasks.clear();
    world.run_for(seconds(6));
    assert_eq!(world.master.session, Some(SessionId(1)));
    assert_eq!(
        world.master.state(FIRST),
        Some(TaskState::Running),
        "it is listed"
    );
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.executor.stopped, []);

    let (code, _) = world.ask(Ask::Kill(FIRST));
    assert_eq!(code, Code::CHANGED, "the new session serves");
}

/// Where the session served in between, the agent need not wait.
#[test]
fn each_time_it_registers_at_once() {
    let mut world = World::registered();
    for _ in 0..8 {
        world.run_for(seconds(6));
        world.master.session = None;
        world.run_until(|world| world.master.session.is_some());
        let (pings, registrations) = (world.master.heard_at("p"), world.master.heard_at("r"));
        assert_eq!(
            pings.last(),
            registrations.last(),
            "the 4.01 to the one led to the other"
        );
    }
}

#[test]
fn a_change_of_what_it_has_is_told_without_losing_the_session() {
    let mut world = World::running(FIRST);
    let changed = description(2);
    world
        .input(Input::DescriptionChanged(&changed))
        .expect("a description");
    // The registration is on its way, and may not list what comes now.
    let (module, bytes) = crate::common::module(500);
    world.master.add_module(module, bytes);
    let launch = crate::common::LaunchSpec::new(SECOND, module, 500);
    world.link.cut_to_master = true;
    world.master.ask(Ask::Launch(launch));
    world.run_for(seconds(1));
    world.link.cut_to_master = false;
    world
        .run_until(|world| !world.master.answers.is_empty() && world.master.description == changed);
    world.run_for(seconds(1));
    assert_eq!(world.executor.started, [FIRST], "the launch was put off");
    assert_eq!(world.executor.stopped, []);
    world.launch(SECOND, 500);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
}

/// While an output waits, the end of its task is not told, at a registration no more than
/// otherwise.
#[test]
fn an_end_is_not_listed_before_what_the_task_said() {
    let mut world = World::running(FIRST);
    world.master.session = None;
    world.emit(FIRST, b"last words").expect("room");
    world.exit(FIRST, TaskExit::Exited(3)).expect("it runs");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Errored));
    assert_eq!(world.master.outputs.len(), 1);
    assert_eq!(world.master.tasks[&FIRST].exit_code, Some(3));
}
