//! What the whole-system tests share.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`require`] | the one way to skip a test whose real component is not there |
//! | [`sim`] | a cluster on a virtual clock: the master and the agents that ship, a seeded network |
//! | [`fuzz`] | what the fuzz targets do, so that tests can replay their corpus |

pub mod fuzz;
pub mod require;
pub mod sim;
