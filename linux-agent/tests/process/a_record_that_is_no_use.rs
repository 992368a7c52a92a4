//! What an agent cannot take up it drops, and says which file it was.

use std::fs;

use edgerm_framework::TaskState;
use edgerm_framework::api::Restart;

use crate::world::{Process, World};

const SLEEP: &str = r#"(module
    (import "edgerm" "sleep_ms" (func $sleep (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (loop (drop (call $sleep (i32.const 60000))) (br 0))))"#;

#[tokio::test]
async fn a_damaged_one() {
    let mut world = World::new().await;
    let process = world.start_agent();
    world.registered().await;
    let (_scheduler, task) = world.run(SLEEP, Restart::Reboot).await;
    process.kill();
    let path = world.record("task-1.record");
    let record = fs::read(&path).unwrap();
    fs::write(&path, &record[..record.len() - 1]).unwrap();

    let mut process = world.start_agent();
    let line = process.says("a record is dropped").await;
    for part in [path.to_str().unwrap(), "the record is damaged"] {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
    assert_eq!(world.end(&task).await.state, TaskState::Lost);
    // Told once the disk has it.
    process.says("kept record=1").await;
    assert!(!path.exists());
    world.master.shutdown().await;
}

#[tokio::test]
async fn one_of_another_agent() {
    let mut world = World::new().await;
    let process = world.start_agent();
    world.registered().await;
    let (_scheduler, _task) = world.run(SLEEP, Restart::Reboot).await;
    process.kill();

    let renamed = world.agent_called("renamed", world.master.coap_addr);
    let mut process = Process::start(renamed);
    for name in ["identity.record", "task-1.record"] {
        let line = process.says("a record is dropped").await;
        for part in [name, "the record is of another agent"] {
            assert!(line.contains(part), "{part:?} is not in {line:?}");
        }
    }
    assert_eq!(world.registered().await.name, "renamed");
    world.master.shutdown().await;
}

#[tokio::test]
async fn those_of_an_agent_that_runs() {
    let mut world = World::new().await;
    let _process = world.start_agent();
    world.registered().await;
    let mut second = world.start_agent();
    let line = second.says("error: ").await;
    for part in ["another agent runs there", "records", "--data-dir"] {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
    assert!(!second.wait().success());
    world.master.shutdown().await;
}
