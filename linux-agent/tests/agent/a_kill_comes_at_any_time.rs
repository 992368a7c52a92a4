use edgerm_coap::Code;
use edgerm_protocol::message::path;
use edgerm_protocol::{TaskId, TaskState};

use crate::rig::{Rig, Told, module};

const SPIN: &str = r#"(func (export "_start") (loop (br 0)))"#;

#[tokio::test]
async fn while_the_module_is_fetched() {
    let (_rig, mut master) = Rig::registered().await;
    let module = master.add_module(module(SPIN));
    master.hold = Some(path::MODULE);
    assert_eq!(master.launch(TaskId(1), module).await, Code::CHANGED);
    master.held().await;
    assert_eq!(master.kill(TaskId(1)).await, Code::CHANGED);
    master.release().await;
    let killed = |id| Told::State(TaskId(id), TaskState::Killed, String::new());
    assert_eq!(master.next().await, killed(1));
    // Nothing of it is in the way of the next.
    assert_eq!(master.launch(TaskId(2), module).await, Code::CHANGED);
    let running = Told::State(TaskId(2), TaskState::Running, String::new());
    assert_eq!(master.next().await, running);
    assert_eq!(master.kill(TaskId(2)).await, Code::CHANGED);
    assert_eq!(master.next().await, killed(2));
}

/// Whether it is then looked for, read, compiled or run is for chance to say.
#[tokio::test]
async fn right_behind_the_launch() {
    let (rig, mut master) = Rig::registered().await;
    let module = master.add_module(module(SPIN));
    for id in (1..=50).map(TaskId) {
        assert_eq!(master.launch(id, module).await, Code::CHANGED);
        assert_eq!(master.kill(id).await, Code::CHANGED);
        let killed = (TaskState::Killed, String::new());
        assert_eq!(master.end(id).await, killed);
    }
    assert_eq!(rig.leave(&mut master).await, [Told::Left]);
}

#[tokio::test]
async fn before_the_launch() {
    let (_rig, mut master) = Rig::registered().await;
    let module = master.add_module(module(SPIN));
    assert_eq!(master.kill(TaskId(1)).await, Code::NOT_FOUND);
    assert_eq!(master.launch(TaskId(1), module).await, Code::CONFLICT);
}
