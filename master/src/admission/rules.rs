//! The table of rules: what each asks for, by the name that programs know it by.
//!
//! `docs/admission.md` shows this table, and a test holds it to that. For each rule there is a
//! module that breaks it, and a neighbour that does not, in the tests below.

/// A rule of admission, as people are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in answers of the API.
    pub code: &'static str,
    /// What it asks of a module.
    pub asks: &'static str,
}

const fn entry(code: &'static str, asks: &'static str) -> Entry {
    Entry { code, asks }
}

/// Every rule, in the order in which a module is held to them: by its whole, then by its
/// sections.
pub const RULES: &[Entry] = &[
    entry(
        "moduleTooLarge",
        "has no more bytes than the master admits: 1 MiB unless it is told otherwise",
    ),
    entry("moduleNotWasm", "begins with `00 61 73 6d`"),
    entry("moduleIsComponent", "is a core module, not a component"),
    entry(
        "moduleInvalid",
        "is valid by the specification of WebAssembly",
    ),
    entry(
        "moduleUnsupportedFeature",
        "uses no more of WebAssembly than engines here have",
    ),
    entry("moduleImportKind", "imports functions alone"),
    entry("moduleUnknownImport", "imports what the host API has"),
    entry("moduleImportSignature", "imports it as the host API has it"),
    entry(
        "moduleTableTooLarge",
        "starts with 1,024 elements in all its tables at most",
    ),
    entry(
        "moduleMemoryTooLarge",
        "starts with 64 MiB of memory at most",
    ),
    entry(
        "moduleEntrySignature",
        "has an entry `() -> ()` or `() -> (i32)`",
    ),
    entry(
        "moduleStartSection",
        "has no start section, which a kill could not end",
    ),
    entry(
        "moduleElementsOutOfBounds",
        "has its active element segments within their tables",
    ),
    entry(
        "moduleDataOutOfBounds",
        "has its active data segments within its memory",
    ),
    entry("moduleNoEntry", "exports the function `_start`"),
    entry("moduleNoMemory", "exports its memory as `memory`"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use super::*;
    use crate::admission::{Limits, Refusal, admit};

    const LIMITS: Limits = Limits {
        module_bytes: 1024,
        memory_bytes: 2 << 16,
        table_elements: 8,
    };

    const MEMORY: &str = r#"(memory (export "memory") 1)"#;
    const ENTRY: &str = r#"(func (export "_start"))"#;

    fn text(fields: &str) -> Vec<u8> {
        wat::parse_str(format!("(module {fields})"))
            .unwrap_or_else(|error| panic!("{fields}: {error}"))
    }

    /// A module with an import, then a memory and an entry, then the rest.
    fn task(import: &str, rest: &str) -> Vec<u8> {
        text(&format!("{import} {MEMORY} {ENTRY} {rest}"))
    }

    /// A module of `length` bytes, most of them in a custom section.
    fn long(length: usize) -> Vec<u8> {
        let with = |bytes| {
            let notes = "x".repeat(bytes);
            task("", &format!(r#"(@custom "notes" "{notes}")"#))
        };
        // From 128 bytes on, lengths take as many bytes as these do.
        let odd = with(200).len() - 200;
        with(length - odd)
    }

    /// Each rule's name, a module that breaks it, and how its neighbour does not.
    fn neighbours() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
        let plain = || task("", "");
        let import = |import: &str| task(import, "");
        let emit = r#"(import "edgerm" "emit" (func (param i32 i32 i32) (result i32)))"#;
        let head = |bytes: &[u8]| [bytes, &plain()[8..]].concat();
        let entry = |ty: &str| text(&format!(r#"{MEMORY} (func (export "_start") {ty})"#));
        let memory = |pages: &str| text(&format!(r#"(memory (export "memory") {pages}) {ENTRY}"#));
        let rest = |rest: &str| task("", rest);
        vec![
            ("moduleTooLarge", long(1025), long(1024)),
            ("moduleNotWasm", head(b"\0asn\x01\0\0\0"), plain()),
            ("moduleIsComponent", head(b"\0asm\x0d\0\x01\0"), plain()),
            (
                "moduleInvalid",
                rest("(func (result i32) i64.const 0)"),
                rest("(func (result i32) i32.const 0)"),
            ),
            (
                "moduleUnsupportedFeature",
                rest("(func (drop (v128.const i64x2 0 0)))"),
                rest("(func (drop (f64.const 0)))"),
            ),
            (
                "moduleImportKind",
                import(r#"(import "edgerm" "emit" (global i32))"#),
                import(emit),
            ),
            (
                "moduleUnknownImport",
                import(r#"(import "env" "emit" (func (param i32 i32 i32) (result i32)))"#),
                import(emit),
            ),
            (
                "moduleImportSignature",
                import(r#"(import "edgerm" "emit" (func (param i32 i32 i32) (result i64)))"#),
                import(emit),
            ),
            (
                "moduleTableTooLarge",
                rest("(table 9 funcref)"),
                rest("(table 8 funcref)"),
            ),
            ("moduleMemoryTooLarge", memory("3"), memory("2 9")),
            (
                "moduleEntrySignature",
                entry("(result i64) i64.const 0"),
                entry("(result i32) i32.const 0"),
            ),
            (
                "moduleStartSection",
                rest("(func $start) (start $start)"),
                rest("(func $start)"),
            ),
            (
                "moduleElementsOutOfBounds",
                rest("(table 2 funcref) (func $f) (elem (i32.const 1) $f $f)"),
                rest("(table 2 funcref) (func $f) (elem (i32.const 0) $f $f)"),
            ),
            (
                "moduleDataOutOfBounds",
                rest(r#"(data (i32.const 65535) "ab")"#),
                rest(r#"(data (i32.const 65534) "ab")"#),
            ),
            (
                "moduleNoEntry",
                text(&format!(r#"{MEMORY} (func (export "start"))"#)),
                plain(),
            ),
            (
                "moduleNoMemory",
                text(&format!(r#"(memory (export "mem") 1) {ENTRY}"#)),
                plain(),
            ),
        ]
    }

    #[test]
    fn each_rule_refuses_one_module_and_admits_its_neighbour() {
        let neighbours = neighbours();
        let tried: Vec<_> = neighbours.iter().map(|(code, ..)| *code).collect();
        let listed: Vec<_> = RULES.iter().map(|entry| entry.code).collect();
        assert_eq!(tried, listed);
        for (code, refused, admitted) in neighbours {
            let Refusal { rule, offset } = admit(&refused, &LIMITS).expect_err(code);
            assert_eq!(rule.code(), code);
            assert!(offset <= refused.len(), "{code} at {offset}");
            assert_eq!(admit(&admitted, &LIMITS).err(), None, "{code}");
        }
    }

    #[test]
    fn each_rule_has_words_of_its_own_and_tells_the_byte() {
        let mut words = BTreeSet::new();
        for (code, refused, _) in neighbours() {
            let refusal = admit(&refused, &LIMITS).expect_err(code);
            let told = refusal.to_string();
            assert!(
                told.ends_with(&format!("(byte {} of the module)", refusal.offset)),
                "{told}"
            );
            assert!(words.insert(told), "{code}");
        }
    }

    #[test]
    fn the_document_shows_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/admission.md");
        let page = std::fs::read_to_string(path).expect("the page is there");
        let mut table = String::from("| rule | a module |\n|---|---|\n");
        for Entry { code, asks } in RULES {
            writeln!(table, "| `{code}` | {asks} |").expect("a string takes all");
        }
        assert!(
            page.contains(&table),
            "docs/admission.md is to have\n{table}"
        );
    }
}
