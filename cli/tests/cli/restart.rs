//! `edgerm run --restart` and its like: tasks that their nodes start again, and watch.

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

#[test]
fn how_a_task_is_watched_is_said_word_by_word() {
    let cluster = Cluster::up();
    let sleeper = Module::new("watched", SLEEPER);
    let said = "--restart on-failure --max-restarts 3 --deadline 1h --health-silence 2m \
                --stop-after-disconnected 1m --give-up-after 3m";
    let said: Vec<&str> = said.split_whitespace().collect();
    let task = cluster.launch(&sleeper, &said).remove(0);
    let told = |of: &str| task[of].as_u64();
    assert_eq!(task["restart"].as_str(), Some("onFailure"));
    assert_eq!(task["healthCheck"]["silenceS"].as_u64(), Some(120));
    assert_eq!(
        (told("maxRestarts"), told("deadline")),
        (Some(3), Some(3600))
    );
    assert_eq!(
        (told("stopAfterDisconnected"), told("giveUpAfter")),
        (Some(60), Some(180))
    );
}
