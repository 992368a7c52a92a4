use std::collections::BTreeSet;
use std::time::Duration;

use edgerm_protocol::api::Restart;
use edgerm_protocol::{TaskId, TaskState};
use edgerm_tests::sim::Cluster;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::{LOSSY, PATIENCE, all_registered, module};

const NODES: u16 = 20;

/// Nodes that reset at any time, on a network that loses a tenth: what was to start again is never
/// LOST, nor is an end that was written; and once the master has heard an end, nothing starts the
/// task again, which every step of the cluster checks.
#[test]
fn reboots_at_any_time() {
    let (mut lost, mut restarted) = (0, 0);
    for seed in 0..4 {
        let mut rng = Pcg32::seed_from_u64(seed);
        let mut cluster = Cluster::new(NODES, LOSSY, 100 + seed);
        assert!(cluster.run_until(PATIENCE, all_registered));
        let mut to_restart = BTreeSet::new();
        let mut tasks = Vec::new();
        for round in 0..6 {
            let module = cluster.add_module(&module(100 + round));
            let restart = [Restart::Reboot, Restart::No][round % 2];
            let launched = cluster.launch_to_restart(module, restart);
            if restart == Restart::Reboot {
                to_restart.extend(launched.iter().copied());
            }
            tasks.extend(launched);
            for _ in 0..40 {
                let mut nodes = cluster.nodes.keys();
                let victim = usize::from(u16::try_from(rng.next_u32() >> 16).unwrap() % NODES);
                let victim = *nodes.nth(victim).unwrap();
                cluster.reboot(victim);
                cluster.run_for(Duration::from_millis(u64::from(rng.next_u32() % 200)));
                cluster.check_all();
            }
            if let Some(task) = tasks.last() {
                cluster.kill(*task);
            }
            let ended = |cluster: &Cluster| {
                let mut tasks = tasks.iter();
                tasks.all(|task| cluster.state(*task).is_some_and(TaskState::is_terminal))
            };
            assert!(cluster.run_until(PATIENCE, ended), "seed {seed}, {round}");
        }
        let is_lost = |task: &TaskId| cluster.state(*task) == Some(TaskState::Lost);
        lost += tasks.iter().filter(|task| is_lost(task)).count();
        for node in cluster.nodes.values() {
            for task in node.starts.keys().filter(|task| is_lost(task)) {
                assert!(!to_restart.contains(task), "seed {seed}: {task} is LOST");
                assert!(
                    !node.ends.contains_key(task),
                    "seed {seed}: {task}'s end is"
                );
            }
            restarted += node.starts.values().filter(|starts| **starts > 1).count();
        }
        let idle = |cluster: &Cluster| cluster.nodes.values().all(|node| node.is_idle());
        assert!(cluster.run_until(PATIENCE, idle), "nothing is left");
        cluster.check_all();
    }
    assert!(
        lost >= 10 && restarted >= 10,
        "{lost} lost, {restarted} restarted"
    );
}
