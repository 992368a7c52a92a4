//! A cluster in one process on a virtual clock: the master and the agents that ship, over a
//! seeded network, with the ledger's invariants checked at every step.
//!
//! A seed replays to the datagram. What is simulated is the network, the clock, the storage
//! and the engine; each is data, not expectations.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong here fails a test"
)]

mod cluster;
mod hostile;
mod network;
mod node;
mod records;

pub use cluster::Cluster;
pub use hostile::{Hostile, Spied};
pub use network::{Conditions, Datagram, Network};
pub use node::{Node, Storage, TASK_RUNS_FOR};
