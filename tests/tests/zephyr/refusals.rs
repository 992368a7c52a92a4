//! What a node does not run: its reason reaches whoever launched it, and the node goes on.
//!
//! The master would not launch most of it, by what a node tells of itself; so here the node seems
//! to tell more than it has ([`Boast`]), as one with another version might.

use std::sync::Arc;

use edgerm_framework::api::{Agent, Constraints, Task};
use edgerm_framework::owned::{AttributeValue, Description, Device, Value};
use edgerm_framework::resource::{Access, DeviceClass, names};
use edgerm_framework::{ConstraintsExt, Launch, TaskState};
use edgerm_protocol::standard::attributes::{MAX_MODULE, MAX_TASK_MEM, WASM_FEATURES};
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;

use crate::rules::Boast;
use crate::work::{averages, large_module, module};
use crate::{LARGE, PLAIN_LARGE, SMALL};

const PAGE: u64 = 65_536;

/// A node that says it has a hygrometer, slots and memory that it has not, and does not say what
/// it cannot do.
fn boast(description: &mut Description) {
    let hygrometer = Device {
        class: DeviceClass::Sensor,
        kind: "humidity".into(),
        access: Access::Shared,
    };
    let resources = [
        ("hygrometer", Value::Device(hygrometer)),
        (names::TASKS, Value::Scalar(9)),
        (names::MEM, Value::Scalar(64 * PAGE)),
    ];
    let resources = resources.map(|(name, value)| (name.to_owned(), value));
    description.resources.extend(resources);
    let most = AttributeValue::Number(32 * PAGE);
    description.attributes.insert(MAX_TASK_MEM.to_owned(), most);
    description.attributes.remove(MAX_MODULE);
    description.attributes.remove(WASM_FEATURES);
}

pub(crate) fn large_module_too_large() {
    // 40,000 bytes of data, a page for them, and the code.
    let launch = |cluster: &Cluster| {
        let module = cluster.upload(large_module("a", 40_000));
        assert_eq!(module.size, 40_098);
        Launch::new("large", &module).mem(PAGE)
    };
    let why = "the module has 40098 bytes, 1 to 32768 fit here";
    rejected(&PLAIN_LARGE, &Constraints::default(), launch, why);
}

pub(crate) fn large_floats() {
    let launch = |cluster: &Cluster| Launch::new("floats", &cluster.upload(floats())).mem(PAGE);
    let why = "the module does not suit this node's engine";
    rejected(&PLAIN_LARGE, &Constraints::default(), launch, why);
}

pub(crate) fn large_no_such_sensor() {
    let launch = |cluster: &Cluster| {
        let module = cluster.upload_prebuilt("moving-average");
        Launch::new("humid", &module)
            .env("SENSOR", "humidity")
            .mem(PAGE)
    };
    let humid = Constraints::default().sensor("humidity");
    let why = "this node has no device hygrometer";
    rejected(&PLAIN_LARGE, &humid, launch, why);
}

pub(crate) fn large_too_much_memory() {
    let launch = |cluster: &Cluster| {
        let module = cluster.upload_prebuilt("moving-average");
        Launch::new("greedy", &module).mem(4 * PAGE)
    };
    let why = "262144 bytes of memory asked, a task here has at most 131072";
    rejected(&PLAIN_LARGE, &Constraints::default(), launch, why);
}

/// A task beyond the first needs a slot that is not there.
pub(crate) fn large_no_slot() {
    let mut cluster = Cluster::plain_behind(Arc::new(Boast(boast)));
    let (_node, agent) = cluster.join(&PLAIN_LARGE);
    let tasks: [Task; 4] = std::array::from_fn(|_| wait_for_ever(&cluster, &agent, "a", 10));
    for task in &tasks {
        let running = cluster.state(task.id, TaskState::Running);
        assert_eq!(running.state, TaskState::Running, "{running:?}");
    }
    let fifth = wait_for_ever(&cluster, &agent, "a", 10);
    assert_rejected(&cluster, &fifth, "no task slot is free");
    assert_eq!(cluster.kill(tasks[0].id).state, TaskState::Killed);
    assert_eq!(averages(&cluster, &agent, 1), ["temperature=21"]);
}

/// Bytes of data of a module that takes 9 of the 32 units of flash.
const LARGEST: usize = 32_620;

/// Three fit, and they run.
pub(crate) fn large_flash_full() {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(&LARGE);
    let tasks = ["a", "b", "c"].map(|name| wait_for_ever(&cluster, &agent, name, LARGEST));
    for task in &tasks {
        let running = cluster.state(task.id, TaskState::Running);
        assert_eq!(running.state, TaskState::Running, "{running:?}");
    }
    let fourth = wait_for_ever(&cluster, &agent, "d", LARGEST);
    let why = "the node's storage has no room for the module";
    assert_rejected(&cluster, &fourth, why);
    // A small one fits beside them, and the large one in the place of one that has ended.
    assert_eq!(averages(&cluster, &agent, 1), ["temperature=21"]);
    assert_eq!(cluster.kill(tasks[1].id).state, TaskState::Killed);
    let fourth = wait_for_ever(&cluster, &agent, "d", LARGEST);
    let running = cluster.state(fourth.id, TaskState::Running);
    assert_eq!(running.state, TaskState::Running, "{running:?}");
}

/// What the node tells, the master holds launches to.
pub(crate) fn small_by_the_master() {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(&SMALL);
    let large = cluster.upload(large_module("a", 8_000));
    let floats = cluster.upload(floats());
    let average = cluster.upload_prebuilt("moving-average");
    let cases = [
        (
            Launch::new("large", &large).mem(5_000),
            "more than the 6080 that the agent takes",
        ),
        (
            Launch::new("floats", &floats).mem(5_000),
            "the module uses floats, which the agent's engine lacks",
        ),
        (
            Launch::new("greedy", &average).mem(6_000),
            "6000 of mem is more than the 5120 that the offer holds",
        ),
    ];
    for (launch, why) in cases {
        let refusal = cluster.refusal(&agent, launch);
        assert!(refusal.message.contains(why), "{refusal:?}");
    }
    assert_eq!(averages(&cluster, &agent, 1), ["temperature=21"]);
}

fn floats() -> Vec<u8> {
    module(
        r#"(memory (export "memory") 1)
        (func (export "_start") (result i32)
          (i32.trunc_f32_s (f32.mul (f32.const 1.5) (f32.const 2))))"#,
    )
}

fn rejected(image: &Image, on: &Constraints, launch: impl FnOnce(&Cluster) -> Launch, why: &str) {
    let mut cluster = Cluster::plain_behind(Arc::new(Boast(boast)));
    let (_node, agent) = cluster.join(image);
    let launch = launch(&cluster);
    let task = cluster.launch(&agent, on, launch);
    assert_rejected(&cluster, &task, why);
    assert_eq!(averages(&cluster, &agent, 1), ["temperature=21"]);
}

fn assert_rejected(cluster: &Cluster, task: &Task, why: &str) {
    let ended = cluster.end(task.id);
    assert_eq!(ended.state, TaskState::Rejected, "{ended:?}");
    assert_eq!(ended.detail.as_deref(), Some(why));
}

fn wait_for_ever(cluster: &Cluster, agent: &Agent, name: &str, bytes: usize) -> Task {
    let module = cluster.upload(large_module(name, bytes));
    let launch = Launch::new(name, &module).mem(PAGE);
    cluster.launch(agent, &Constraints::default(), launch)
}
