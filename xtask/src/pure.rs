//! `cargo xtask pure`: builds the pure crates for a machine without an operating system.
//!
//! A crate that reaches for a clock, a socket or a thread, or that depends on one that does,
//! does not build for `thumbv7m-none-eabi`: this is the test of their purity.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::repository;

const TARGET: &str = "thumbv7m-none-eabi";

const PACKAGES: [&str; 5] = [
    "edgerm-protocol",
    "edgerm-coap",
    "edgerm-task-abi",
    "edgerm-agent-core",
    "edgerm-driver",
];

/// Where Debian's packages put the sources of the standard library and the toolchain.
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Build the pure crates for thumbv7m-none-eabi.
#[derive(Args)]
pub(crate) struct Pure {}

impl Pure {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut build = toolchain()?;
        build
            .current_dir(repository::path(""))
            .args(["--target", TARGET, "--target-dir", "target/pure"])
            .args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        let status = build.status().context("starting cargo")?;
        ensure!(
            status.success(),
            "a pure crate does not build for {TARGET}: what it uses or depends on needs an \
             operating system"
        );
        Ok(())
    }
}

/// `cargo build` by rustup's toolchain where it has the target's library, else by Debian's,
/// which builds that library from its sources.
fn toolchain() -> anyhow::Result<Command> {
    if rustup_has_target()? {
        let mut cargo = Command::new("cargo");
        cargo.arg("build");
        return Ok(cargo);
    }
    if !Path::new(DEBIAN_SOURCES).exists() {
        bail!(
            "no toolchain here builds for {TARGET}: `rustup target add {TARGET}`, or on Debian \
             `apt-get install cargo-web rustc-web rust-web-src`"
        );
    }
    let mut cargo = Command::new(DEBIAN_CARGO);
    cargo
        .args(["build", "-Zbuild-std=core,alloc"])
        .env("RUSTC", DEBIAN_RUSTC)
        // What -Zbuild-std is taken from a stable compiler with.
        .env("RUSTC_BOOTSTRAP", "1")
        // The libraries of the toolchain that runs this chore.
        .env_remove("LD_LIBRARY_PATH");
    Ok(cargo)
}

fn rustup_has_target() -> anyhow::Result<bool> {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("starting rustc")?;
    let libraries = String::from_utf8(printed.stdout).context("what rustc prints")?;
    Ok(printed.status.success() && Path::new(libraries.trim()).exists())
}
