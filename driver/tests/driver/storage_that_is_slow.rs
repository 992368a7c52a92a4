use edgerm_driver::port::ThreadEvent;
use edgerm_protocol::TaskId;
use edgerm_task_abi::TaskEnd;

use crate::common::{Ask, FIRST, Happened, Launch, MemoryRecords, MemoryStorage, World};

#[test]
fn a_module_comes_block_by_block_all_the_same() {
    let storage = MemoryStorage {
        slow: true,
        ..MemoryStorage::default()
    };
    let mut world = World::with(storage, MemoryRecords::default());
    world.ask_launch(FIRST, Launch::default());
    let mut polls = 0;
    while world.happened.borrow().is_empty() {
        // What flash does when it is ready: it wakes the thread.
        world.settle();
        polls += 1;
        assert!(polls < 20, "it starts");
    }
    assert_eq!(*world.happened.borrow(), [Happened::Starting(FIRST)]);
    world.does(0, ThreadEvent::Ended(TaskEnd::Exited(0)));
    assert!(world.driver.ports_mut().storage.loaded.is_empty());
}

#[test]
fn datagrams_wait_while_it_owes_much() {
    let mut world = World::new();
    world.driver.ports_mut().storage.hangs = true;
    // Each kill and launch asks for the same module's check once more.
    let mut answered = 0;
    for number in 1..20 {
        world.ask_launch(TaskId(number), Launch::default());
        world.master.ask(Ask::Kill(TaskId(number)));
        world.settle();
        let before = std::mem::replace(&mut answered, world.master.answers.len());
        if answered == before {
            break;
        }
    }
    assert!(answered < 12, "{answered} requests were answered");
    world.driver.ports_mut().storage.hangs = false;
    world.settle();
    assert!(world.master.answers.len() > answered, "it hears again");
}
