//! Modules in a partition of flash: [`FlashModules`], for [`crate::port::Storage`].
//!
//! A module stands in whole erase units, in one piece, so that it can run where it is in flash
//! that is mapped. What the partition holds is found again after a reboot, a module that is there
//! in part among it.
//!
//! ```text
//!   erase units: |  0   |  1   |  2   |  3   |  4   |  5   | ...
//!                |header, module A    | free | header, B   |
//! ```
//!
//! Nothing is written but headers and modules: how much of a module is there is where the flash
//! behind it is still erased. A write unit is never written twice between two erasures, which
//! flash with error correction takes ill.
//!
//! | file | holds |
//! |---|---|
//! | `geometry.rs` | [`Flash`], and what of it is relied upon |
//! | `header.rs` | what stands before a module |
//! | `directory.rs` | which modules there are, and where the next one goes |
//! | `expected.rs` | which modules are to come |
//! | `modules.rs` | [`FlashModules`] |

mod directory;
mod expected;
mod geometry;
mod header;
mod modules;
#[cfg(test)]
mod tests;

pub use geometry::{Flash, FlashError, Geometry, GeometryError};
pub use modules::{FlashModules, ModuleBytes};
