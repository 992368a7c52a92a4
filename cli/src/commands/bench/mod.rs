//! `edgerm bench`: one file a measurement.

mod launch;
mod quantiles;
mod store;

pub(super) use launch::launch;
pub(super) use store::{serve, store};
