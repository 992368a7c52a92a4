//! Chores of the repository: `cargo xtask --help` lists them. One file a chore.

mod firmware;
mod host_api;
mod pure;
mod simulate;
mod size;
mod wasm;

use clap::{Parser, Subcommand};
use xtask::{bare_metal, repository, toolchain};

/// Chores of the EdgeRM repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Firmware(firmware::Firmware),
    HostApi(host_api::HostApi),
    Pure(pure::Pure),
    Simulate(simulate::Simulate),
    Size(size::Size),
    Wasm(wasm::Wasm),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Firmware(chore) => chore.run(),
        Chore::HostApi(chore) => chore.run(),
        Chore::Pure(chore) => chore.run(),
        Chore::Simulate(chore) => chore.run(),
        Chore::Size(chore) => chore.run(),
        Chore::Wasm(chore) => chore.run(),
    }
}
