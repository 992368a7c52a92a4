//! The same module makes the same of the same readings, on a node as on Linux.

use std::sync::Arc;

use edgerm_framework::api::Agent;
use edgerm_tests::firmware::child::Process;
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;
use edgerm_tests::firmware::repository;

use crate::rules::Bursts;
use crate::work::averages;
use crate::{LARGE, NATIVE, NATIVE_64, RISCV, SMALL};

/// Averages that are compared: more than there are readings.
const COUNT: usize = 9;

pub(crate) fn small() {
    emits_what_linux_does(&SMALL);
}

/// More frames at once than the node has buffers for.
pub(crate) fn small_bursts() {
    let mut cluster = Cluster::behind(Arc::new(Bursts));
    let (_node, node) = cluster.join(&SMALL);
    let told = averages(&cluster, &node, 3);
    assert_eq!(told, ["temperature=21", "temperature=22", "temperature=23"]);
}

pub(crate) fn large() {
    emits_what_linux_does(&LARGE);
}

pub(crate) fn riscv() {
    emits_what_linux_does(&RISCV);
}

pub(crate) fn native() {
    emits_what_linux_does(&NATIVE);
}

pub(crate) fn native_64() {
    emits_what_linux_does(&NATIVE_64);
}

fn emits_what_linux_does(image: &Image) {
    let mut cluster = Cluster::start();
    let (_linux, linux) = join_linux(&mut cluster);
    let (_node, node) = cluster.join(image);
    let on_linux = averages(&cluster, &linux, COUNT);
    assert_eq!(
        on_linux[..3],
        ["temperature=21", "temperature=22", "temperature=23"]
    );
    assert_eq!(averages(&cluster, &node, COUNT), on_linux);
}

/// A Linux agent with a thermometer that reads what those of the boards do.
pub(crate) fn join_linux(cluster: &mut Cluster) -> (Process, Agent) {
    let readings = repository("tests/tests/zephyr/readings.csv");
    cluster.join_linux(&format!(
        r#"
        hwmon = false
        iio = false

        [[sensor]]
        label = "thermometer"
        kind = "temperature"
        simulate = {{ replay = {{ path = {readings:?}, column = 0 }} }}
        "#
    ))
}
