//! `cargo xtask simulate`: simulated clusters in which everything may go wrong.
//!
//! The simulator is a program of the tests, which depend on this crate; so it is run by cargo.

use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

use crate::repository;

/// Simulate clusters in which everything may go wrong: `cargo xtask simulate --help`.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Simulate {
    /// What the simulator is told.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Simulate {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .current_dir(repository::path(""))
            .args(["run", "--quiet", "--release", "--package", "edgerm-tests"])
            .args(["--bin", "simulate", "--"])
            .args(&self.arguments)
            .status()
            .context("starting cargo")?;
        ensure!(status.success(), "the simulation failed");
        Ok(())
    }
}
