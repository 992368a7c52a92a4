//! Modules that `wasm-smith` makes up, sound and broken, through admission and both engines.
//!
//! A child process does all of it, so that a crash is one of the child: the parent then knows
//! which module it was and goes on with the next. What admission lets through runs under wasmi
//! with fuel; what ended there, and uses only what wasm3 has, runs under wasm3 too, where it has
//! to end alike.
//!
//! The test run tries some hundreds. All of them, with the figures that docs/admission.md shows:
//!
//! ```sh
//! cargo test --release -p edgerm-tests --test modules -- --count 60000 --seed 1
//! ```
//!
//! Module N of seed S is made anew by `--count 1 --first N --seed S`.
//!
//! # Layout
//!
//! | file | holds |
//! |---|---|
//! | `smith.rs`, `mutate.rs` | a module, by its number |
//! | `node.rs` | the node that its calls reach |
//! | `judge.rs` | what the child does with it |
//! | `parent.rs` | the child's lines, its crashes and its hangs |
//! | `figures.rs` | what is counted |
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

mod figures;
mod judge;
mod mutate;
mod node;
mod parent;
mod smith;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use parent::Range;

/// Modules in the test run.
const SLICE: Range = Range {
    seed: 1,
    first: 0,
    count: 800,
};

/// The argument by which the parent calls its own program.
const CHILD: &str = "--child";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.parse::<u64>().ok()
    };
    let asked = Range {
        seed: number("--seed").unwrap_or(SLICE.seed),
        first: number("--first").unwrap_or(0),
        count: number("--count").unwrap_or(SLICE.count),
    };
    if args.iter().any(|arg| arg == CHILD) {
        judge::judge_all(asked);
        return ExitCode::SUCCESS;
    }
    if number("--count").is_some() {
        let figures = parent::run(asked);
        println!("{figures}");
        return match figures.failures().is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        };
    }
    let trial = Trial::test("no_module_crashes_or_hangs_what_admits_or_runs_it", || {
        let figures = parent::run(SLICE);
        println!("{figures}");
        assert_eq!(figures.failures(), [] as [String; 0]);
        figures.assert_meaningful();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}
