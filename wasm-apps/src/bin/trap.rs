#![no_std]
#![no_main]
//! `trap` traps at once, and so ends ERRORED.

edgerm_task::main!(run);

fn run() {
    core::arch::wasm32::unreachable()
}
