//! The master, the Linux agent and the command, as cargo builds them from this repository.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of this repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `edgerm-master`.
    Master,
    /// `edgerm-agent`.
    Agent,
    /// `edgerm`.
    Command,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Master => "edgerm-master",
            Self::Agent => "edgerm-agent",
            Self::Command => "edgerm",
        }
    }

    /// Where it is, once [`build`] has made it.
    ///
    /// # Panics
    ///
    /// Where this program is not one that cargo built.
    #[must_use]
    pub fn path(self) -> PathBuf {
        profile_folder().join(self.name())
    }
}

/// The folder of the profile that this program was built with: `target/debug`.
fn profile_folder() -> PathBuf {
    let program = env::current_exe().expect("this program's path");
    let folder = program.parent().and_then(Path::parent);
    folder.expect("a folder above `deps`").to_owned()
}

/// The folder that cargo builds into: `target`.
///
/// # Panics
///
/// Where this program is not one that cargo built.
#[must_use]
pub fn target_folder() -> PathBuf {
    let folder = profile_folder();
    folder.parent().expect("a target folder").to_owned()
}

/// Builds the programs, with the profile of this one: `cargo test` builds those of the whole
/// workspace alone, and `cargo test -p` would leave old ones there.
///
/// # Panics
///
/// Where they do not build.
pub fn build() {
    let folder = profile_folder();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(super::repository(""))
        .args(["build", "--quiet", "--locked", "--workspace", "--bins"])
        .arg("--target-dir")
        .arg(target_folder());
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "{cargo:?}: {status}");
}
