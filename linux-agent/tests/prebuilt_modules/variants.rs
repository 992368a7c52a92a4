//! A module does the same in the memory that it needs as in the pages that it asks for.

use edgerm_master::admission::{self, Admitted, Limits};
use proptest::prelude::*;

use crate::rig::{MEM, Node, Run, module};

fn admitted(name: &str) -> Admitted {
    admission::admit(&module(name), &Limits::default()).expect("it is sound")
}

/// The memory that the module needs, and the page that it asks for less one byte.
fn bounds(module: &Admitted) -> (u32, u32) {
    let needed = u32::try_from(module.memory_needed_bytes).expect("a page at most");
    assert!(needed < 65_536, "it needs less than a page");
    (needed, 65_535)
}

/// What the variant for `mem` bytes does, given just these.
fn run_variant(module: &Admitted, mem: u32, env: &[(&str, &str)]) -> Run {
    let variant = admission::variant(&module.wasm, mem).expect("that is enough");
    assert_eq!(variant.memory_min_bytes, u64::from(mem));
    Node::running(variant.wasm, mem, env).until_its_end()
}

fn run_whole(module: &Admitted, env: &[(&str, &str)]) -> Run {
    Node::running(module.wasm.clone(), MEM, env).until_its_end()
}

/// What a variable of these tasks may be, and some of what it may not.
fn number(range: std::ops::Range<i64>) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => range.prop_map(|number| number.to_string()),
        1 => "[-0-9.a-z]{0,24}",
    ]
}

/// How much memory between the two bounds, in thousandths of what is between them.
fn share() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..=1000_u64]
}

fn memory(module: &Admitted, share: u64) -> u32 {
    let (least, most) = bounds(module);
    least + u32::try_from(u64::from(most - least) * share / 1000).expect("less than both")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn moving_average(
        window in number(1..70),
        count in 1..9_u32,
        sensor in "(temperature|shed|[a-z]{0,40})",
        share in share(),
    ) {
        let module = admitted("moving-average");
        let count = count.to_string();
        let env = [
            ("WINDOW", window.as_str()),
            ("COUNT", &count),
            ("INTERVAL_MS", "0"),
            ("SENSOR", &sensor),
        ];
        let mem = memory(&module, share);
        prop_assert_eq!(run_variant(&module, mem, &env), run_whole(&module, &env));
    }

    #[test]
    fn threshold(threshold in number(0..20), count in 1..9_u32, share in share()) {
        let module = admitted("threshold");
        let count = count.to_string();
        let env = [
            ("THRESHOLD", threshold.as_str()),
            ("COUNT", &count),
            ("INTERVAL_MS", "0"),
        ];
        let mem = memory(&module, share);
        prop_assert_eq!(run_variant(&module, mem, &env), run_whole(&module, &env));
    }

    #[test]
    fn hello(name in "\\PC{0,200}", share in share()) {
        let module = admitted("hello");
        let env = [("NAME", name.as_str())];
        let mem = memory(&module, share);
        prop_assert_eq!(run_variant(&module, mem, &env), run_whole(&module, &env));
    }
}

#[test]
fn trap() {
    let module = admitted("trap");
    let (needed, _) = bounds(&module);
    assert_eq!(run_variant(&module, needed, &[]), run_whole(&module, &[]));
}

#[test]
fn oom_has_no_variant() {
    let module = admitted("oom");
    assert_eq!(module.memory_needed_bytes, module.memory_min_bytes);
}
