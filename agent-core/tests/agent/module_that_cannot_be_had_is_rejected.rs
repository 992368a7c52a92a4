//! A task whose module cannot be had ends as REJECTED, with the reason.

use edgerm_agent_core::{Input, ModuleCheck, StorageError};
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{Ask, FIRST, LaunchSpec, SECOND, World, module, seconds};

const LENGTH: usize = 2000;

#[track_caller]
fn assert_rejected(world: &mut World, detail: &str) {
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Rejected));
    assert_eq!(world.master.detail(FIRST), detail);
    assert_eq!(world.executor.started, []);
    // Neither the slot nor the fetch is held.
    world.launch(SECOND, 100);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
}

#[test]
fn a_module_that_was_stored_wrong_is_fetched_once_more() {
    let mut world = World::registered();
    world.storage.flips = 1;
    world.launch(FIRST, LENGTH);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    assert_eq!(world.storage.stored.len(), 2 * LENGTH.div_ceil(512));
}

#[test]
fn a_module_with_another_digest_is_rejected_after_the_second_fetch() {
    let mut world = World::registered();
    let (id, mut bytes) = module(LENGTH);
    bytes[1999] ^= 1;
    world.master.add_module(id, bytes);
    world.ask(Ask::Launch(LaunchSpec::new(FIRST, id, LENGTH)));
    assert_rejected(
        &mut world,
        "the module's digest is wrong, even when fetched anew",
    );
    let blocks = world
        .storage
        .stored
        .iter()
        .filter(|(module, _)| *module == id);
    assert_eq!(blocks.count(), 2 * LENGTH.div_ceil(512));
}

#[test]
fn a_module_that_the_master_does_not_have_is_rejected() {
    let mut world = World::registered();
    let (id, _) = module(LENGTH);
    world.ask(Ask::Launch(LaunchSpec::new(FIRST, id, LENGTH)));
    assert_rejected(
        &mut world,
        "the module cannot be fetched: answered with 4.04",
    );
}

#[test]
fn a_module_of_another_length_is_rejected() {
    let mut world = World::registered();
    let (id, bytes) = module(LENGTH);
    world.master.add_module(id, bytes);
    world.ask(Ask::Launch(LaunchSpec::new(FIRST, id, LENGTH + 1)));
    assert_rejected(
        &mut world,
        "the module cannot be fetched: body of 2000 bytes, expected 2001",
    );
}

#[test]
fn a_module_without_room_is_rejected() {
    let mut world = World::registered();
    world.storage.capacity = 1000;
    world.launch(FIRST, LENGTH);
    world.run_until(|world| world.agent.active_tasks() == 0);
    world.storage.modules.clear();
    assert_rejected(&mut world, "the node's storage has no room for the module");
}

#[test]
fn a_storage_that_cannot_look_rejects() {
    let mut world = World::registered();
    world.storage.paused = true;
    let id = world.launch(FIRST, LENGTH);
    world.storage.paused = false;
    world
        .input(Input::StorageFailed(id, StorageError::Io))
        .expect("it was asked");
    assert_rejected(&mut world, "the node's storage could not keep the module");
}

#[test]
fn a_module_of_too_many_blocks_is_rejected() {
    let size = edgerm_coap::BlockSize::MIN;
    let config = edgerm_agent_core::Config {
        block_size: size,
        max_module: u32::MAX,
        ..crate::common::config()
    };
    let mut world = World::with(config, crate::common::Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    let (id, _) = module(LENGTH);
    let huge = LaunchSpec {
        module_size: u32::MAX,
        ..LaunchSpec::new(FIRST, id, LENGTH)
    };
    world.ask(Ask::Launch(huge));
    assert_rejected(
        &mut world,
        "the module has too many blocks of this node's size",
    );
}

/// A storage that claims a part as long as the whole would leave nothing to ask for.
#[test]
fn a_part_as_long_as_the_whole_is_fetched_anew() {
    for claimed in [LENGTH, LENGTH + 1] {
        let mut world = World::registered();
        world.storage.paused = true;
        let id = world.launch(FIRST, LENGTH);
        world.storage.paused = false;
        let claimed = u32::try_from(claimed).expect("small");
        let part = Input::ModuleChecked(id, ModuleCheck::Partial(claimed));
        world.input(part).expect("it was asked");
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
        assert_eq!(world.storage.stored.len(), LENGTH.div_ceil(512));
    }
}

#[test]
fn an_engine_that_cannot_start_it_rejects() {
    let mut world = World::registered();
    world.executor.paused = true;
    world.launch(FIRST, LENGTH);
    world.run_until(|world| world.executor.started == [FIRST]);
    world.executor.running.clear();
    let failed = Input::TaskStartFailed(FIRST, "import env.abort is unknown");
    world.input(failed).expect("it starts");
    world.run_for(seconds(1));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Rejected));
    assert_eq!(world.master.detail(FIRST), "import env.abort is unknown");
    assert_eq!(
        world.ask(Ask::Kill(FIRST)).0,
        Code::CHANGED,
        "as if it had just ended"
    );
}
