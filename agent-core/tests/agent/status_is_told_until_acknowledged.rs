//! A change of state is told, and told again, until the master has acknowledged it.

use edgerm_agent_core::TaskExit;
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{FIRST, SECOND, World, seconds};

#[test]
fn states_are_told_as_they_come() {
    let mut world = World::running(FIRST);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(1));
    assert_eq!(
        world.master.tasks[&FIRST].told,
        [TaskState::Running, TaskState::Completed]
    );
    assert_eq!(world.master.tasks[&FIRST].exit_code, Some(0));

    world.launch(SECOND, 1000);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    world
        .exit(SECOND, TaskExit::Trapped("out of bounds"))
        .expect("it runs");
    world.run_for(seconds(1));
    assert_eq!(world.master.state(SECOND), Some(TaskState::Errored));
    assert_eq!(world.master.detail(SECOND), "out of bounds");
}

#[test]
fn an_update_whose_pong_is_lost_is_told_again() {
    let mut world = World::running(FIRST);
    world.link.cut_to_agent = true;
    world.exit(FIRST, TaskExit::Exited(7)).expect("it runs");
    // The exchange with all its retransmissions is over, and another one begun.
    world.run_for(seconds(200));
    assert!(
        world.master.tasks[&FIRST].told.len() > 2,
        "told in more than one ping"
    );
    world.link.cut_to_agent = false;
    world.run_for(seconds(100));
    let told = world.master.tasks[&FIRST].told.len();
    world.run_for(seconds(100));
    assert_eq!(
        world.master.tasks[&FIRST].told.len(),
        told,
        "acknowledged at last"
    );
    assert_eq!(world.master.tasks[&FIRST].exit_code, Some(7));
}

#[test]
fn an_end_outlives_a_long_silence() {
    let mut world = World::running(FIRST);
    world.link.cut(true);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(36_000));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));
    world.link.cut(false);
    world.run_for(seconds(120));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
}

/// A master that cannot take the news now is told after a period, not at once.
#[test]
fn an_update_that_is_refused_is_told_after_a_period() {
    for code in [
        Code::SERVICE_UNAVAILABLE,
        Code::INTERNAL_SERVER_ERROR,
        Code::BAD_REQUEST,
    ] {
        let mut world = World::running(FIRST);
        world.master.refuse("p", code);
        let before = world.link.sent_to_master();
        world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
        world.run_for(seconds(60));
        let sent = world.link.sent_to_master() - before;
        assert!((10..=15).contains(&sent), "{code}: {sent} in a minute");
        world.master.accept("p");
        world.run_for(seconds(6));
        assert_eq!(
            world.master.state(FIRST),
            Some(TaskState::Completed),
            "{code}"
        );
    }
}

/// What changes while an update is on its way is news still.
#[test]
fn a_change_during_an_update_is_told_after_it() {
    let mut world = World::registered();
    world.executor.paused = true;
    world.launch(FIRST, 100);
    world.run_until(|world| world.executor.started == [FIRST]);
    world.link.cut_to_agent = true;
    world
        .input(edgerm_agent_core::Input::TaskStarted(FIRST))
        .expect("it starts");
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(1));
    assert_eq!(world.master.tasks[&FIRST].told, [TaskState::Running]);
    world.link.cut_to_agent = false;
    world.run_for(seconds(4));
    assert_eq!(
        world.master.tasks[&FIRST].told,
        [TaskState::Running, TaskState::Completed]
    );
}
