#![no_std]
//! The agent as a static library, for images whose own code is C: all of it is in
//! `edgerm-zephyr-agent`, whose functions of `edgerm.h` are exported from here.

extern crate edgerm_zephyr_agent as _;
