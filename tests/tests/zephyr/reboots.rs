//! Nodes that start again.

use std::sync::Arc;

use edgerm_framework::api::{Agent, Restart, Task};
use edgerm_framework::{ConstraintsExt, TaskState};
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;
use edgerm_tests::firmware::node::Node;

use crate::rules::{Dam, Way};
use crate::work::{averages, averaging, begin_averaging, thermometer};
use crate::{LARGE, NATIVE, NATIVE_64, PLAIN_NATIVE, RISCV, SMALL};

pub(crate) fn small() {
    joins_again_and_its_tasks_are_lost(&SMALL);
}

pub(crate) fn large() {
    joins_again_and_its_tasks_are_lost(&LARGE);
}

pub(crate) fn riscv() {
    joins_again_and_its_tasks_are_lost(&RISCV);
}

pub(crate) fn native() {
    joins_again_and_its_tasks_are_lost(&NATIVE);
}

fn joins_again_and_its_tasks_are_lost(image: &Image) {
    let mut cluster = Cluster::start();
    let (mut node, agent) = cluster.join(image);
    let task = begin_averaging(&cluster, &agent);
    node.reboot();
    let again = cluster.registered();
    assert_eq!((again.id, &again.name), (agent.id, &agent.name));
    assert_eq!(cluster.end(task.id).state, TaskState::Lost);
    assert_eq!(averages(&cluster, &agent, 1), ["temperature=21"]);
}

/// Blocks from this one on are lost before the power cut.
const LOST_FROM: u32 = 3;

/// Blocks of `moving-average`, 2,663 bytes, of 512 bytes each.
const BLOCKS: u32 = 6;

/// What was fetched before is not fetched again, and needs no other launch.
pub(crate) fn native_fetch() {
    let dam = Arc::new(Dam::from_block(LOST_FROM));
    let mut cluster = Cluster::plain_behind(dam.clone());
    let (mut node, agent) = cluster.join(&PLAIN_NATIVE);
    let module = cluster.upload_prebuilt("moving-average");
    let launch = averaging(&module)
        .env("COUNT", "1")
        .restart(Restart::Reboot);
    let on = thermometer().restart(Restart::Reboot);
    let task = cluster.launch(&agent, &on, launch);
    // All blocks before it are stored then.
    dam.wait_for(LOST_FROM);

    power_off(&mut node);
    let before = dam.open();
    assert!(before.starts_with(&[0, 1, 2]), "{before:?}");
    node.reboot();
    let _again = cluster.registered();
    assert_eq!(cluster.end(task.id).state, TaskState::Completed);
    let after = dam.asked();
    assert_eq!(after, (LOST_FROM..BLOCKS).collect::<Vec<_>>());
}

pub(crate) fn native_restart() {
    a_task_starts_again(&NATIVE);
}

pub(crate) fn native_64_restart() {
    a_task_starts_again(&NATIVE_64);
}

/// Without a word of the master's.
fn a_task_starts_again(image: &Image) {
    let way = Arc::new(Way::default());
    let mut cluster = Cluster::behind(way.clone());
    let (mut node, agent) = cluster.join(image);
    let task = begin_restarting(&cluster, &agent);

    way.set_broken(true);
    node.reboot();
    let runs = format!("task {} runs", task.id);
    let _line = node.console().line_with(0, &runs);

    way.set_broken(false);
    let again = cluster.registered();
    assert_eq!(again.id, agent.id);
    let told = cluster.emitted(task.id, 4);
    // The second run reads from the beginning.
    let second_run = told.iter().skip(1).any(|line| line == "temperature=21");
    assert!(second_run, "{told:?}");
    assert_eq!(cluster.kill(task.id).state, TaskState::Killed);
    node.reboot();
    let _again = cluster.registered();
    // It does not rise from the dead.
    assert!(cluster.has_room(&agent));
    assert_eq!(cluster.agent(agent.id).tasks, 0);
    assert!(!node.console().text().contains(&runs));
}

fn begin_restarting(cluster: &Cluster, agent: &Agent) -> Task {
    let module = cluster.upload_prebuilt("moving-average");
    let launch = averaging(&module)
        .env("INTERVAL_MS", "500")
        .restart(Restart::Reboot);
    let on = thermometer().restart(Restart::Reboot);
    let task = cluster.launch(agent, &on, launch);
    let _first = cluster.emitted(task.id, 1);
    task
}

fn power_off(node: &mut Node) {
    let Node::Native(node) = node else {
        panic!("its flash does not last");
    };
    node.power_off();
}
