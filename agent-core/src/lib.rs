#![no_std]
#![forbid(unsafe_code)]
//! The EdgeRM agent as a sans-IO state machine: the same on a microcontroller and on a server.
//!
//! An [`Agent`] registers with the master, pings it, takes tasks, fetches their modules and
//! tells how they fare. It owns no socket, clock, disk or thread: the driver feeds it with
//! [`Agent::handle_input`], then drains [`Agent::poll_output`] until that gives
//! [`Output::Timeout`]. Every effect that can fail or finish later comes back as an [`Input`].
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `agent` | [`Agent`]: the machines below behind one interface |
//! | `agent::uplink`, `agent::answers` | which request goes to the master next, and what its answer means |
//! | `agent::keys` | fresh keys before the registration, where the agent has a credential |
//! | `agent::requests` | what the master asks: launch, kill, message, inspect, description |
//! | `agent::modules`, `agent::tasks` | modules on their way, and tasks as the engine has them |
//! | `agent::inspect` | what decides its future, for a search (feature `inspect`, for tests alone) |
//! | `agent::restore` | what is taken up after a reboot, and what is written for the next |
//! | `registration` | whether the master knows us, when to try again and when to ping |
//! | `task`, `table` | one task from launch to acknowledgement; all of them |
//! | `updates` | what a message tells of the tasks |
//! | `module_fetch` | one module, block by block, into the driver's storage |
//! | `outputs` | what tasks emit, until the master has it |
//! | `reports` | what tasks logged and use, until the master asks: [`Reports`], for drivers |
//! | `records` | what outlives a reboot, and in which form |
//! | `config`, `io` | what the driver chooses; what goes in and comes out |
//!
//! With a credential, every message is protected (OSCORE), with fresh keys at each boot of either
//! end; without one, none is.

extern crate alloc;

mod agent;
mod config;
mod io;
mod module_fetch;
mod outputs;
mod records;
mod registration;
mod reports;
mod table;
mod task;
mod updates;

pub use agent::{Agent, NewAgentError};
pub use config::Config;
pub use io::{Input, InputError, KillReason, ModuleCheck, Output, StorageError, TaskExit};
pub use records::{MAX_RECORD, RecordError, RecordKey};
pub use reports::{Reports, Usage};
