//! A node on a bare Cortex-M3: the agent's polled driver, wasm3, and no operating system.
//!
//! It runs on Arm's MPS2+ board with the AN385 image, which QEMU has, within 256 KiB of flash
//! and 64 KiB of RAM. CI executes it: `tests/tests/bare_metal.rs`.
//!
//! There are two threads of execution: the agent, and below it the one task. The task runs when
//! the agent has nothing to do, and is pre-empted when it has; where neither has, the processor
//! sleeps.
//!
//! | module | is |
//! |---|---|
//! | `node` | the ports put together, and their loop |
//! | `switch` | from the agent to the task and back |
//! | `thread` | the task: its thread, its arena, and what is said between it and the agent |
//! | `network` | UDP over IPv4 |
//! | `ethernet` | the LAN9118 |
//! | `storage` | modules in flash |
//! | `clock` | SysTick |
//! | `thermometer` | the one sensor |
//! | `page` | what the board was given: where its master is, and entropy |
//! | `console` | UART 0 |
//! | `heap` | memory of the agent |
//! | `startup`, `register` | from reset on; device registers |
#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod console;
mod ethernet;
mod heap;
mod network;
mod node;
mod page;
mod register;
mod startup;
mod storage;
mod switch;
mod thermometer;
mod thread;
