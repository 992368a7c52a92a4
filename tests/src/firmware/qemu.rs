//! A node in QEMU.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};

use serde_json::{Value, json};

use super::board::Machine;
use super::child::{Console, Process, owned};
use super::image::Image;

/// QEMU with an image. Its user-mode network makes `10.0.2.2` the loopback of the namespace.
#[derive(Debug)]
pub struct Qemu {
    process: Process,
    control: Control,
}

impl Qemu {
    /// Boots `image`.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn boot(image: &Image, machine: Machine) -> Self {
        let mut qemu = owned("qemu-system-arm");
        qemu.args(["-machine", machine.name, "-cpu", "cortex-m3"])
            .args(["-display", "none", "-vga", "none", "-monitor", "none"])
            .args(["-qmp", "stdio", "-serial", "file:/dev/stderr"])
            .arg("-nic")
            .arg(format!("user,model={}", machine.nic))
            .arg("-kernel")
            .arg(image.product());
        let name = format!("{image} in QEMU");
        let (process, input, output) = Process::start_controlled(name, qemu);
        let output = BufReader::new(output);
        let mut control = Control { input, output };
        let greeting = control.line();
        assert!(greeting.get("QMP").is_some(), "{greeting}");
        control.execute("qmp_capabilities");
        Self { process, control }
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
