use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use crate::rig::{Rig, Told, module};

/// Emits the numbers from 1 to 20, then every message that it gets.
const COUNT_AND_ECHO: &str = r#"
    (func (export "_start") (local i32)
      (loop
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (i32.store8 (i32.const 0) (local.get 0))
        (drop (call $emit (i32.const 0) (i32.const 1) (i32.const -1)))
        (br_if 0 (i32.lt_s (local.get 0) (i32.const 20))))
      (loop
        (local.set 0 (call $message_receive (i32.const 0) (i32.const 800) (i32.const -1)))
        (drop (call $emit (i32.const 0) (local.get 0) (i32.const -1)))
        (br 0)))"#;

/// The same, of several blocks.
fn count_and_echo() -> Vec<u8> {
    let ballast = "x".repeat(2_000);
    module(&format!(
        r#"{COUNT_AND_ECHO} (data (i32.const 1024) "{ballast}")"#
    ))
}

#[tokio::test]
async fn it_runs_speaks_listens_and_ends() {
    let (rig, mut master) = Rig::registered().await;
    let wasm = count_and_echo();
    let blocks = wasm.len().div_ceil(512);
    let module = master.add_module(wasm);
    for task in [TaskId(1), TaskId(2)] {
        assert_eq!(master.launch(task, module).await, Code::CHANGED);
        let running = Told::State(task, TaskState::Running, String::new());
        assert_eq!(master.next().await, running);
        for number in 1..=20 {
            let output = Told::Output(task, number.into(), vec![number]);
            assert_eq!(master.next().await, output);
        }
        for (sequence, message) in [(21, &b"first"[..]), (22, b""), (23, &[7; 800])] {
            assert_eq!(master.message(task, message).await, Code::CHANGED);
            let output = Told::Output(task, sequence, message.to_vec());
            assert_eq!(master.next().await, output);
        }
        assert_eq!(master.kill(task).await, Code::CHANGED);
        let killed = Told::State(task, TaskState::Killed, String::new());
        assert_eq!(master.next().await, killed);
        assert_eq!(master.message(task, b"too late").await, Code::NOT_FOUND);
        // The second task finds the module in the cache.
        assert_eq!(master.blocks, blocks);
    }
    assert_eq!(rig.leave(&mut master).await, [Told::Left]);
}

#[tokio::test]
async fn it_starts_once_however_often_it_is_launched() {
    let (rig, mut master) = Rig::registered().await;
    let module = master.add_module(count_and_echo());
    for _ in 0..3 {
        assert_eq!(master.launch(TaskId(1), module).await, Code::CHANGED);
    }
    let running = Told::State(TaskId(1), TaskState::Running, String::new());
    assert_eq!(master.next().await, running);
    for number in 1..=20 {
        let output = Told::Output(TaskId(1), number.into(), vec![number]);
        assert_eq!(master.next().await, output);
    }
    let killed = Told::State(TaskId(1), TaskState::Killed, "the agent left".into());
    assert_eq!(rig.leave(&mut master).await, [killed, Told::Left]);
}
