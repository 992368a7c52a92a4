//! `BUILD.toml`: what made the prebuilt modules.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Modules;

/// What made the prebuilt modules, and what they are.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// The compiler, as `rustc --version` tells it.
    pub(super) compiler: String,
    modules: BTreeMap<String, Module>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    bytes: usize,
    sha256: String,
}

impl Record {
    pub(super) fn new(compiler: String, modules: &Modules) -> Self {
        let modules = modules.iter().map(|(name, wasm)| {
            let module = Module {
                bytes: wasm.len(),
                sha256: Sha256::digest(wasm)
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
            };
            (name.clone(), module)
        });
        Self {
            compiler,
            modules: modules.collect(),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Written by `cargo xtask wasm`.\ncompiler = \"{}\"",
            self.compiler
        )?;
        for (name, Module { bytes, sha256 }) in &self.modules {
            write!(
                f,
                "\n[modules.\"{name}\"]\nbytes = {bytes}\nsha256 = \"{sha256}\"\n"
            )?;
        }
        Ok(())
    }
}
