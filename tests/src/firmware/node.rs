//! A node that runs an image, wherever it runs.

use std::path::Path;

use super::child::Console;
use super::image::Image;
use super::native::Native;
use super::qemu::Qemu;

/// A node: its firmware, booted.
#[derive(Debug)]
pub enum Node {
    /// In QEMU: its flash is forgotten at a reset.
    Qemu(Qemu),
    /// A process of this machine: its flash is a file.
    Native(Native),
}

impl Node {
    /// Boots `image`. `folder` keeps the flash of a node that has one, and QEMU's sockets.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn boot(image: &Image, folder: &Path) -> Self {
        match image.board.machine() {
            Some(machine) => Self::Qemu(Qemu::boot(image, machine, folder)),
            None => Self::Native(Native::boot(image, &folder.join(format!("{image}.flash")))),
        }
    }

    /// What it prints.
    #[must_use]
    pub const fn console(&self) -> &Console {
        match self {
            Self::Qemu(node) => node.console(),
            Self::Native(node) => node.console(),
        }
    }

    /// Reboots it without a warning.
    ///
    /// # Panics
    ///
    /// Where it does not start again.
    pub fn reboot(&mut self) {
        match self {
            Self::Qemu(node) => node.reset(),
            Self::Native(node) => node.power_on(),
        }
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        match self {
            Self::Qemu(node) => node.is_running(),
            Self::Native(node) => node.is_running(),
        }
    }
}
