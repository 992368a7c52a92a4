//! What a node tells of itself when it joins, as `edgerm agents` shows it.

use edgerm_framework::TaskState;
use edgerm_framework::api::AgentState;
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::command;
use edgerm_tests::firmware::image::Image;

use crate::work::begin_averaging;
use crate::{LARGE, NATIVE, NATIVE_64, PLAIN_NATIVE, RISCV, SMALL};

pub(crate) fn small() {
    let columns = ["0/1", "0/1", "0 B/5 KiB", "thermometer:temperature"];
    joins(&SMALL, "arm", &columns);
}

pub(crate) fn large() {
    let columns = [
        "0/4",
        "0/1",
        "0 B/512 KiB",
        "USERLED0:led,USERLED1:led,thermometer:temperature",
    ];
    joins(&LARGE, "arm", &columns);
}

pub(crate) fn riscv() {
    let columns = ["0/4", "0/1", "0 B/512 KiB", "thermometer:temperature"];
    joins(&RISCV, "riscv32", &columns);
}

const ON_LINUX: [&str; 4] = [
    "0/2",
    "0/1",
    "0 B/256 KiB",
    "Green LED:led,thermometer:temperature",
];

pub(crate) fn native() {
    joins(&NATIVE, "x86", &ON_LINUX);
}

pub(crate) fn native_64() {
    joins(&NATIVE_64, "x86_64", &ON_LINUX);
}

/// Called by its board and its link address, and taken where nobody has to prove anything.
pub(crate) fn native_plain() {
    let mut cluster = Cluster::plain();
    let (_node, agent) = cluster.join(&PLAIN_NATIVE);
    let address = agent.name.strip_prefix(PLAIN_NATIVE.board.name());
    let address = address.and_then(|rest| rest.strip_prefix('-'));
    let digits = |digits: &str| digits.len() == 6 && u32::from_str_radix(digits, 16).is_ok();
    assert!(address.is_some_and(digits), "{}", agent.name);
    assert!(!agent.proven, "{agent:?}");
}

/// A node whose credential was revoked is given up at once, and told so when it comes back.
pub(crate) fn large_revoked() {
    let mut cluster = Cluster::start();
    let (mut node, agent) = cluster.join(&LARGE);
    let task = begin_averaging(&cluster, &agent);
    let revoked = cluster.client().revoke_credential(&agent.name);
    cluster.wait("the revocation", revoked);
    assert_eq!(cluster.end(task.id).state, TaskState::Lost);
    node.reboot();
    let why = "the master does not take this node's credential";
    let _line = node.console().line_with(0, why);
    assert_eq!(cluster.agent(agent.id).state, AgentState::Gone);
}

/// A node that is to have a credential in its settings, and has none.
pub(crate) const UNENROLLED: Image =
    PLAIN_NATIVE.with("unenrolled", &["CONFIG_EDGERM_SECURITY_SETTINGS=y"]);

/// It says so and stays out, though the master would take anybody.
pub(crate) fn native_unenrolled() {
    let cluster = Cluster::plain();
    let node = cluster.boot(&UNENROLLED);
    let _line = node
        .console()
        .line_with(0, "no credential, so the node stays out");
    let agents = cluster.wait("the agents", cluster.client().agents().all());
    assert!(agents.is_empty(), "{agents:?}");
}

/// `columns` are tasks, cores, memory and devices.
fn joins(image: &Image, arch: &str, columns: &[&str; 4]) {
    let mut cluster = Cluster::start();
    let (_node, agent) = cluster.join(image);
    let board = image.board.name();
    assert_eq!(agent.name, image.board.node());
    assert!(agent.proven, "{agent:?}");

    let told = command::text(&["agents"]);
    let row = told.lines().find(|line| line.contains(&agent.name));
    let row = row.expect("its row");
    // Columns are parted by two spaces at least.
    let cells: Vec<&str> = row.split("  ").map(str::trim).collect();
    let cells: Vec<&str> = cells.into_iter().filter(|cell| !cell.is_empty()).collect();
    let [_, name, state, tasks, cores, memory, devices, platform, _] = cells[..] else {
        panic!("{told}");
    };
    assert_eq!((name, state), (&*agent.name, "registered"));
    assert_eq!([tasks, cores, memory, devices], *columns);
    assert_eq!(platform, format!("zephyr/{arch}/{board}"));
}
