//! Nodes of several kinds in one cluster.

use edgerm_framework::TaskState;
use edgerm_framework::api::Task;
use edgerm_tests::firmware::cluster::{Cluster, prebuilt};
use edgerm_tests::firmware::command;

use crate::results::join_linux;
use crate::{LARGE, SMALL};

/// `edgerm run --count all` on two boards and a Linux machine.
pub(crate) fn one_on_each() {
    let mut cluster = Cluster::start();
    let (_small, small) = cluster.join(&SMALL);
    let (_large, large) = cluster.join(&LARGE);
    let (_linux, linux) = join_linux(&mut cluster);
    let module = prebuilt("moving-average");
    let module = module.to_str().expect("a path that is text");
    let on = ["--on", "sensor=temperature", "--count", "all"];
    let started = command::list(&[&["run", module], &on[..]].concat());
    assert_eq!(started.len(), 3, "{started:?}");

    let tasks = cluster.wait("the tasks", cluster.client().tasks().all());
    for agent in [small, large, linux] {
        let own: Vec<&Task> = tasks.iter().filter(|task| task.agent == agent.id).collect();
        let [task] = own[..] else {
            panic!("{}: {own:?}", agent.name);
        };
        assert_eq!(task.state, TaskState::Running, "{task:?}");
        assert_eq!(cluster.emitted(task.id, 1).len(), 1);
    }
    assert_eq!(command::list(&["ps"]).len(), 3);
    let _said = command::text(&["kill", "--all"]);
    assert!(command::list(&["ps"]).is_empty());
}
