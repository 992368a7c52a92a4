//! The ports: what a platform implements so that an agent can live on it.
//!
//! Every method returns at once. One that could not do its work yet returns
//! [`nb::Error::WouldBlock`], has changed nothing that its caller sees, and is asked again with
//! the same arguments. The platform then wakes the thread that polls the driver, as it does for
//! a datagram that came and for a thread that has something to tell; that wake-up is the one
//! thing between a platform and its driver that is not a trait here.

mod clock;
mod devices;
mod events;
mod network;
mod records;
mod storage;
mod threads;

pub use clock::Clock;
pub use devices::{Device, Devices};
pub use events::{Event, Events};
pub use network::{Network, NetworkError};
pub use records::Records;
pub use storage::Storage;
pub use threads::{Answer, ThreadEvent, Threads};

/// The ports of one kind of node.
pub trait Platform {
    /// Datagrams to and from the master.
    type Network: Network;
    /// What time it is.
    type Clock: Clock;
    /// Where modules are kept.
    type Storage: Storage;
    /// Where records are kept over a reboot; `()` where they are not.
    type Records: Records;
    /// A thread and an arena a slot, which run what the storage gives.
    type Threads: Threads<Module = <Self::Storage as Storage>::Module>;
    /// Sensors and actuators.
    type Devices: Devices;
    /// Who is told what happens; `()` where nobody is.
    type Events: Events;
}

/// The ports of one node.
#[derive(Debug)]
pub struct Ports<P: Platform> {
    /// Datagrams to and from the master.
    pub network: P::Network,
    /// What time it is.
    pub clock: P::Clock,
    /// Where modules are kept.
    pub storage: P::Storage,
    /// Where records are kept over a reboot.
    pub records: P::Records,
    /// A thread and an arena a slot.
    pub threads: P::Threads,
    /// Sensors and actuators.
    pub devices: P::Devices,
    /// Who is told what happens.
    pub events: P::Events,
}
