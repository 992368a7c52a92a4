use std::time::Duration;

use edgerm_protocol::TaskState;
use edgerm_tests::sim::{Cluster, Conditions};

use super::{PATIENCE, all_registered, module};

/// Datagrams that are duplicated and overtake each other by seconds start no task twice, and
/// tell no output twice.
#[test]
fn duplicates_start_once() {
    let chaos = Conditions {
        loss: 50,
        duplication: 400,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_secs(5),
        ..Conditions::PERFECT
    };
    let mut cluster = Cluster::new(50, chaos, 7);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let module = cluster.add_module(&module(200));
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.extend(cluster.launch_everywhere(module));
        let ended = |cluster: &Cluster| {
            tasks
                .iter()
                .all(|task| cluster.state(*task).is_some_and(TaskState::is_terminal))
        };
        assert!(cluster.run_until(PATIENCE, ended));
    }
    assert!(
        tasks.len() >= 150,
        "most agents took several tasks, {} in all",
        tasks.len()
    );
    for node in cluster.nodes.values() {
        assert!(
            node.starts.values().all(|starts| *starts == 1),
            "{:?}",
            node.starts
        );
    }
    for task in &tasks {
        assert_eq!(cluster.state(*task), Some(TaskState::Completed), "{task}");
        assert_eq!(cluster.outputs[task].len(), 1, "{task}");
    }
    cluster.check_all();
}
