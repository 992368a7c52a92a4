//! The boards that can be run on this machine.

use edgerm_coap::oscore::Credential;

/// A board, by what runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// TI's LM3S6965 evaluation kit in QEMU: 256 KiB of flash, 64 KiB of RAM.
    QemuCortexM3,
    /// Arm's MPS2+ with a Cortex-M3 in QEMU: 4 MiB of each.
    Mps2An385,
    /// QEMU's virtual machine with a RISC-V of 32 bits: 256 MiB of RAM.
    QemuRiscv32,
    /// A process on this machine, whose flash is a file.
    NativeSim,
    /// The same with pointers of 64 bits.
    NativeSim64,
}

/// What QEMU is told of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The emulator.
    pub emulator: &'static str,
    /// What makes it the board, with the console on its standard error.
    pub arguments: &'static [&'static str],
    /// How the board reaches the user-mode network.
    pub network: Network,
}

/// A board's way to QEMU's user-mode network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A controller that QEMU has: `-nic user,model=`.
    Controller(&'static str),
    /// Frames in SLIP, on the first serial line.
    Slip,
}

const LM3S6965: Machine = Machine {
    emulator: "qemu-system-arm",
    arguments: &[
        "-machine",
        "lm3s6965evb",
        "-cpu",
        "cortex-m3",
        "-serial",
        "file:/dev/stderr",
    ],
    network: Network::Controller("stellaris"),
};

const MPS2_AN385: Machine = Machine {
    emulator: "qemu-system-arm",
    arguments: &[
        "-machine",
        "mps2-an385",
        "-cpu",
        "cortex-m3",
        "-serial",
        "file:/dev/stderr",
    ],
    network: Network::Controller("lan9118"),
};

/// Its one serial line is the network: what it prints goes by semihosting.
const RISCV32: Machine = Machine {
    emulator: "qemu-system-riscv32",
    arguments: &[
        "-machine",
        "virt",
        "-bios",
        "none",
        "-m",
        "256",
        "-semihosting-config",
        "enable=on,target=native",
    ],
    network: Network::Slip,
};

impl Board {
    /// Every board.
    pub const ALL: [Self; 5] = [
        Self::QemuCortexM3,
        Self::Mps2An385,
        Self::QemuRiscv32,
        Self::NativeSim,
        Self::NativeSim64,
    ];

    /// What its node is called where it has a credential.
    #[must_use]
    pub fn node(self) -> String {
        format!("enrolled-{}", self.name())
    }

    /// The credential of its node.
    #[must_use]
    pub const fn credential(self) -> Credential {
        let number = self as u8;
        Credential::new([0, 0, 1, number], [0x40 + number; 16], [number; 8])
    }

    /// As Zephyr calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QemuCortexM3 => "qemu_cortex_m3",
            Self::Mps2An385 => "mps2_an385",
            Self::QemuRiscv32 => "qemu_riscv32",
            Self::NativeSim => "native_sim",
            Self::NativeSim64 => "native_sim_64",
        }
    }

    /// How QEMU runs it; `None` where nothing is emulated.
    #[must_use]
    pub const fn machine(self) -> Option<Machine> {
        match self {
            Self::QemuCortexM3 => Some(LM3S6965),
            Self::Mps2An385 => Some(MPS2_AN385),
            Self::QemuRiscv32 => Some(RISCV32),
            Self::NativeSim | Self::NativeSim64 => None,
        }
    }

    /// What `ZEPHYR_TOOLCHAIN_VARIANT` is to be for it.
    #[must_use]
    pub const fn toolchain(self) -> &'static str {
        match self {
            Self::QemuCortexM3 | Self::Mps2An385 => "gnuarmemb",
            Self::QemuRiscv32 => "cross-compile",
            Self::NativeSim | Self::NativeSim64 => "host",
        }
    }

    /// What the build makes for running it, in its folder `zephyr`.
    #[must_use]
    pub const fn product(self) -> &'static str {
        match self {
            Self::QemuCortexM3 | Self::Mps2An385 | Self::QemuRiscv32 => "zephyr.elf",
            Self::NativeSim | Self::NativeSim64 => "zephyr.exe",
        }
    }
}
