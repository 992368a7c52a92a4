#![no_std]
#![forbid(unsafe_code)]
//! The polled driver of the EdgeRM agent: what a Zephyr node, a bare-metal node and a small loop
//! put between [`edgerm_agent_core::Agent`] and their sockets, clock, flash, threads and devices.
//!
//! Whatever waits is a port, see [`port`]. None of them blocks: what cannot be done now returns
//! [`nb::Error::WouldBlock`] and is asked again, so one thread is enough for all of it.
//!
//! # A host call's way
//!
//! ```text
//!   the task's thread                      the agent's thread: Driver::poll
//!   ───────────────────────────────────    ──────────────────────────────────────────────
//!   wasm ─▶ engine ─▶ CallHandler
//!             puts the Call in its slot,
//!             wakes the agent, waits   ──▶ Threads::poll: Called(call)
//!                                            Gate: permission, pointers, over
//!                                            Threads::memory, read and written in place
//!                                              SlotHost ─▶ Devices, Clock, Agent, Values
//!                                            Outcome::Suspend: kept in the slot until its
//!                                              event or its deadline, then asked again
//!             goes on in wasm          ◀── Threads::answer(Return or Exit)
//! ```
//!
//! So a task's thread is only ever in wasm or waits on its own semaphore, and a kill may end it
//! there: it holds no lock of anybody's, and what it allocated lies in its arena.
//!
//! # The platform's loop
//!
//! ```text
//! loop {
//!     match driver.poll() {
//!         Wait::Until(instant) => /* sleep until then, or until a port wakes this thread */,
//!         Wait::Event => /* sleep until a port wakes this thread */,
//!         Wait::Left => break,
//!     }
//! }
//! ```
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`port`] | what a platform implements: network, clock, storage, records, threads, devices, events |
//! | `driver` | [`Driver`]: what the agent wants done, what the storage is at, tasks |
//! | `slot` | one task that has a thread, and what it has of the node |
//! | `host`, `values` | the node as a task sees it; its key-value store |
//! | `runner` | what a task's thread does: [`run_task`] |
//! | [`flash`] | modules in a partition of flash |
//! | `describe` | what a node tells of itself: [`describe()`] |

extern crate alloc;
#[cfg(test)]
extern crate std;

mod describe;
mod driver;
pub mod flash;
mod host;
pub mod port;
mod runner;
mod slot;
mod values;

pub use describe::{DescribeError, Fact, Node, describe};
pub use driver::{Driver, Options, State, Wait};
pub use port::{Platform, Ports};
pub use runner::run_task;
