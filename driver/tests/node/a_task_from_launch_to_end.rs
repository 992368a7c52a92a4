use edgerm_framework::TaskState;
use edgerm_framework::api::InspectionState;
use edgerm_protocol::owned::AttributeValue;
use edgerm_task_abi::TaskEnd;

use crate::platform::Happened;
use crate::rig::{MAX_MODULE, World, app};
use crate::storage::MemoryStorage;

/// Emits each message that it gets, until one is empty.
const ECHO: &str = r#"(module
    (import "edgerm" "message_receive" (func $receive (param i32 i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local i32)
      (loop
        (local.set 0 (call $receive (i32.const 0) (i32.const 800) (i32.const -1)))
        (drop (call $emit (i32.const 0) (local.get 0) (i32.const -1)))
        (br_if 0 (local.get 0)))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_tells_what_it_has() {
    let world = World::new(MemoryStorage::default()).await;
    let agents = world.client.agents().all().await.unwrap();
    let [agent] = &agents[..] else {
        panic!("one agent, not {agents:?}");
    };
    assert_eq!(agent.name, "node");
    let resources: Vec<&str> = agent.resources.keys().map(|name| name.as_str()).collect();
    assert_eq!(resources, ["cpus", "lamp", "mem", "shed", "tasks"]);
    let number = |name| agent.attributes.get(name).cloned();
    assert_eq!(
        number("max_module"),
        Some(AttributeValue::Number(MAX_MODULE.into()))
    );
    assert_eq!(number("floor"), Some(AttributeValue::Number(3)));
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_average_emits_what_it_does_on_linux() {
    for slow in [false, true] {
        let storage = MemoryStorage {
            slow,
            ..MemoryStorage::default()
        };
        let world = World::new(storage).await;
        let module = world.upload(app("moving-average")).await;
        let env = [("WINDOW", "2"), ("INTERVAL_MS", "1"), ("COUNT", "3")];
        let task = world.launch(&module, &env).await;
        let averages = world.emitted(task).await;
        assert_eq!(
            averages,
            ["temperature=2", "temperature=3", "temperature=4"]
        );
        assert_eq!(world.ended(task).await.state, TaskState::Completed);
        assert_eq!(world.node.next(), Happened::Started(task));
        assert_eq!(world.node.next(), Happened::Ended(task, TaskEnd::Exited(0)));
        world.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threshold_switches_the_lamp() {
    let world = World::new(MemoryStorage::default()).await;
    let module = world.upload(app("threshold")).await;
    let env = [("THRESHOLD", "2.5"), ("INTERVAL_MS", "0"), ("COUNT", "4")];
    let task = world.launch(&module, &env).await;
    assert_eq!(world.emitted(task).await, ["led=0", "led=1"]);
    assert_eq!(world.ended(task).await.state, TaskState::Completed);
    let mut node = world.leave().await;
    assert_eq!(node.ports_mut().devices.lamp, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_reach_a_task_in_order() {
    let world = World::new(MemoryStorage::default()).await;
    let module = world.upload(wat::parse_str(ECHO).unwrap()).await;
    let task = world.launch(&module, &[]).await;
    // A message that comes before the task runs is refused.
    assert_eq!(world.node.next(), Happened::Started(task));
    // As many as wait for a task at most.
    let words = ["one", "two", "three", ""];
    for word in words {
        world.send(task, word).await;
    }
    assert_eq!(world.emitted(task).await, words);
    assert_eq!(world.ended(task).await.state, TaskState::Completed);
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_ends_a_task_whatever_it_does() {
    let world = World::new(MemoryStorage::default()).await;
    let waits = world.upload(wat::parse_str(ECHO).unwrap()).await;
    let spins = world.upload(app("spin")).await;
    for module in [waits, spins] {
        let task = world.launch(&module, &[]).await;
        assert_eq!(world.node.next(), Happened::Started(task));
        world.scheduler.kill(task).await.unwrap();
        assert_eq!(world.ended(task).await.state, TaskState::Killed);
        assert_eq!(world.node.next(), Happened::Ended(task, TaskEnd::Killed));
    }
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_run_at_once_and_end_when_the_node_leaves() {
    let world = World::new(MemoryStorage::default()).await;
    let module = world.upload(app("spin")).await;
    let tasks = [
        world.launch(&module, &[]).await,
        world.launch(&module, &[]).await,
    ];
    for _ in tasks {
        assert!(matches!(world.node.next(), Happened::Started(_)));
    }
    let node = world.node.leave().await;
    assert!(node.state().has_left);
    for task in tasks {
        let task = world.client.task(task).await.unwrap();
        assert_eq!(task.state, TaskState::Killed);
        assert_eq!(task.detail.as_deref(), Some("the agent left"));
    }
    world.master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_logged_is_read_after_its_end() {
    let world = World::new(MemoryStorage::default()).await;
    let module = world.upload(app("hello")).await;
    let task = world.launch(&module, &[]).await;
    assert_eq!(world.ended(task).await.state, TaskState::Completed);
    let mut follower = world.client.follow_output_and_log(task);
    let kept = follower.kept().await.unwrap();
    assert_eq!(kept.log, Some(InspectionState::Read));
    let logged = kept.outputs.iter().find(|output| output.level.is_some());
    let line = logged.expect("a line").data.to_bytes();
    assert_eq!(line.as_deref(), Some(&b"saying hello"[..]));
    assert_eq!(follower.next().await.unwrap(), None, "that was all");
    world.leave().await;
}
