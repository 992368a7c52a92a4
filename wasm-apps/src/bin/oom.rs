#![no_std]
#![no_main]
//! `oom` grows its memory page by page, for ever: its node ends it at the limit of its launch.
//! Where a node only refuses to grow, it exits with code 1.

use core::arch::wasm32::memory_grow;

edgerm_task::main!(run);

fn run() -> i32 {
    while memory_grow(0, 1) != usize::MAX {}
    1
}
