//! What is printed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::image::Image;
use super::oscore::Figures;
use super::probe::Memory;

/// The probe's flash by crate, with either set of flags.
pub(super) fn flash(plain: &Image, small: &Image) {
    let (plain_groups, small_groups) = (plain.groups(), small.groups());
    println!("{:<32}{:>8}{:>8}", "flash, bytes", "stable", "small");
    for group in by_size(&small_groups, &plain_groups) {
        let bytes = |groups: &BTreeMap<&str, u64>| groups.get(group).copied().unwrap_or(0);
        println!(
            "  {group:<30}{:>8}{:>8}",
            bytes(&plain_groups),
            bytes(&small_groups)
        );
    }
    println!(
        "  {:<30}{:>8}{:>8}",
        "counted in all",
        plain.counted(),
        small.counted()
    );
}

/// Every group of either, the largest of the first first.
fn by_size<'a>(first: &BTreeMap<&'a str, u64>, second: &BTreeMap<&'a str, u64>) -> Vec<&'a str> {
    let mut groups: Vec<&str> = first.keys().chain(second.keys()).copied().collect();
    groups.sort_by_key(|group| (Reverse(first.get(group)), *group));
    groups.dedup();
    groups
}

/// Another image's flash by crate; what is C has no crate.
pub(super) fn groups(name: &str, image: &Image) {
    println!("\n{name}, bytes of flash");
    let groups = image.groups();
    for group in by_size(&groups, &BTreeMap::new()) {
        println!("  {group:<38}{:>8}", groups[group]);
    }
}

/// The largest symbols.
pub(super) fn symbols(image: &Image, count: usize) {
    for symbol in image.symbols.iter().take(count) {
        println!("  {:>6} {}", symbol.bytes, symbol.name);
    }
}

/// What the agent took of RAM while it ran.
pub(super) fn ram(memory: &Memory) {
    println!("\n{:<40}{:>8}", "RAM, bytes", "");
    for (part, bytes) in [
        ("Agent<4>", memory.agent),
        ("heap, most in use", memory.heap),
        ("heap, with gaps between blocks", memory.heap_reach),
        ("stack, Agent::new", memory.stack_of_new),
        ("stack, deepest input or output", memory.stack),
    ] {
        println!("  {part:<38}{bytes:>8}");
    }
}

/// What OSCORE takes on top.
pub(super) fn oscore(figures: &Figures) {
    println!("\n{:<40}{:>8}", "OSCORE on top, bytes", "");
    for (part, bytes) in figures.rows() {
        println!("  {part:<38}{bytes:>8}");
    }
}

/// The page that keeps the figures.
pub(super) fn page(
    image: &Image,
    memory: &Memory,
    oscore: &Figures,
    flash: u64,
    ram: u64,
) -> String {
    let groups = image.groups();
    let flash_rows = by_size(&groups, &BTreeMap::new())
        .into_iter()
        .map(|group| (group, groups[group]));
    let ram_rows = [
        ("the agent, with a table of four tasks", memory.agent),
        ("its heap, with the gaps between blocks", memory.heap_reach),
        (
            "the deepest stack of an input or output",
            memory.stack.max(memory.stack_of_new),
        ),
    ];
    format!(
        "# What the agent takes of a Cortex-M3\n\n\
         `agent-core` with `coap` and `protocol`, alone on a bare Cortex-M3, built with \
         `.cargo/firmware.toml`,\n`.cargo/firmware-small.toml` and no frame pointers. \
         `cargo xtask size --write docs/sizes.md` weighs\nthem, runs them in QEMU through a life \
         of registration, fetches, outputs, kills and a farewell,\nand writes this page. CI fails \
         where the agent takes more than it may. Figures differ by some\nbytes from compiler to \
         compiler.\n\n\
         {}\n{}\n{}",
        section("Flash", flash_rows, image.counted(), flash),
        section("RAM", ram_rows, memory.total(), ram),
        oscore_section(oscore)
    )
}

fn section<'a>(
    title: &str,
    rows: impl IntoIterator<Item = (&'a str, u64)>,
    total: u64,
    budget: u64,
) -> String {
    let rows: String = rows
        .into_iter()
        .map(|(of, bytes)| format!("| {of} | {bytes} |\n"))
        .collect();
    format!(
        "## {title}\n\n| of | bytes |\n|---|---:|\n{rows}\
         | **counted in all, of {budget}** | **{total}** |\n"
    )
}

fn oscore_section(figures: &Figures) -> String {
    let rows: String = figures
        .rows()
        .into_iter()
        .map(|(of, bytes)| format!("| {of} | {bytes} |\n"))
        .collect();
    format!(
        "## OSCORE\n\nThe agent does not call it yet, so it is in none of the figures above. On \
         top it would take:\n\n| of | bytes |\n|---|---:|\n{rows}"
    )
}

/// A total and what it may be; true where it is over.
pub(super) fn total(of: &str, bytes: u64, budget: u64) -> bool {
    let over = bytes > budget;
    let verdict = if over { "OVER THE BUDGET" } else { "within" };
    println!("{of}: {bytes} of {budget} bytes, {verdict}");
    over
}
