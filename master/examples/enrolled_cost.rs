//! What enrolled agents cost the master: memory with 100,000 of them, how long it takes to find
//! one by the key id of a datagram, and how long the disk takes to enrol one.
//!
//! `cargo run --release -p edgerm-master --example enrolled_cost`

use std::hint::black_box;
use std::path::Path;
use std::time::Instant as Clock;

use edgerm_master::Store;
use edgerm_master::access::{Agents, Draw};
use edgerm_protocol::Instant;

const AGENTS: usize = 100_000;
const KEPT: usize = 1000;

fn main() -> anyhow::Result<()> {
    let now = Instant::from_millis(1_800_000_000_000);
    let before = resident_kib()?;
    let mut agents = Agents::new(AGENTS);
    for index in 0..AGENTS {
        let name = format!("greenhouse-{index:06}");
        agents.put(agents.draw(&name, None, now, Draw::from_system)?);
    }
    let bytes = (resident_kib()? - before) * 1024 / AGENTS;
    println!("{AGENTS} agents enrolled: {bytes} bytes each");

    let keys: Vec<[u8; 4]> = agents
        .list(None)
        .map(|agent| agent.credential.key_id())
        .collect();
    let start = Clock::now();
    for key in &keys {
        black_box(agents.by_key_id(*key));
    }
    let known = start.elapsed().as_nanos() / keys.len() as u128;
    println!("found by key id in {known} ns, each in its turn");

    let folder = tempfile::tempdir_in(Path::new("."))?;
    let path = folder.path().join("master.redb");
    let store = Store::open(&path)?;
    let start = Clock::now();
    for agent in agents.list(None).take(KEPT) {
        store.put_enrolled(agent)?;
    }
    let each = start.elapsed().as_micros() / KEPT as u128;
    let size = std::fs::metadata(&path)?.len() / 1024;
    println!("on the disk in {each} us each; a file with {KEPT} has {size} KiB");
    Ok(())
}

fn resident_kib() -> anyhow::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    Ok(kib.unwrap_or_default().parse()?)
}
