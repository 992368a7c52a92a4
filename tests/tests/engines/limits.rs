//! What a module asks for at once, within its limits and beyond them.

use edgerm_task_abi::limits::PAGE;
use edgerm_task_abi::{Feature, StartError, TaskLimits};

use crate::case::{Case, LIMITS, case};
use crate::subject::Subject;
use crate::text::module;

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const START: &str = r#"(func (export "_start"))"#;

/// Modules that ask for more than their limits.
pub(crate) fn too_large() -> Vec<Case> {
    let memory = |name, pages: u64, limit: usize| {
        let limits = TaskLimits {
            memory_bytes: limit,
            ..LIMITS
        };
        let wasm = module(&format!(r#"(memory (export "memory") {pages}) {START}"#));
        let error = StartError::Memory {
            needed: pages * PAGE,
            limit: u64::try_from(limit).expect("it is small"),
        };
        case(name, wasm).within(limits).refused(error)
    };
    let table = |name, elements, fields: &str| {
        let limits = TaskLimits {
            table_elements: elements,
            ..LIMITS
        };
        case(name, module(&format!("{MEMORY} {START} {fields}"))).within(limits)
    };
    vec![
        memory("a_page_too_many", 5, LIMITS.memory_bytes),
        memory("a_byte_too_few", 1, 65_535),
        memory("a_memory_where_there_may_be_none", 1, 0),
        memory("all_that_can_be_addressed", 65_536, LIMITS.memory_bytes),
        case(
            "no_memory_where_there_may_be_none",
            module(&format!(r#"(memory (export "memory") 0) {START}"#)),
        )
        .within(TaskLimits {
            memory_bytes: 0,
            ..LIMITS
        }),
        case(
            "a_most_that_is_beyond",
            module(&format!(r#"(memory (export "memory") 1 65536) {START}"#)),
        ),
        table("a_table_as_large_as_may_be", 8, "(table 8 funcref)"),
        table("a_table_too_large", 8, "(table 9 funcref)").refused(StartError::Table),
        table("a_table_far_too_large", 1024, "(table 10000000 funcref)").refused(StartError::Table),
        table(
            "tables_too_large_together",
            8,
            "(table 4 funcref) (table 5 funcref)",
        )
        .needs([Feature::ReferenceTypes])
        .refused(StartError::Table),
    ]
}

/// Segments, which lie within the memory and the table or do not.
pub(crate) fn segments() -> Vec<Case> {
    let fields = |name: &str, fields: &str| {
        case(
            name,
            module(&format!(
                "{MEMORY} {START} (table 2 funcref) (func $f) {fields}"
            )),
        )
    };
    let beyond = |name, text| fields(name, text).refused(StartError::Segment);
    vec![
        fields("data_to_the_end", r#"(data (i32.const 65534) "ab")"#),
        fields("no_data_at_the_end", r#"(data (i32.const 65536) "")"#),
        fields("elements_to_the_end", "(elem (i32.const 0) $f $f)"),
        fields("no_elements_at_the_end", "(elem (i32.const 2))"),
        beyond("data_over_the_end", r#"(data (i32.const 65535) "ab")"#),
        beyond("data_beyond_the_end", r#"(data (i32.const 65536) "a")"#),
        beyond("data_at_minus_one", r#"(data (i32.const -1) "a")"#),
        beyond("no_data_beyond_the_end", r#"(data (i32.const 65537) "")"#),
        beyond("elements_over_the_end", "(elem (i32.const 1) $f $f)"),
        beyond("elements_at_minus_one", "(elem (i32.const -1) $f)"),
        beyond("no_elements_beyond_the_end", "(elem (i32.const 3))"),
    ]
}

/// A memory that its limits allow, and for which there may still be no room.
pub(crate) fn a_memory_needs_room<S: Subject>() {
    let limits = TaskLimits {
        memory_bytes: 8 << 20,
        ..LIMITS
    };
    let wasm = module(&format!(r#"(memory (export "memory") 128) {START}"#));
    let mut case = case("large", wasm).within(limits);
    if S::ROOM.is_some_and(|room| room < limits.memory_bytes) {
        case = case.refused(StartError::NoRoom);
    }
    case.check::<S>();
}
