//! A node in QEMU.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command};
use std::thread;

use serde_json::{Value, json};

use super::board::{Machine, Network};
use super::child::{Console, Process, owned};
use super::image::Image;
use super::slip::Wire;

/// QEMU with an image. Its user-mode network makes `10.0.2.2` the loopback of the namespace.
#[derive(Debug)]
pub struct Qemu {
    process: Process,
    control: Control,
    /// Where its sockets are.
    _folder: tempfile::TempDir,
}

impl Qemu {
    /// Boots `image`, with its sockets in a folder of their own below `folder`.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn boot(image: &Image, machine: Machine, folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).expect("a folder");
        let mut qemu = owned(machine.emulator);
        qemu.args(machine.arguments)
            .args(["-display", "none", "-vga", "none", "-monitor", "none"])
            .args(["-qmp", "stdio", "-kernel"])
            .arg(image.product());
        connect(&mut qemu, machine.network, folder.path());
        let name = format!("{image} in QEMU");
        let (process, input, output) = Process::start_controlled(name, qemu);
        let output = BufReader::new(output);
        let mut control = Control { input, output };
        let greeting = control.line();
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        control.execute("qmp_capabilities");
        Self {
            process,
            control,
            _folder: folder,
        }
    }

    /// What the node prints.
    #[must_use]
    pub const fn console(&self) -> &Console {
        self.process.console()
    }

    /// Presses the reset button.
    ///
    /// # Panics
    ///
    /// Where QEMU does not.
    pub fn reset(&mut self) {
        self.control.execute("system_reset");
    }

    /// Whether QEMU still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }
}

/// Gives the board its network.
fn connect(qemu: &mut Command, network: Network, folder: &Path) {
    match network {
        Network::Controller(model) => {
            qemu.arg("-nic").arg(format!("user,model={model}"));
        }
        Network::Slip => {
            let wire = Wire::new(folder).expect("sockets");
            qemu.args(wire.arguments());
            // Ends with QEMU: what a network loses then, nobody waits for.
            thread::spawn(move || wire.carry());
        }
    }
}

/// QEMU's machine protocol: JSON, a line each.
#[derive(Debug)]
struct Control {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Control {
    fn execute(&mut self, command: &str) {
        let line = format!("{}\n", json!({ "execute": command }));
        let told = self.input.write_all(line.as_bytes());
        told.unwrap_or_else(|error| panic!("{command}: {error}"));
        loop {
            let answer = self.line();
            if answer.get("return").is_some() {
                return;
            }
            assert!(answer.get("event").is_some(), "{command}: {answer}");
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("QEMU answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("QEMU answers {line:?}: {error}"))
    }
}
