//! A master that starts again, or is out of reach for a while.

use std::sync::Arc;

use edgerm_framework::TaskState;
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;

use crate::rules::Way;
use crate::work::begin_averaging;
use crate::{LARGE, NATIVE, SMALL};

pub(crate) fn small() {
    a_new_master_ends_what_it_does_not_know(&SMALL, 1);
}

pub(crate) fn native() {
    a_new_master_ends_what_it_does_not_know(&NATIVE, 2);
}

pub(crate) fn small_again() {
    a_master_that_starts_again_knows_what_it_launched(&SMALL, 1);
}

pub(crate) fn native_again() {
    a_master_that_starts_again_knows_what_it_launched(&NATIVE, 2);
}

/// What runs goes on, and is killed by the master that was killed itself.
fn a_master_that_starts_again_knows_what_it_launched(image: &Image, slots: usize) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    let tasks: Vec<_> = (0..slots)
        .map(|_| begin_averaging(&cluster, &agent))
        .collect();
    cluster.restart_master();
    for task in &tasks {
        let state = cluster.state(task.id, TaskState::Running).state;
        assert_eq!(state, TaskState::Running);
    }
    for task in tasks {
        assert_eq!(cluster.kill(task.id).state, TaskState::Killed);
    }
    let after = begin_averaging(&cluster, &agent);
    assert_eq!(cluster.kill(after.id).state, TaskState::Killed);
}

/// A master that has lost its file knows nothing. What it offers of a node is free: as many tasks
/// as there are slots begin beside those that it does not know.
fn a_new_master_ends_what_it_does_not_know(image: &Image, slots: usize) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    for _ in 0..slots {
        let _unknown = begin_averaging(&cluster, &agent);
    }
    cluster.replace_master();
    let again = cluster.registered();
    assert_eq!((again.id, &again.name), (agent.id, &agent.name));
    let known = (0..slots).map(|_| begin_averaging(&cluster, &again));
    for task in known.collect::<Vec<_>>() {
        assert_eq!(cluster.kill(task.id).state, TaskState::Killed);
    }
}

/// A task goes on without its master, and what it emitted meanwhile is told afterwards.
pub(crate) fn large_silence() {
    let way = Arc::new(Way::default());
    let mut cluster = Cluster::behind(way.clone());
    let (_node, agent) = cluster.join(&LARGE);
    let task = begin_averaging(&cluster, &agent);
    way.set_broken(true);
    way.wait_for_lost(3);
    way.set_broken(false);
    let told = cluster.emitted(task.id, 6);
    let cycle = ["21", "22", "23", "22.333333", "21.666666", "21"];
    let expected = cycle.map(|degrees| format!("temperature={degrees}"));
    assert_eq!(told, expected, "none is missing, none is told twice");
    let running = cluster.state(task.id, TaskState::Running);
    assert_eq!(running.state, TaskState::Running, "{running:?}");
}
