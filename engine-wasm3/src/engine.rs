//! The engine: one arena, for one task.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use edgerm_task_abi::{CallHandler, Engine, Feature, StartError, TaskLimits};

use crate::task::Wasm3Task;
use crate::{ffi, sections};

/// Memory for one task, aligned as wasm3 needs it.
///
/// ```
/// use edgerm_engine_wasm3::Arena;
/// static mut MEMORY: Arena<20_480> = Arena::new();
/// ```
#[repr(C, align(8))]
#[derive(Debug)]
pub struct Arena<const BYTES: usize>(pub [MaybeUninit<u8>; BYTES]);

impl<const BYTES: usize> Arena<BYTES> {
    /// An arena, of any contents.
    pub const fn new() -> Self {
        Self([MaybeUninit::uninit(); BYTES])
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

/// How large the stacks of a task are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes for the locals and operands of the functions that a task is in, taken from its
    /// arena. A task that needs more ends with a stack overflow.
    pub wasm_stack: u32,
    /// Bytes of its thread's stack that wasm3 may use, below the frame that starts or runs the
    /// task. A task that calls so deeply ends with a stack overflow; a module whose functions
    /// nest too many blocks to be compiled so does not start, for want of room.
    ///
    /// On a Cortex-M3 to start takes 1,500 bytes at least and 140 for each block within a block
    /// beyond the third, a call within a call 56, a loop within a loop 40. On a processor of 64
    /// bits all is twice as much.
    pub native_stack: u32,
}

impl Settings {
    /// Bytes of a thread's stack that wasm3 may use beyond [`Settings::native_stack`], between
    /// two looks at how much is left. What the [`CallHandler`] needs comes on top.
    pub const RESERVE: usize = 64 * size_of::<usize>();
}

impl Default for Settings {
    /// Enough for the tasks of the SDK: 2 KiB of each, and twice that of the thread's stack on a
    /// processor of 64 bits.
    fn default() -> Self {
        Self {
            wasm_stack: 2048,
            native_stack: if size_of::<usize>() > 4 { 4096 } else { 2048 },
        }
    }
}

/// What this engine has of WASM, for an agent to tell as its `wasm_features`.
pub fn features() -> impl Iterator<Item = Feature> {
    let floats = ffi::edgerm_wasm3_has_floats() != 0;
    Feature::ALL
        .into_iter()
        .filter(move |feature| match feature {
            Feature::Floats | Feature::NontrappingFptoint => floats,
            Feature::MutableGlobals
            | Feature::SignExt
            | Feature::BulkMemory
            | Feature::Multivalue
            | Feature::CustomPageSizes => true,
            Feature::ReferenceTypes => false,
        })
}

/// wasm3 in an arena, which is good for one task; when that is gone, its arena is the caller's
/// again.
#[derive(Debug)]
pub struct Wasm3Engine<'arena> {
    arena: &'arena mut [MaybeUninit<u8>],
    settings: Settings,
}

impl<'arena> Wasm3Engine<'arena> {
    /// An engine that keeps all of its task in `arena`, aligned to 8 bytes or else a little of
    /// it is lost.
    pub const fn new(arena: &'arena mut [MaybeUninit<u8>], settings: Settings) -> Self {
        Self { arena, settings }
    }
}

impl<'arena> Engine for Wasm3Engine<'arena> {
    type Task<'wasm, C: CallHandler + 'static> = Wasm3Task<'arena, 'wasm, C>;

    fn start<'wasm, C: CallHandler + 'static>(
        self,
        wasm: &'wasm [u8],
        limits: TaskLimits,
        calls: C,
    ) -> Result<Self::Task<'wasm, C>, StartError> {
        let entry = sections::entry(wasm)?;
        let limits = ffi::Limits {
            memory_bytes: u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX),
            table_elements: u32::try_from(limits.table_elements).unwrap_or(u32::MAX),
            wasm_stack: self.settings.wasm_stack,
            native_stack: self.settings.native_stack,
            reserved: 0,
        };
        Wasm3Task::start(aligned(self.arena), wasm, entry, &limits, calls)
    }
}

/// The part of an arena that begins at a multiple of 8.
fn aligned(arena: &mut [MaybeUninit<u8>]) -> &mut [MaybeUninit<u8>] {
    let odd = NonNull::from(&mut *arena).cast::<u8>().align_offset(8);
    arena.get_mut(odd..).unwrap_or_default()
}
