//! The page that keeps the figures: docs/sizes.md.

use std::collections::BTreeMap;

use super::image::Image;
use super::probe::Memory;
use super::table;

/// The page, with what the agent may take of flash and RAM.
pub(super) fn page(
    image: &Image,
    clear: &Memory,
    protected: &Memory,
    flash: u64,
    ram: u64,
) -> String {
    format!(
        "# What the agent takes of a Cortex-M3\n\n\
         `agent-core` with `coap` and `protocol`, alone on a bare Cortex-M3, built with \
         `.cargo/firmware.toml`,\n`.cargo/firmware-small.toml` and no frame pointers. \
         `cargo xtask size --write docs/sizes.md` weighs\nthem, runs them in QEMU through a life \
         of registration, fetches, outputs, kills and a farewell, once\nin the clear and once \
         with OSCORE, and writes this page. CI fails where the agent takes more than it\nmay. \
         Figures differ by some bytes from compiler to compiler.\n\n\
         {}\n{}\n{}",
        flash_section(image, flash),
        ram_section(clear, protected, ram),
        oscore_section(image, clear, protected)
    )
}

fn flash_section(image: &Image, budget: u64) -> String {
    let groups = image.groups();
    let rows: String = table::by_size(&groups, &BTreeMap::new())
        .into_iter()
        .map(|group| format!("| {group} | {} |\n", groups[group]))
        .collect();
    let total = image.counted();
    format!(
        "## Flash\n\n| of | bytes |\n|---|---:|\n{rows}\
         | **counted in all, of {budget}** | **{total}** |\n"
    )
}

fn ram_section(clear: &Memory, protected: &Memory, budget: u64) -> String {
    let parts = |memory: &Memory| {
        let stack = memory.stack.max(memory.stack_of_new);
        [
            ("the agent, with a table of four tasks", memory.agent),
            ("its heap, with the gaps between blocks", memory.heap_reach),
            ("the deepest stack of an input or output", stack),
        ]
    };
    let rows: String = parts(clear)
        .into_iter()
        .zip(parts(protected))
        .map(|((of, clear), (_, protected))| format!("| {of} | {clear} | {protected} |\n"))
        .collect();
    let (clear, protected) = (clear.total(), protected.total());
    format!(
        "## RAM\n\n| of | in the clear | with OSCORE |\n|---|---:|---:|\n{rows}\
         | **counted in all, of {budget}** | {clear} | **{protected}** |\n"
    )
}

fn oscore_section(image: &Image, clear: &Memory, protected: &Memory) -> String {
    let rows: String = table::oscore_rows(image, clear, protected)
        .into_iter()
        .map(|(of, bytes)| format!("| {of} | {bytes} |\n"))
        .collect();
    format!(
        "## OSCORE\n\nOf the figures above, and without what the compiler has put into the \
         agent's functions:\n\n| of | bytes |\n|---|---:|\n{rows}"
    )
}
