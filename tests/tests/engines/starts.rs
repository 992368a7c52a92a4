//! What is no module, or none that an engine could run.

use edgerm_task_abi::StartError;

use crate::case::{Case, case};
use crate::subject::Subject;
use crate::text::{module, plain};

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const START: &str = r#"(func (export "_start"))"#;

/// What is no module at all.
pub(crate) fn no_modules() -> Vec<Case> {
    let whole = plain("", "(i32.const 0)");
    let other_version = [&whole[..4], &[2], &whole[5..]].concat();
    let longer = [&whole[..], &[0]].concat();
    let cases: [(&str, Vec<u8>); 7] = [
        ("nothing", Vec::new()),
        ("the_magic_alone", b"\0asm".into()),
        ("bytes_of_ones", vec![0xff; 4096]),
        ("an_elf_file", b"\x7fELF\x02\x01\x01\0\0\0\0\0".into()),
        ("another_version", other_version),
        ("a_byte_too_many", longer),
        (
            "a_component",
            wat::parse_str("(component)").expect("it is well-formed"),
        ),
    ];
    cases
        .map(|(name, wasm)| case(name, wasm).refused(StartError::Module))
        .into()
}

/// A module is refused wherever it is cut: as none, or, between two sections, for what it then
/// does not export.
pub(crate) fn no_part_of_a_module_starts<S: Subject>() {
    let whole = plain(
        r#"(table 1 funcref) (elem (i32.const 0) $f) (func $f)"#,
        "(i32.const 0)",
    );
    // The names at its end are of no account.
    let end = custom_section(&whole);
    case("whole", whole.clone()).check::<S>();
    for length in 0..end {
        let ran = case("cut", whole[..length].into()).run::<S>();
        let is_refused = matches!(ran.came, Err(StartError::Module | StartError::Export));
        assert!(is_refused, "of {length} bytes: {:?}", ran.came);
    }
}

/// Where the custom sections begin, which are the last ones.
fn custom_section(wasm: &[u8]) -> usize {
    let mut at = 8;
    while at < wasm.len() && wasm[at] != 0 {
        assert!(wasm[at + 1] < 0x80, "the sections of this module are short");
        at += 2 + usize::from(wasm[at + 1]);
    }
    at
}

/// Modules whose code does not fit its types.
pub(crate) fn invalid() -> Vec<Case> {
    [
        ("a_value_too_few", "(func (result i32))"),
        ("a_value_too_many", "(func (i32.const 0))"),
        ("an_operand_too_few", "(func (drop (i32.add (i32.const 1))))"),
        ("another_type", "(func (result i32) (i64.const 0))"),
        ("another_type_of_operand", "(func (drop (i32.eqz (i64.const 0))))"),
        ("an_unknown_local", "(func (drop (local.get 0)))"),
        ("an_unknown_function", "(func (call 9))"),
        ("an_unknown_global", "(func (drop (global.get 0)))"),
        ("an_unknown_label", "(func (br 1))"),
        ("an_unknown_table", "(func (call_indirect (i32.const 0)))"),
        ("a_constant_written_to", "(global $g i32 (i32.const 0)) (func (global.set $g (i32.const 1)))"),
        ("branches_that_differ", "(func (drop (if (result i32) (i32.const 0) (then (i32.const 0)) (else (i64.const 0)))))"),
        ("too_great_an_alignment", "(func (drop (i32.load align=8 (i32.const 0))))"),
        ("the_same_export_twice", r#"(func (export "f")) (func (export "f"))"#),
        ("an_export_of_nothing", r#"(export "f" (func 9))"#),
        ("a_global_of_another_type", "(global i32 (i64.const 0))"),
        ("a_least_beyond_the_most", "(table 2 1 funcref)"),
    ]
    .map(|(name, fields)| {
        case(name, module(&format!("{MEMORY} {START} {fields}"))).refused(StartError::Module)
    })
    .into()
}

/// What no agent tells that it has.
pub(crate) fn features_of_none() -> Vec<Case> {
    [
        ("vectors", "(func (param v128))"),
        ("a_memory_of_64_bits", "(memory i64 1)"),
        ("two_memories", "(memory 1)"),
        ("a_shared_memory", "(memory 1 2 shared)"),
        ("a_tail_call", "(func $f (return_call $f))"),
        (
            "an_indirect_tail_call",
            "(table 1 funcref) (func (return_call_indirect (i32.const 0)))",
        ),
        (
            "an_extended_constant",
            "(global i32 (i32.add (i32.const 1) (i32.const 1)))",
        ),
        ("an_exception", "(tag)"),
        ("a_start_function", "(func $f) (start $f)"),
        (
            "a_typed_reference",
            "(type $t (func)) (func (param (ref null $t)))",
        ),
        ("a_struct", "(type (struct (field i32)))"),
        ("atomics", "(func (drop (i32.atomic.load (i32.const 0))))"),
        (
            "wide_arithmetic",
            "(func (drop (drop (i64.mul_wide_s (i64.const 1) (i64.const 1)))))",
        ),
    ]
    .map(|(name, fields)| {
        case(name, module(&format!("{MEMORY} {START} {fields}"))).refused(StartError::Module)
    })
    .into()
}
