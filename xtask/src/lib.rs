//! What the chores share with each other, and with tests that run firmware.

pub mod bare_metal;
pub mod repository;
pub mod toolchain;
