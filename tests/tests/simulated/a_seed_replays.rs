use std::time::Duration;

use edgerm_tests::sim::Cluster;

use super::{LOSSY, PATIENCE, all_registered, module};

/// The same seed gives the same run, to the datagram; another seed another one.
#[test]
fn a_seed_replays() {
    let run = |seed| {
        let mut cluster = Cluster::new(20, LOSSY, seed);
        cluster.run_until(PATIENCE, all_registered);
        let module = cluster.add_module(&module(200));
        cluster.launch_everywhere(module);
        cluster.run_for(Duration::from_secs(60));
        (cluster.network.sent(), cluster.history)
    };
    let first = run(5);
    assert_eq!(first, run(5));
    assert_ne!(first.0, run(6).0);
}
