//! Modules as text.

use std::fmt::Write;

use edgerm_task_abi::{HOST_FUNCTIONS, HostFunction, IMPORT_MODULE};

use crate::node::Did;

/// The module of these fields.
pub(crate) fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})"))
        .unwrap_or_else(|error| panic!("the case's module is not well-formed: {error}\n{fields}"))
}

/// Fields that import every host function under its name.
pub(crate) fn imports() -> String {
    HOST_FUNCTIONS.iter().map(import).collect()
}

/// The field that imports one.
pub(crate) fn import(function: &HostFunction) -> String {
    let params: String = function
        .param_types()
        .map(|ty| format!(" {}", ty.name()))
        .collect();
    let result = function.result.map(|ty| format!("(result {})", ty.name()));
    format!(
        "(import \"{IMPORT_MODULE}\" \"{name}\" (func ${name} (param{params}) {result}))\n",
        name = function.name,
        result = result.unwrap_or_default(),
    )
}

/// Fields of one page of memory and of `$tell` and `$tell64`, which tell a number by emitting it;
/// they use the page's last eight bytes.
const TELL: &str = r#"(memory (export "memory") 1)
    (func $tell64 (param i64)
      (i64.store (i32.const 65528) (local.get 0))
      (if (call $emit (i32.const 65528) (i32.const 8) (i32.const -1)) (then unreachable)))
    (func $tell (param i32) (call $tell64 (i64.extend_i32_s (local.get 0))))
"#;

/// A module with all imports, a page of memory, `$tell` and these fields.
pub(crate) fn task(fields: &str) -> Vec<u8> {
    module(&format!("{}{TELL}{fields}", imports()))
}

/// The same, whose entry is this body and leaves nothing.
pub(crate) fn telling(fields: &str, body: &str) -> Vec<u8> {
    task(&format!(r#"{fields} (func (export "_start") {body})"#))
}

/// A module of a page of memory and these fields, whose entry is this body and leaves an i32.
pub(crate) fn plain(fields: &str, body: &str) -> Vec<u8> {
    module(&format!(
        r#"(memory (export "memory") 1) {fields} (func (export "_start") (result i32) {body})"#
    ))
}

/// What `$tell` and `$tell64` do to the node.
pub(crate) fn told(number: impl Into<i64>) -> Did {
    Did::Emitted(number.into().to_le_bytes().into())
}

/// A call with these constants.
pub(crate) fn call(function: &HostFunction, args: &[i64]) -> String {
    let mut text = format!("(call ${}", function.name);
    for (ty, arg) in function.param_types().zip(args) {
        write!(text, " ({ty}.const {arg})").expect("a String has room");
    }
    text + ")"
}
