//! A node that is a process of this machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::child::{Console, Process, owned};
use super::image::Image;

/// `native_sim` with an image. It speaks through the TAP of the namespace.
#[derive(Debug)]
pub struct Native {
    image: Image,
    flash: PathBuf,
    process: Process,
}

impl Native {
    /// Boots `image` with its flash in the file `flash`, made where there is none.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn boot(image: &Image, flash: &Path) -> Self {
        Self {
            image: *image,
            flash: flash.to_owned(),
            process: start(image, flash),
        }
    }

    /// What the node printed since it booted.
    #[must_use]
    pub const fn console(&self) -> &Console {
        self.process.console()
    }

    /// Cuts the power. What was in flash stays there.
    pub fn power_off(&mut self) {
        self.process.kill();
    }

    /// Gives the power back.
    pub fn power_on(&mut self) {
        self.process.kill();
        self.process = start(&self.image, &self.flash);
    }

    /// Whether the process still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }
}

/// Boots of any node so far.
static BOOTS: AtomicU32 = AtomicU32::new(1);

fn start(image: &Image, flash: &Path) -> Process {
    let mut native = owned(image.product());
    native.arg(format!("--flash={}", flash.display()));
    // Its entropy is a generator, which each boot is to begin elsewhere.
    let seed = BOOTS.fetch_add(1, Ordering::Relaxed);
    native.arg(format!("--seed={seed}"));
    Process::start(image.to_string(), native)
}
