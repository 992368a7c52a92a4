//! No key meets a nonce twice, whatever happens to either end: all that a simulated cluster
//! encrypts in its whole history is watched. It is alone in its process, whose nonces it counts.
#![cfg(test)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use edgerm_coap::oscore::audit;
use edgerm_tests::sim::{Cluster, Conditions, Storage};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

const NODES: u16 = 8;

const NETWORK: Conditions = Conditions {
    loss: 100,
    duplication: 100,
    delay_min: Duration::from_millis(5),
    delay_max: Duration::from_secs(3),
    ..Conditions::PERFECT
};

/// Nodes that reboot with their storage intact, rolled back or erased, masters that are replaced,
/// NATs that forget, and a network that loses, doubles and reorders.
#[test]
fn no_key_meets_a_nonce_twice() {
    audit::begin();
    let (mut reboots, mut masters) = (0, 0);
    for seed in 0..6 {
        let mut rng = Pcg32::seed_from_u64(seed);
        let mut draw = |under: u32| rng.next_u32() % under;
        // Nodes and masters of each round have the secrets of the rounds before: a seed that
        // is another is entropy that is another.
        let mut cluster = Cluster::new(NODES, NETWORK, 1000 + seed);
        let mut snapshots: BTreeMap<String, Storage> = BTreeMap::new();
        for round in 0..120_u16 {
            let nodes: Vec<SocketAddr> = cluster.nodes.keys().copied().collect();
            let node = nodes[draw(NODES.into()) as usize];
            match draw(8) {
                0 => cluster.reboot(node),
                1 => cluster.reboot_with(node, Storage::default()),
                2 => {
                    let before = snapshots.get(cluster.nodes[&node].name());
                    let before = before.cloned().unwrap_or_default();
                    cluster.reboot_with(node, before);
                }
                3 => {
                    cluster.replace_master();
                    masters += 1;
                }
                4 => cluster.rebind(node, SocketAddr::new(node.ip(), 6000 + round)),
                5 => {
                    let node = &cluster.nodes[&node];
                    snapshots.insert(node.name().to_owned(), node.storage());
                }
                _ => {
                    let bytes = vec![0; 200 + usize::from(round)];
                    let module = cluster.add_module(&bytes);
                    cluster.launch_everywhere(module);
                }
            }
            reboots += 1;
            cluster.run_for(Duration::from_millis(draw(20_000).into()));
        }
        let back =
            |cluster: &Cluster| cluster.master().ledger().agent_count() == cluster.nodes.len();
        assert!(cluster.run_until(Duration::from_secs(600), back), "{seed}");
    }
    let seals = audit::seals();
    println!(
        "{} messages with {} keys, {reboots} accidents, {masters} masters: {} repeated",
        seals.messages(),
        seals.keys(),
        seals.repeated()
    );
    assert!(
        seals.keys() > 1000 && seals.messages() > 20_000,
        "{seals:?}"
    );
    assert_eq!(seals.repeated(), 0);
}
