//! `cargo xtask firmware`: builds the node of `tests/bare-metal`, and prints where the image is.

use clap::Args;

use crate::bare_metal::{BARE_METAL, Flags};

/// Build the node for a bare Cortex-M3, and print where its image is.
#[derive(Args)]
pub(crate) struct Firmware {}

impl Firmware {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let image = BARE_METAL.build(Flags::Small)?;
        println!("{}", image.display());
        Ok(())
    }
}
