//! A task that is to be started again is, by the next process of its agent; and what ended is
//! told, by whichever process the master hears.

use edgerm_framework::TaskState;
use edgerm_framework::api::{OutputData, Restart, SendMessage, Task};
use edgerm_framework::output::OutputFollower;

use crate::relay::Relay;
use crate::world::{Process, World, soon};

/// Sets the lamp, emits a byte, and exits with 7 when it gets a message.
const LIGHT_AND_LISTEN: &str = r#"(module
    (import "edgerm" "actuator_open" (func $open (param i32 i32) (result i32)))
    (import "edgerm" "actuator_write" (func $write (param i32 i64) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (import "edgerm" "message_receive" (func $receive (param i32 i32 i32) (result i32)))
    (import "edgerm" "exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "lamp")
    (func (export "_start")
        (drop (call $write (call $open (i32.const 0) (i32.const 4)) (i64.const 100000000)))
        (drop (call $emit (i32.const 0) (i32.const 1) (i32.const -1)))
        (drop (call $receive (i32.const 16) (i32.const 800) (i32.const -1)))
        (call $exit (i32.const 7))))"#;

/// What the agent logs when the lamp is set.
const LIT: &str = "a simulated actuator moves";

/// Waits for the byte that the task emits when it runs.
async fn emitted(outputs: &mut OutputFollower) {
    let output = soon("an output", outputs.next()).await;
    assert_eq!(
        output.unwrap().expect("an output").data.to_bytes(),
        Some(b"l".to_vec())
    );
}

async fn state(world: &World, task: &Task) -> TaskState {
    world.client.task(task.id).await.unwrap().state
}

#[tokio::test]
async fn it_starts_again_without_the_master() {
    let mut world = World::new().await;
    let relay = Relay::start(world.master.coap_addr).await;
    let process = Process::start(world.agent(relay.address));
    world.registered().await;
    let (scheduler, task) = world.run(LIGHT_AND_LISTEN, Restart::Reboot).await;
    let mut outputs = world.client.follow_output(task.id);
    emitted(&mut outputs).await;

    relay.cut();
    process.kill();
    let mut process = Process::start(world.agent(relay.address));
    process.says(LIT).await;

    relay.mend();
    world.registered().await;
    emitted(&mut outputs).await;
    assert_eq!(state(&world, &task).await, TaskState::Running);
    scheduler.kill(task.id).await.unwrap();
    assert_eq!(world.end(&task).await.state, TaskState::Killed);
    world.master.shutdown().await;
}

#[tokio::test]
async fn an_end_that_the_master_did_not_hear_is_told_when_it_does() {
    for restart in [Restart::No, Restart::Reboot] {
        let mut world = World::new().await;
        let relay = Relay::start(world.master.coap_addr).await;
        let mut process = Process::start(world.agent(relay.address));
        world.registered().await;
        let (scheduler, task) = world.run(LIGHT_AND_LISTEN, restart).await;

        relay.silence_agent();
        let message = SendMessage {
            framework: scheduler.id(),
            data: OutputData::Text("end".to_owned()),
        };
        let sent = world.client.send_message(task.id, &message);
        sent.await.unwrap();
        process.says("exited with code 7").await;
        process.says("kept record=1").await;
        process.kill();

        relay.mend();
        let _process = Process::start(world.agent(relay.address));
        let end = world.end(&task).await;
        assert_eq!((end.state, end.exit_code), (TaskState::Errored, Some(7)));
        world.master.shutdown().await;
    }
}

#[tokio::test]
async fn a_process_that_is_told_to_end_comes_back_with_it() {
    let mut world = World::new().await;
    let mut process = world.start_agent();
    world.registered().await;
    let (_scheduler, task) = world.run(LIGHT_AND_LISTEN, Restart::Reboot).await;
    let mut outputs = world.client.follow_output(task.id);
    emitted(&mut outputs).await;

    process.signal("-TERM");
    assert!(process.wait().success());
    assert_eq!(state(&world, &task).await, TaskState::Running);
    let _process = world.start_agent();
    emitted(&mut outputs).await;
    assert_eq!(state(&world, &task).await, TaskState::Running);
    world.master.shutdown().await;
}
