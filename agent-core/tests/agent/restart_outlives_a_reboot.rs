//! A task that says `restart` starts again after a reboot, whether the master is there or not.

use edgerm_agent_core::TaskExit;
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{
    Ask, FIRST, LaunchSpec, Network, SECOND, World, config, keeping, module, seconds,
};

#[test]
fn it_is_written_before_it_begins() {
    let mut world = World::with(keeping(), Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    world.records.paused = true;
    world.launch_to_restart(FIRST);
    world.run_for(seconds(60));
    assert!(world.executor.started.is_empty(), "a reboot would lose it");
    assert_eq!(world.records.tasks(), 0);

    world.records.paused = false;
    world.reboot();
    world.run_until(|world| world.agent.id().is_some());
    world.launch_to_restart(SECOND);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    assert_eq!(world.records.tasks(), 1);
}

#[test]
fn it_starts_again_without_the_master() {
    let mut world = World::keeping(FIRST);
    world.link.cut(true);
    assert_eq!(world.reboot(), []);
    world.run_for(seconds(3600));
    assert_eq!(world.executor.started, [FIRST]);

    world.link.cut(false);
    world.run_for(seconds(120));
    assert_eq!(world.executor.started, [FIRST], "once a boot");
    let told = &world.master.tasks[&FIRST].told;
    assert_eq!(told.last(), Some(&TaskState::Running));
}

#[test]
fn it_starts_again_as_often_as_the_node_boots() {
    let mut world = World::keeping(FIRST);
    let writes = world.records.writes;
    for _ in 0..3 {
        world.reboot();
        world.run_for(seconds(60));
        assert_eq!(world.executor.started, [FIRST]);
    }
    assert_eq!(world.records.writes, writes, "nothing has changed");
}

#[test]
fn it_is_told_as_starting_until_it_runs_again() {
    let mut world = World::keeping(FIRST);
    world.storage.paused = true;
    world.reboot();
    world.run_for(seconds(10));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Starting));
    assert!(world.executor.started.is_empty());
}

#[test]
fn its_module_is_fetched_where_it_is_missing_or_damaged() {
    for damage in [
        |bytes: &mut Vec<u8>| bytes.clear(),
        |bytes: &mut Vec<u8>| bytes[500] ^= 1,
    ] {
        let mut world = World::keeping(FIRST);
        let blocks = world.master.blocks_asked();
        for bytes in world.storage.modules.values_mut() {
            damage(bytes);
        }
        world.reboot();
        world.run_until(|world| world.executor.started == [FIRST]);
        assert!(world.master.blocks_asked() > blocks);
    }
}

#[test]
fn what_does_not_say_so_is_forgotten() {
    let mut world = World::keeping(FIRST);
    world.launch(SECOND, 700);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    world.reboot();
    world.run_for(seconds(60));
    assert_eq!(world.executor.started, [FIRST]);
}

#[test]
fn one_that_ended_or_was_killed_does_not() {
    let mut world = World::keeping(FIRST);
    world.ask(Ask::Kill(FIRST));
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Killed));
    world.launch_to_restart(SECOND);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    world.exit(SECOND, TaskExit::Exited(0)).expect("it runs");
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Completed));
    world.run_for(seconds(1));
    assert_eq!(world.records.tasks(), 0);
    world.reboot();
    world.run_for(seconds(60));
    assert!(world.executor.started.is_empty());
}

/// The power goes between the kill and the record of it: the master was not told, so it kills
/// again what starts again.
#[test]
fn a_kill_that_was_not_written_was_not_told() {
    let mut world = World::keeping(FIRST);
    world.records.paused = true;
    world.ask(Ask::Kill(FIRST));
    world.run_for(seconds(60));
    assert!(world.executor.running.is_empty());
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));

    world.records.paused = false;
    world.reboot();
    world.run_until(|world| world.executor.started == [FIRST]);
    world.run_for(seconds(1));
    world.ask(Ask::Kill(FIRST));
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Killed));
    assert_eq!(world.records.tasks(), 0);
}

#[test]
fn one_that_the_master_does_not_want_ends_for_good() {
    let mut world = World::keeping(FIRST);
    world.master.unwanted.insert(FIRST);
    world.reboot();
    world.run_for(seconds(60));
    assert!(world.executor.running.is_empty());
    assert_eq!(world.records.tasks(), 0);
}

/// Nobody knows how long the node was down, so what is to end when the master is silent waits
/// to hear it; and ends, where it is not heard for as long as it may be silent.
#[test]
fn one_that_minds_the_masters_silence_waits_to_hear_it() {
    for silence in [5, 60] {
        let mut world = World::with(keeping(), Network::default(), 1);
        world.run_until(|world| world.agent.id().is_some());
        let (id, bytes) = module(1000);
        world.master.add_module(id, bytes);
        let launch = LaunchSpec {
            restart: true,
            stop_after_disconnected: Some(30),
            ..LaunchSpec::new(FIRST, id, 1000)
        };
        world.ask(Ask::Launch(launch));
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));

        world.link.cut(true);
        world.reboot();
        world.run_for(seconds(silence));
        assert!(world.executor.started.is_empty());
        world.link.cut(false);
        world.run_for(seconds(120));
        let (state, starts) = if silence < 30 {
            (TaskState::Running, 1)
        } else {
            (TaskState::Killed, 0)
        };
        assert_eq!(world.master.state(FIRST), Some(state));
        assert_eq!(world.executor.started.len(), starts);
    }
}

#[test]
fn an_agent_without_records_refuses_it() {
    let mut world = World::with(config(), Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    let (id, _) = module(100);
    let launch = LaunchSpec {
        restart: true,
        ..LaunchSpec::new(FIRST, id, 100)
    };
    let answer = world.ask(Ask::Launch(launch));
    let diagnostic = "this node keeps no task over a reboot".to_owned();
    assert_eq!(answer, (Code::UNPROCESSABLE_ENTITY, diagnostic));
}

#[test]
fn one_whose_record_could_not_be_erased_does_not_once_it_could_be() {
    let mut world = World::keeping(FIRST);
    world.records.broken = true;
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Completed));
    assert_eq!(world.records.tasks(), 1, "its launch stands there still");

    // Another one does not hide it.
    world.launch(SECOND, 1000);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    world.records.broken = false;
    world.run_for(seconds(60));
    assert_eq!(world.records.tasks(), 0);
    world.reboot();
    world.run_for(seconds(60));
    assert!(world.executor.started.is_empty());
}
