use std::collections::BTreeMap;

use edgerm_coap::Code;
use edgerm_linux_agent::executor::{MESSAGES, OUTPUT_CREDIT};
use edgerm_protocol::message::path;
use edgerm_protocol::{TaskId, TaskState};

use crate::rig::{Rig, Told, module};

/// Emits the numbers from 1 to 12; after 8, which find room at once, it receives a message.
const COUNT: &str = r#"(func (export "_start") (local i32)
    (loop
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (i32.store8 (i32.const 0) (local.get 0))
      (if (call $emit (i32.const 0) (i32.const 1) (i32.const -1)) (then unreachable))
      (if (i32.eq (local.get 0) (i32.const 8))
        (then (drop (call $message_receive (i32.const 0) (i32.const 9) (i32.const -1)))))
      (br_if 0 (i32.lt_s (local.get 0) (i32.const 12)))))"#;

#[tokio::test]
async fn however_many_speak_while_the_master_is_silent() {
    assert_eq!(OUTPUT_CREDIT, 8, "the task emits as many at once");
    let (_rig, mut master) = Rig::registered().await;
    let module = master.add_module(module(COUNT));
    master.hold = Some(path::OUTPUT);
    let tasks: Vec<TaskId> = (1..=4).map(TaskId).collect();
    for task in &tasks {
        assert_eq!(master.launch(*task, module).await, Code::CHANGED);
    }
    master.held().await;
    for task in &tasks {
        // One more than wait for a task: it has received one, and so has emitted 8.
        for _ in 0..=MESSAGES {
            while master.message(*task, b"go on").await == Code::SERVICE_UNAVAILABLE {}
        }
    }
    master.release().await;
    let mut outputs: BTreeMap<TaskId, Vec<u8>> = BTreeMap::new();
    let mut completed = 0;
    while completed < tasks.len() {
        match master.next().await {
            Told::Output(task, sequence, payload) => {
                let told = outputs.entry(task).or_default();
                told.extend(payload);
                assert_eq!(told.len(), usize::try_from(sequence).unwrap());
            }
            Told::State(_, TaskState::Running, _) => {}
            Told::State(task, TaskState::Completed, _) => {
                assert_eq!(
                    outputs[&task].len(),
                    12,
                    "the end is told after all outputs"
                );
                completed += 1;
            }
            other @ (Told::Registered(_) | Told::State(..) | Told::Left) => panic!("{other:?}"),
        }
    }
    for told in outputs.values() {
        assert_eq!(*told, Vec::from_iter(1..=12));
    }
}
