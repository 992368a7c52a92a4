//! What the whole-system tests share.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`require`] | the one way to skip a test whose real component is not there |
//! | [`aiocoap`] | whether it has OSCORE |
//! | [`sim`] | a cluster on a virtual clock: the master and the agents that ship, a seeded network |
//! | [`exhaustive`] | every state that a small cluster can come into |
//! | [`firmware`] | real firmware against a real master, in a network of its own |
//! | [`fleet`] | a master with many agents, to see what it holds of them |
//! | [`bare_metal`] | a node on a bare Cortex-M3, booted in QEMU |
//! | [`credentials`] | agents enrolled without a call of the API |
//! | [`loopback`] | addresses for servers that cannot tell their port |
//! | [`fuzz`] | what the fuzz targets do, so that tests can replay their corpus |

pub mod aiocoap;
pub mod bare_metal;
pub mod credentials;
pub mod docker;
pub mod exhaustive;
pub mod firmware;
pub mod fleet;
pub mod fuzz;
pub mod loopback;
pub mod require;
pub mod sim;
