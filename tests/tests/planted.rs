//! The simulator finds what it is there to find: bugs planted into the machines that ship.
#![cfg(test)]

use std::time::Duration;

use edgerm_protocol::planted::Bug;
use edgerm_tests::sim::{self, Options};

/// Seeds within which each bug is to be found.
const SEEDS: u64 = 200;

/// Every bug, within so many seeds of small clusters; which without one are clean.
#[test]
fn every_planted_bug_is_found_within_200_seeds() {
    for bug in Bug::ALL {
        let options = |seed| Options {
            seed,
            agents: 8,
            time: Duration::from_secs(2_400),
            storm: Duration::from_secs(1_800),
            bug: Some(bug),
            ..Options::default()
        };
        let mut failures = (0..SEEDS)
            .map(options)
            .map(|options| sim::run(options).err());
        let found = failures.position(|failure| failure.is_some());
        let found = found.unwrap_or_else(|| panic!("{} is not found", bug.name()));
        println!("{}: seed {found}", bug.name());
    }
}
