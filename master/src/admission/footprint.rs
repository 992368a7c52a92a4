//! How little memory a module can run in.
//!
//! A module asks for whole pages of 64 KiB and seldom uses one. What it uses begins at 0 and has
//! three parts, in one order or another: the stack, the data that segments initialise, and the
//! zeroed data that no segment shows.
//!
//! - The stack ends where the stack pointer starts. Linkers keep that in a mutable global, so
//!   the highest first value of those counts.
//! - Initialised data end where the last active segment ends.
//! - Zeroed data end where an exported `__heap_base` or `__data_end` says. Where neither is
//!   exported there may be none: then nothing in the module is an address at or after the end
//!   of the other two, neither a constant, nor the offset of a load or store, nor an aligned
//!   word of the data. Where something could be one, how much follows it cannot be told.
//!
//! A module that looks at the size of its memory (`memory.size`), that grows it, or of which
//! cannot be told what it uses, needs the pages that it asks for. A module that lies traps at the
//! end of its memory, as any does.

use wasmparser::{
    BinaryReaderError, DataKind, Export, ExternalKind, FunctionBody, Global, MemArg, Operator,
    Parser, Payload, ValType,
};

use super::refusal::Refusal;
use super::survey::{constant, invalid};

/// The symbols by which wasm-ld tells where all data end.
const ENDS: [&str; 2] = ["__heap_base", "__data_end"];

/// What is needed is rounded up to a multiple of this, which is the alignment that wasm-ld gives
/// the stack and the heap.
const ALIGNMENT: u64 = 16;

/// Bytes of memory that a valid module can run in: `memory_bytes`, which it starts with, or
/// fewer, but 16 at least where it has as many.
pub(super) fn of(wasm: &[u8], memory_bytes: u64) -> Result<u64, Refusal> {
    let mut walk = Walk {
        memory_bytes,
        globals: Vec::new(),
        stack_end: 0,
        data_end: 0,
        told_end: None,
        highest: 0,
        watches_memory: false,
    };
    for payload in Parser::new(0).parse_all(wasm) {
        walk.visit(payload.map_err(invalid)?)?;
    }
    Ok(walk.finish())
}

/// What was found in the sections before the one that is visited.
struct Walk {
    memory_bytes: u64,
    /// The value that each global has and keeps, where it is an integer of 32 bits.
    globals: Vec<Option<u32>>,
    stack_end: u64,
    data_end: u64,
    /// Where all data end, by an export.
    told_end: Option<u64>,
    /// The highest number that may be an address within the memory, or its end.
    highest: u64,
    watches_memory: bool,
}

