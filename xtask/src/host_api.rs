//! `cargo xtask host-api`: writes what is printed from the table of the host API.

use std::fs;

use anyhow::{Context, ensure};
use clap::Args;
use edgerm_task_abi::reference::GENERATED;

use crate::repository;

/// Write docs/host-api.md, the C header and the Rust imports out of task-abi.
#[derive(Args)]
pub(crate) struct HostApi {
    /// Write nothing; fail where a file is not what it would be.
    #[arg(long)]
    check: bool,
}

impl HostApi {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        for generated in GENERATED {
            let path = repository::path(generated.path);
            let content = generated.content.to_string();
            let is_current = fs::read_to_string(&path).is_ok_and(|committed| committed == content);
            if is_current {
                continue;
            }
            ensure!(
                !self.check,
                "{} is not what task-abi says; run `cargo xtask host-api`",
                generated.path
            );
            fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
            println!("wrote {}", generated.path);
        }
        Ok(())
    }
}
