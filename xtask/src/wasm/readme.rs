//! What wasm-apps/README.md tells people to do, done.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, ensure};

use super::interface::Interface;
use super::toolchain::Toolchain;
use crate::repository;

const README: &str = "wasm-apps/README.md";

/// How the commands that make a module begin, and the module that they make.
const FIRST_TASKS: [(&str, &str); 2] = [
    (
        "cargo new thermometer\n",
        "thermometer/target/wasm32v1-none/release/thermometer.wasm",
    ),
    (
        "mkdir thermometer-in-c\n",
        "thermometer-in-c/thermometer.wasm",
    ),
];

/// Makes the first tasks as the page tells, beside a link to this repository.
pub(super) fn check(toolchain: Toolchain) -> anyhow::Result<()> {
    let page = fs::read_to_string(repository::path(README)).context(README)?;
    let directory = tempfile::tempdir()?;
    symlink(repository::path(""), directory.path().join("edge-rm"))?;
    for (beginning, module) in FIRST_TASKS {
        let commands = page
            .split("```sh\n")
            .filter_map(|block| block.split("```").next())
            .find(|block| block.starts_with(beginning))
            .with_context(|| format!("{README} has no commands from `{beginning}` on"))?;
        run(toolchain, commands, directory.path())?;
        let path = directory.path().join(module);
        let wasm = fs::read(&path).with_context(|| format!("{README} makes no {module}"))?;
        let interface = Interface::of(&wasm)?;
        ensure!(interface.is_task(), "{README}: {module} {interface}");
    }
    println!("{README} makes its {} first tasks", FIRST_TASKS.len());
    Ok(())
}

fn run(toolchain: Toolchain, commands: &str, directory: &Path) -> anyhow::Result<()> {
    let output = toolchain
        .command("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(directory)
        .output()
        .context("starting bash")?;
    ensure!(
        output.status.success(),
        "{README}: {commands}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
