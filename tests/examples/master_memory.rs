//! What the master holds of 100,000 agents, or of as many as are given: with a credential, five
//! resources, eight attributes, an OSCORE context and a running task each.
//!
//! `cargo run --release -p edgerm-tests --example master_memory [AGENTS]`
//!
//! The master is the one that ships, and agents reach it by datagrams; each is dropped before the
//! next comes. Bytes in blocks are what the master asked the allocator for; the resident set is
//! what that and the rest of the process made of it.

use std::alloc::System;
use std::fmt;
use std::time::Instant;

use edgerm_tests::fleet::{Fleet, Stage};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Agents of which the share of each stage is measured.
const SAMPLE: u32 = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agents: u32 = match std::env::args().nth(1) {
        Some(agents) => agents.parse()?,
        None => 100_000,
    };
    let before = resident_kib()?;
    let start = Instant::now();
    let (fleet, held) = grown(agents, Stage::Running);
    let after = resident_kib()?;
    let seconds = start.elapsed().as_secs();
    println!("{agents} agents with a task each, in {seconds} s");
    println!("resident: {before} KiB before, {after} KiB after");
    let each = (after - before) * 1024 / u64::from(agents);
    println!("an agent: {each} bytes resident, {held}");
    drop(fleet);

    println!("of which, among {SAMPLE}:");
    let mut known = Held::default();
    for (stage, what) in [
        (Stage::Enrolled, "enrolled"),
        (Stage::Registered, "registered"),
        (Stage::Running, "with a task"),
    ] {
        let (_, held) = grown(SAMPLE, stage);
        let more = Held {
            bytes: held.bytes - known.bytes,
            blocks: held.blocks - known.blocks,
        };
        println!("{what:>12}: {more}");
        known = held;
    }
    Ok(())
}

/// What is held of one agent.
#[derive(Default)]
struct Held {
    bytes: f64,
    blocks: f64,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} bytes in {:.1} blocks", self.bytes, self.blocks)
    }
}

/// A fleet of so many agents, and what is held of one.
fn grown(agents: u32, stage: Stage) -> (Fleet, Held) {
    let mut fleet = Fleet::new();
    let region = Region::new(ALLOCATOR);
    fleet.grow(agents, stage);
    let change = region.change();
    let each = |more: usize, fewer: usize| {
        let held = u32::try_from(more.saturating_sub(fewer)).unwrap_or(u32::MAX);
        f64::from(held) / f64::from(agents)
    };
    let held = Held {
        bytes: each(change.bytes_allocated, change.bytes_deallocated),
        blocks: each(change.allocations, change.deallocations),
    };
    (fleet, held)
}

fn resident_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    Ok(kib.unwrap_or_default().parse()?)
}
