use edgerm_protocol::TaskState;
use edgerm_tests::sim::Cluster;

use super::{LOSSY, PATIENCE, all_registered, module};

/// A thousand agents in one process, each running one task to its end through a loss of a
/// tenth in both directions: every task ends once, every output arrives once.
#[test]
fn thousand_agents_lose_nothing() {
    let mut cluster = Cluster::new(1_000, LOSSY, 1);
    assert!(
        cluster.run_until(PATIENCE, all_registered),
        "all agents register"
    );
    let module = cluster.add_module(&module(300));
    let tasks = cluster.launch_everywhere(module);
    assert_eq!(tasks.len(), 1_000, "one task on each agent");

    let ended = |cluster: &Cluster| {
        tasks
            .iter()
            .all(|task| cluster.state(*task).is_some_and(TaskState::is_terminal))
    };
    assert!(cluster.run_until(PATIENCE, ended), "every task ends");
    for task in &tasks {
        let states = &cluster.history[task];
        let terminal: Vec<_> = states.iter().filter(|state| state.is_terminal()).collect();
        assert_eq!(terminal, [&TaskState::Completed], "{task}: {states:?}");
        assert_eq!(
            cluster.outputs[task],
            [task.to_string()],
            "{task} said its id once"
        );
    }
    let starts: Vec<u32> = cluster
        .nodes
        .values()
        .flat_map(|node| node.starts.values().copied())
        .collect();
    assert_eq!(starts, [1; 1_000], "every task was started once");
    let idle = |cluster: &Cluster| cluster.nodes.values().all(|node| node.is_idle());
    assert!(
        cluster.run_until(PATIENCE, idle),
        "nothing is left on any node"
    );
    assert!(
        cluster
            .master()
            .ledger()
            .agents(None)
            .all(|agent| agent.used.is_empty())
    );
    cluster.check_all();
}
