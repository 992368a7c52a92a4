#![no_std]
#![forbid(unsafe_code)]
//! What agents and the master say to each other.

mod time;

pub use time::Instant;
