use std::time::Duration;

use edgerm_protocol::TaskState;
use edgerm_protocol::api::Restart;
use edgerm_tests::sim::{Cluster, Conditions, TASK_RUNS_FOR};

use super::{PATIENCE, all_registered, module};

/// A node that is cut off and resets starts what is to start again, by itself; and tells how that
/// ended once it is heard, after as many resets as there may be.
#[test]
fn a_reboot_starts_tasks_again() {
    let mut cluster = Cluster::new(1, Conditions::PERFECT, 9);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let module = cluster.add_module(&module(100));
    let task = cluster.launch_to_restart(module, Restart::Reboot)[0];
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Running)));

    let address = *cluster.nodes.keys().next().unwrap();
    cluster.network.cut_off(address);
    for starts in 2..5 {
        cluster.reboot(address);
        assert!(cluster.run_until(PATIENCE, |c| c.nodes[&address].starts[&task] == starts));
    }
    cluster.run_for(TASK_RUNS_FOR * 2);
    assert_eq!(cluster.state(task), Some(TaskState::Running));
    for _ in 0..3 {
        cluster.reboot(address);
        cluster.run_for(Duration::from_millis(1));
    }

    cluster.network.join(address);
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Completed)));
    assert_eq!(cluster.nodes[&address].starts[&task], 4, "it had ended");
    cluster.check_all();
}

/// A task that is not to start again has its end told all the same.
#[test]
fn an_end_outlives_a_reboot() {
    let mut cluster = Cluster::new(1, Conditions::PERFECT, 10);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let module = cluster.add_module(&module(100));
    let task = cluster.launch_everywhere(module)[0];
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Running)));

    let address = *cluster.nodes.keys().next().unwrap();
    cluster.network.cut_off(address);
    assert!(cluster.run_until(PATIENCE, |c| c.nodes[&address].ends.contains_key(&task)));
    cluster.reboot(address);
    cluster.network.join(address);
    assert!(cluster.run_until(PATIENCE, |c| c.state(task) == Some(TaskState::Completed)));
    assert_eq!(cluster.nodes[&address].starts[&task], 1);
}
