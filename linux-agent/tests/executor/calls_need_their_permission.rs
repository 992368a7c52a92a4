use edgerm_task_abi::{ErrorCode, HOST_FUNCTIONS, HostFunction, Permissions, TaskEnd, ValueType};

use crate::rig::{Rig, spec, task};

/// A task that calls the function with zeros, and exits with what that returns.
fn exits_with(function: &HostFunction) -> String {
    let zeros: String = function
        .param_types()
        .map(|ty| format!("({}.const 0)", ty.name()))
        .collect();
    let call = format!("(call ${} {zeros})", function.name);
    let call = match function.result {
        Some(ValueType::I64) => format!("(i32.wrap_i64 {call})"),
        Some(ValueType::I32) => call,
        None => format!("{call} (i32.const 0)"),
    };
    task(&format!(r#"(func (export "_start") (result i32) {call})"#))
}

#[test]
fn each_function_is_refused_without_its_own_and_only_then() {
    let mut rig = Rig::new();
    let refused = TaskEnd::Exited(ErrorCode::NotPermitted.code());
    for function in HOST_FUNCTIONS {
        let wat = exits_with(function);
        let mut end_with = |permissions| {
            let spec = edgerm_linux_agent::executor::TaskSpec {
                permissions,
                ..spec(1, &wat)
            };
            let id = rig.start(spec);
            rig.finish(id).1
        };
        let own = function.permission.map_or(Permissions::NONE, Into::into);
        assert_ne!(end_with(own), refused, "{}", function.name);
        let others = end_with(Permissions::ALL.without(own));
        assert_eq!(others == refused, !own.is_empty(), "{}", function.name);
    }
}
