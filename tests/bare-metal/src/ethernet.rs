//! The LAN9118, an Ethernet controller with FIFOs that the processor fills and empties (SMSC
//! LAN9118 data sheet, chapters 3 and 5).

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

use crate::register::Register;
use crate::switch;

/// A register of the controller.
const fn controller(offset: usize) -> Register {
    // SAFETY: the controller's place in the memory map of AN385; it touches no memory.
    unsafe { Register::at(0x4020_0000 + offset) }
}

const RX_DATA: Register = controller(0x00);
const TX_DATA: Register = controller(0x20);
const RX_STATUS: Register = controller(0x40);
const TX_STATUS: Register = controller(0x48);
const INTERRUPT_CONFIG: Register = controller(0x54);
const INTERRUPT_STATUS: Register = controller(0x58);
const INTERRUPT_ENABLE: Register = controller(0x5c);
const FIFO_LEVELS: Register = controller(0x68);
const TX_CONFIG: Register = controller(0x70);
const RX_FIFO: Register = controller(0x7c);
const TX_FIFO: Register = controller(0x80);
const MAC_COMMAND: Register = controller(0xa4);
const MAC_DATA: Register = controller(0xa8);

/// Enabled, active high, driven both ways: what AN385 wires to the processor.
const INTERRUPT_LINE: u32 = 1 << 8 | 1 << 4 | 1;
/// The receive status FIFO holds more than its level, which is 0 here.
const RECEIVED: u32 = 1 << 3;
const TRANSMITTER_ON: u32 = 1 << 1;
const MAC_BUSY: u32 = 1 << 31;
/// Both the transmitter and the receiver.
const MAC_ENABLED: u32 = 1 << 3 | 1 << 2;

/// Registers of the MAC, behind [`MAC_COMMAND`].
const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;

/// The number of the controller's interrupt in AN385.
pub(crate) const INTERRUPT: usize = 13;

// SAFETY: where interrupts are enabled (Armv7-M, B3.4.4); no memory is touched.
const ENABLE_INTERRUPTS: Register = unsafe { Register::at(0xe000_e100) };

/// Bytes of a frame at most, without its checksum.
const FRAME: usize = 1514;

/// Bytes of the checksum at the end of what is received.
const CHECKSUM: usize = 4;

/// An error in a status of the receive FIFO.
const IS_BAD: u32 = 1 << 15;

/// The controller.
pub(crate) struct Ethernet(());

impl Ethernet {
    /// Turns the controller on, under this address. To be called once.
    pub(crate) fn enable(address: EthernetAddress) -> Self {
        let [a, b, c, d, e, f] = address.0;
        write_mac(MAC_ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
        write_mac(MAC_ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
        write_mac(MAC_CONTROL, MAC_ENABLED);
        TX_CONFIG.write(TRANSMITTER_ON);
        FIFO_LEVELS.write(0);
        INTERRUPT_CONFIG.write(INTERRUPT_LINE);
        INTERRUPT_ENABLE.write(RECEIVED);
        ENABLE_INTERRUPTS.write(1 << INTERRUPT);
        Self(())
    }

    /// The length of the next frame that came in whole, with its checksum. Where none is there
    /// the next one interrupts.
    fn next_frame(&mut self) -> Option<usize> {
        loop {
            if frames_received() == 0 {
                INTERRUPT_STATUS.write(RECEIVED);
                INTERRUPT_ENABLE.write(RECEIVED);
                // One may have come just before that.
                if frames_received() == 0 {
                    return None;
                }
            }
            let status = RX_STATUS.read();
            let length = (status >> 16 & 0x3fff) as usize;
            if status & IS_BAD == 0 && (CHECKSUM..=FRAME + CHECKSUM).contains(&length) {
                return Some(length);
            }
            for _ in 0..length.div_ceil(4) {
                RX_DATA.read();
            }
        }
    }
}

/// Handles the controller's interrupt: the agent is to look. None comes until it has.
pub(crate) extern "C" fn on_interrupt() {
    INTERRUPT_ENABLE.write(0);
    switch::wake();
}

fn frames_received() -> u32 {
    RX_FIFO.read() >> 16 & 0xff
}

fn write_mac(register: u32, value: u32) {
    MAC_DATA.write(value);
    MAC_COMMAND.write(MAC_BUSY | register);
    while MAC_COMMAND.read() & MAC_BUSY != 0 {}
}

impl Device for Ethernet {
    type RxToken<'a> = Received;
    type TxToken<'a> = Free;

    fn receive(&mut self, _: Instant) -> Option<(Received, Free)> {
        self.next_frame().map(|length| (Received(length), Free))
    }

    fn transmit(&mut self, _: Instant) -> Option<Free> {
        let free = TX_FIFO.read() & 0xffff;
        (free as usize >= COMMAND + FRAME + 3).then_some(Free)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}

/// A frame of this length at the front of the receive FIFO.
pub(crate) struct Received(usize);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let mut frame = [0; (FRAME + CHECKSUM).next_multiple_of(4)];
        let words = self.0.div_ceil(4);
        for word in frame.as_chunks_mut().0.iter_mut().take(words) {
            *word = RX_DATA.read().to_le_bytes();
        }
        f(&frame[..self.0 - CHECKSUM])
    }
}

/// Room for a frame in the transmit FIFO.
pub(crate) struct Free;

/// Bytes of the two words before a frame.
const COMMAND: usize = 8;

/// A whole frame in one piece.
const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;

impl TxToken for Free {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = [0; FRAME.next_multiple_of(4)];
        let length = length.min(FRAME);
        let result = f(&mut frame[..length]);
        TX_DATA.write(FIRST_AND_LAST | length as u32);
        TX_DATA.write(length as u32);
        for word in frame.as_chunks().0.iter().take(length.div_ceil(4)) {
            TX_DATA.write(u32::from_le_bytes(*word));
        }
        // How earlier frames fared: nobody asks, but the FIFO of it wants to be emptied.
        for _ in 0..TX_FIFO.read() >> 16 & 0xff {
            TX_STATUS.read();
        }
        result
    }
}
