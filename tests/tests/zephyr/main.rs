//! Zephyr firmware against a real master: one file a behaviour.
//!
//! # Layout
//!
//! | file | holds |
//! |---|---|
//! | `joins.rs` | what a node tells of itself |
//! | `results.rs` | a module does on each node what it does on Linux |
//! | `many_nodes.rs`, `many_tasks.rs` | several nodes, and several tasks on one |
//! | `ends.rs`, `calls.rs` | how tasks end, and what they ask of their node |
//! | `reboots.rs`, `masters.rs` | nodes and masters that start again |
//! | `logs.rs` | what tasks log is kept by their node, and read from it |
//! | `refusals.rs`, `downloads.rs` | what does not run, and why |
//! | `leaks.rs` | nothing is left of many tasks |
//! | `work.rs`, `rules.rs` | what is launched, and what is done to datagrams |
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

mod calls;
mod downloads;
mod ends;
mod joins;
mod leaks;
mod logs;
mod many_nodes;
mod many_tasks;
mod masters;
mod reboots;
mod refusals;
mod results;
mod rules;
mod work;

use std::process::ExitCode;

use edgerm_tests::firmware::board::Board;
use edgerm_tests::firmware::harness::{Case, run};
use edgerm_tests::firmware::image::Image;

/// One slot with 5 KiB, in 64 KiB of RAM.
pub(crate) const SMALL: Image = Image::proving(Board::QemuCortexM3);

/// Four slots with 128 KiB each.
pub(crate) const LARGE: Image = Image::proving(Board::Mps2An385);

/// The same on another processor, whose network is a serial line.
pub(crate) const RISCV: Image = Image::proving(Board::QemuRiscv32);

/// Two slots with 128 KiB each, and flash that lasts.
pub(crate) const NATIVE: Image = Image::proving(Board::NativeSim);

/// The same with pointers of 64 bits.
pub(crate) const NATIVE_64: Image = Image::proving(Board::NativeSim64);

/// The images as they ship, whose nodes prove nothing: for rules that read what is said.
pub(crate) const PLAIN_SMALL: Image = Image::plain(Board::QemuCortexM3);
pub(crate) const PLAIN_LARGE: Image = Image::plain(Board::Mps2An385);
pub(crate) const PLAIN_NATIVE: Image = Image::plain(Board::NativeSim);

fn main() -> ExitCode {
    run(&[
        case("joins::small", &[SMALL], joins::small),
        case("joins::large", &[LARGE], joins::large),
        case("joins::riscv", &[RISCV], joins::riscv),
        case("joins::native", &[NATIVE], joins::native),
        case("joins::native_64", &[NATIVE_64], joins::native_64),
        case(
            "joins::native_unenrolled",
            &[joins::UNENROLLED],
            joins::native_unenrolled,
        ),
        case("joins::large_revoked", &[LARGE], joins::large_revoked),
        case("joins::native_plain", &[PLAIN_NATIVE], joins::native_plain),
        case("results::small", &[SMALL], results::small),
        case("results::small_bursts", &[SMALL], results::small_bursts),
        case("results::large", &[LARGE], results::large),
        case("results::riscv", &[RISCV], results::riscv),
        case("results::native", &[NATIVE], results::native),
        case("results::native_64", &[NATIVE_64], results::native_64),
        case(
            "many_nodes::one_on_each",
            &[SMALL, LARGE],
            many_nodes::one_on_each,
        ),
        case("many_tasks::four", &[LARGE], many_tasks::four),
        case("ends::small_kill", &[SMALL], ends::small_kill),
        case("ends::large_kill", &[LARGE], ends::large_kill),
        case("ends::riscv_kill", &[RISCV], ends::riscv_kill),
        case("ends::small_trap", &[SMALL], ends::small_trap),
        case("ends::large_trap", &[LARGE], ends::large_trap),
        case("ends::riscv_trap", &[RISCV], ends::riscv_trap),
        case("ends::native_trap", &[NATIVE], ends::native_trap),
        case("ends::large_oom", &[LARGE], ends::large_oom),
        case("ends::native_oom", &[NATIVE], ends::native_oom),
        case("ends::large_exits", &[LARGE], ends::large_exits),
        case("ends::native_exits", &[NATIVE], ends::native_exits),
        case("logs::small", &[SMALL], logs::small),
        case("logs::riscv", &[RISCV], logs::riscv),
        case("logs::native", &[NATIVE], logs::native),
        case("calls::large_messages", &[LARGE], calls::large_messages),
        case("calls::native_messages", &[NATIVE], calls::native_messages),
        case("calls::large_actuator", &[LARGE], calls::large_actuator),
        case("reboots::small", &[SMALL], reboots::small),
        case("reboots::large", &[LARGE], reboots::large),
        case("reboots::riscv", &[RISCV], reboots::riscv),
        case("reboots::native", &[NATIVE], reboots::native),
        case(
            "reboots::native_fetch",
            &[PLAIN_NATIVE],
            reboots::native_fetch,
        ),
        case(
            "reboots::native_restart",
            &[NATIVE],
            reboots::native_restart,
        ),
        case(
            "reboots::native_64_restart",
            &[NATIVE_64],
            reboots::native_64_restart,
        ),
        case("masters::small", &[SMALL], masters::small),
        case("masters::native", &[NATIVE], masters::native),
        case("masters::small_again", &[SMALL], masters::small_again),
        case("masters::native_again", &[NATIVE], masters::native_again),
        case("masters::large_silence", &[LARGE], masters::large_silence),
        case(
            "downloads::small_once_wrong",
            &[PLAIN_SMALL],
            downloads::small_once_wrong,
        ),
        case(
            "downloads::small_twice_wrong",
            &[PLAIN_SMALL],
            downloads::small_twice_wrong,
        ),
        case("downloads::small_cut", &[PLAIN_SMALL], downloads::small_cut),
        case(
            "refusals::small_by_the_master",
            &[SMALL],
            refusals::small_by_the_master,
        ),
        case(
            "refusals::large_module_too_large",
            &[PLAIN_LARGE],
            refusals::large_module_too_large,
        ),
        case(
            "refusals::large_floats",
            &[PLAIN_LARGE],
            refusals::large_floats,
        ),
        case(
            "refusals::large_no_such_sensor",
            &[PLAIN_LARGE],
            refusals::large_no_such_sensor,
        ),
        case(
            "refusals::large_too_much_memory",
            &[PLAIN_LARGE],
            refusals::large_too_much_memory,
        ),
        case(
            "refusals::large_no_slot",
            &[PLAIN_LARGE],
            refusals::large_no_slot,
        ),
        case(
            "refusals::large_flash_full",
            &[LARGE],
            refusals::large_flash_full,
        ),
        case("leaks::none", &[leaks::DIAGNOSED], leaks::none),
    ])
}

const fn case(name: &'static str, images: &'static [Image], body: fn()) -> Case {
    Case { name, images, body }
}
