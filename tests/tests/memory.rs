//! What a master holds of an agent is so little that 100,000 of them fit in 300 MB.

use std::alloc::System;

use edgerm_tests::fleet::{Fleet, Stage};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Enough that what a master holds of none weighs little.
const AGENTS: u32 = 2_000;

/// Most bytes that one may take: 300 MB by 100,000.
const LIMIT: usize = 3_000;

/// Bytes that glibc's allocator takes for a block beside those asked for, at most: a word, and
/// what is left to the next multiple of two.
const A_BLOCK: usize = 16;

#[test]
fn an_agent_with_a_task_takes_so_little_that_100_000_fit_in_300_mb() {
    let mut fleet = Fleet::new();
    let region = Region::new(ALLOCATOR);
    fleet.grow(AGENTS, Stage::Running);
    let change = region.change();
    assert_eq!(
        u32::try_from(fleet.master().ledger().agent_count()),
        Ok(AGENTS)
    );

    let agents = usize::try_from(AGENTS).expect("few");
    let bytes = change.bytes_allocated - change.bytes_deallocated;
    let blocks = change.allocations - change.deallocations;
    let each = (bytes + A_BLOCK * blocks) / agents;
    assert!(
        each <= LIMIT,
        "{each} bytes an agent, of which {} asked for in {:.1} blocks; at most {LIMIT}",
        bytes / agents,
        f64::from(u32::try_from(blocks).expect("few")) / f64::from(AGENTS),
    );
}
