//! The simulated cluster: one file a behaviour.
#![cfg(test)]

mod a_partition_heals;
mod a_reboot_loses_what_ran;
mod a_reboot_starts_tasks_again;
mod a_replaced_master_ends_what_it_does_not_know;
mod a_seed_replays;
mod addresses_change_and_nothing_starts_twice;
mod duplicates_start_once;
mod hostile_agents_and_frameworks_change_nothing;
mod kills_end_tasks_in_every_phase;
mod nothing_breaks_whatever_goes_wrong;
mod reboots_at_any_time;
mod thousand_agents_lose_nothing;

use std::time::Duration;

use edgerm_tests::sim::{Cluster, Conditions};

/// A network that loses a tenth of what is sent, in both directions.
const LOSSY: Conditions = Conditions {
    loss: 100,
    duplication: 0,
    delay_min: Duration::from_millis(5),
    delay_max: Duration::from_millis(50),
    ..Conditions::PERFECT
};

/// Longer than an exchange with all its retransmissions (RFC 7252 section 4.8.2: 93 s), a few
/// times over.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether the master knows every node, and can offer it.
fn all_registered(cluster: &Cluster) -> bool {
    cluster.master().ledger().agent_count() == cluster.nodes.len()
}

/// A module of as many bytes, none of which matter here.
fn module(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}
