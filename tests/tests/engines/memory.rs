//! Memory that grows, up to the module's own maximum and to that of the launch; and memory in
//! pages of one byte.

use edgerm_task_abi::{ErrorCode, Feature, StartError, TaskLimits, Trap};

use crate::case::{Case, LIMITS, case};
use crate::node::Did;
use crate::text::{imports, module};

/// An entry of this body, and a memory of these limits.
fn with_memory(memory: &str, body: &str) -> Vec<u8> {
    module(&format!(
        r#"(memory (export "memory") {memory}) (func (export "_start") (result i32) {body})"#
    ))
}

/// Pages of 64 KiB, of which a launch gives four.
pub(crate) fn growth() -> Vec<Case> {
    let grows = |name: &str, memory: &str, more: i64| {
        case(
            name,
            with_memory(memory, &format!("(memory.grow (i32.const {more}))")),
        )
    };
    vec![
        case("size_of_two_pages", with_memory("2", "(memory.size)")).exits(2),
        grows("grows_to_all_it_may_have", "1", 3).exits(1),
        grows("grows_by_nothing", "4", 0).exits(4),
        grows("grows_to_its_own_maximum", "1 2", 1).exits(1),
        grows("grows_beyond_its_own_maximum", "1 2", 2).exits(-1),
        grows("grows_beyond_its_own_maximum_by_far", "1 2", -1).exits(-1),
        grows("grows_beyond_what_can_be_addressed", "1", 65_536).exits(-1),
        grows("grows_beyond_what_can_be_counted", "1", -1).exits(-1),
        grows("grows_beyond_its_launch", "1 8", 4).traps(Trap::OutOfMemory),
        grows("grows_to_all_that_can_be_addressed", "1", 65_535).traps(Trap::OutOfMemory),
        case(
            "what_it_grows_by_is_zero_and_what_it_had_stays",
            with_memory(
                "1",
                "(i64.store (i32.const 65528) (i64.const -1))
                (drop (memory.grow (i32.const 2)))
                (if (i64.ne (i64.load (i32.const 65528)) (i64.const -1)) (then unreachable))
                (if (i64.ne (i64.load (i32.const 65536)) (i64.const 0)) (then unreachable))
                (i64.store (i32.const 196600) (i64.const 7))
                (i32.add (i32.load (i32.const 196600)) (memory.size))",
            ),
        )
        .exits(10),
        case(
            "beyond_what_it_grew_to",
            with_memory(
                "1",
                "(drop (memory.grow (i32.const 1))) (i32.load8_u (i32.const 131072))",
            ),
        )
        .traps(Trap::MemoryOutOfBounds),
        the_node_sees_it(),
    ]
}

/// A call from a page that was not there when the module was linked.
fn the_node_sees_it() -> Case {
    let text = format!(
        r#"{} (memory (export "memory") 1)
        (func $emit_at (param i32) (result i32)
          (call $emit (local.get 0) (i32.const 4) (i32.const 0)))
        (func (export "_start") (result i32)
          (if (i32.ne (call $emit_at (i32.const 65536)) (i32.const {out})) (then unreachable))
          (drop (memory.grow (i32.const 1)))
          (i32.store (i32.const 65536) (i32.const 0x21736579))
          (if (call $emit_at (i32.const 65536)) (then unreachable))
          (call $emit_at (i32.const 131069)))"#,
        imports(),
        out = ErrorCode::OutOfBounds.code(),
    );
    case("calls_see_what_it_grew_to", module(&text))
        .does([Did::Emitted(b"yes!".into())])
        .exits(ErrorCode::OutOfBounds.code())
}

/// Pages of one byte.
pub(crate) fn one_byte_pages() -> Vec<Case> {
    let bytes = |name: &str, memory: &str, body: &str| {
        case(name, with_memory(&format!("{memory} (pagesize 1)"), body))
            .needs([Feature::CustomPageSizes])
            .within(TaskLimits {
                memory_bytes: 1000,
                ..LIMITS
            })
    };
    vec![
        bytes(
            "all_bytes_of_a_small_memory",
            "100",
            "(i32.load (i32.const 96))",
        ),
        bytes(
            "over_the_end_of_a_small_memory",
            "100",
            "(i32.load (i32.const 97))",
        )
        .traps(Trap::MemoryOutOfBounds),
        bytes(
            "stores_over_its_end",
            "100",
            "(i64.store (i32.const 93) (i64.const 0)) (i32.const 0)",
        )
        .traps(Trap::MemoryOutOfBounds),
        bytes("a_memory_of_no_bytes", "0", "(i32.load8_u (i32.const 0))")
            .traps(Trap::MemoryOutOfBounds),
        bytes("its_size_in_bytes", "999", "(memory.size)").exits(999),
        bytes(
            "grows_byte_by_byte",
            "998",
            "(i32.add (memory.grow (i32.const 1)) (memory.grow (i32.const 1)))",
        )
        .exits(998 + 999),
        bytes(
            "reads_what_it_grew_by",
            "100",
            "(drop (memory.grow (i32.const 1))) (i32.load8_u (i32.const 100))",
        ),
        bytes(
            "grows_beyond_its_maximum",
            "100 200",
            "(memory.grow (i32.const 101))",
        )
        .exits(-1),
        bytes(
            "grows_beyond_its_launch_by_a_byte",
            "100",
            "(memory.grow (i32.const 901))",
        )
        .traps(Trap::OutOfMemory),
        bytes("asks_for_a_byte_too_many", "1001", "(i32.const 0)").refused(StartError::Memory {
            needed: 1001,
            limit: 1000,
        }),
        bytes_seen_by_the_node(),
    ]
}

fn bytes_seen_by_the_node() -> Case {
    let text = format!(
        r#"{} (memory (export "memory") 16 16 (pagesize 1)) (data (i32.const 8) "the last")
        (func $emit_from (param i32 i32)
          (if (call $emit (local.get 0) (local.get 1) (i32.const 0)) (then unreachable)))
        (func (export "_start") (result i32)
          (call $emit_from (i32.const 8) (i32.const 8))
          (call $emit (i32.const 9) (i32.const 8) (i32.const 0)))"#,
        imports(),
    );
    case("calls_are_held_to_its_bytes", module(&text))
        .needs([Feature::CustomPageSizes])
        .does([Did::Emitted(b"the last".into())])
        .exits(ErrorCode::OutOfBounds.code())
}
