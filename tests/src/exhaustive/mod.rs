//! Every state that a small cluster can come into, with the machines that ship: a search over
//! `edgerm_agent_core::Agent` and `edgerm_master::ledger::Ledger`, and what is on its way between
//! them. `docs/decisions/exhaustive-check.md` says what is explored and what is not.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `cluster`, `clusters` | what there is and what may go wrong; those that are explored, by name |
//! | `node`, `nodes` | an agent with a storage and an engine that are data; every state of one |
//! | `record`, `agents`, `offers`, `waiting` | the ledger, and what the master does around it |
//! | `records` | every state of that |
//! | `message` | messages as numbers |
//! | `state` | a state of the whole, and what may happen |
//! | `moves`, `world` | every step out of a state, where it leads and what is wrong with it |
//! | `rest` | whether all is quiet, and what must hold then |
//! | `search` | the search, breadth first; whether the cluster comes to rest |
//! | `words` | steps, for people |

#![expect(clippy::expect_used, reason = "what goes wrong here fails a test")]

mod agents;
mod cluster;
mod clusters;
mod message;
mod moves;
mod node;
mod nodes;
mod offers;
mod record;
mod records;
mod rest;
mod search;
mod state;
mod waiting;
mod words;
mod world;

pub use cluster::{Cluster, Fault, Plan};
pub use search::{Report, Violation, explore};
