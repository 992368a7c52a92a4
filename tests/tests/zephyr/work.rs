//! What is launched.

use edgerm_framework::api::{Agent, Constraints, Module, Task};
use edgerm_framework::{ConstraintsExt, Launch, TaskState};
use edgerm_tests::firmware::cluster::Cluster;

/// The module of these fields.
pub(crate) fn module(fields: &str) -> Vec<u8> {
    let module = wat::parse_str(format!("(module {fields})"));
    module.unwrap_or_else(|error| panic!("{error}: {fields}"))
}

/// A module of at least `bytes` bytes, told from others by `name`, that waits until it is killed.
pub(crate) fn large_module(name: &str, bytes: usize) -> Vec<u8> {
    let data = name.repeat(bytes.div_ceil(name.len()));
    module(&format!(
        r#"(import "edgerm" "sleep_ms" (func $sleep (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "{data}")
        (func (export "_start")
          (loop $again (drop (call $sleep (i32.const -1))) (br $again)))"#
    ))
}

/// Asks for a thermometer.
pub(crate) fn thermometer() -> Constraints {
    Constraints::default().sensor("temperature")
}

/// A task that averages without a rest.
pub(crate) fn averaging(module: &Module) -> Launch {
    Launch::new("averaging", module)
        .env("WINDOW", "3")
        .env("INTERVAL_MS", "0")
}

/// Averages `count` times on `agent`, to the end, and gives what was emitted.
pub(crate) fn averages(cluster: &Cluster, agent: &Agent, count: usize) -> Vec<String> {
    let module = cluster.upload_prebuilt("moving-average");
    let launch = averaging(&module).env("COUNT", count.to_string());
    let task = cluster.launch(agent, &thermometer(), launch);
    let emitted = cluster.emitted(task.id, count);
    let ended = cluster.end(task.id);
    assert_eq!(ended.state, TaskState::Completed, "{ended:?}");
    emitted
}

/// Averages on `agent` until it is killed. It has emitted something already.
pub(crate) fn begin_averaging(cluster: &Cluster, agent: &Agent) -> Task {
    let module = cluster.upload_prebuilt("moving-average");
    let launch = averaging(&module).env("INTERVAL_MS", "500");
    let task = cluster.launch(agent, &thermometer(), launch);
    let _first = cluster.emitted(task.id, 1);
    task
}
