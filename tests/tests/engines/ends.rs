//! How tasks end: exit codes, every trap, and a kill.

use edgerm_task_abi::{Feature, TaskEnd, Trap};

use crate::case::{Case, case};
use crate::subject::Subject;
use crate::text::{module, plain, task, telling, told};

/// By an exit code.
pub(crate) fn exits() -> Vec<Case> {
    let start = |fields: &str| module(&format!(r#"(memory (export "memory") 1) {fields}"#));
    let returned =
        |name, code: i32| case(name, plain("", &format!("(i32.const {code})"))).exits(code);
    vec![
        case("returns_nothing", start(r#"(func (export "_start"))"#)),
        returned("returns_0", 0),
        returned("returns_5", 5),
        returned("returns_the_least", i32::MIN),
        returned("returns_the_most", i32::MAX),
        case("returns_early", plain("", "(return (i32.const 9)) unreachable")).exits(9),
        case("exits_with_0", telling("", "(call $exit (i32.const 0)) unreachable")),
        case(
            "exits_in_a_called_function_with_values_below",
            task(
                r#"(func $deep (param i32) (result i32)
                  (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                    (else (call $exit (i32.const 3)) (i32.const 2))))
                (func (export "_start") (result i32) (call $deep (i32.const 20)))"#,
            ),
        )
        .exits(3),
        case(
            "the_entry_is_called_by_the_module_too",
            plain(
                "(global $n (mut i32) (i32.const 0))",
                "(global.set $n (i32.add (global.get $n) (i32.const 1)))
                (if (i32.lt_s (global.get $n) (i32.const 5)) (then (drop (call 0))))
                (global.get $n)",
            ),
        )
        .exits(5),
    ]
}

/// By a trap: for each of them the bodies that lead to it.
pub(crate) fn traps() -> Vec<Case> {
    let bodies = [
        (Trap::Unreachable, &UNREACHABLE[..]),
        (Trap::DivisionByZero, &DIVISIONS_BY_ZERO),
        (Trap::IntegerOverflow, &OVERFLOWS),
        (Trap::MemoryOutOfBounds, &BEYOND_MEMORY),
        (Trap::TableOutOfBounds, &BEYOND_TABLE),
        (Trap::IndirectCall, &BAD_CALLS),
        (Trap::StackOverflow, &TOO_DEEP),
        (Trap::OutOfMemory, &TOO_LARGE),
    ];
    let mut cases = Vec::new();
    for (trap, bodies) in bodies {
        for body in bodies {
            cases.push(case(format!("{trap:?} {body}"), trapping(body)).traps(trap));
        }
    }
    cases.extend(traps_with_features());
    cases.push(
        case(
            "after_what_the_task_said",
            telling("", "(call $tell (i32.const 1)) unreachable"),
        )
        .does([told(1)])
        .traps(Trap::Unreachable),
    );
    cases
}

const UNREACHABLE: [&str; 2] = ["unreachable", "(if (i32.const 1) (then unreachable))"];

const DIVISIONS_BY_ZERO: [&str; 8] = [
    "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
    "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
    "(drop (i32.rem_s (i32.const 1) (i32.const 0)))",
    "(drop (i32.rem_u (i32.const 1) (i32.const 0)))",
    "(drop (i64.div_s (i64.const 1) (i64.const 0)))",
    "(drop (i64.div_u (i64.const 1) (i64.const 0)))",
    "(drop (i64.rem_s (i64.const 1) (i64.const 0)))",
    "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
];

const OVERFLOWS: [&str; 2] = [
    "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
    "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))",
];

const BEYOND_MEMORY: [&str; 8] = [
    "(drop (i32.load8_u (i32.const 65536)))",
    "(drop (i32.load16_s (i32.const 65535)))",
    "(drop (i32.load (i32.const 65533)))",
    "(drop (i64.load (i32.const 65529)))",
    "(i32.store8 (i32.const -1) (i32.const 1))",
    "(i64.store (i32.const 65529) (i64.const 1))",
    "(i64.store32 offset=0xffffffff (i32.const 0xffffffff) (i64.const 1))",
    "(drop (i32.load offset=65533 (i32.const 0)))",
];

const BEYOND_TABLE: [&str; 2] = [
    "(call_indirect (i32.const 3))",
    "(call_indirect (i32.const -1))",
];

const BAD_CALLS: [&str; 3] = [
    "(call_indirect (i32.const 0))",
    "(call_indirect (param i32) (i32.const 1) (i32.const 1))",
    "(drop (call_indirect (result i32) (i32.const 1)))",
];

const TOO_DEEP: [&str; 4] = [
    "(call $recurse)",
    "(call_indirect (i32.const 1))",
    "(drop (call $swell (i64.const 1)))",
    "(call $there)",
];

const TOO_LARGE: [&str; 3] = [
    "(drop (memory.grow (i32.const 4)))",
    "(drop (memory.grow (i32.const 65535)))",
    "(loop (drop (memory.grow (i32.const 1))) (br 0))",
];

/// A page of memory, a table of an empty entry and two functions, some recursion, and this body.
fn trapping(body: &str) -> Vec<u8> {
    module(&format!(
        r#"(memory (export "memory") 1)
        (table 3 funcref) (elem (i32.const 1) $through $recurse)
        (func $recurse (call $recurse))
        (func $through (call_indirect (i32.const 1)))
        (func $swell (param i64) (result i64)
          (i64.add (local.get 0) (call $swell (i64.add (local.get 0) (i64.const 1)))))
        (func $there (call $back)) (func $back (call $there))
        (func (export "_start") {body})"#
    ))
}

/// What an engine with some feature alone can be led to.
fn traps_with_features() -> Vec<Case> {
    let floats = |body: &str| {
        case(body, trapping(body))
            .traps(Trap::IntegerOverflow)
            .needs([Feature::Floats])
    };
    let bulk = |body: &str, trap| {
        let fields = r#"(memory (export "memory") 1) (data $passive "passive")"#;
        let wasm = module(&format!(r#"{fields} (func (export "_start") {body})"#));
        case(body, wasm).traps(trap).needs([Feature::BulkMemory])
    };
    vec![
        floats("(drop (i32.trunc_f32_s (f32.const nan)))"),
        floats("(drop (i32.trunc_f64_u (f64.const -1)))"),
        floats("(drop (i64.trunc_f64_s (f64.const 1e19)))"),
        bulk(
            "(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))",
            Trap::MemoryOutOfBounds,
        ),
        bulk(
            "(memory.fill (i32.const 65537) (i32.const 0) (i32.const 0))",
            Trap::MemoryOutOfBounds,
        ),
        bulk(
            "(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2))",
            Trap::MemoryOutOfBounds,
        ),
        bulk(
            "(memory.init $passive (i32.const 0) (i32.const 0) (i32.const 8))",
            Trap::MemoryOutOfBounds,
        ),
        bulk(
            "(data.drop $passive) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1))",
            Trap::MemoryOutOfBounds,
        ),
    ]
}

/// Every trap is met but [`Trap::Engine`], which no module comes to: what these engines let start
/// they can go on with.
pub(crate) fn every_trap_is_met() {
    let cases = traps();
    for trap in Trap::ALL {
        let comes = Ok(TaskEnd::Trapped(trap));
        let is_met = cases.iter().any(|case| case.comes == comes);
        assert_eq!(is_met, trap != Trap::Engine, "{trap:?}");
    }
}

/// By a kill, where it waits for ever.
pub(crate) fn kills() -> Vec<Case> {
    vec![
        case(
            "waits_for_a_message_for_ever",
            telling(
                "",
                "(call $tell (i32.const 1))
                (drop (call $message_receive (i32.const 0) (i32.const 8) (i32.const -1)))
                (call $tell (i32.const 2))",
            ),
        )
        .does([told(1)])
        .killed(),
    ]
}

/// By a kill, where it neither returns nor calls.
pub(crate) fn a_loop_is_left<S: Subject>() {
    if S::LEAVES_A_LOOP {
        case("loop", plain("", "(loop (br 0)) (i32.const 0)"))
            .killed()
            .check::<S>();
    }
}
