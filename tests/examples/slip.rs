//! Gives the board `qemu_riscv32` its network: `boards/qemu_riscv32/README.md`.
//!
//! Prints what QEMU is to be told besides, and carries frames until QEMU ends.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use edgerm_tests::firmware::slip::Wire;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: slip FOLDER, an empty one, for the sockets");
        return ExitCode::FAILURE;
    };
    match Wire::new(&folder).and_then(carry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn carry(wire: Wire) -> io::Result<()> {
    println!("{}", wire.arguments().join(" "));
    wire.carry()
}
