use edgerm_protocol::TaskState;
use edgerm_tests::sim::{Cluster, Conditions};

use super::{PATIENCE, all_registered, module};

/// A node that resets in the middle of a task registers anew; the task is LOST, what it held
/// is free, and the same agent is offered again.
#[test]
fn a_reboot_loses_what_ran() {
    let mut cluster = Cluster::new(1, Conditions::PERFECT, 3);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let module = cluster.add_module(&module(100));
    let task = cluster.launch_everywhere(module)[0];
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Running)));

    let address = *cluster.nodes.keys().next().unwrap();
    cluster.reboot(address);
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Lost)));
    cluster.check_all();
    let again = cluster.launch_everywhere(module);
    assert_eq!(again.len(), 1, "the exclusive device is free again");
    assert!(cluster.run_until(PATIENCE, |c| c.state(again[0])
        == Some(TaskState::Completed)));
    assert_eq!(
        cluster.master().ledger().agent_count(),
        1,
        "it is the same agent"
    );
}
