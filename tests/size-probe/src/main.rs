//! The agent alone on a bare Cortex-M3, to be weighed.
//!
//! `cargo xtask size` builds it as firmware is built, runs it in QEMU, and is the world around
//! it: each frame that comes over the serial line is one input of the agent, and what the agent
//! puts out goes back the same way. So nothing that firmware uses is dead code here, and nothing
//! is known while compiling that firmware would not know.
//!
//! | module | is |
//! |---|---|
//! | `calls` | every call of the agent |
//! | `drive` | frames to inputs, outputs to frames: the driver around them |
//! | `heap`, `stack` | where memory comes from, and how much of it was needed |
//! | `serial`, `startup` | the board |
#![no_std]
#![no_main]

extern crate alloc;

mod calls;
mod drive;
mod heap;
mod serial;
mod stack;
mod startup;
