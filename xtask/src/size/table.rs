//! What is printed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::image::Image;
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
pub(super) fn by_size<'a>(
    first: &BTreeMap<&'a str, u64>,
    second: &BTreeMap<&'a str, u64>,
) -> Vec<&'a str> {
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

/// What the agent took of RAM while it ran, in the clear and with OSCORE.
pub(super) fn ram(clear: &Memory, protected: &Memory) {
    println!("\n{:<32}{:>8}{:>8}", "RAM, bytes", "clear", "OSCORE");
    let parts = |memory: &Memory| {
        [
            ("Agent<4>", memory.agent),
            ("heap, most in use", memory.heap),
            ("heap, with gaps between blocks", memory.heap_reach),
            ("stack, Agent::new", memory.stack_of_new),
            ("stack, deepest input or output", memory.stack),
            ("counted in all", memory.total()),
        ]
    };
    for ((part, clear), (_, protected)) in parts(clear).into_iter().zip(parts(protected)) {
        println!("  {part:<30}{clear:>8}{protected:>8}");
    }
}

/// What OSCORE takes of that.
pub(super) fn oscore(image: &Image, clear: &Memory, protected: &Memory) {
    println!("\n{:<40}{:>8}", "OSCORE, bytes", "");
    for (part, bytes) in oscore_rows(image, clear, protected) {
        println!("  {part:<38}{bytes:>8}");
    }
}

pub(super) fn oscore_rows(
    image: &Image,
    clear: &Memory,
    protected: &Memory,
) -> [(&'static str, u64); 3] {
    [
        ("flash: ciphers, digests, our part", image.oscore()),
        ("RAM: a context", protected.context),
        (
            "stack: deeper by",
            protected.stack.saturating_sub(clear.stack),
        ),
    ]
}

/// A total and what it may be; true where it is over.
pub(super) fn total(of: &str, bytes: u64, budget: u64) -> bool {
    let over = bytes > budget;
    let verdict = if over { "OVER THE BUDGET" } else { "within" };
    println!("{of}: {bytes} of {budget} bytes, {verdict}");
    over
}
