//! `cargo xtask wasm`: builds the tasks in wasm-apps, and keeps wasm-apps/prebuilt.
//!
//! The prebuilt modules are committed so that the demo needs no WASM toolchain.
//! `prebuilt/BUILD.toml` tells which compiler made them: one of the same version must make the
//! same bytes, another the same imports, exports and behaviour.

mod interface;
mod readme;
mod record;
mod toolchain;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

use self::interface::Interface;
use self::record::Record;
use self::toolchain::Toolchain;
use crate::repository;

const PREBUILT: &str = "wasm-apps/prebuilt";
const RECORD: &str = "wasm-apps/prebuilt/BUILD.toml";

/// Build the tasks in wasm-apps and write wasm-apps/prebuilt.
#[derive(Args)]
pub(crate) struct Wasm {
    /// Write nothing; fail where a prebuilt module is not what its source makes, or
    /// wasm-apps/README.md does not lead to a module.
    #[arg(long)]
    check: bool,
}

impl Wasm {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let toolchain = Toolchain::find()?;
        let compiler = toolchain.version()?;
        println!("building wasm-apps with {compiler} ({toolchain})");
        let output = toolchain.build()?;
        let built = modules_in(&output)?;
        ensure!(!built.is_empty(), "the build made no module");
        if !self.check {
            return write(compiler, &built);
        }
        let record = read_record()?;
        if record.compiler == compiler {
            check_bytes(&built)?;
        } else {
            println!("{} made the prebuilt modules", record.compiler);
            check_interfaces(&built)?;
            check_behaviour(&output)?;
        }
        readme::check(toolchain)
    }
}

/// Modules by the name of their file.
type Modules = BTreeMap<String, Vec<u8>>;

fn modules_in(directory: &Path) -> anyhow::Result<Modules> {
    let mut modules = Modules::new();
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            modules.insert(name.into_owned(), bytes);
        }
    }
    Ok(modules)
}

fn write(compiler: String, built: &Modules) -> anyhow::Result<()> {
    let directory = repository::path(PREBUILT);
    fs::create_dir_all(&directory)?;
    for stale in modules_in(&directory)?.keys() {
        if !built.contains_key(stale) {
            fs::remove_file(directory.join(stale))?;
        }
    }
    for (name, bytes) in built {
        fs::write(directory.join(name), bytes)?;
        println!("wrote {PREBUILT}/{name}: {} bytes", bytes.len());
    }
    fs::write(
        repository::path(RECORD),
        Record::new(compiler, built).to_string(),
    )?;
    Ok(())
}

/// The record, found to be of the modules beside it.
fn read_record() -> anyhow::Result<Record> {
    let text = fs::read_to_string(repository::path(RECORD)).context(RECORD)?;
    let record: Record = toml::from_str(&text).context(RECORD)?;
    ensure!(
        record == Record::new(record.compiler.clone(), &prebuilt()?),
        "{RECORD} tells of other modules than those beside it; run `cargo xtask wasm`"
    );
    Ok(record)
}

fn prebuilt() -> anyhow::Result<Modules> {
    modules_in(&repository::path(PREBUILT))
}

fn check_bytes(built: &Modules) -> anyhow::Result<()> {
    ensure!(
        prebuilt()? == *built,
        "{PREBUILT} is not what wasm-apps makes; run `cargo xtask wasm`"
    );
    println!(
        "{} prebuilt modules are the same, byte by byte",
        built.len()
    );
    Ok(())
}

fn check_interfaces(built: &Modules) -> anyhow::Result<()> {
    let prebuilt = prebuilt()?;
    ensure!(
        prebuilt.keys().eq(built.keys()),
        "{PREBUILT} and wasm-apps/src/bin have other tasks; run `cargo xtask wasm`"
    );
    for ((name, old), new) in prebuilt.iter().zip(built.values()) {
        let (old, new) = (Interface::of(old)?, Interface::of(new)?);
        ensure!(
            old == new,
            "{PREBUILT}/{name} {old}, but its source {new}; run `cargo xtask wasm`"
        );
    }
    println!(
        "{} prebuilt modules have the same imports and exports",
        built.len()
    );
    Ok(())
}

/// Runs what was built through the test that the prebuilt modules pass.
fn check_behaviour(built: &Path) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["test", "--quiet", "--package", "edgerm-linux-agent"])
        .args(["--test", "prebuilt_modules"])
        .env("EDGERM_WASM_APPS", built)
        .current_dir(repository::path(""))
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "what {} holds does not behave as the prebuilt modules do",
        built.display()
    );
    Ok(())
}
