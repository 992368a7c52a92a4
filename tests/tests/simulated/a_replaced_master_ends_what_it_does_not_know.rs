use edgerm_protocol::TaskState;
use edgerm_tests::sim::{Cluster, Conditions};

use super::{PATIENCE, all_registered, module};

/// A master that remembers nothing ends the tasks it does not know, rather than to offer what
/// they hold; agents keep their ids.
#[test]
fn a_replaced_master_ends_what_it_does_not_know() {
    let mut cluster = Cluster::new(3, Conditions::PERFECT, 4);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let bytes = module(100);
    let module = cluster.add_module(&bytes);
    let tasks = cluster.launch_everywhere(module);
    let runs = |cluster: &Cluster| {
        tasks
            .iter()
            .all(|task| cluster.state(*task) == Some(TaskState::Running))
    };
    assert!(cluster.run_until(PATIENCE, runs));
    let ids =
        |cluster: &Cluster| -> Vec<_> { cluster.nodes.values().map(|node| node.id()).collect() };
    let before = ids(&cluster);

    cluster.replace_master();
    let settled = |cluster: &Cluster| {
        all_registered(cluster) && cluster.nodes.values().all(|node| node.is_idle())
    };
    assert!(cluster.run_until(PATIENCE, settled), "unknown tasks end");
    assert_eq!(ids(&cluster), before);
    let module = cluster.add_module(&bytes);
    assert_eq!(
        cluster.launch_everywhere(module).len(),
        3,
        "all is offered again"
    );
}
