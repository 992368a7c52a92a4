use std::time::Duration;

use edgerm_driver::port::ThreadEvent;
use edgerm_protocol::TaskState;
use edgerm_task_abi::TaskEnd;

use crate::common::{FIRST, Happened, Launch, SECOND, World};

#[test]
fn one_that_says_so_and_no_other() {
    let mut world = World::new();
    let restart = Launch {
        restart: true,
        ..Launch::default()
    };
    world.run(0, FIRST, restart);
    world.run(1, SECOND, Launch::default());
    let mut world = world.reboot();
    assert_eq!(*world.happened.borrow(), [Happened::Starting(FIRST)]);
    world.does(0, ThreadEvent::Started);
    world.does(0, ThreadEvent::Ended(TaskEnd::Exited(0)));
    world.advance(Duration::from_secs(10));
    assert_eq!(world.master.state(FIRST), Some(TaskState::Completed));
    assert_eq!(world.records.0.borrow().len(), 1, "the node's name stays");
    let world = world.reboot();
    assert!(world.happened.borrow().is_empty());
}
