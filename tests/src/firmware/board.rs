//! The boards that can be run on this machine.

/// A board, by what runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// TI's LM3S6965 evaluation kit in QEMU: 256 KiB of flash, 64 KiB of RAM.
    QemuCortexM3,
    /// Arm's MPS2+ with a Cortex-M3 in QEMU: 4 MiB of each.
    Mps2An385,
    /// A process on this machine, whose flash is a file.
    NativeSim,
}

/// What QEMU is told of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// `-machine`.
    pub name: &'static str,
    /// `-nic user,model=`.
    pub nic: &'static str,
}

impl Board {
    /// As Zephyr calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QemuCortexM3 => "qemu_cortex_m3",
            Self::Mps2An385 => "mps2_an385",
            Self::NativeSim => "native_sim",
        }
    }

    /// How QEMU runs it; `None` where nothing is emulated.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::QemuCortexM3 => Some(Machine {
                name: "lm3s6965evb",
                nic: "stellaris",
            }),
            Self::Mps2An385 => Some(Machine {
                name: "mps2-an385",
                nic: "lan9118",
            }),
            Self::NativeSim => None,
        }
    }

    /// What `ZEPHYR_TOOLCHAIN_VARIANT` is to be for it.
    #[must_use]
    pub const fn toolchain(self) -> &'static str {
        match self {
            Self::QemuCortexM3 | Self::Mps2An385 => "gnuarmemb",
            Self::NativeSim => "host",
        }
    }

    /// What the build makes for running it, in its folder `zephyr`.
    #[must_use]
    pub const fn product(self) -> &'static str {
        match self {
            Self::QemuCortexM3 | Self::Mps2An385 => "zephyr.elf",
            Self::NativeSim => "zephyr.exe",
        }
    }
}
