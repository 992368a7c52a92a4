#![no_std]
#![forbid(unsafe_code)]
//! What a WASM task may call, and the seam between the engines that run it and the nodes that
//! serve it.
//!
//! The host API is written down once, as the data in [`HOST_FUNCTIONS`]: engines link by it,
//! admission checks a module's imports against it, and `docs/host-api.md`, the C header and the
//! Rust imports of the task SDK are printed from it by `cargo xtask host-api`. What a call's
//! arguments point at is checked once too, by [`Gate`], so that no engine and no node handles a
//! pointer that a task made up.
//!
//! ```text
//!   wasm task ──call──> Engine ──Call──> Gate ──&str, &[u8]──> Host
//!                          <──Outcome──     <──Result, Poll──
//! ```
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`function`] | the functions' types; the table is in `table.rs` |
//! | [`feature`] | what an engine may lack of WASM |
//! | [`permission`] | what a launch may grant |
//! | [`error_code`] | what a call returns where it fails |
//! | [`limits`] | every bound on what passes between a task and its node |
//! | [`host`] | what a node does for its tasks |
//! | [`call`] | a call out of a task, and what becomes of it |
//! | [`gate`] | permissions and arguments checked, calls passed to the host |
//! | [`engine`] | the trait of the engines, and how a task ends |
//! | [`reference`](mod@reference) | the table as documentation, C header and Rust imports |

pub mod call;
pub mod engine;
pub mod error_code;
pub mod feature;
pub mod function;
pub mod gate;
pub mod host;
pub mod limits;
mod memory;
pub mod permission;
pub mod reference;
mod table;

pub use call::{Call, CallHandler, Outcome, Suspended, WakeOn};
pub use engine::{Engine, StartError, Step, Task, TaskEnd, TaskLimits, Trap};
pub use error_code::ErrorCode;
pub use feature::Feature;
pub use function::{Args, Function, HostFunction, Param, ParamKind, Value, ValueType, Version};
pub use gate::Gate;
pub use host::{Handle, Host, LogLevel};
pub use permission::{Permission, Permissions, UnknownPermission};
pub use table::HOST_FUNCTIONS;

/// The module that a task imports the host functions from.
pub const IMPORT_MODULE: &str = "edgerm";

/// The version of the host API that this crate describes.
///
/// The major number grows when a function changes or goes, the minor one when one is added.
pub const ABI_VERSION: Version = Version { major: 1, minor: 0 };

/// The exported function that runs the task: no parameters, and no result or one i32, which is
/// the exit code. Without a result, to return is exit code 0.
pub const ENTRY: &str = "_start";

/// The exported memory that every pointer in a call is an offset into.
pub const MEMORY: &str = "memory";
