//! What can build for a bare Cortex-M3 here: the toolchain in use where it has what is needed,
//! else Debian's, which has the sources of the standard library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fmt, fs};

use anyhow::{Context, ensure};

/// The target of the pure crates and of the smallest firmware.
pub const TARGET: &str = "thumbv7m-none-eabi";

/// Where Debian's packages `rustc-web`, `cargo-web` and `rust-web-src` are.
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// What no toolchain here has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoToolchain {
    /// The standard library for [`TARGET`], nor its sources.
    Target,
    /// The sources of the standard library.
    Sources,
}

impl fmt::Display for NoToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debian = "or on Debian `apt-get install cargo-web rustc-web rust-web-src`";
        match self {
            Self::Target => write!(
                f,
                "no toolchain here builds for {TARGET}: `rustup target add {TARGET}`, {debian}"
            ),
            Self::Sources => write!(
                f,
                "no toolchain here has the sources of the standard library: \
                 `rustup component add rust-src`, {debian}"
            ),
        }
    }
}

impl std::error::Error for NoToolchain {}

/// `cargo`, with the target's standard library as it comes, or as Debian's sources build it.
///
/// # Errors
///
/// [`NoToolchain::Target`] where there is neither.
pub fn cargo() -> Result<(Command, &'static [&'static str]), NoToolchain> {
    if is_there(&["--print", "target-libdir", "--target", TARGET], "") {
        return Ok((Command::new("cargo"), &[]));
    }
    if Path::new(DEBIAN_SOURCES).exists() {
        return Ok((debian(), &["-Zbuild-std=core,alloc"]));
    }
    Err(NoToolchain::Target)
}

/// `cargo`, which takes unstable options and finds the sources of the standard library.
///
/// # Errors
///
/// [`NoToolchain::Sources`] where there are none.
pub fn cargo_with_sources() -> Result<Command, NoToolchain> {
    if is_there(&["--print", "sysroot"], "lib/rustlib/src/rust/library/core") {
        let mut cargo = Command::new("cargo");
        cargo.env("RUSTC_BOOTSTRAP", "1");
        return Ok(cargo);
    }
    if Path::new(DEBIAN_SOURCES).exists() {
        return Ok(debian());
    }
    Err(NoToolchain::Sources)
}

/// Writes a description of [`TARGET`] into this folder, for this cargo, in which functions keep
/// no frame pointer. In rustc's own they do, whatever it is told, which costs a register, and a
/// twentieth of the code.
///
/// # Errors
///
/// Where rustc does not describe the target as expected, or the file cannot be written.
pub fn lean_target(cargo: &Command, folder: &Path) -> anyhow::Result<PathBuf> {
    let own = cargo.get_envs().find(|(name, _)| *name == "RUSTC");
    let rustc = own.and_then(|(_, rustc)| rustc).unwrap_or("rustc".as_ref());
    let printed = Command::new(rustc)
        .args(["-Zunstable-options", "--print", "target-spec-json"])
        .args(["--target", TARGET])
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .context("asking rustc for the target")?;
    let described = String::from_utf8(printed.stdout)?;
    let lean = described.replace(
        "\"frame-pointer\": \"always\"",
        "\"frame-pointer\": \"may-omit\"",
    );
    ensure!(
        lean != described,
        "rustc describes {TARGET} as: {described}"
    );
    let path = folder.join(format!("{TARGET}.json"));
    fs::create_dir_all(folder)?;
    fs::write(&path, lean).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
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

/// Whether there is such a path in the folder that `rustc`, where there is one, prints when it
/// is asked so.
fn is_there(question: &[&str], path: &str) -> bool {
    let Ok(printed) = Command::new("rustc").args(question).output() else {
        return false;
    };
    let folder = String::from_utf8_lossy(&printed.stdout);
    printed.status.success() && PathBuf::from(folder.trim()).join(path).exists()
}
