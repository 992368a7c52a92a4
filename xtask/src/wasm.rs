//! `cargo xtask wasm`: builds the tasks in wasm-apps, and keeps wasm-apps/prebuilt.
//!
//! The prebuilt modules are committed so that the demo needs no WASM toolchain.
//! `prebuilt/BUILD.toml` tells which compiler made them: one of the same version must make the
//! same bytes, another the same imports and exports.

mod interface;
mod record;
mod toolchain;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
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
    /// Write nothing; fail where a prebuilt module is not what its source makes.
    #[arg(long)]
    check: bool,
}

impl Wasm {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let toolchain = Toolchain::find()?;
        let compiler = toolchain.version()?;
        println!("building wasm-apps with {compiler} ({toolchain})");
        let built = modules_in(&toolchain.build()?)?;
        ensure!(!built.is_empty(), "the build made no module");
        if self.check {
            check(&compiler, &built)
        } else {
            write(compiler, &built)
        }
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

fn check(compiler: &str, built: &Modules) -> anyhow::Result<()> {
    let prebuilt = modules_in(&repository::path(PREBUILT))?;
    let text = fs::read_to_string(repository::path(RECORD)).context(RECORD)?;
    let record: Record = toml::from_str(&text).context(RECORD)?;
    ensure!(
        record == Record::new(record.compiler.clone(), &prebuilt),
        "{RECORD} tells of other modules than those beside it; run `cargo xtask wasm`"
    );
    ensure!(
        prebuilt.keys().eq(built.keys()),
        "{PREBUILT} and wasm-apps/src/bin have other tasks; run `cargo xtask wasm`"
    );
    let is_same_compiler = record.compiler == compiler;
    for (name, old) in &prebuilt {
        let new = &built[name];
        if is_same_compiler && old != new {
            bail!("{PREBUILT}/{name} is not what {compiler} makes; run `cargo xtask wasm`");
        }
        let (old, new) = (Interface::of(old)?, Interface::of(new)?);
        ensure!(
            old == new,
            "{PREBUILT}/{name} has {old}, but its source has {new}; run `cargo xtask wasm`"
        );
    }
    let compared = if is_same_compiler {
        "bytes".to_owned()
    } else {
        format!("imports and exports, because {} made them", record.compiler)
    };
    println!(
        "{} prebuilt modules are current: compared {compared}",
        prebuilt.len()
    );
    Ok(())
}