impl Walk {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's enum, of 30 payloads"
    )]
    fn visit(&mut self, payload: Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::GlobalSection(section) => {
                for global in section {
                    self.global(&global.map_err(invalid)?)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(&export.map_err(invalid)?);
                }
            }
            Payload::CodeSectionEntry(body) => self.code(&body).map_err(invalid)?,
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.map_err(invalid)?;
                    let start = match &data.kind {
                        DataKind::Active { offset_expr, .. } => constant(offset_expr)?,
                        DataKind::Passive => 0,
                    };
                    if matches!(data.kind, DataKind::Active { .. }) {
                        self.data_end = self.data_end.max(start + data.data.len() as u64);
                    }
                    self.words(start, data.data);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn global(&mut self, global: &Global<'_>) -> Result<(), Refusal> {
        let is_address = global.ty.content_type == ValType::I32;
        let value = match is_address {
            true => u32::try_from(constant(&global.init_expr)?).ok(),
            false => None,
        };
        match value {
            Some(value) if global.ty.mutable => {
                let end = u64::from(value);
                if end <= self.memory_bytes {
                    self.stack_end = self.stack_end.max(end);
                }
                self.globals.push(None);
            }
            Some(_) | None => {
                self.saw(value.map_or(0, u64::from));
                self.globals.push(value);
            }
        }
        Ok(())
    }

    /// The globals of a module are all its own, since none can be imported.
    fn export(&mut self, export: &Export<'_>) {
        if export.kind != ExternalKind::Global || !ENDS.contains(&export.name) {
            return;
        }
        let value = self.globals.get(export.index as usize).copied().flatten();
        self.told_end = self.told_end.max(value.map(u64::from));
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's enum, of some 500 instructions"
    )]
    fn code(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        for operator in body.get_operators_reader()? {
            use Operator::{
                F32Load, F32Store, F64Load, F64Store, I32Const, I32Load, I32Load8S, I32Load8U,
                I32Load16S, I32Load16U, I32Store, I32Store8, I32Store16, I64Load, I64Load8S,
                I64Load8U, I64Load16S, I64Load16U, I64Load32S, I64Load32U, I64Store, I64Store8,
                I64Store16, I64Store32, MemoryGrow, MemorySize,
            };
            match operator? {
                MemorySize { .. } | MemoryGrow { .. } => self.watches_memory = true,
                I32Const { value } => self.saw(value.cast_unsigned().into()),
                I32Load { memarg }
                | I64Load { memarg }
                | F32Load { memarg }
                | F64Load { memarg }
                | I32Load8S { memarg }
                | I32Load8U { memarg }
                | I32Load16S { memarg }
                | I32Load16U { memarg }
                | I64Load8S { memarg }
                | I64Load8U { memarg }
                | I64Load16S { memarg }
                | I64Load16U { memarg }
                | I64Load32S { memarg }
                | I64Load32U { memarg }
                | I32Store { memarg }
                | I64Store { memarg }
                | F32Store { memarg }
                | F64Store { memarg }
                | I32Store8 { memarg }
                | I32Store16 { memarg }
                | I64Store8 { memarg }
                | I64Store16 { memarg }
                | I64Store32 { memarg } => {
                    let MemArg { offset, .. } = memarg;
                    self.saw(offset);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Words of `data` that lie at multiples of four once the data are at `start`: pointers do.
    fn words(&mut self, start: u64, data: &[u8]) {
        let before = usize::try_from(start.wrapping_neg() % 4).unwrap_or(0);
        let (words, _) = data.get(before..).unwrap_or_default().as_chunks();
        for word in words {
            self.saw(u32::from_le_bytes(*word).into());
        }
    }

    /// A number that may be an address.
    fn saw(&mut self, number: u64) {
        if number <= self.memory_bytes {
            self.highest = self.highest.max(number);
        }
    }

    fn finish(self) -> u64 {
        let shown = self.stack_end.max(self.data_end);
        let end = match self.told_end {
            _ if self.watches_memory => self.memory_bytes,
            Some(told) => shown.max(told),
            None if self.highest >= shown && self.highest > 0 => self.memory_bytes,
            None => shown,
        };
        end.max(1)
            .next_multiple_of(ALIGNMENT)
            .min(self.memory_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = 65_536;

    /// What a module of one page and `fields` needs.
    fn needed(fields: &str) -> u64 {
        let text =
            format!(r#"(module (memory (export "memory") 1) {fields} (func (export "_start")))"#);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        of(&wasm, PAGE).expect("it is sound")
    }

    #[test]
    fn each_part_of_memory_counts() {
        let stack = "(global (mut i32) (i32.const 4096))";
        let data = r#"(data (i32.const 4096) "abcde")"#;
        let cases: &[(&str, u64)] = &[
            ("", 16),
            (stack, 4096),
            (r#"(data (i32.const 16) "a") (data (i32.const 3) "b")"#, 32),
            (&format!("{stack} {data}"), 4112),
            // Two that change, of which the linker's second is no address, nor is one of 64 bits.
            (&format!("{stack} (global (mut i32) (i32.const -1))"), 4096),
            (
                &format!("{stack} (global (mut i64) (i64.const 9000))"),
                4096,
            ),
            // The stack after the data, and all of the page.
            (
                r#"(global (mut i32) (i32.const 65536)) (data (i32.const 0) "a")"#,
                PAGE,
            ),
            // A passive segment is nowhere yet.
            (&format!(r#"{stack} (data "abc")"#), 4096),
        ];
        for (fields, expected) in cases {
            assert_eq!(needed(fields), *expected, "{fields}");
        }
    }

    #[test]
    fn what_may_be_an_address_beyond_keeps_the_pages() {
        let start = r#"(global $stack (mut i32) (i32.const 4096)) (data (i32.const 4096) "abcd")"#;
        let cases: &[(&str, u64)] = &[
            ("(func (drop (i32.const 4099)))", 4112),
            ("(func (drop (i32.const 4100)))", PAGE),
            ("(func (drop (i32.const 65536)))", PAGE),
            ("(func (drop (i32.const 65537)))", 4112),
            ("(func (drop (i32.const -4)))", 4112),
            ("(func (drop (i64.const 5000)))", 4112),
            ("(func (drop (i32.load offset=4096 (i32.const 0))))", 4112),
            ("(func (drop (i32.load offset=5000 (i32.const 0))))", PAGE),
            (
                "(func (i64.store8 offset=5000 (i32.const 0) (i64.const 0)))",
                PAGE,
            ),
            ("(global i32 (i32.const 5000))", PAGE),
            (r#"(data (i32.const 4) "\88\13\00\00")"#, PAGE),
            // The same word, but where no pointer lies.
            (r#"(data (i32.const 5) "\88\13\00\00")"#, 4112),
            (r#"(data (i32.const 5) "...\88\13\00\00")"#, PAGE),
            (r#"(data (i32.const 4) "\88\13\00")"#, 4112),
            (r#"(data "\88\13\00\00")"#, PAGE),
        ];
        for (fields, expected) in cases {
            assert_eq!(needed(&format!("{start} {fields}")), *expected, "{fields}");
        }
    }

    #[test]
    fn the_linker_s_word_settles_it() {
        let start = r#"(global $stack (mut i32) (i32.const 4096)) (data (i32.const 4096) "abcd")
            (func (drop (i32.const 5000)))"#;
        let end = |name, value: &str| format!(r#"(global (export "{name}") {value})"#);
        let cases = [
            (end("__heap_base", "i32 (i32.const 8200)"), 8208),
            (end("__data_end", "i32 (i32.const 8192)"), 8192),
            (
                end("__data_end", "i32 (i32.const 8192)")
                    + &end("__heap_base", "i32 (i32.const 8320)"),
                8320,
            ),
            // Lies, which end at the end of what is needed or has been asked for.
            (end("__heap_base", "i32 (i32.const 16)"), 4112),
            (end("__heap_base", "i32 (i32.const -1)"), PAGE),
            // Not the linker's.
            (end("__heap_base", "(mut i32) (i32.const 4096)"), PAGE),
            (end("__heap_base", "i64 (i64.const 4096)"), PAGE),
            (end("heap_base", "i32 (i32.const 4096)"), PAGE),
        ];
        for (fields, expected) in cases {
            assert_eq!(needed(&format!("{start} {fields}")), expected, "{fields}");
        }
    }

    #[test]
    fn a_module_that_watches_its_memory_keeps_it() {
        let told = r#"(global (export "__heap_base") i32 (i32.const 16))"#;
        for body in ["memory.size", "(memory.grow (i32.const 0))"] {
            assert_eq!(
                needed(&format!("{told} (func (drop {body}))")),
                PAGE,
                "{body}"
            );
        }
    }
}
