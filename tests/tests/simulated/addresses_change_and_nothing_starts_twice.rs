use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use edgerm_protocol::TaskState;
use edgerm_tests::sim::Cluster;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::{LOSSY, PATIENCE, all_registered, module};

/// The address of the same node after so many changes.
fn after(node: SocketAddr, changes: u16) -> SocketAddr {
    let IpAddr::V4(ip) = node.ip() else {
        unreachable!("nodes have IPv4 addresses")
    };
    SocketAddr::new(ip.into(), 5683 + changes)
}

/// NATs that forget their nodes at any time, on a network that loses a tenth: tasks run once and
/// end, and nobody has to register anew.
#[test]
fn addresses_change_and_nothing_starts_twice() {
    for seed in 0..4 {
        let mut rng = Pcg32::seed_from_u64(seed);
        let mut cluster = Cluster::new(10, LOSSY, 300 + seed);
        assert!(cluster.run_until(PATIENCE, all_registered));
        let registered = count(&cluster, "keys_established");
        let module = cluster.add_module(&module(1000));
        let tasks = cluster.launch_everywhere(module);
        assert_eq!(tasks.len(), 10);
        for change in 1..40 {
            let nodes: Vec<SocketAddr> = cluster.nodes.keys().copied().collect();
            let node = nodes[usize::from(u16::try_from(rng.next_u32() >> 16).unwrap() % 10)];
            cluster.rebind(node, after(node, change));
            cluster.run_for(Duration::from_millis(u64::from(rng.next_u32() % 2_000)));
        }
        let done = |cluster: &Cluster| {
            let mut tasks = tasks.iter();
            tasks.all(|task| cluster.state(*task) == Some(TaskState::Completed))
        };
        assert!(cluster.run_until(PATIENCE, done), "seed {seed}");
        for node in cluster.nodes.values() {
            assert!(
                node.starts.values().all(|starts| *starts == 1),
                "seed {seed}"
            );
        }
        assert!(count(&cluster, "path_moved") > 10, "seed {seed}");
        assert_eq!(
            count(&cluster, "keys_established"),
            registered,
            "seed {seed}: keys outlive a change of address"
        );
        // Each is reached where it is now: the next task starts everywhere.
        let more = cluster.launch_everywhere(module);
        assert_eq!(more.len(), 10);
        let done = |cluster: &Cluster| {
            let mut tasks = more.iter();
            tasks.all(|task| cluster.state(*task) == Some(TaskState::Completed))
        };
        assert!(cluster.run_until(PATIENCE, done), "seed {seed}");
    }
}

fn count(cluster: &Cluster, what: &str) -> u64 {
    let counters = cluster.master().counters();
    counters.get(what).copied().unwrap_or(0)
}
