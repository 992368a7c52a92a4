//! `edgerm run --restart`: tasks that their nodes start again.

use crate::cluster::{Cluster, Module, SLEEPER};
use crate::small_nodes::Nodes;

#[test]
fn it_goes_to_nodes_that_start_tasks_again() {
    let cluster = Cluster::up();
    let _nodes = Nodes::join(&cluster, &[("attic", 1 << 20)]);
    let sleeper = Module::new("restart", SLEEPER);
    // The nodes of the cluster itself go with it, and say so.
    let tasks = cluster.launch(&sleeper, &["--restart", "reboot"]);
    assert_eq!(tasks.len(), 1);
    let told = |of: &str| tasks[0][of].as_str();
    assert_eq!(
        (told("agentName"), told("restart")),
        (Some("attic"), Some("reboot"))
    );

    let plain = cluster.launch(&sleeper, &["--on", "agent=attic"]);
    assert_eq!(plain[0].get("restart"), None);
    let said = cluster.say(&[
        "run",
        sleeper.path(),
        "--restart",
        "reboot",
        "--on",
        "agent=kitchen",
        "--timeout",
        "1s",
    ]);
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(
        said.stderr.contains("kitchen   tells no restart"),
        "{said:?}"
    );
}
