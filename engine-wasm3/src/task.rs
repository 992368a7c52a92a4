//! A task in wasm3.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use edgerm_task_abi::{
    Args, Call, CallHandler, HOST_FUNCTIONS, Outcome, StartError, Step, Task, TaskEnd, Trap, Value,
    ValueType,
};

use crate::ffi::{self, outcome, status};

/// One task in wasm3. To drop it, or to forget it, ends it: its arena is all there is of it.
pub struct Wasm3Task<'arena, 'wasm, C> {
    /// At the beginning of the arena.
    raw: NonNull<ffi::RawTask>,
    calls: C,
    end: Option<TaskEnd>,
    arena: PhantomData<&'arena mut [MaybeUninit<u8>]>,
    wasm: PhantomData<&'wasm [u8]>,
}

impl<'arena, 'wasm, C: CallHandler> Wasm3Task<'arena, 'wasm, C> {
    /// `arena` is aligned to 8 bytes.
    pub(crate) fn start(
        arena: &'arena mut [MaybeUninit<u8>],
        wasm: &'wasm [u8],
        entry: u32,
        limits: &ffi::Limits,
        calls: C,
    ) -> Result<Self, StartError> {
        let bytes = u32::try_from(wasm.len()).map_err(|_| StartError::Module)?;
        // SAFETY: the arena is aligned, and borrowed for as long as the task lives.
        let raw = unsafe { ffi::edgerm_wasm3_new(arena.as_mut_ptr().cast(), arena.len()) };
        let raw = NonNull::new(raw).ok_or(StartError::NoRoom)?;
        let mut needed = 0;
        // SAFETY: the task was just made, and the module is borrowed for as long as it lives.
        let started = unsafe {
            ffi::edgerm_wasm3_start(
                raw.as_ptr(),
                wasm.as_ptr(),
                bytes,
                entry,
                limits,
                &raw mut needed,
            )
        };
        start_error(started, needed, limits.memory_bytes)?;
        Ok(Self {
            raw,
            calls,
            end: None,
            arena: PhantomData,
            wasm: PhantomData,
        })
    }

    /// Bytes of the arena that were in use at most, so far.
    pub fn peak(&self) -> usize {
        // SAFETY: the task lives, and only this thread knows of it.
        unsafe { ffi::edgerm_wasm3_peak(self.raw.as_ptr()) as usize }
    }

    fn run_to_end(&mut self) -> TaskEnd {
        let mut exit_code = 0;
        // SAFETY: the task was started, it has not run before, and `call_host` takes for its
        // first argument what is passed for it here.
        let ended = unsafe {
            ffi::edgerm_wasm3_run(
                self.raw.as_ptr(),
                call_host::<C>,
                (&raw mut self.calls).cast::<c_void>(),
                &raw mut exit_code,
            )
        };
        TaskEnd::Trapped(match ended {
            status::EXITED => return TaskEnd::Exited(exit_code),
            status::UNREACHABLE => Trap::Unreachable,
            status::MEMORY_OUT_OF_BOUNDS => Trap::MemoryOutOfBounds,
            status::OUT_OF_MEMORY => Trap::OutOfMemory,
            status::STACK_OVERFLOW => Trap::StackOverflow,
            status::DIVISION_BY_ZERO => Trap::DivisionByZero,
            status::INTEGER_OVERFLOW => Trap::IntegerOverflow,
            status::TABLE_OUT_OF_BOUNDS => Trap::TableOutOfBounds,
            status::INDIRECT_CALL => Trap::IndirectCall,
            _ => Trap::Engine,
        })
    }
}

impl<C: CallHandler> Task for Wasm3Task<'_, '_, C> {
    /// Runs the task to its end; `fuel` cannot be counted.
    fn run(&mut self, _fuel: u64) -> Step {
        let end = match self.end {
            Some(end) => end,
            None => self.run_to_end(),
        };
        self.end = Some(end);
        Step::End(end)
    }
}

impl<C: fmt::Debug> fmt::Debug for Wasm3Task<'_, '_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wasm3Task")
            .field("calls", &self.calls)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

fn start_error(started: i32, needed: u64, limit: u64) -> Result<(), StartError> {
    Err(match started {
        status::OK => return Ok(()),
        status::IMPORT => StartError::Import,
        status::EXPORT => StartError::Export,
        status::MEMORY => StartError::Memory { needed, limit },
        status::TABLE => StartError::Table,
        status::SEGMENT => StartError::Segment,
        status::NO_ROOM => StartError::NoRoom,
        _ => StartError::Module,
    })
}

/// Passes a call to the task's handler, which waits where the call does.
///
/// # Safety
///
/// `calls` is a `C` that nobody else uses meanwhile; `cells` are those of host function number
/// `function`; `memory` is all of the task's memory; `exit_code` may be written to.
unsafe extern "C" fn call_host<C: CallHandler>(
    calls: *mut c_void,
    function: u32,
    cells: *mut u64,
    memory: *mut u8,
    memory_bytes: usize,
    exit_code: *mut i32,
) -> i32 {
    let Some(host_function) = HOST_FUNCTIONS.get(function as usize) else {
        return outcome::FAIL;
    };
    let (results, params) = (
        usize::from(host_function.result.is_some()),
        host_function.params.len(),
    );
    // SAFETY: the caller promises all of it.
    let (calls, cells, memory) = unsafe {
        (
            &mut *calls.cast::<C>(),
            core::slice::from_raw_parts_mut(cells, results + params),
            core::slice::from_raw_parts_mut(memory, memory_bytes),
        )
    };
    let (result, params) = cells.split_at_mut(results);
    let args: Args = params
        .iter()
        .zip(host_function.param_types())
        .map(|(cell, ty)| value(*cell, ty))
        .collect();
    let call = Call {
        function: host_function.function,
        args,
    };
    match calls.handle_call(call, memory) {
        Outcome::Return(value) => {
            if let Some(result) = result.first_mut() {
                *result = cell(value);
            }
            outcome::RETURN
        }
        Outcome::Exit(code) => {
            // SAFETY: the caller promises as much.
            unsafe { exit_code.write(code) };
            outcome::EXIT
        }
        // wasm3 cannot leave a call that is under way and come back to it.
        Outcome::Suspend(_) => outcome::FAIL,
    }
}

/// The value in a cell, of which an i32 is the lower half and the upper one is anything.
const fn value(cell: u64, ty: ValueType) -> Value {
    match ty {
        ValueType::I32 => {
            let [a, b, c, d, ..] = cell.to_le_bytes();
            Value::I32(i32::from_le_bytes([a, b, c, d]))
        }
        ValueType::I64 => Value::I64(cell.cast_signed()),
    }
}

fn cell(value: Value) -> u64 {
    match value {
        Value::I32(value) => value.cast_unsigned().into(),
        Value::I64(value) => value.cast_unsigned(),
    }
}
