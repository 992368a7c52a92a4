#![no_std]
#![forbid(unsafe_code)]
//! The polled driver of the EdgeRM agent: what a Zephyr node, a bare-metal node and a small loop
//! put between [`edgerm_agent_core::Agent`] and their sockets, clock, flash, threads and devices.
//!
//! Whatever waits is a port, see [`port`]. None of them blocks: what cannot be done now returns
//! [`nb::Error::WouldBlock`] and is asked again, so one thread is enough for all of it.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`port`] | what a platform implements: network, clock, storage, threads, devices, events |
//! | `runner` | what a task's thread does: [`run_task`] |

pub mod port;
mod runner;

pub use port::{Platform, Ports};
pub use runner::run_task;
