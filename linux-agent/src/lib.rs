//! The EdgeRM agent on Linux: the sans-IO agent of `edgerm-agent-core`, on tokio and wasmi.
//!
//! It tells the master what this machine has (cores, memory, and above all its sensors and
//! actuators), runs WASM modules on it, one thread each, and brings their readings back.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`agent`] | [`Agent`]: start one, see it registered, have it leave |
//! | `driver` | the loop around the sans-IO agent |
//! | [`engine`] | wasmi behind the host API's engine trait |
//! | [`executor`] | tasks: a thread, a mailbox and a host each |
//! | [`check`] | what an agent would offer, and what is wrong |
//! | [`containers`] | tasks that are containers, by Docker's engine |
//! | [`devices`] | sensors and actuators |
//! | [`storage`] | the cache of modules |
//! | [`records`] | what of tasks outlives the agent |
//! | `storage_thread` | who waits for the disk |
//! | [`usage`] | what tasks use |
//! | [`rlimits`] | what the kernel holds the agent's process to |
//! | [`config`], [`machine`] | what the operator and the machine say |

pub mod agent;
pub mod check;
pub mod config;
pub mod containers;
pub mod devices;
mod driver;
pub mod engine;
pub mod executor;
mod limiter;
pub mod machine;
pub mod records;
pub mod rlimits;
pub mod storage;
mod storage_thread;
pub mod usage;

pub use agent::{Agent, StartError};
