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

mod behaviour;
mod chance;
mod clock;
mod cluster;
mod disk;
mod failure;
mod faults;
mod hardware;
mod hostile;
mod log;
mod network;
mod node;
mod nonces;
mod options;
mod oracle;
mod records;
mod setup;
mod simulation;
mod workload;

pub use behaviour::{Behaviour, Exit, TASK_RUNS_FOR};
pub use clock::Clock;
pub use cluster::{Cluster, Happened};
pub use failure::{Failure, run, shrink};
pub use faults::{Fault, Faults, UnknownFault};
pub use hardware::{Build, Flash};
pub use hostile::{Hostile, Spied};
pub use network::{Conditions, Datagram, Network};
pub use node::{Node, Storage};
pub use options::{CALM, Options, Report, STORM};
pub use setup::Setup;
pub use simulation::Simulation;
