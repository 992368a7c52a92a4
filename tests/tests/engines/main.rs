//! Both engines do the same: one list of cases, each of them a test in each engine.
//!
//! A case is a module, a node and what is to come of both: why the module does not start, or how
//! its task ends and what it did to the node until then. Where engines differ, it is by what an
//! engine tells of itself ([`subject::Subject`]), and there the reason stands.
//!
//! # Layout
//!
//! | file | holds |
//! |---|---|
//! | `subject.rs` | the engines |
//! | `case.rs`, `text.rs` | a case, and modules as text |
//! | `node.rs`, `host.rs` | the node of a case |
//! | `calls/` | each host function |
//! | `pointers.rs` | arguments of every function, made from the host API's table |
//! | `ends.rs` | exit codes, traps, kills |
//! | `starts.rs`, `foreign.rs`, `limits.rs` | modules that do not start |
//! | `features.rs`, `memory.rs` | parts of WASM; memory that grows or is small |
//! | `prebuilt.rs` | applications |
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

mod calls;
mod case;
mod ends;
mod features;
mod foreign;
mod host;
mod limits;
mod memory;
mod node;
mod pointers;
mod prebuilt;
mod starts;
mod subject;
mod text;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use case::Case;
use subject::{Subject, Wasm3, Wasmi};

fn main() -> ExitCode {
    let mut trials = trials_in::<Wasmi>();
    trials.extend(trials_in::<Wasm3>());
    trials.push(trial("every_trap_is_met", ends::every_trap_is_met));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trials_in<S: Subject>() -> Vec<Trial> {
    let groups = [
        ("calls", calls::cases()),
        ("not_permitted", pointers::not_permitted()),
        ("out_of_bounds", pointers::out_of_bounds()),
        ("exits", ends::exits()),
        ("traps", ends::traps()),
        ("kills", ends::kills()),
        ("no_modules", starts::no_modules()),
        ("invalid", starts::invalid()),
        ("foreign", foreign::foreign()),
        ("too_large", limits::too_large()),
        ("segments", limits::segments()),
        ("features_of_none", starts::features_of_none()),
        ("features", features::cases()),
        ("growth", memory::growth()),
        ("one_byte_pages", memory::one_byte_pages()),
        ("prebuilt", prebuilt::cases()),
    ];
    let wholes: [(&str, fn()); 5] = [
        (
            "calls::each_meets_all_errors",
            calls::each_meets_all_errors::<S>,
        ),
        (
            "calls::arguments_and_results_are_whole",
            pointers::arguments_and_results_are_whole::<S>,
        ),
        ("kills::a_loop_is_left", ends::a_loop_is_left::<S>),
        (
            "too_large::a_memory_needs_room",
            limits::a_memory_needs_room::<S>,
        ),
        (
            "no_modules::no_part_of_a_module_starts",
            starts::no_part_of_a_module_starts::<S>,
        ),
    ];
    let cases = groups.into_iter().flat_map(|(group, cases)| {
        let cases = cases.into_iter();
        cases.map(move |case| check::<S>(group, case))
    });
    let wholes = wholes
        .into_iter()
        .map(|(name, whole)| trial(&format!("{}::{name}", S::NAME), whole));
    cases.chain(wholes).collect()
}

fn check<S: Subject>(group: &str, case: Case) -> Trial {
    let name = format!("{}::{group}::{}", S::NAME, case.name);
    trial(&name, move || case.check::<S>())
}

fn trial(name: &str, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
