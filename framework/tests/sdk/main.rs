//! The SDK against a real master and a real agent, over loopback; where a network is to
//! misbehave, through a proxy that does.
#![cfg(test)]

mod calls;
mod cluster;
mod events;
mod example;
mod proxy;
mod scheduler;
mod tls;
