//! `cargo xtask size`: what the agent takes of a microcontroller's flash and RAM.
//!
//! `tests/size-probe` is the agent on a bare Cortex-M3, built with the flags that firmware is
//! built with (`.cargo/firmware.toml`, `.cargo/firmware-small.toml`). Its image is weighed symbol
//! by symbol, and run in QEMU through a life of registration, fetch, outputs and kills with a
//! master at the other end of its serial line, which tells the heap and the stack it took; once
//! in the clear, and once with a credential, which is what firmware has and what must fit. All
//! that is in the image counts, but for the probe's own startup, serial line and heap, and for
//! `memcpy` and the like, which any firmware has from its C library.
//!
//! Other images, such as firmware for a board, are weighed beside it where their budgets are
//! given: `--image zephyr.elf:200K:64K`.
//!
//! | module | is |
//! |---|---|
//! | `image` | sections and symbols of an ELF file |
//! | `budget` | an image and what it may take |
//! | `probe` | the probe running in QEMU |
//! | `frame` | what is said on its serial line |
//! | `master`, `world` | who is on the other end: a scripted master, storage and tasks |
//! | `table`, `page` | what is printed, and what is written |

mod budget;
mod frame;
mod image;
mod master;
mod page;
mod probe;
mod table;
mod world;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use edgerm_coap::oscore::Credential;

use crate::bare_metal::{Firmware, Flags};
use budget::Budget;
use image::Image;

/// The probe, of which names of symbols are to tell their crates.
const PROBE: Firmware = Firmware {
    folder: "tests/size-probe",
    package: "edgerm-size-probe",
    output: "size",
    linker: "arm-none-eabi-ld",
    debian: "binutils-arm-none-eabi",
    rustflags: "-Csymbol-mangling-version=v0",
};

/// Bytes of flash that the agent with CoAP, the protocol and OSCORE may take.
const AGENT_FLASH: u64 = 50 * 1024;

/// Bytes of RAM that it may take with OSCORE: its table, its heap and its stack.
const AGENT_RAM: u64 = 10 * 1024;

/// Weigh the agent for a Cortex-M3, and images of firmware.
#[derive(Args)]
pub(crate) struct Size {
    /// Another image to weigh, and the flash and RAM it may take: FILE:FLASH:RAM, as in
    /// zephyr.elf:200K:64K.
    #[arg(long = "image", value_name = "FILE:FLASH:RAM")]
    images: Vec<Budget>,
    /// Print the largest symbols too, this many.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    symbols: usize,
    /// Write the figures of the agent into this page too, as in docs/sizes.md.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

impl Size {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let plain = Image::read(&PROBE.build(Flags::Plain)?)?;
        let path = PROBE.build(Flags::Small)?;
        let small = Image::read(&path)?;
        let clear = probe::run(&path, None)?;
        let credential = Credential::new([0, 1, 2, 3], [0x5e; 16], [0x5a; 8]);
        let protected = probe::run(&path, Some(&credential))?;

        table::flash(&plain, &small);
        table::symbols(&small, self.symbols);
        table::ram(&clear, &protected);
        table::oscore(&small, &clear, &protected);
        if let Some(page) = &self.write {
            let figures = page::page(&small, &clear, &protected, AGENT_FLASH, AGENT_RAM);
            fs::write(page, figures).with_context(|| format!("writing {}", page.display()))?;
        }
        let mut over = table::total("agent, flash", small.counted(), AGENT_FLASH);
        over |= table::total("agent, RAM", protected.total(), AGENT_RAM);
        for budget in &self.images {
            let image = Image::read(&budget.path)?;
            table::groups(&budget.name(), &image);
            over |= table::total("flash", image.flash, budget.flash);
            over |= table::total("RAM", image.ram, budget.ram);
        }
        if over {
            bail!("over the budget");
        }
        Ok(())
    }
}
