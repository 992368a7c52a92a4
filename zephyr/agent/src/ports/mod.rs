//! The driver's ports, on Zephyr.

mod clock;
mod devices;
mod events;
mod network;
#[cfg(CONFIG_EDGERM_RECORDS)]
mod records;
mod storage;
mod threads;

pub(crate) use clock::Uptime;
pub(crate) use devices::Devices;
pub(crate) use events::Log;
pub(crate) use network::Udp;
#[cfg(CONFIG_EDGERM_RECORDS)]
pub(crate) use records::Settings as Records;
pub(crate) use storage::Modules;
pub(crate) use threads::TaskThreads;

/// None are kept.
#[cfg(not(CONFIG_EDGERM_RECORDS))]
pub(crate) type Records = ();

/// A node with Zephyr.
#[derive(Debug)]
pub(crate) struct Zephyr;

impl edgerm_driver::port::Platform for Zephyr {
    type Network = Udp;
    type Clock = Uptime;
    type Storage = Modules;
    type Records = Records;
    type Threads = TaskThreads;
    type Devices = Devices;
    type Events = Log;
}
