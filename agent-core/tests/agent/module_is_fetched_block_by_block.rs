//! A module is fetched from wherever the storage stops, whatever the link does meanwhile.

use edgerm_agent_core::{Config, Input};
use edgerm_coap::{BlockSize, Code};
use edgerm_protocol::TaskState;

use crate::common::{FIRST, Network, SECOND, World, config, module, seconds};

const LENGTH: usize = 5000;

#[test]
fn a_module_that_is_there_is_not_fetched() {
    let mut world = World::registered();
    let (id, bytes) = module(LENGTH);
    world.storage.modules.insert(id, bytes);
    world.launch(FIRST, LENGTH);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    assert_eq!(world.master.blocks_asked(), 0);
}

#[test]
fn a_fetch_begins_at_the_block_in_which_the_storage_stops() {
    let (id, bytes) = module(LENGTH);
    for have in [0, 1, 511, 512, 513, 4608, 4999] {
        let mut world = World::registered();
        world.storage.modules.insert(id, bytes[..have].to_vec());
        world.launch(FIRST, LENGTH);
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
        assert_eq!(world.storage.modules[&id], bytes);
        let blocks = LENGTH.div_ceil(512) - have / 512;
        assert_eq!(world.master.blocks_asked(), blocks, "from {have} on");
    }
}

#[test]
fn blocks_have_the_size_that_the_driver_chose() {
    for (chosen, used) in [(BlockSize::B64, 64), (BlockSize::MAX, 512)] {
        let config = Config {
            block_size: chosen,
            ..config()
        };
        let mut world = World::with(config, Network::default(), 1);
        world.run_until(|world| world.agent.id().is_some());
        world.launch(FIRST, LENGTH);
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
        assert_eq!(world.master.blocks_asked(), LENGTH.div_ceil(used));
    }
}

#[test]
fn a_fetch_goes_on_where_a_silence_broke_it_off() {
    let mut world = World::registered();
    world.launch(FIRST, LENGTH);
    world.run_until(|world| world.storage.stored.len() == 4);
    world.link.cut(true);
    world.run_for(seconds(600));
    world.link.cut(false);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    let offsets = world.storage.stored.iter().map(|(_, offset)| *offset);
    assert!(
        offsets.eq((0..5000).step_by(512)),
        "each block once: {:?}",
        world.storage.stored
    );
}

#[test]
fn a_fetch_goes_on_where_a_kill_broke_it_off() {
    let mut world = World::registered();
    let module = world.launch(FIRST, LENGTH);
    world.run_until(|world| world.storage.stored.len() == 4);
    assert_eq!(world.ask(crate::common::Ask::Kill(FIRST)).0, Code::CHANGED);
    let kept = world.storage.modules[&module].len();
    let blocks = world.storage.stored.len();
    assert!(kept < LENGTH);
    world.launch(SECOND, LENGTH);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    assert_eq!(
        world.storage.stored[blocks].1,
        u32::try_from(kept).expect("small")
    );
    assert_eq!(world.executor.started, [SECOND]);
}

#[test]
fn a_master_that_cannot_serve_now_is_asked_after_a_period() {
    let mut world = World::registered();
    world.master.refuse("m", Code::SERVICE_UNAVAILABLE);
    world.launch(FIRST, LENGTH);
    world.run_for(seconds(60));
    let asked = world.master.blocks_asked();
    assert!((8..=15).contains(&asked), "{asked} in a minute");
    world.master.accept("m");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
}

#[test]
fn two_tasks_with_one_module_fetch_it_once() {
    let mut world = World::registered();
    let id = world.launch(FIRST, LENGTH);
    world.run_until(|world| world.storage.stored.len() == 2);
    world.launch(SECOND, LENGTH);
    world.run_until(|world| world.master.state(SECOND) == Some(TaskState::Running));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Running));
    assert_eq!(world.storage.stored.len(), LENGTH.div_ceil(512));
    assert_eq!(world.storage.modules[&id].len(), LENGTH);
}

#[test]
fn two_modules_are_fetched_one_after_the_other() {
    let mut world = World::registered();
    let first = world.launch(FIRST, LENGTH);
    let second = world.launch(SECOND, LENGTH + 1);
    world.run_until(|world| world.executor.started == [FIRST, SECOND]);
    let modules: Vec<_> = world.storage.stored.iter().map(|(id, _)| *id).collect();
    let split = modules.iter().position(|id| *id == second).expect("both");
    assert!(
        modules[..split].iter().all(|id| *id == first),
        "{modules:?}"
    );
    assert!(
        modules[split..].iter().all(|id| *id == second),
        "{modules:?}"
    );
}

/// Outputs and blocks share the one request that may be on its way.
#[test]
fn a_fetch_and_outputs_take_turns() {
    let mut world = World::running(FIRST);
    world.launch(SECOND, LENGTH);
    let before = world.storage.stored.len();
    while world.executor.started != [FIRST, SECOND] {
        // A task that fills its queue again as soon as there is room.
        let _full = world.input(Input::TaskOutput(FIRST, b"more"));
        assert!(world.step(crate::common::at(u64::MAX)));
    }
    let (blocks, outputs) = (
        world.storage.stored.len() - before,
        world.master.outputs.len(),
    );
    assert!(
        blocks > 5 && blocks.abs_diff(outputs) <= 1,
        "{outputs} outputs, {blocks} blocks"
    );
}
