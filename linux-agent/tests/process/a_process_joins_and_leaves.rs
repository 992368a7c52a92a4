use edgerm_framework::api::Restart;
use edgerm_framework::{Client, TaskState};

use crate::relay::Relay;
use crate::world::{Process, World, soon};

/// Reads the thermometer once, emits the 8 bytes of its value, and sleeps until it is killed.
const READ_AND_SLEEP: &str = r#"(module
    (import "edgerm" "sensor_open" (func $open (param i32 i32) (result i32)))
    (import "edgerm" "sensor_read" (func $read (param i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (import "edgerm" "sleep_ms" (func $sleep (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "temperature")
    (func (export "_start")
        (drop (call $read (call $open (i32.const 0) (i32.const 11)) (i32.const 16)))
        (drop (call $emit (i32.const 16) (i32.const 8) (i32.const -1)))
        (loop (drop (call $sleep (i32.const 60000))) (br 0))))"#;

/// 21.5 degrees, as `READ_AND_SLEEP` emits it: an i64 of millionths, the lowest byte first.
const READING: i64 = 21_500_000;

#[tokio::test]
async fn a_process_joins_runs_a_task_and_leaves() {
    let mut world = World::new().await;
    let mut process = world.start_agent();
    let agent = world.registered().await;
    assert_eq!(agent.name, "process");
    assert!(
        agent.resources.contains_key("attic"),
        "{:?}",
        agent.resources
    );

    let (_scheduler, task) = world.run(READ_AND_SLEEP, Restart::No).await;
    let mut outputs = world.client.follow_output(task.id);
    let output = soon("an output", outputs.next()).await;
    let output = output.unwrap().expect("an output");
    assert_eq!(output.data.to_bytes(), Some(READING.to_le_bytes().to_vec()));

    process.signal("-TERM");
    assert_eq!(world.gone().await, agent.id);
    assert!(process.wait().success());
    let task = world.client.task(task.id).await.unwrap();
    assert_eq!(task.state, TaskState::Killed);
    assert_eq!(task.detail.as_deref(), Some("the agent left"));
    world.master.shutdown().await;
}

#[tokio::test]
async fn a_killed_process_comes_back_as_the_same_agent() {
    let mut world = World::new().await;
    let process = world.start_agent();
    let agent = world.registered().await;
    let (_scheduler, task) = world.run(READ_AND_SLEEP, Restart::No).await;

    process.kill();
    let _process = world.start_agent();
    assert_eq!(world.registered().await.id, agent.id);
    assert_eq!(world.end(&task).await.state, TaskState::Lost);
    let (_scheduler, again) = world.run(READ_AND_SLEEP, Restart::No).await;
    assert_eq!(again.agent, agent.id);
    world.master.shutdown().await;
}

#[tokio::test]
async fn an_agent_finds_a_master_that_was_restarted() {
    let mut world = World::new().await;
    let relay = Relay::start(world.master.coap_addr).await;
    let _process = Process::start(world.agent(relay.address));
    let agent = world.registered().await;

    world.master.shutdown().await;
    // Its ports may be somebody else's by now.
    world.master = World::new_master().await;
    relay.lead_to(world.master.coap_addr).await;
    let http = world.master.http_addr;
    world.client = Client::new(&format!("http://{http}")).unwrap();
    let agents = async {
        // The event of its registration may have come before anybody listened.
        world.events = world.client.events_after(0).await.unwrap();
        world.registered().await
    };
    assert_eq!(agents.await.id, agent.id);
    world.master.shutdown().await;
}
