//! The applications that are committed, as they are and in the variant that a node with little
//! memory is sent.

use std::fs;
use std::path::Path;

use edgerm_master::admission::{Limits, admit, variant};
use edgerm_task_abi::{Feature, LogLevel, TaskLimits, Trap};

use crate::case::{Case, LIMITS, case};
use crate::node::{Did, Node};

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        hello(),
        moving_average(),
        moving_average_refuses(),
        threshold(),
        application("trap", "trap", &[]).traps(Trap::Unreachable),
        application("oom", "oom", &[]).traps(Trap::OutOfMemory),
    ];
    cases
        .into_iter()
        .flat_map(|whole| [small(&whole), Some(whole)])
        .flatten()
        .collect()
}

fn emitted(text: &str) -> Did {
    Did::Emitted(text.into())
}

fn hello() -> Case {
    application("hello", "hello", &[("NAME", "Ada")]).does([
        Did::Logged(LogLevel::Info, "saying hello".into()),
        emitted("hello, Ada"),
    ])
}

fn moving_average() -> Case {
    let env = [("WINDOW", "2"), ("INTERVAL_MS", "60000"), ("COUNT", "3")];
    application("moving-average", "moving_average", &env).does([
        emitted("temperature=2"),
        emitted("temperature=3"),
        emitted("temperature=4"),
    ])
}

fn moving_average_refuses() -> Case {
    let env = [("WINDOW", "0")];
    application("moving-average", "moving_average_of_nothing", &env)
        .does([Did::Logged(LogLevel::Error, "WINDOW is 1 to 64".into())])
        .exits(3)
}

fn threshold() -> Case {
    let env = [
        ("THRESHOLD", "2.5"),
        ("INTERVAL_MS", "1000"),
        ("COUNT", "4"),
    ];
    application("threshold", "threshold", &env).does([
        Did::Wrote(0),
        emitted("led=0"),
        Did::Wrote(1_000_000),
        emitted("led=1"),
    ])
}

/// One of the applications, with these variables.
fn application(file: &str, name: &str, env: &[(&str, &str)]) -> Case {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-apps/prebuilt");
    let path = Path::new(prebuilt).join(file).with_extension("wasm");
    let wasm = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    case(name, wasm).on(Node::with_env(env))
}

/// The same in just the memory that it needs, where that is less than it starts with.
fn small(whole: &Case) -> Option<Case> {
    let admitted = admit(&whole.wasm, &Limits::default()).expect("it is sound");
    if admitted.memory_needed_bytes == admitted.memory_min_bytes {
        return None;
    }
    let needed = u32::try_from(admitted.memory_needed_bytes).expect("a page at most");
    let variant = variant(&admitted.wasm, needed).expect("that is enough");
    let limits = TaskLimits {
        memory_bytes: needed as usize,
        ..LIMITS
    };
    let mut small = whole
        .clone()
        .within(limits)
        .needs([Feature::CustomPageSizes]);
    small.name += "_in_what_it_needs";
    small.wasm = variant.wasm;
    Some(small)
}
