//! The wire as others see it: what is sent comes back, what is garbage is refused by name, no
//! byte drifts, and the documents say what the code does.
#![cfg(test)]

mod another_codec;
mod api;
mod cddl;
mod golden;
mod hostile_bytes;
mod resources;
mod round_trip;
mod samples;
