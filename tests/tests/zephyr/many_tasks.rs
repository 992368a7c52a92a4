//! As many tasks at once as a node has slots.

use edgerm_framework::TaskState;
use edgerm_framework::api::Task;
use edgerm_tests::firmware::cluster::{Cluster, prebuilt};
use edgerm_tests::firmware::command;

use crate::LARGE;
use crate::work::begin_averaging;

pub(crate) fn four() {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(&LARGE);
    let tasks: [Task; 4] = std::array::from_fn(|_| begin_averaging(&cluster, &agent));
    for task in &tasks {
        assert_eq!(
            cluster.state(task.id, TaskState::Running).state,
            TaskState::Running
        );
        // Each goes on beside the others.
        assert_eq!(cluster.emitted(task.id, 3).len(), 3);
    }
    assert_eq!(cluster.agent(agent.id).tasks, 4);

    assert!(!cluster.has_room(&agent));
    let module = prebuilt("moving-average");
    let module = module.to_str().expect("a path that is text");
    let on = format!("agent={}", agent.name);
    let said = command::run(&["run", module, "--on", &on, "--timeout", "1s"]);
    let why = String::from_utf8_lossy(&said.stderr);
    assert!(why.contains("no task slot of it is free"), "{why}");

    // One that ends makes room for another.
    assert_eq!(cluster.kill(tasks[0].id).state, TaskState::Killed);
    let _fifth = begin_averaging(&cluster, &agent);
    assert_eq!(cluster.agent(agent.id).tasks, 4);
}
