use std::time::Duration;

use edgerm_protocol::TaskState;
use edgerm_tests::sim::Cluster;

use super::{LOSSY, PATIENCE, all_registered, module};

/// A kill that comes at any time, from before the launch is sent until after the end, ends the
/// task and frees what it held.
#[test]
fn kills_end_tasks_in_every_phase() {
    let mut cluster = Cluster::new(10, LOSSY, 8);
    assert!(cluster.run_until(PATIENCE, all_registered));
    let mut killed = 0;
    for delay in [0, 10, 40, 80, 150, 300, 600, 1_000, 3_000] {
        // Each time another module, so that it is fetched anew.
        let module = cluster.add_module(&module(400 + delay));
        let tasks = cluster.launch_everywhere(module);
        assert_eq!(tasks.len(), 10, "everything is free after the kills before");
        cluster.run_for(Duration::from_millis(u64::try_from(delay).unwrap()));
        for task in &tasks {
            cluster.kill(*task);
        }
        let ended = |cluster: &Cluster| {
            tasks
                .iter()
                .all(|task| cluster.state(*task).is_some_and(TaskState::is_terminal))
        };
        assert!(
            cluster.run_until(PATIENCE, ended),
            "killed after {delay} ms"
        );
        for task in &tasks {
            match cluster.state(*task) {
                Some(TaskState::Killed) => killed += 1,
                state => assert_eq!(state, Some(TaskState::Completed), "after {delay} ms"),
            }
        }
        cluster.check_all();
    }
    assert!(killed >= 50, "most kills came in time: {killed}");
    cluster.run_for(PATIENCE);
    assert!(cluster.nodes.values().all(|node| node.is_idle()));
}
