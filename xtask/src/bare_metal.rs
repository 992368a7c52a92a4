//! Crates for a bare Cortex-M3, built with the flags that firmware is built with
//! (`.cargo/firmware.toml`, `.cargo/firmware-small.toml`).

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::repository;
use crate::toolchain::{self, TARGET};

/// Variables that would change what the build makes.
const FOREIGN: [&str; 5] = [
    "CARGO_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_THUMBV7M_NONE_EABI_RUSTFLAGS",
];

/// Digests and ciphers in the least code, as `.cargo/firmware.toml` has them: its flags do not
/// count where there are others by a variable.
const COMPACT: &str = "--cfg=sha2_backend=\"soft\" --cfg=sha2_backend_soft=\"compact\" \
                       --cfg=aes_backend=\"soft\" --cfg=aes_backend_soft=\"compact\"";

/// How to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flags {
    /// `firmware.toml` alone: any stable toolchain, its standard library as it comes.
    Plain,
    /// `firmware-small.toml` on top: what firmware ships with.
    Small,
}

/// A crate that makes an image, with a linker script `link.ld` beside its manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// Its folder in the repository.
    pub folder: &'static str,
    /// Its package, and so the name of the image.
    pub package: &'static str,
    /// Where it is built, below `target`.
    pub output: &'static str,
    /// What links it, whatever the toolchain brings along.
    pub linker: &'static str,
    /// Debian's packages that have what it needs beside a Rust toolchain.
    pub debian: &'static str,
    /// Flags of rustc beside the linker and its script.
    pub rustflags: &'static str,
}

/// The node of `tests/bare-metal`. Its part in C is linked by gcc, which knows where newlib is.
pub const BARE_METAL: Firmware = Firmware {
    folder: "tests/bare-metal",
    package: "edgerm-bare-metal",
    output: "firmware",
    linker: "arm-none-eabi-gcc",
    debian: "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    rustflags: "-Clinker-flavor=gcc -Clink-arg=-fuse-ld=bfd -Clink-arg=-nostartfiles \
                -Clink-arg=-mcpu=cortex-m3 -Clink-arg=-mthumb -Clink-arg=-lc -Clink-arg=-lgcc",
};

impl Firmware {
    /// Builds it, and gives the path of the image.
    ///
    /// # Errors
    ///
    /// Where there is no toolchain for it, or it does not build; what cargo says of that is on
    /// standard error.
    pub fn build(&self, flags: Flags) -> anyhow::Result<PathBuf> {
        let directory = repository::path(self.folder);
        let config = |name: &str| repository::path(".cargo").join(name);
        let (mut cargo, options, folder) = match flags {
            Flags::Plain => {
                let (cargo, options) = toolchain::cargo()?;
                (cargo, options, "plain")
            }
            Flags::Small => (toolchain::cargo_with_sources()?, &[][..], "small"),
        };
        cargo.arg("--config").arg(config("firmware.toml"));
        if flags == Flags::Small {
            cargo.arg("--config").arg(config("firmware-small.toml"));
        }
        let output = repository::path("target").join(self.output).join(folder);
        let target = match flags {
            Flags::Plain => TARGET.into(),
            Flags::Small => toolchain::lean_target(&cargo, &output)?,
        };
        let script = directory.join("link.ld");
        let rustflags = format!(
            "-Clinker={} -Clink-arg=-T{} {} {COMPACT}",
            self.linker,
            script.display(),
            self.rustflags
        );
        cargo
            .args(["build", "--locked", "--quiet", "--profile", "firmware"])
            .arg("--target")
            .arg(target)
            .arg("--target-dir")
            .arg(&output)
            .args(options)
            .current_dir(&directory)
            .env("RUSTFLAGS", rustflags);
        for variable in FOREIGN {
            cargo.env_remove(variable);
        }
        self.run(cargo)?;
        Ok(output.join(TARGET).join("firmware").join(self.package))
    }

    fn run(&self, mut cargo: Command) -> anyhow::Result<()> {
        let status = cargo.status().context("starting cargo")?;
        ensure!(
            status.success(),
            "{} does not build; beside Rust it needs Debian's {}, or what is in them: {status}",
            self.folder,
            self.debian
        );
        Ok(())
    }
}
