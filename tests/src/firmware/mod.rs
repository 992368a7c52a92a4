//! Real firmware: Zephyr images built from this repository, run in QEMU and on `native_sim`
//! against a real master.
//!
//! A node's firmware knows its master by an address and a port that do not change, so the
//! cases run in a network namespace of their own, where every port is free: see
//! [`namespace`]. What is built is built before, outside, since crates may have to be
//! fetched.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`workspace`] | where Zephyr is |
//! | [`board`] | the boards that can be run here |
//! | [`image`] | an application built for a board |
//! | [`programs`] | the master, the Linux agent and the command, as cargo built them |
//! | [`namespace`] | the network that the cases have to themselves |
//! | [`child`] | a process that does not outlive its test, and its console |
//! | [`slip`] | the network of a board whose only way out is a serial line |
//! | [`qemu`], [`native`], [`node`] | a node that runs an image |
//! | [`cluster`] | a master and what it tells |
//! | [`command`] | `edgerm`, run on that master |
//! | [`proxy`] | a network that misbehaves, between nodes and master |
//! | [`harness`] | cases, what they need, and how they are run |

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong here fails a test"
)]

pub mod board;
pub mod child;
pub mod cluster;
pub mod command;
pub mod harness;
pub mod image;
pub mod namespace;
pub mod native;
pub mod node;
pub mod programs;
pub mod proxy;
pub mod qemu;
pub mod slip;
pub mod workspace;

use std::path::PathBuf;
use std::time::Duration;

/// A bound on failure: what is waited for comes soon, or never. Emulation on a busy machine,
/// and datagrams that are lost while a network comes up, are what makes it long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A path in this repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}
