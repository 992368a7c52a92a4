//! The probe, built as firmware is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::repository;
use crate::toolchain::{self, TARGET};

/// Of GNU binutils: it reads the probe's linker script, whatever the toolchain brings along.
const LINKER: &str = "arm-none-eabi-ld";

/// Variables that would change what the build makes.
const FOREIGN: [&str; 5] = [
    "CARGO_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_THUMBV7M_NONE_EABI_RUSTFLAGS",
];

/// How to build.
#[derive(Clone, Copy)]
pub(super) enum Flags {
    /// `firmware.toml` alone: any stable toolchain, its standard library as it comes.
    Plain,
    /// `firmware-small.toml` on top: what firmware ships with.
    Small,
}

/// Builds the probe, and gives the path of the image.
pub(super) fn probe(flags: Flags) -> anyhow::Result<PathBuf> {
    let directory = repository::path("tests/size-probe");
    let config = |name: &str| repository::path(".cargo").join(name);
    let (mut cargo, options, folder) = match flags {
        Flags::Plain => {
            let (cargo, options) = toolchain::cargo()?;
            (cargo, options, "plain")
        }
        Flags::Small => (toolchain::cargo_with_sources()?, &[][..], "small"),
    };
    cargo.arg("--config").arg(config("firmware.toml"));
    if matches!(flags, Flags::Small) {
        cargo.arg("--config").arg(config("firmware-small.toml"));
    }
    let output = repository::path("target/size").join(folder);
    let script = directory.join("link.ld");
    cargo
        .args(["build", "--locked", "--quiet", "--profile", "firmware"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&output)
        .args(options)
        .current_dir(&directory)
        .env("RUSTFLAGS", rustflags(&script.display().to_string()));
    for variable in FOREIGN {
        cargo.env_remove(variable);
    }
    run(cargo)?;
    Ok(output.join(TARGET).join("firmware/edgerm-size-probe"))
}

/// The linker, and names of symbols that tell their crates.
fn rustflags(script: &str) -> String {
    format!("-Clinker={LINKER} -Clink-arg=-T{script} -Csymbol-mangling-version=v0")
}

fn run(mut cargo: Command) -> anyhow::Result<()> {
    let status = cargo.status().context("starting cargo")?;
    ensure!(
        status.success(),
        "the probe does not build; it needs {LINKER}, which is in Debian's \
         binutils-arm-none-eabi: {status}"
    );
    Ok(())
}
