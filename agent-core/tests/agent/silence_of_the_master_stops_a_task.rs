//! A task with `stop_after_disconnected` ends when the master has been silent for so long.

use edgerm_agent_core::KillReason;
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, LaunchSpec, SECOND, World, module, seconds};

/// One task that may outlive the master by 30 s, and one that may do so for ever.
fn world() -> World {
    let mut world = World::running(SECOND);
    let (id, bytes) = module(500);
    world.master.add_module(id, bytes);
    let launch = LaunchSpec {
        stop_after_disconnected: Some(30),
        ..LaunchSpec::new(FIRST, id, 500)
    };
    world.ask(Ask::Launch(launch));
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    world
}

#[test]
fn it_runs_while_the_master_speaks() {
    let mut world = world();
    world.run_for(seconds(600));
    assert_eq!(world.executor.stopped, []);
}

#[test]
fn it_is_stopped_to_the_second_and_the_end_told_later() {
    let mut world = world();
    world.link.cut(true);
    let heard = world.now;
    world.run_until(|world| !world.executor.stopped.is_empty());
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Disconnected)]);
    assert_eq!(world.now, heard + seconds(30));
    world.run_for(seconds(600));
    assert!(world.executor.running.contains(&SECOND));

    world.link.cut(false);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Killed));
    assert_eq!(
        world.master.detail(FIRST),
        "the master was silent for too long"
    );
}

#[test]
fn a_registration_is_contact() {
    let mut world = world();
    world.master.session = None;
    world.run_until(|world| world.master.session.is_some());
    world.run_for(seconds(0));
    let heard = world.now;
    world.link.cut(true);
    world.run_until(|world| !world.executor.stopped.is_empty());
    assert_eq!(world.now, heard + seconds(30));
}

/// A master whose disk fails takes no news, and has given up nobody.
#[test]
fn a_master_that_cannot_write_is_contact() {
    let mut world = world();
    world.master.refuse("p", Code::SERVICE_UNAVAILABLE);
    world.run_for(seconds(100));
    assert_eq!(world.executor.stopped, []);
    world.master.refuse("p", Code::FORBIDDEN);
    world.run_for(seconds(40));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Disconnected)]);
}

/// A master that refuses the agent has given it up: what it says keeps no actuator moving.
#[test]
fn a_refusal_is_no_contact() {
    let mut world = world();
    world.master.refuse("r", Code::FORBIDDEN);
    world.master.session = None;
    world.run_for(seconds(40));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Disconnected)]);
}

#[test]
fn one_that_waits_for_its_module_ends_too() {
    let mut world = World::registered();
    let (id, _) = module(500);
    let launch = LaunchSpec {
        stop_after_disconnected: Some(30),
        ..LaunchSpec::new(FIRST, id, 500)
    };
    world.master.refuse("m", Code::SERVICE_UNAVAILABLE);
    world.ask(Ask::Launch(launch));
    world.link.cut(true);
    world.run_for(seconds(31));
    assert_eq!(world.agent.active_tasks(), 0);
}
