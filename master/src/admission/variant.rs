//! A module for a node that has less memory than a page: the same with pages of one byte.
//!
//! The proposal of custom page sizes lets a module say how large its pages are: 64 KiB, or one
//! byte. So the section that declares the memory is all that differs, and every access is held to
//! the end of the memory as before.

use super::refusal::Refusal;
use super::strip::{push_leb128, strip_with};
use super::{Admitted, Limits, admit};

/// The id of the section that declares the memory (WASM core specification, section 5.5.8).
const MEMORY_SECTION: u8 = 5;

/// The flags of a memory that has a maximum and says the size of its pages.
const HAS_MAXIMUM: u8 = 0x01;
const HAS_PAGE_SIZE: u8 = 0x08;

/// The logarithm of a page of one byte.
const ONE_BYTE: u8 = 0;

/// The admitted module `wasm` with a memory of `mem` bytes, neither more nor less: the same
/// bytes for the same arguments. Its memory is what it may run in where `mem` is at least its
/// [`Admitted::memory_needed_bytes`] and less than what it starts with.
///
/// # Errors
///
/// The rule that the outcome breaks: that its data lie within its memory, where `mem` is less
/// than it needs.
pub fn variant(wasm: &[u8], mem: u32) -> Result<Admitted, Refusal> {
    let mut memory = vec![1, HAS_MAXIMUM | HAS_PAGE_SIZE];
    for limit in [mem, mem] {
        push_leb128(&mut memory, limit);
    }
    memory.push(ONE_BYTE);
    let rewritten = strip_with(wasm, |id| (id == MEMORY_SECTION).then_some(&memory))?;
    // The module itself was held to the master's limits.
    let limits = Limits {
        module_bytes: usize::MAX,
        memory_bytes: u64::MAX,
        table_elements: u64::MAX,
    };
    admit(&rewritten, &limits)
}

#[cfg(test)]
mod tests {
    use edgerm_task_abi::Feature;

    use super::*;
    use crate::admission::Rule;

    /// A module that needs 4,112 bytes.
    fn original() -> Admitted {
        let text = r#"(module
            (import "edgerm" "sleep_ms" (func (param i32) (result i32)))
            (memory (export "memory") 1 2)
            (global (mut i32) (i32.const 4096))
            (func (export "_start") (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)))
            (data (i32.const 4096) "abc"))"#;
        let wasm = wat::parse_str(text).expect("it is well-formed");
        admit(&wasm, &Limits::default()).expect("it is sound")
    }

    #[test]
    fn only_the_memory_differs() {
        let original = original();
        assert_eq!(original.memory_needed_bytes, 4112);
        let variant = variant(&original.wasm, 5000).expect("that is enough");
        assert_eq!(variant.memory_min_bytes, 5000);
        assert_eq!(variant.memory_max_bytes, Some(5000));
        assert_eq!(variant.permissions, original.permissions);
        assert_eq!(
            variant.features,
            [Feature::BulkMemory, Feature::CustomPageSizes]
        );
        // The section of the memory: its id, its length, one memory, its flags, its limits.
        let before = [5, 4, 1, 1, 1, 2];
        let after = [5, 7, 1, 0x09, 0x88, 0x27, 0x88, 0x27, 0];
        let split = |wasm: &[u8], section: &[u8]| {
            let at = wasm.windows(section.len()).position(|part| part == section);
            let at = at.expect("the section is there");
            (wasm[..at].to_vec(), wasm[at + section.len()..].to_vec())
        };
        assert_eq!(split(&original.wasm, &before), split(&variant.wasm, &after));
    }

    #[test]
    fn the_same_arguments_give_the_same_digest() {
        let original = original();
        let made = |mem| variant(&original.wasm, mem).expect("that is enough").id;
        assert_eq!(made(5000), made(5000));
        assert_ne!(made(5000), made(5001));
        assert_ne!(made(65_536), original.id);
    }

    #[test]
    fn data_beyond_are_refused() {
        let refusal = variant(&original().wasm, 4098).expect_err("the data end at 4,099");
        assert!(matches!(
            refusal.rule,
            Rule::DataOutOfBounds { limit: 4098, .. }
        ));
    }

    #[test]
    fn a_variant_has_variants() {
        let original = original();
        let large = variant(&original.wasm, 5000).expect("that is enough");
        assert_eq!(large.memory_needed_bytes, 4112);
        let small = variant(&large.wasm, 4112).expect("that is enough");
        assert_eq!(Ok(small), variant(&original.wasm, 4112));
    }
}
