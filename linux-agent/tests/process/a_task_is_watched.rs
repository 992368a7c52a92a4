//! A task is ended at its deadline or when it is stuck, and started again when it failed.

use edgerm_framework::api::{Constraints, HealthCheck, OutputData, Restart, Task};
use edgerm_framework::{ConstraintsExt, Launch, TaskState};

use crate::world::{Process, World, soon};

/// Emits a byte, and traps.
const FAIL: &str = r#"(module
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "f")
    (func (export "_start")
        (drop (call $emit (i32.const 0) (i32.const 1) (i32.const -1)))
        unreachable))"#;

/// Goes in circles for ever, and says nothing.
const STUCK: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "_start") (loop (br 0))))"#;

/// The task as it ended, of those that the agent watches.
async fn ended(world: &World, wat: &str, shape: impl FnOnce(Launch) -> Launch) -> Task {
    let on = Constraints::default().supervised();
    let (_scheduler, task) = world.launch_on(wat, on, shape).await;
    world.end(&task).await
}

#[tokio::test]
async fn it_ends_when_it_may_not_go_on() {
    let mut world = World::new().await;
    let _process = Process::start(world.agent(world.master.coap_addr));
    world.registered().await;

    let task = ended(&world, STUCK, |launch| launch.deadline(1)).await;
    assert_eq!(task.state, TaskState::Errored);
    assert_eq!(
        task.detail.as_deref(),
        Some("it has passed its deadline of 1 s")
    );

    let check = HealthCheck { silence_s: 1 };
    let task = ended(&world, STUCK, |launch| launch.health_check(check)).await;
    assert_eq!(task.state, TaskState::Errored);
    assert_eq!(task.detail.as_deref(), Some("no sign of life for 1 s"));
    world.master.shutdown().await;
}

#[tokio::test]
async fn it_is_started_again_as_often_as_it_may_fail() {
    let mut world = World::new().await;
    let _process = Process::start(world.agent(world.master.coap_addr));
    world.registered().await;
    let on = Constraints::default().restart(Restart::OnFailure);
    let shape = |launch: Launch| launch.restart(Restart::OnFailure).max_restarts(1);
    let (_scheduler, task) = world.launch_on(FAIL, on, shape).await;
    let mut outputs = world.client.follow_output_and_log(task.id);
    let mut told = Vec::new();
    while let Some(output) = soon("an output", outputs.next()).await.unwrap() {
        let OutputData::Text(text) = output.data else {
            panic!("a text: {output:?}");
        };
        told.push((output.level.is_some(), text));
    }
    // Lines come when they are asked for, outputs by themselves.
    told.sort();
    let emitted = (false, "f".to_owned());
    assert_eq!(told[..2], [emitted.clone(), emitted], "{told:?}");
    assert!(told[2].0 && told[2].1.ends_with(": starts again in 1 s"));
    assert_eq!(told.len(), 3);
    assert_eq!(world.end(&task).await.state, TaskState::Errored);
    world.master.shutdown().await;
}
