//! `cargo xtask pure`: builds the pure crates for a machine without an operating system.
//!
//! A crate that reaches for a clock, a socket or a thread, or that depends on one that does,
//! does not build for `thumbv7m-none-eabi`: this is the test of their purity.

use anyhow::{Context, ensure};
use clap::Args;

use crate::repository;
use crate::toolchain::{self, TARGET};

const PACKAGES: [&str; 5] = [
    "edgerm-protocol",
    "edgerm-coap",
    "edgerm-task-abi",
    "edgerm-agent-core",
    "edgerm-driver",
];

/// Build the pure crates for thumbv7m-none-eabi.
#[derive(Args)]
pub(crate) struct Pure {}

impl Pure {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let (mut cargo, options) = toolchain::cargo()?;
        cargo
            .arg("build")
            .args(options)
            .current_dir(repository::path(""))
            .args(["--target", TARGET, "--target-dir", "target/pure"])
            .args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        let status = cargo.status().context("starting cargo")?;
        ensure!(
            status.success(),
            "a pure crate does not build for {TARGET}: what it uses or depends on needs an \
             operating system"
        );
        Ok(())
    }
}
