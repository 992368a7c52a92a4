//! The C part, as `shim/edgerm_wasm3.h` declares it.

use core::ffi::c_void;

use crate::heap::Heap;

/// A task within its arena: only C looks into it.
#[repr(C)]
pub(crate) struct RawTask {
    _opaque: [u8; 0],
}

/// `struct edgerm_wasm3_limits`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: u64,
    pub(crate) table_elements: u32,
    pub(crate) wasm_stack: u32,
    pub(crate) native_stack: u32,
    pub(crate) reserved: u32,
}

// The C compiler is asked the same.
const _: () = assert!(size_of::<Limits>() == 24);
const _: () = assert!(size_of::<Heap>() == size_of::<*mut u8>() + 8);

/// `enum edgerm_wasm3_status`: why a task did not start, `MODULE` where it is none of these; and
/// how it ended, `ENGINE` where it is none of these.
pub(crate) mod status {
    pub(crate) const OK: i32 = 0;
    pub(crate) const IMPORT: i32 = 2;
    pub(crate) const EXPORT: i32 = 3;
    pub(crate) const MEMORY: i32 = 4;
    pub(crate) const TABLE: i32 = 5;
    pub(crate) const SEGMENT: i32 = 6;
    pub(crate) const NO_ROOM: i32 = 7;

    pub(crate) const EXITED: i32 = 16;
    pub(crate) const UNREACHABLE: i32 = 17;
    pub(crate) const MEMORY_OUT_OF_BOUNDS: i32 = 18;
    pub(crate) const OUT_OF_MEMORY: i32 = 19;
    pub(crate) const STACK_OVERFLOW: i32 = 20;
    pub(crate) const DIVISION_BY_ZERO: i32 = 21;
    pub(crate) const INTEGER_OVERFLOW: i32 = 22;
    pub(crate) const TABLE_OUT_OF_BOUNDS: i32 = 23;
    pub(crate) const INDIRECT_CALL: i32 = 24;
}

/// `enum edgerm_wasm3_outcome`.
pub(crate) mod outcome {
    pub(crate) const RETURN: i32 = 0;
    pub(crate) const EXIT: i32 = 1;
    pub(crate) const FAIL: i32 = 2;
}

/// `edgerm_wasm3_call`.
pub(crate) type HostCall = unsafe extern "C" fn(
    calls: *mut c_void,
    function: u32,
    cells: *mut u64,
    memory: *mut u8,
    memory_bytes: usize,
    exit_code: *mut i32,
) -> i32;

unsafe extern "C" {
    pub(crate) fn edgerm_wasm3_new(arena: *mut u8, bytes: usize) -> *mut RawTask;
    pub(crate) fn edgerm_wasm3_start(
        task: *mut RawTask,
        wasm: *const u8,
        bytes: u32,
        entry: u32,
        limits: *const Limits,
        needed: *mut u64,
    ) -> i32;
    pub(crate) fn edgerm_wasm3_run(
        task: *mut RawTask,
        call: HostCall,
        calls: *mut c_void,
        exit_code: *mut i32,
    ) -> i32;
    pub(crate) fn edgerm_wasm3_peak(task: *const RawTask) -> u32;
    pub(crate) safe fn edgerm_wasm3_has_floats() -> i32;
}
