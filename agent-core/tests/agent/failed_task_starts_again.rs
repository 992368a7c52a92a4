//! A task that may fail is started again when it has, later each time, and a bounded number of
//! times.

use edgerm_agent_core::{KillReason, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::TaskState;
use edgerm_protocol::message::LogLevel;

use crate::common::{Ask, FIRST, LaunchSpec, Network, World, keeping, module, seconds};

fn launch(world: &mut World, spec: impl Fn(LaunchSpec) -> LaunchSpec) {
    let (id, bytes) = module(500);
    world.master.add_module(id, bytes);
    let launch = spec(LaunchSpec::new(FIRST, id, 500));
    world.ask(Ask::Launch(launch));
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
}

/// A task that runs and may fail so often.
fn world(times: u32) -> World {
    let mut world = World::registered();
    launch(&mut world, |spec| LaunchSpec {
        max_restarts: Some(times),
        ..spec
    });
    world
}

fn fail(world: &mut World) {
    world
        .exit(FIRST, TaskExit::Trapped("unreachable"))
        .expect("it runs");
}

#[test]
fn the_wait_doubles_to_64_s() {
    let mut world = world(9);
    for wait in [1, 2, 4, 8, 16, 32, 64, 64, 64] {
        let starts = world.executor.started.len();
        let failed = world.now;
        fail(&mut world);
        world.run_until(|world| world.executor.started.len() > starts);
        assert_eq!(world.now, failed + seconds(wait));
        world.run_for(seconds(0));
    }
    fail(&mut world);
    world.run_for(seconds(600));
    assert_eq!(world.executor.started.len(), 10);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
    assert_eq!(world.master.detail(FIRST), "unreachable");
}

#[test]
fn to_the_master_it_runs_all_the_while() {
    let mut world = world(3);
    for _ in 0..3 {
        fail(&mut world);
        world.run_for(seconds(30));
    }
    assert_eq!(world.executor.started, [FIRST; 4]);
    assert_eq!(world.master.tasks[&FIRST].told, [TaskState::Running]);
}

#[test]
fn each_failure_is_told_in_a_line_of_its_log() {
    let mut world = world(2);
    world.exit(FIRST, TaskExit::Exited(-3)).expect("it runs");
    world.run_for(seconds(5));
    fail(&mut world);
    world.run_for(seconds(5));
    let told = world.inspect(FIRST, Some(0)).expect("it runs");
    let expected = [
        "exit code -3: starts again in 1 s",
        "unreachable: starts again in 2 s",
    ];
    let expected = expected.map(|line| (LogLevel::Error, line.to_owned()));
    assert_eq!((told.first, told.lines), (Some(1), expected.to_vec()));
}

#[test]
fn one_that_has_done_its_work_is_not() {
    let mut world = world(3);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(60));
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
}

#[test]
fn a_kill_ends_it_while_it_waits() {
    let mut world = world(3);
    fail(&mut world);
    assert_eq!(world.ask(Ask::Kill(FIRST)).0, Code::CHANGED);
    world.run_for(seconds(60));
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
    assert_eq!(world.agent.active_tasks(), 0);
}

#[test]
fn one_that_fails_while_it_is_killed_is_not() {
    let mut world = world(3);
    world.executor.paused = true;
    world.ask(Ask::Kill(FIRST));
    fail(&mut world);
    world.run_for(seconds(60));
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Errored));
}

#[test]
fn a_message_finds_that_it_does_not_run() {
    let mut world = world(3);
    world.link.cut(true);
    fail(&mut world);
    world.link.cut(false);
    let (code, _) = world.ask(Ask::Message(FIRST, b"?".to_vec()));
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
}

#[test]
fn a_registration_lists_it_as_running_and_begins_nothing_sooner() {
    let mut world = world(9);
    for _ in 0..4 {
        let starts = world.executor.started.len();
        fail(&mut world);
        world.run_until(|world| world.executor.started.len() > starts);
        world.run_for(seconds(0));
    }
    fail(&mut world);
    let failed = world.now;
    world.master.session = None;
    world.run_until(|world| world.master.session.is_some());
    assert!(world.now < failed + seconds(16), "it waits for 16 s");
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));
    let starts = world.executor.started.len();
    world.run_until(|world| world.executor.started.len() > starts);
    assert_eq!(world.now, failed + seconds(16));
}

#[test]
fn the_silence_of_the_master_ends_it_while_it_waits() {
    let mut world = World::registered();
    launch(&mut world, |spec| LaunchSpec {
        max_restarts: Some(9),
        stop_after_disconnected: Some(30),
        ..spec
    });
    world.link.cut(true);
    for _ in 0..5 {
        fail(&mut world);
        let starts = world.executor.started.len();
        world.run_until(|world| {
            world.executor.started.len() > starts || world.agent.active_tasks() == 0
        });
        world.run_for(seconds(0));
        if world.agent.active_tasks() == 0 {
            break;
        }
    }
    assert_eq!(world.agent.active_tasks(), 0);
    assert_eq!(world.executor.stopped, [], "no engine had it");
}

#[test]
fn one_that_waits_when_its_agent_leaves_starts_with_the_next_boot() {
    let mut world = World::with(keeping(), Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    launch(&mut world, |spec| LaunchSpec {
        restart: true,
        max_restarts: Some(9),
        ..spec
    });
    fail(&mut world);
    world
        .input(edgerm_agent_core::Input::Leave)
        .expect("no error");
    world.run_for(seconds(10));
    assert_eq!(world.executor.started, [FIRST]);
    world.reboot();
    world.run_until(|world| world.executor.running.contains(&FIRST));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));
}

#[test]
fn one_that_is_stopped_for_its_silence_may_be_killed_for_good() {
    let mut world = World::registered();
    launch(&mut world, |spec| LaunchSpec {
        max_restarts: Some(9),
        max_silence: Some(5),
        ..spec
    });
    world.executor.paused = true;
    world.run_for(seconds(5));
    assert_eq!(world.executor.stopped, [(FIRST, KillReason::Silent)]);
    world.ask(Ask::Kill(FIRST));
    world.exit(FIRST, TaskExit::Killed).expect("it was stopped");
    world.run_for(seconds(60));
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
}
