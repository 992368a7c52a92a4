#![no_std]
//! What an EdgeRM task in Rust calls: the host API (`docs/host-api.md`) with Rust's types.
//! `wasm-apps/src/bin/hello.rs` is a small task, `wasm-apps/README.md` the way to one's own.
//!
//! It allocates nothing. A function that is not called is not in the module, nor among its
//! imports, so a task needs no permission that it does not use.
//!
//! # Layout
//!
//! | file | holds |
//! |---|---|
//! | `imports.rs` | the functions as the node gives them, printed from the host API's table |
//! | `call.rs` | the same, safe, with errors and slices |
//! | `device.rs` | sensors and actuators |
//! | `entry.rs` | the entry of a task, and its exit code |
//! | `text.rs` | numbers as text and back, without `core::fmt`, which alone has 10 KB |

mod call;
mod device;
mod entry;
pub mod imports;
mod text;

pub use call::{
    Timeout, coap_post, emit, env, exit, kv_get, kv_set, log, monotonic_ms, receive, sleep_ms,
    unix_ms,
};
pub use device::{Actuator, Sensor};
pub use edgerm_task_abi::{ErrorCode, LogLevel, limits};
pub use entry::ExitCode;
pub use text::{Line, parse_millionths, parse_number};

/// Ends the task with a trap.
#[cfg(all(feature = "panic-handler", target_arch = "wasm32"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
