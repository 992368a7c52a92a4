//! What can build for WASM here: the toolchain in use, where it has the target, else Debian's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::repository;

const TARGET: &str = "wasm32v1-none";

/// Where Debian's packages `rustc-web`, `cargo-web` and `rust-web-src` are.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PROGRAMS: &str = "/usr/bin";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core";

/// The linker of Debian's package `lld`, which has no `rust-lld`.
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld";

/// Variables that would change what the build makes.
const FOREIGN: [&str; 6] = [
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_WASM32V1_NONE_RUSTFLAGS",
];

/// A toolchain that can build for WASM.
#[derive(Clone, Copy)]
pub(super) enum Toolchain {
    /// `cargo` and `rustc` in the path, with the target's standard library.
    InPath,
    /// Debian's packages, which build `core` for the target from its source.
    Debian,
}

impl Toolchain {
    pub(super) fn find() -> anyhow::Result<Self> {
        if has_target("rustc") {
            return Ok(Self::InPath);
        }
        let needed = [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCE, DEBIAN_LINKER];
        if needed.iter().all(|path| Path::new(path).exists()) {
            return Ok(Self::Debian);
        }
        bail!(
            "nothing here builds for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
             `apt-get install rustc-web cargo-web rust-web-src lld`"
        )
    }

    /// The compiler, as `rustc --version` tells it.
    pub(super) fn version(self) -> anyhow::Result<String> {
        let rustc = match self {
            Self::InPath => "rustc",
            Self::Debian => DEBIAN_RUSTC,
        };
        stdout(Command::new(rustc).arg("--version"))
    }

    /// Builds wasm-apps and returns where the modules are.
    pub(super) fn build(self) -> anyhow::Result<PathBuf> {
        let directory = repository::path("wasm-apps");
        let output = directory.join("target");
        let status = self
            .command("cargo")
            .args(["build", "--release", "--locked", "--quiet", "--target-dir"])
            .arg(&output)
            .current_dir(&directory)
            .status()
            .context("starting cargo")?;
        ensure!(status.success(), "wasm-apps does not build: {status}");
        Ok(output.join(TARGET).join("release"))
    }

    /// A program for which `cargo` is this toolchain's, and builds as if nobody had configured
    /// it from outside.
    pub(super) fn command(self, program: &str) -> Command {
        let mut command = Command::new(program);
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        match self {
            Self::InPath => {}
            Self::Debian => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let mut directories = vec![PathBuf::from(DEBIAN_PROGRAMS)];
                directories.extend(std::env::split_paths(&path));
                // It was split at the separators that joining refuses.
                command.env("PATH", std::env::join_paths(directories).unwrap_or(path));
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("CARGO_TARGET_WASM32V1_NONE_LINKER", DEBIAN_LINKER)
                    .env("CARGO_UNSTABLE_BUILD_STD", "core")
                    // What an unstable option is taken from a stable compiler with.
                    .env("RUSTC_BOOTSTRAP", "1")
                    // The libraries of the toolchain that runs this chore.
                    .env_remove("LD_LIBRARY_PATH");
            }
        }
        command
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InPath => "in the path",
            Self::Debian => "Debian's packages",
        })
    }
}

fn has_target(rustc: &str) -> bool {
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]);
    stdout(&mut command).is_ok_and(|libraries| Path::new(&libraries).exists())
}

fn stdout(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("running {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
