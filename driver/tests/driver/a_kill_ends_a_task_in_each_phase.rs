use std::time::Duration;

use edgerm_driver::port::ThreadEvent;
use edgerm_protocol::{TaskId, TaskState};
use edgerm_task_abi::{Args, Call, Function, StartError, TaskEnd};

use crate::common::{Ask, FIRST, Happened, Launch, MemoryRecords, MemoryStorage, SECOND, World};

/// Kills the task, and looks that it has ended and left nothing.
fn kill(world: &mut World, task: TaskId, aborted: &[usize]) {
    world.master.ask(Ask::Kill(task));
    world.settle();
    world.advance(Duration::from_secs(10));
    assert_eq!(world.master.state(task), Some(TaskState::Killed));
    let ended = Happened::Ended(task, TaskEnd::Killed);
    assert_eq!(world.happened.borrow().last(), Some(&ended));
    let ports = world.driver.ports_mut();
    assert_eq!(ports.threads.aborted, aborted);
    assert!(ports.storage.loaded.is_empty());
    assert_eq!(world.driver.state().tasks, 0);
}

#[test]
fn while_its_module_is_loaded() {
    let mut world = World::with(MemoryStorage::default(), MemoryRecords::default());
    world.driver.ports_mut().storage.never_loads = true;
    world.ask_launch(FIRST, Launch::default());
    world.advance(Duration::from_secs(1));
    assert!(world.driver.ports_mut().threads.slots.is_empty());
    kill(&mut world, FIRST, &[]);
    world.driver.ports_mut().storage.never_loads = false;
    world.run(0, SECOND, Launch::default());
}

#[test]
fn while_it_starts() {
    let mut world = World::new();
    world.ask_launch(FIRST, Launch::default());
    kill(&mut world, FIRST, &[0]);
}

#[test]
fn while_it_runs() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    kill(&mut world, FIRST, &[0]);
}

#[test]
fn while_its_call_waits() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    assert_eq!(world.call(0, Function::SleepMs, &[-1]), None);
    kill(&mut world, FIRST, &[0]);
}

#[test]
fn while_it_calls() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    // Answered, it would write to a task that is no more: the slot is gone then.
    world.driver.ports_mut().threads.late_call = Some(Call {
        function: Function::AbiVersion,
        args: Args::default(),
    });
    kill(&mut world, FIRST, &[0]);
    assert_eq!(world.driver.ports_mut().threads.answers, 0);
}

#[test]
fn a_slot_is_free_again_after_every_end() {
    let mut world = World::new();
    let ends = [
        ThreadEvent::NotStarted(StartError::Memory {
            needed: 65_536,
            limit: 4096,
        }),
        ThreadEvent::Ended(TaskEnd::Exited(0)),
        ThreadEvent::Ended(TaskEnd::Exited(3)),
    ];
    let states = [
        TaskState::Rejected,
        TaskState::Completed,
        TaskState::Errored,
    ];
    for ((number, end), state) in (1..).zip(ends).zip(states) {
        let task = TaskId(number);
        world.ask_launch(task, Launch::default());
        world.does(0, end);
        world.advance(Duration::from_secs(10));
        assert_eq!(world.master.state(task), Some(state));
        assert!(world.driver.ports_mut().storage.loaded.is_empty());
    }
    let detail = "needs 65536 bytes of memory, may have 4096";
    assert_eq!(world.master.detail(TaskId(1)), detail);
}
