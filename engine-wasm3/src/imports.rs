//! The host API's functions, found for wasm3.

use core::ffi::{CStr, c_char};

use edgerm_task_abi::{Function, IMPORT_MODULE, ValueType};

/// `c_m3Type_i32`.
const I32: u8 = 1;

/// `c_m3Type_i64`.
const I64: u8 = 2;

/// The number of the host function of these names and types.
fn find(module: &CStr, field: &CStr, results: &[u8], params: &[u8]) -> Option<i32> {
    if module.to_bytes() != IMPORT_MODULE.as_bytes() {
        return None;
    }
    let function = Function::from_name(field.to_str().ok()?)?;
    let description = function.description();
    let fits = results.iter().copied().eq(description.result.map(m3_type))
        && params
            .iter()
            .copied()
            .eq(description.param_types().map(m3_type));
    fits.then_some(function as i32)
}

const fn m3_type(ty: ValueType) -> u8 {
    match ty {
        ValueType::I32 => I32,
        ValueType::I64 => I64,
    }
}

/// `edgerm_wasm3_find_import`: -1 where there is no such function.
///
/// # Safety
///
/// The names end with a zero, and `types` holds as many as `results` and `params` say.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_wasm3_find_import(
    module: *const c_char,
    field: *const c_char,
    types: *const u8,
    results: u32,
    params: u32,
) -> i32 {
    // SAFETY: the caller promises as much.
    let (module, field, types) = unsafe {
        (
            CStr::from_ptr(module),
            CStr::from_ptr(field),
            core::slice::from_raw_parts(types, (results + params) as usize),
        )
    };
    let found = types
        .split_at_checked(results as usize)
        .and_then(|(results, params)| find(module, field, results, params));
    found.unwrap_or(-1)
}
