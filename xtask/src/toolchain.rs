//! What can build for a bare Cortex-M3 here: the toolchain in use where it has what is needed,
//! else Debian's, which has the sources of the standard library.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The target of the pure crates and of the smallest firmware.
pub(crate) const TARGET: &str = "thumbv7m-none-eabi";

/// Where Debian's packages `rustc-web`, `cargo-web` and `rust-web-src` are.
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// `cargo`, with the target's standard library as it comes, or as Debian's sources build it.
pub(crate) fn cargo() -> anyhow::Result<(Command, &'static [&'static str])> {
    if is_there(&["--print", "target-libdir", "--target", TARGET], "")? {
        return Ok((Command::new("cargo"), &[]));
    }
    if Path::new(DEBIAN_SOURCES).exists() {
        return Ok((debian(), &["-Zbuild-std=core,alloc"]));
    }
    bail!(
        "no toolchain here builds for {TARGET}: `rustup target add {TARGET}`, or on Debian \
         `apt-get install cargo-web rustc-web rust-web-src`"
    )
}

/// `cargo`, which takes unstable options and finds the sources of the standard library.
pub(crate) fn cargo_with_sources() -> anyhow::Result<Command> {
    if is_there(&["--print", "sysroot"], "lib/rustlib/src/rust/library/core")? {
        let mut cargo = Command::new("cargo");
        cargo.env("RUSTC_BOOTSTRAP", "1");
        return Ok(cargo);
    }
    if Path::new(DEBIAN_SOURCES).exists() {
        return Ok(debian());
    }
    bail!(
        "no toolchain here has the sources of the standard library: `rustup component add \
         rust-src`, or on Debian `apt-get install cargo-web rustc-web rust-web-src`"
    )
}

fn debian() -> Command {
    let mut cargo = Command::new(DEBIAN_CARGO);
    cargo
        .env("RUSTC", DEBIAN_RUSTC)
        // What unstable options are taken from a stable compiler with.
        .env("RUSTC_BOOTSTRAP", "1")
        // The libraries of the toolchain that runs this chore.
        .env_remove("LD_LIBRARY_PATH");
    cargo
}

/// Whether there is such a path in the folder that `rustc` prints when it is asked so.
fn is_there(question: &[&str], path: &str) -> anyhow::Result<bool> {
    let printed = Command::new("rustc")
        .args(question)
        .output()
        .context("starting rustc")?;
    let folder = String::from_utf8(printed.stdout).context("what rustc prints")?;
    Ok(printed.status.success() && PathBuf::from(folder.trim()).join(path).exists())
}
