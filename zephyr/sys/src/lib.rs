#![no_std]
//! Zephyr as C has it: what the EdgeRM agent calls of it and of its own C part, by bindgen, with
//! the flags and the Kconfig of the image that it is built for.
//!
//! Functions that are `static inline` in Zephyr's headers, as its system calls are, come as
//! symbols of `static_functions.c`, which the image compiles. Safe wrappers are in
//! `edgerm-zephyr-rtos`.

#![allow(
    missing_docs,
    improper_ctypes,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    unreachable_pub,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    rustdoc::all,
    reason = "as bindgen and Zephyr write it"
)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
