//! One module for each rule, with the message that its author reads.

use super::*;

const LIMITS: Limits = Limits {
    module_bytes: 1024,
    memory_bytes: 2 << 16,
    table_elements: 8,
};

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A module with an entry, a memory of one page, and `rest` before and after them.
fn module(imports: &str, rest: &str) -> Vec<u8> {
    binary(&format!(
        r#"(module {imports} (memory (export "memory") 1) (func (export "_start")) {rest})"#
    ))
}

fn refusal(wasm: &[u8]) -> Refusal {
    admit(wasm, &LIMITS).expect_err("it breaks a rule")
}

#[test]
fn each_rule_is_told_with_what_to_do() {
    let long = "x".repeat(900);
    let cases: &[(Vec<u8>, &str, usize, &str)] = &[
        (
            vec![0; 10 << 20],
            "moduleTooLarge",
            1024,
            "the module has 10485760 bytes, more than the 1024 that are admitted",
        ),
        (b"".to_vec(), "moduleNotWasm", 0, "this is no WASM binary"),
        (b"(module)".to_vec(), "moduleNotWasm", 0, "wat2wasm"),
        (b"\x7fELF".to_vec(), "moduleNotWasm", 0, "compile it"),
        (b"\0asm".to_vec(), "moduleInvalid", 4, "unexpected end"),
        (
            b"\0asm\x0d\0\x01\0".to_vec(),
            "moduleIsComponent",
            4,
            "tasks are core modules",
        ),
        (
            module("", "(func (result i32) i64.const 0)"),
            "moduleInvalid",
            59,
            "type mismatch: expected i32, found i64",
        ),
        (
            module("", "(func (drop (v128.const i64x2 0 0)))"),
            "moduleUnsupportedFeature",
            53,
            "-mcpu=mvp",
        ),
        (
            module(r#"(import "env" "table" (table 1 funcref))"#, ""),
            "moduleImportKind",
            17,
            "`env` `table` is an imported table, but only functions can be imported",
        ),
        (
            module(r#"(import "edgerm" "g" (global i32))"#, ""),
            "moduleImportKind",
            17,
            "define the global in the module",
        ),
        (
            binary(r#"(import "env" "memory" (memory 1)) (func (export "_start"))"#),
            "moduleImportKind",
            17,
            "imported memory",
        ),
        (
            module(r#"(import "edgerm" "fork" (func))"#, ""),
            "moduleUnknownImport",
            17,
            "there is no function `edgerm` `fork` to import; there are abi_version, exit,",
        ),
        (
            module(r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#, ""),
            "moduleUnknownImport",
            17,
            "build for wasm32v1-none",
        ),
        (
            module(r#"(import "env" "memcpy" (func))"#, ""),
            "moduleUnknownImport",
            17,
            "a symbol that the linker did not find",
        ),
        (
            module(r#"(import "js" "log" (func))"#, ""),
            "moduleUnknownImport",
            17,
            "only `edgerm` has functions",
        ),
        (
            module(&format!(r#"(import "\1b[2J{long}" "f" (func))"#), ""),
            "moduleUnknownImport",
            18,
            "no function `\\u{1b}[2Jxx",
        ),
        (
            module(r#"(import "edgerm" "log" (func (param i32 i32)))"#, ""),
            "moduleImportSignature",
            22,
            "`log` is imported as (i32, i32) -> (), but is (i32, i32, i32) -> (i32)",
        ),
        (
            module(
                r#"(import "edgerm" "sleep_ms" (func (param i64) (result i32)))"#,
                "",
            ),
            "moduleImportSignature",
            22,
            "docs/host-api.md",
        ),
        (
            module("", "(func $f) (start $f)"),
            "moduleStartSection",
            47,
            "which a kill could not end",
        ),
        (
            binary(r#"(module (memory (export "memory") 1) (func (export "main")))"#),
            "moduleNoEntry",
            48,
            "does not export the function `_start`",
        ),
        (
            binary(
                r#"(module (memory (export "memory") 1) (global (export "_start") i32 i32.const 0))"#,
            ),
            "moduleNoEntry",
            42,
            "does not export the function `_start`",
        ),
        (
            binary(r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#),
            "moduleEntrySignature",
            36,
            "`_start` is (i32) -> (), but must be () -> () or () -> (i32)",
        ),
        (
            binary(r#"(module (memory 1) (func (export "_start")))"#),
            "moduleNoMemory",
            41,
            "does not export its memory as `memory`",
        ),
        (
            binary(r#"(module (func (export "_start")))"#),
            "moduleNoMemory",
            36,
            "does not export its memory as `memory`",
        ),
        (
            binary(r#"(module (memory (export "memory") 3) (func (export "_start")))"#),
            "moduleMemoryTooLarge",
            21,
            "the module starts with 196608 bytes of memory, more than the 131072",
        ),
        (
            binary(
                r#"(module (memory (export "memory") 131073 (pagesize 1)) (func (export "_start")))"#,
            ),
            "moduleMemoryTooLarge",
            21,
            "the module starts with 131073 bytes of memory, more than the 131072",
        ),
        (
            binary(
                r#"(module (memory (export "memory") 9 (pagesize 1)) (func (export "_start"))
                    (data (i32.const 6) "four"))"#,
            ),
            "moduleDataOutOfBounds",
            54,
            "data segment 0 reaches from 6 to 10, beyond the 9 bytes",
        ),
        (
            module("", "(table 5 funcref) (table 4 funcref)"),
            "moduleTableTooLarge",
            24,
            "tables have 9 elements at the start, more than the 8",
        ),
        (
            module(
                "",
                r#"(data (i32.const 0) "a") (data (i32.const 65535) "ab")"#,
            ),
            "moduleDataOutOfBounds",
            59,
            "data segment 1 reaches from 65535 to 65537, beyond the 65536 bytes of memory",
        ),
        (
            module("", r#"(data (i32.const -1) "a")"#),
            "moduleDataOutOfBounds",
            53,
            "reaches from 4294967295 to 4294967296",
        ),
        (
            module("", "(table 2 funcref) (func $f) (elem (i32.const 1) $f $f)"),
            "moduleElementsOutOfBounds",
            54,
            "element segment 0 reaches from 1 to 3, beyond the 2 elements",
        ),
        (
            module(
                "",
                "(func (result i32) (global.get 0)) (global i32 (i32.add (i32.const 1) (i32.const 1)))",
            ),
            "moduleUnsupportedFeature",
            37,
            "no engine here has",
        ),
    ];
    for (wasm, code, offset, message) in cases {
        let refusal = refusal(wasm);
        let told = refusal.to_string();
        assert!(told.contains(message), "{message:?} is not in {told:?}");
        assert!(told.len() < 600, "{told}");
        assert_eq!((refusal.rule.code(), refusal.offset), (*code, *offset));
    }
}

#[test]
fn any_prefix_of_a_module_and_any_changed_byte_is_answered() {
    let wasm = module(
        r#"(import "edgerm" "emit" (func (param i32 i32 i32) (result i32)))"#,
        r#"(table 2 funcref) (func $f) (elem (i32.const 0) $f) (data (i32.const 8) "abc")"#,
    );
    let whole = admit(&wasm, &LIMITS).expect("it is sound");
    let changes = (0..wasm.len()).flat_map(|index| (0..=u8::MAX).map(move |byte| (index, byte)));
    let changed = changes.map(|(index, byte)| {
        let mut changed = wasm.clone();
        changed[index] = byte;
        changed
    });
    let prefixes = (0..wasm.len()).map(|end| wasm[..end].to_vec());
    for hostile in prefixes.chain(changed) {
        if let Ok(admitted) = admit(&hostile, &LIMITS) {
            assert_eq!(admitted.id == whole.id, admitted.wasm == whole.wasm);
            let needed = admitted.memory_needed_bytes;
            assert!(needed <= admitted.memory_min_bytes);
            let small = u32::try_from(needed).expect("a page, and hardly two");
            let variant = variant(&admitted.wasm, small).expect("its data fit");
            assert_eq!(variant.memory_min_bytes, needed);
        }
    }
}

#[test]
fn permissions_follow_from_imports() {
    let wasm = module(
        r#"(import "edgerm" "sensor_open" (func (param i32 i32) (result i32)))
           (import "edgerm" "emit" (func (param i32 i32 i32) (result i32)))
           (import "edgerm" "emit" (func (param i32 i32 i32) (result i32)))
           (import "edgerm" "sleep_ms" (func (param i32) (result i32)))
           (import "edgerm" "exit" (func (param i32)))"#,
        "",
    );
    let admitted = admit(&wasm, &LIMITS).expect("all of these exist");
    assert_eq!(admitted.permissions.to_string(), "sensor, emit");
    let none = admit(&module("", ""), &LIMITS).expect("needs nothing");
    assert!(none.permissions.is_empty());
}

#[test]
fn every_host_function_can_be_imported() {
    for function in edgerm_task_abi::HOST_FUNCTIONS {
        let params: String = function
            .param_types()
            .map(|value_type| format!(" {value_type}"))
            .collect();
        let result = function
            .result
            .map_or(String::new(), |result| format!("(result {result})"));
        let import = format!(
            r#"(import "edgerm" "{}" (func (param{params}) {result}))"#,
            function.name
        );
        let admitted = admit(&module(&import, ""), &LIMITS).expect(function.name);
        let needed = function.permission.into_iter().collect::<Permissions>();
        assert_eq!(admitted.permissions, needed);
    }
}

#[test]
fn features_are_those_used() {
    use Feature::*;
    let cases: &[(&str, &[Feature])] = &[
        ("", &[]),
        ("(func (drop (i64.const 1)))", &[]),
        ("(func (drop (f32.const 1)))", &[Floats]),
        ("(func (param f64))", &[Floats]),
        (
            "(func (param i32) (drop (i32.extend8_s (local.get 0))))",
            &[SignExt],
        ),
        (
            "(func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0))))",
            &[Floats, NontrappingFptoint],
        ),
        (
            "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))",
            &[BulkMemory],
        ),
        (
            "(func (result i32 i32) (i32.const 0) (i32.const 1))",
            &[Multivalue],
        ),
        (
            r#"(global (export "g") (mut i32) (i32.const 0))"#,
            &[MutableGlobals],
        ),
        ("(table 1 funcref) (table 1 funcref)", &[ReferenceTypes]),
    ];
    for (rest, expected) in cases {
        let admitted = admit(&module("", rest), &LIMITS).expect(rest);
        assert_eq!(admitted.features, *expected, "{rest}");
    }
    let text = r#"(module (memory (export "memory") 9 (pagesize 1)) (func (export "_start")))"#;
    let admitted = admit(&binary(text), &LIMITS).expect("it is sound");
    assert_eq!(admitted.features, [CustomPageSizes]);
}

#[test]
fn custom_sections_do_not_change_the_digest() {
    let plain = module("", r#"(data (i32.const 0) "x")"#);
    let named = module(
        "",
        r#"(data (i32.const 0) "x") (@custom "notes" "anything") (func $unused)"#,
    );
    let with_names = module(
        "",
        r#"(data $d (i32.const 0) "x") (@custom "notes" "anything")"#,
    );
    let admitted = admit(&with_names, &LIMITS).expect("it is sound");
    assert!(admitted.wasm.len() < with_names.len());
    assert_eq!(admitted.wasm, plain);
    assert_eq!(admitted.id, admit(&plain, &LIMITS).expect("it is sound").id);
    assert_ne!(admitted.id, admit(&named, &LIMITS).expect("it is sound").id);

    let again = admit(&admitted.wasm, &LIMITS).expect("what was admitted is admitted");
    assert_eq!(again, admitted);
    assert_eq!(
        admitted.id.0[..],
        Sha256::digest(&admitted.wasm)[..],
        "the digest is that of the stripped bytes"
    );
}

#[test]
fn memory_is_told_in_bytes() {
    let sized = |memory| {
        let text =
            format!(r#"(module (memory (export "memory") {memory}) (func (export "_start")))"#);
        let admitted = admit(&binary(&text), &LIMITS).expect("it is sound");
        (admitted.memory_min_bytes, admitted.memory_max_bytes)
    };
    assert_eq!(sized("0"), (0, None));
    assert_eq!(sized("1 1"), (65_536, Some(65_536)));
    assert_eq!(sized("2 65536"), (131_072, Some(1 << 32)));
    assert_eq!(sized("100 200 (pagesize 1)"), (100, Some(200)));
    assert_eq!(sized("1 (pagesize 65536)"), (65_536, None));
}

#[test]
fn the_prebuilt_modules_need_what_they_say_and_fit_small_engines() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wasm-apps/prebuilt");
    for (name, permissions, memory_needed) in [
        ("hello", "log, env, emit", 4_176),
        ("moving-average", "log, env, sensor, emit", 4_240),
        ("threshold", "log, env, sensor, actuator, emit", 4_272),
        ("spin", "", 4_096),
        ("oom", "", 65_536),
        ("trap", "", 4_096),
    ] {
        let wasm = std::fs::read(directory.join(name).with_extension("wasm")).expect(name);
        assert!(wasm.len() < 3072, "{name} has {} bytes", wasm.len());
        let admitted = admit(&wasm, &Limits::default()).expect(name);
        assert_eq!(admitted.permissions.to_string(), permissions, "{name}");
        assert_eq!(admitted.features, [], "{name} is of the first version");
        assert_eq!(admitted.memory_min_bytes, 65_536, "{name} has one page");
        assert_eq!(admitted.memory_needed_bytes, memory_needed, "{name}");
    }
}

#[test]
fn what_a_task_may_pass_is_what_the_wire_carries() {
    use edgerm_protocol::limits as wire;
    use edgerm_task_abi::limits as task;
    assert_eq!(task::MAX_EMIT, wire::MAX_PAYLOAD);
    assert_eq!(task::MAX_MESSAGE, wire::MAX_PAYLOAD);
    assert_eq!(task::MAX_LOG, wire::MAX_LOG);
    assert_eq!(task::MAX_NAME, wire::MAX_NAME);
    assert_eq!(task::MAX_ENV, wire::MAX_ENV);
}
