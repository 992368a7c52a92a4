//! What engines have of WASM: an engine that tells a feature runs it, and one that does not tell
//! it refuses the module.

use edgerm_task_abi::Feature;

use crate::case::{Case, case};
use crate::text::{module, plain};

/// A case for each feature: a new one needs an arm here.
pub(crate) fn cases() -> Vec<Case> {
    Feature::ALL
        .into_iter()
        .flat_map(|feature| {
            let cases = of(feature).into_iter();
            cases.map(move |case| case.needs([feature]))
        })
        .collect()
}

fn of(feature: Feature) -> Vec<Case> {
    match feature {
        Feature::Floats => floats(),
        Feature::MutableGlobals => mutable_globals(),
        Feature::SignExt => sign_ext(),
        Feature::NontrappingFptoint => nontrapping_fptoint(),
        Feature::BulkMemory => bulk_memory(),
        Feature::Multivalue => multivalue(),
        Feature::ReferenceTypes => reference_types(),
        Feature::CustomPageSizes => custom_page_sizes(),
    }
}

fn floats() -> Vec<Case> {
    vec![
        case(
            "floats",
            plain(
                "",
                "(i32.trunc_f64_s (f64.sqrt (f64.mul (f64.const 3.5) (f64.const 504))))",
            ),
        )
        .exits(42),
        case(
            "floats_as_bits",
            plain("", "(i32.reinterpret_f32 (f32.neg (f32.const 1)))"),
        )
        .exits(0xbf80_0000_u32.cast_signed()),
        case(
            "a_local_of_floats_that_is_never_used",
            plain("(func $f (local f64))", "(i32.const 1)"),
        )
        .exits(1),
        case(
            "a_parameter_of_floats",
            plain("(func $f (param f32))", "(i32.const 1)"),
        )
        .exits(1),
        case(
            "a_global_of_floats",
            plain("(global f32 (f32.const 1))", "(i32.const 1)"),
        )
        .exits(1),
    ]
}

fn mutable_globals() -> Vec<Case> {
    let global = r#"(global $g (export "g") (mut i64) (i64.const -5))"#;
    vec![
        case(
            "mutable_globals",
            plain(
                global,
                "(global.set $g (i64.sub (global.get $g) (i64.const 2)))
                (i32.wrap_i64 (global.get $g))",
            ),
        )
        .exits(-7),
    ]
}

fn sign_ext() -> Vec<Case> {
    vec![
        case(
            "sign_ext",
            plain(
                "",
                "(i32.add (i32.extend8_s (i32.const 0x1ff)) (i32.add
                  (i32.extend16_s (i32.const 0x18000)) (i32.wrap_i64 (i64.add (i64.add
                    (i64.extend8_s (i64.const 0x80)) (i64.extend16_s (i64.const 0x17fff)))
                    (i64.shr_s (i64.extend32_s (i64.const 0x80000000)) (i64.const 24))))))",
            ),
        )
        .exits(-1 - 32_768 - 128 + 32_767 - 128),
    ]
}

fn nontrapping_fptoint() -> Vec<Case> {
    vec![
        case(
            "nontrapping_fptoint",
            plain("", "(i32.trunc_sat_f64_s (f64.const -1e30))"),
        )
        .exits(i32::MIN),
        case(
            "nontrapping_fptoint_of_nan",
            plain("", "(i32.wrap_i64 (i64.trunc_sat_f32_u (f32.const nan)))"),
        ),
    ]
}

fn bulk_memory() -> Vec<Case> {
    let numbers =
        r#"(data (i32.const 0) "\01\02\03\04\05\06\07\08") (data $passive "\0a\0b\0c\0d")"#;
    vec![
        case(
            "copies_that_overlap",
            plain(
                numbers,
                "(memory.copy (i32.const 2) (i32.const 0) (i32.const 6)) (i32.load (i32.const 4))",
            ),
        )
        .exits(0x0605_0403),
        case(
            "copies_that_overlap_backwards",
            plain(
                numbers,
                "(memory.copy (i32.const 0) (i32.const 2) (i32.const 6)) (i32.load (i32.const 3))",
            ),
        )
        .exits(0x0708_0706),
        case(
            "fills_to_the_end",
            plain(
                "",
                "(memory.fill (i32.const 65532) (i32.const 0x1ff) (i32.const 4))
                (memory.fill (i32.const 65536) (i32.const 1) (i32.const 0))
                (i32.load (i32.const 65532))",
            ),
        )
        .exits(-1),
        case(
            "a_passive_segment",
            plain(
                numbers,
                "(memory.init $passive (i32.const 100) (i32.const 1) (i32.const 3))
                (data.drop $passive)
                (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 0))
                (i32.load (i32.const 100))",
            ),
        )
        .exits(0x000d_0c0b),
    ]
}

fn multivalue() -> Vec<Case> {
    vec![
        case(
            "several_results",
            plain(
                "(func $pair (param i32) (result i32 i64)
                  (i32.mul (local.get 0) (i32.const 3)) (i64.const 4))",
                "(call $pair (i32.const 5)) i32.wrap_i64 i32.sub",
            ),
        )
        .exits(11),
        case(
            "blocks_with_parameters",
            plain(
                "",
                "(local i32) (i32.const 1) (i32.const 10) (local.set 0)
                (loop (param i32) (result i32)
                  (i32.mul (i32.const 2))
                  (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                  (br_if 0 (local.get 0)))",
            ),
        )
        .exits(1024),
        case(
            "a_branch_with_two_values",
            plain(
                "",
                "(block (result i32 i32) (i32.const 7) (i32.const 3) (br 0)) i32.sub",
            ),
        )
        .exits(4),
    ]
}

fn reference_types() -> Vec<Case> {
    vec![
        case(
            "a_table_that_grows",
            plain(
                "(table 4 funcref)",
                "(table.grow 0 (ref.null func) (i32.const 2)) (i32.mul (table.size 0))",
            ),
        )
        .exits(24),
        case(
            "two_tables",
            plain(
                "(table $a 1 funcref) (table $b 1 funcref) (elem (table $b) (i32.const 0) func $f)
                (func $f (result i32) (i32.const 6))",
                "(call_indirect $b (result i32) (i32.const 0))",
            ),
        )
        .exits(6),
    ]
}

fn custom_page_sizes() -> Vec<Case> {
    vec![
        case(
            "a_memory_of_bytes",
            module(
                r#"(memory (export "memory") 600 4000 (pagesize 1)) (data (i32.const 599) "!")
                (func (export "_start") (result i32)
                  (i32.add (i32.load8_u (i32.const 599)) (i32.mul (i32.const 1000) (memory.size))))"#,
            ),
        )
        .exits(600_033),
    ]
}
