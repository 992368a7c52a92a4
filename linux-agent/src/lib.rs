//! x
pub mod devices;
pub mod engine;
mod limiter;
