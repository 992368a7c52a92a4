//! A node on a bare Cortex-M3: `tests/bare-metal`, built and booted in QEMU.
//!
//! It has a network of its own, of QEMU's user mode, in which `10.0.2.2` is this machine's
//! loopback: nodes and masters of several cases do not meet.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong here fails a test"
)]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use edgerm_coap::oscore::Credential;
use xtask::bare_metal::{BARE_METAL, Flags};

use crate::firmware::child::{Console, Process, owned};

/// The board.
const MACHINE: &str = "mps2-an385";

/// Its network interface.
const NIC: &str = "user,model=lan9118";

/// Where its page is: `tests/bare-metal/link.ld`.
const PAGE: &str = "0x50000";

/// This machine's loopback, as the node sees it.
const LOOPBACK: [u8; 4] = [10, 0, 2, 2];

/// A node, booted.
#[derive(Debug)]
pub struct BareMetal {
    process: Process,
}

impl BareMetal {
    /// Boots one in `qemu`, for the master at this port of loopback, which has enrolled it with
    /// this credential. Its page is kept in `folder`.
    ///
    /// # Panics
    ///
    /// Where the image does not build, or QEMU does not start.
    #[must_use]
    pub fn boot(qemu: &Path, master: u16, credential: &Credential, folder: &Path) -> Self {
        let image = image();
        let page = folder.join("page");
        fs::write(&page, page_for(master, credential)).expect("its page");
        let mut qemu = owned(qemu);
        qemu.args(["-machine", MACHINE, "-nic", NIC])
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio"])
            .arg("-device")
            .arg(format!(
                "loader,file={},addr={PAGE},force-raw=on",
                page.display()
            ))
            .arg("-kernel")
            .arg(image);
        Self {
            process: Process::start("the node", qemu),
        }
    }

    /// What it prints.
    #[must_use]
    pub const fn console(&self) -> &Console {
        self.process.console()
    }
}

/// What `tests/bare-metal/src/page.rs` reads.
fn page_for(master: u16, credential: &Credential) -> Vec<u8> {
    let mut entropy = [0; 32];
    let mut source = File::open("/dev/urandom").expect("a source of entropy");
    source.read_exact(&mut entropy).expect("entropy");
    let port = master.to_be_bytes();
    let credential = credential.to_bytes();
    [&LOOPBACK[..], &port, &[0, 0], &entropy, &credential].concat()
}

/// The image, built once.
fn image() -> &'static Path {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE.get_or_init(|| match BARE_METAL.build(Flags::Small) {
        Ok(image) => image,
        Err(error) => panic!("{error:#}"),
    })
}
