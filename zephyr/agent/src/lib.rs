#![no_std]
#![deny(unsafe_code)]
//! The EdgeRM agent on Zephyr: [`edgerm_driver::Driver`] with Zephyr's sockets, clock, flash,
//! settings, threads and devices as its ports; and its SDK for firmware in Rust.
//!
//! Firmware in C uses `include/edgerm.h`, firmware in Rust this crate: it is a static library
//! named `edgerm_firmware`, which CMake links in the place of the agent's own. See the sample
//! `zephyr/samples/rust`.
//!
//! ```ignore
//! static TANK: Device = Device::sensor(c"tank", c"distance", || Ok(1_000_000));
//!
//! /// What `main` calls: functions whose names begin with `edgerm_` are those that C sees.
//! #[unsafe(no_mangle)]
//! extern "C" fn edgerm_sample_main() -> bool {
//!     TANK.register().is_ok() && edgerm_zephyr_agent::start().is_ok()
//! }
//! ```
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `api` | [`start`], [`stop`], [`state`] |
//! | `exports` | the functions of `edgerm.h` |
//! | `config` | Kconfig, as the driver takes it |
//! | `node` | what the node tells of itself |
//! | `ports` | the driver's ports: devices, events, network, records, storage, threads |
//! | `thread`, `task` | what the agent's thread does, and a task's |
//! | `panic` | what follows a panic, and the heap |

extern crate alloc;

mod api;
mod config;
mod exports;
mod node;
mod panic;
mod ports;
mod task;
mod thread;

pub use api::{StartError, State, changed, start, state, stop};
pub use edgerm_zephyr_rtos::Errno;
pub use edgerm_zephyr_rtos::firmware::{Event, RustAttribute as Attribute, hook};
pub use edgerm_zephyr_rtos::registry::RustDevice as Device;
