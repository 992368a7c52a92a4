//! Modules that import or export what the host API has not.

use edgerm_task_abi::{Feature, StartError};

use crate::case::{Case, case};
use crate::text::module;

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const START: &str = r#"(func (export "_start"))"#;

/// Modules with what the host API has not.
pub(crate) fn foreign() -> Vec<Case> {
    let import = |name, import: &str| {
        case(name, module(&format!("{import} {MEMORY} {START}"))).refused(StartError::Import)
    };
    let export = |name, fields: &str| case(name, module(fields)).refused(StartError::Export);
    vec![
        import(
            "imports_an_unknown_function",
            r#"(import "edgerm" "reboot" (func))"#,
        ),
        import(
            "imports_from_another_module",
            r#"(import "env" "exit" (func (param i32)))"#,
        ),
        import(
            "imports_a_name_in_part",
            r#"(import "edgerm" "exi" (func (param i32)))"#,
        ),
        import(
            "imports_another_parameter",
            r#"(import "edgerm" "exit" (func (param i64)))"#,
        ),
        import(
            "imports_a_parameter_too_few",
            r#"(import "edgerm" "exit" (func))"#,
        ),
        import(
            "imports_a_result_too_many",
            r#"(import "edgerm" "exit" (func (param i32) (result i32)))"#,
        ),
        import(
            "imports_a_result_too_few",
            r#"(import "edgerm" "abi_version" (func))"#,
        ),
        import(
            "imports_another_result",
            r#"(import "edgerm" "abi_version" (func (result i64)))"#,
        ),
        import(
            "imports_a_global",
            r#"(import "edgerm" "exit" (global i32))"#,
        ),
        import(
            "imports_a_table",
            r#"(import "edgerm" "table" (table 1 funcref))"#,
        ),
        case(
            "imports_its_memory",
            module(&format!(
                r#"(import "edgerm" "memory" (memory 1)) (export "memory" (memory 0)) {START}"#
            )),
        )
        .refused(StartError::Import),
        export("exports_no_entry", MEMORY),
        export(
            "exports_its_entry_by_another_name",
            &format!(r#"{MEMORY} (func (export "main"))"#),
        ),
        export(
            "exports_a_global_as_its_entry",
            &format!(r#"{MEMORY} (global (export "_start") i32 (i32.const 0))"#),
        ),
        export(
            "exports_an_entry_with_a_parameter",
            &format!(r#"{MEMORY} (func (export "_start") (param i32))"#),
        ),
        export(
            "exports_an_entry_with_a_wide_result",
            &format!(r#"{MEMORY} (func (export "_start") (result i64) (i64.const 0))"#),
        ),
        export("exports_no_memory", &format!("(memory 1) {START}")),
        export("has_no_memory", START),
        export(
            "exports_its_memory_by_another_name",
            &format!(r#"(memory (export "mem") 1) {START}"#),
        ),
        export(
            "exports_a_function_as_its_memory",
            &format!(r#"(memory 1) (func (export "memory")) {START}"#),
        ),
        case(
            "exports_an_entry_of_two_results",
            module(&format!(
                r#"{MEMORY} (func (export "_start") (result i32 i32) (i32.const 0) (i32.const 0))"#
            )),
        )
        .needs([Feature::Multivalue])
        .refused(StartError::Export),
    ]
}
