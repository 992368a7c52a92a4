//! What tasks ask of their node, beside to read a sensor.

use edgerm_framework::api::Constraints;
use edgerm_framework::{ConstraintsExt, Launch, TaskState};
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;

use crate::work::{module, thermometer};
use crate::{LARGE, NATIVE};

pub(crate) fn large_messages() {
    messages_arrive_in_order(&LARGE);
}

pub(crate) fn native_messages() {
    messages_arrive_in_order(&NATIVE);
}

fn messages_arrive_in_order(image: &Image) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    let echo = cluster.upload(module(
        r#"(import "edgerm" "message_receive" (func $receive (param i32 i32 i32) (result i32)))
        (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (loop $again
            (drop (call $emit (i32.const 0)
              (call $receive (i32.const 0) (i32.const 800) (i32.const -1)) (i32.const -1)))
            (br $again)))"#,
    ));
    let launch = Launch::new("echo", &echo);
    let task = cluster.launch(&agent, &Constraints::default(), launch);
    let running = cluster.state(task.id, TaskState::Running);
    assert_eq!(running.state, TaskState::Running, "{running:?}");
    let long = "x".repeat(800);
    let texts = ["one", "", &*long, "four"];
    for (count, text) in (1..).zip(texts) {
        cluster.send(task.id, text);
        // One at a time: a task's mailbox is small.
        let emitted = cluster.emitted(task.id, count);
        assert_eq!(emitted.last().map(|last| &**last), Some(text));
    }
    assert_eq!(cluster.kill(task.id).state, TaskState::Killed);
}

/// Readings begin below the threshold, and pass it at the third.
pub(crate) fn large_actuator() {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(&LARGE);
    let threshold = cluster.upload_prebuilt("threshold");
    let launch = Launch::new("threshold", &threshold)
        .env("THRESHOLD", "21.5")
        .env("INTERVAL_MS", "0")
        .env("COUNT", "5");
    let task = cluster.launch(&agent, &thermometer().actuator("led"), launch);
    assert_eq!(cluster.emitted(task.id, 2), ["led=0", "led=1"]);
    let ended = cluster.end(task.id);
    assert_eq!(ended.state, TaskState::Completed, "{ended:?}");
}
