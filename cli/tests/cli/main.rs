//! The command as its users have it: real processes, a real cluster, over loopback.
#![cfg(test)]

mod backup;
mod bench;
mod cluster;
mod demo;
mod drain;
mod enroll;
mod errors;
mod restart;
mod run;
mod small_nodes;
mod tls;
mod tokens;
