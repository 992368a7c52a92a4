use edgerm_protocol::TaskState;
use edgerm_protocol::api::AgentState;
use edgerm_tests::sim::{Cluster, Conditions, TASK_RUNS_FOR};

use super::{PATIENCE, all_registered, module};

/// A node that is cut off goes on with its task, and tells its end once it is heard again.
#[test]
fn a_partition_heals() {
    let mut cluster = Cluster::new(2, Conditions::PERFECT, 2);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let module = cluster.add_module(&module(100));
    let tasks = cluster.launch_everywhere(module);
    let runs = |cluster: &Cluster| {
        tasks
            .iter()
            .all(|task| cluster.state(*task) == Some(TaskState::Running))
    };
    assert!(cluster.run_until(PATIENCE, runs));

    let address = *cluster.nodes.keys().next().unwrap();
    let id = cluster.nodes[&address].id().unwrap();
    let state = |cluster: &Cluster| cluster.master().ledger().agent(id).unwrap().state;
    let cut_off_task = *cluster.nodes[&address].starts.keys().next().unwrap();
    cluster.network.cut_off(address);
    cluster.run_for(TASK_RUNS_FOR * 100);
    assert_eq!(
        cluster.state(cut_off_task),
        Some(TaskState::Running),
        "no news is no end"
    );
    assert_eq!(state(&cluster), AgentState::Unreachable);
    assert!(
        cluster.launch_everywhere(module).len() < 2,
        "a silent agent is not offered"
    );

    cluster.network.join(address);
    let completed = |cluster: &Cluster| cluster.state(cut_off_task) == Some(TaskState::Completed);
    assert!(
        cluster.run_until(PATIENCE, completed),
        "the end is told late, not never"
    );
    assert_eq!(state(&cluster), AgentState::Registered);
    assert_eq!(cluster.outputs[&cut_off_task].len(), 1);
}
