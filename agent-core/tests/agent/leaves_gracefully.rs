//! An agent that is to leave ends its tasks, tells what is left to tell, and says good-bye.

use edgerm_agent_core::{Input, KillReason, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, Happened, LaunchSpec, SECOND, World, module, seconds};

fn leave(world: &mut World) {
    world.input(Input::Leave).expect("it may always leave");
}

#[track_caller]
fn assert_left(world: &mut World) {
    world.run_until(|world| world.has(&Happened::Left));
    let sent = world.link.sent_to_master();
    leave(world);
    world.run_for(seconds(600));
    assert_eq!(world.link.sent_to_master(), sent, "it asks nothing more");
    let left = world
        .happened
        .iter()
        .filter(|(_, happened)| *happened == Happened::Left);
    assert_eq!(left.count(), 1);
    assert_eq!(world.executor.running.len(), 0);
}

#[test]
fn tasks_end_and_are_told_before_the_good_bye() {
    let mut world = World::running(FIRST);
    world.executor.paused = true;
    leave(&mut world);
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Leaving)]);
    let (id, _) = module(100);
    let answer = world.ask(Ask::Launch(LaunchSpec::new(SECOND, id, 100)));
    assert_eq!(
        answer,
        (Code::SERVICE_UNAVAILABLE, "the agent is leaving".to_owned())
    );

    world.emit(FIRST, b"last words").expect("room");
    world.run_for(seconds(60));
    assert!(!world.has(&Happened::Left));
    world.exit(FIRST, TaskExit::Killed).expect("it runs");
    assert_left(&mut world);
    assert_eq!(world.master.session, None);
    assert_eq!(world.master.outputs.len(), 1);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
    assert_eq!(world.master.detail(FIRST), "the agent left");
}

#[test]
fn an_agent_that_the_master_does_not_know_leaves_once_its_tasks_have_ended() {
    let mut world = World::new();
    world.link.cut(true);
    world.run_for(seconds(5));
    let before = world.now;
    leave(&mut world);
    assert_left(&mut world);
    assert_eq!(
        world.happened,
        [(before, Happened::Left)],
        "nobody is waited for"
    );

    let mut world = World::running(FIRST);
    world.master.refuse("r", Code::FORBIDDEN);
    world.master.session = None;
    world.run_for(seconds(20));
    world.executor.paused = true;
    leave(&mut world);
    world.run_for(seconds(20));
    assert!(!world.has(&Happened::Left), "its task runs");
    world.exit(FIRST, TaskExit::Killed).expect("it runs");
    assert_left(&mut world);
}

#[test]
fn a_master_that_is_silent_or_refuses_holds_nobody_back() {
    let mut world = World::running(FIRST);
    world.emit(FIRST, b"lost").expect("room");
    world.link.cut(true);
    leave(&mut world);
    assert_left(&mut world);

    for path in ["o", "q"] {
        for code in [
            Code::UNAUTHORIZED,
            Code::SERVICE_UNAVAILABLE,
            Code::BAD_REQUEST,
        ] {
            let mut world = World::running(FIRST);
            world.master.refuse(path, code);
            world.emit(FIRST, b"refused").expect("room");
            let before = world.link.sent_to_master();
            leave(&mut world);
            assert_left(&mut world);
            assert!(world.link.sent_to_master() - before < 5, "{path} {code}");
        }
    }
}

/// The answer to a registration that was on its way gives the session to say good-bye in.
#[test]
fn a_new_session_is_the_one_to_leave() {
    let mut world = World::registered();
    let changed = crate::common::description(1);
    world
        .input(Input::DescriptionChanged(&changed))
        .expect("a description");
    leave(&mut world);
    assert_left(&mut world);
    assert_eq!(world.master.session, None);
    assert_eq!(world.master.heard_at("q").len(), 1);
}
