#![no_std]
//! wasm3 0.9 behind the engine trait of the host API, for microcontrollers.
//!
//! Each task has a thread and an arena: one region of bytes, which holds all that wasm3 keeps of
//! the task, down to its linear memory. So a task ends, whatever it is doing, when its thread is
//! aborted and its arena is forgotten; nothing is left, and no other task has noticed. A module
//! is compiled whole when it starts, so that a start tells whether the arena suffices, and its
//! bytes are borrowed for as long as the task lives: they may stand in mapped flash.
//!
//! ```text
//!   arena: | head | environment, module, code, stack of the task | linear memory ->    |
//! ```
//!
//! wasm3 counts no fuel: [`edgerm_task_abi::Task::run`] returns when the task has ended, and its
//! [`edgerm_task_abi::CallHandler`] waits where a call waits.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `engine` | [`Wasm3Engine`], which starts tasks |
//! | `task` | [`Wasm3Task`], which runs |
//! | `sections` | what wasm3 does not tell of a module |
//! | `imports` | the host API's functions, found for wasm3 |
//! | `heap` | the allocator within an arena |
//! | `ffi` | the C part as Rust declares it |
//! | `shim/` | the C part: wasm3's settings, and a flat interface to it |

#[cfg(test)]
extern crate std;

mod engine;
mod ffi;
mod heap;
mod imports;
mod sections;
mod task;

pub use engine::{Arena, Settings, Wasm3Engine, features};
pub use task::Wasm3Task;
