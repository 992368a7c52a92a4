//! Nothing of a node is used up by tasks that come and go.

use std::collections::BTreeMap;
use std::env;

use edgerm_framework::api::{Agent, Module};
use edgerm_framework::{Launch, TaskState};
use edgerm_tests::firmware::cluster::Cluster;
use edgerm_tests::firmware::image::Image;
use edgerm_tests::firmware::node::Node;

use crate::LARGE;
use crate::work::thermometer;

/// The variable that says how many tasks come and go.
const ROUNDS: &str = "EDGERM_LEAK_ROUNDS";

/// As many unless told.
const USUAL_ROUNDS: usize = 1000;

/// Rounds at each end of which the best is compared: what is on its way differs between them.
const WINDOW: usize = 10;

/// A node that logs what is free when a task has ended.
pub(crate) const DIAGNOSED: Image = LARGE.with(
    "diagnosed",
    &[
        "CONFIG_EDGERM_DIAGNOSTICS=y",
        "CONFIG_SYS_HEAP_RUNTIME_STATS=y",
        "CONFIG_NET_BUF_POOL_USAGE=y",
        "CONFIG_THREAD_MONITOR=y",
        "CONFIG_THREAD_STACK_INFO=y",
        "CONFIG_INIT_STACKS=y",
    ],
);

/// Rounds in which what is made once is made: among it the log lines of as many tasks as a node
/// keeps lines of, which are its slots and one, where one task in four has any to keep.
const WARM: usize = 3 * WINDOW;

/// What is free, by its name.
type Free = BTreeMap<String, i64>;

pub(crate) fn none() {
    let rounds = env::var(ROUNDS).map_or(USUAL_ROUNDS, |rounds| {
        rounds.parse().expect("a number in EDGERM_LEAK_ROUNDS")
    });
    let mut cluster = Cluster::start();
    let (node, agent) = cluster.join(&DIAGNOSED);
    let modules =
        ["spin", "moving-average", "hello", "trap"].map(|name| cluster.upload_prebuilt(name));
    let mut told = Vec::with_capacity(rounds);
    for module in modules.iter().cycle().take(rounds.max(8 * WINDOW)) {
        told.push(come_and_go(&cluster, &node, &agent, module));
    }
    let before = best(&told[WARM..WARM + WINDOW]);
    let after = best(&told[told.len() - WINDOW..]);
    eprintln!(
        "free after {WINDOW} tasks: {before:?}\nafter {}: {after:?}",
        told.len()
    );
    let tasks = i64::try_from(told.len()).expect("not so many");
    for (what, before) in before {
        let after = after[&what];
        match &*what {
            // The deepest so far: they may only not be full.
            "agent stack" | "task stack" => assert!(after >= 256, "{what}: {after}"),
            // Not a byte in four tasks; what is on its way has not always the same size.
            "heap" | "settings" => {
                assert!(before - after < tasks / 4, "{what}: {before}, then {after}");
            }
            _ => assert_eq!(after, before, "{what}"),
        }
    }
}

fn come_and_go(cluster: &Cluster, node: &Node, agent: &Agent, module: &Module) -> Free {
    let position = node.console().position();
    let launch = Launch::new("comes", module);
    let task = cluster.launch(agent, &thermometer(), launch);
    let running = cluster.state(task.id, TaskState::Running);
    let ended = match running.state.is_terminal() {
        true => running,
        false => cluster.kill(task.id),
    };
    assert!(ended.state.is_terminal(), "{ended:?}");
    node.console().find(position, "what is free", free)
}

/// `free: heap 1000, rx 4, ...`
fn free(line: &str) -> Option<Free> {
    let (_, told) = line.split_once("free: ")?;
    let each = told.split(", ").map(|one| {
        let (what, number) = one.rsplit_once(' ')?;
        Some((what.to_owned(), number.parse().ok()?))
    });
    each.collect()
}

/// The most of each.
fn best(rounds: &[Free]) -> Free {
    let mut best = Free::new();
    for (what, number) in rounds.iter().flatten() {
        let most = best.entry(what.clone()).or_insert(*number);
        *most = (*most).max(*number);
    }
    best
}
