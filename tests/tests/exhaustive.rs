//! Every state of a small cluster, with the machines that ship. The larger ones are explored by
//! `cargo run --release -p edgerm-tests --example explore`.
#![cfg(test)]

use std::sync::{Mutex, PoisonError};

use edgerm_protocol::planted::{Bug, plant};
use edgerm_tests::exhaustive::{Cluster, Report, explore};

/// A bug is planted into the whole process: one search at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Those of the offer and task machines; the others are of the wire below.
const BUGS: [Bug; 11] = [
    Bug::DropLastUpdate,
    Bug::TellUnwritten,
    Bug::BeginUnwritten,
    Bug::LaunchTwice,
    Bug::OverwriteEnd,
    Bug::AcceptTwice,
    Bug::SubtractTwice,
    Bug::OfferDeviceTwice,
    Bug::OfferUnreachable,
    Bug::KeepOffers,
    Bug::LoseKill,
];

fn explored(cluster: Cluster, bug: Option<Bug>) -> Report {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    plant(bug);
    let report = explore(cluster, false);
    plant(None);
    println!("{report}");
    report
}

fn holds(cluster: Cluster) {
    let report = explored(cluster, None);
    if let Some(violation) = report.violation {
        panic!("{violation}");
    }
    assert!(report.quiet > 0, "the cluster comes to rest");
}

#[test]
fn one_agent_with_a_fault_and_a_crash_loses_nothing() {
    holds(Cluster::one_agent());
}

#[test]
fn a_framework_leaves_an_agent_that_pings_and_nothing_of_it_runs_on() {
    holds(Cluster::leaving());
}

#[test]
fn two_agents_with_two_frameworks_agree_with_the_ledger_on_three_tasks() {
    holds(Cluster::two_agents());
}

#[test]
fn each_planted_bug_of_these_machines_is_found_by_a_shortest_way() {
    for bug in BUGS {
        let report = explored(Cluster::one_agent(), Some(bug));
        let violation = report.violation;
        let violation = violation.unwrap_or_else(|| panic!("{} is not found", bug.name()));
        assert!(!violation.steps.is_empty(), "a way led there");
        println!("{}:\n{violation}", bug.name());
    }
}
