//! `edgerm bench`: one file a measurement.

mod agent;
mod launch;
mod quantiles;
mod store;

pub(super) use agent::agent;
pub(super) use launch::launch;
pub(super) use store::{serve, store};
