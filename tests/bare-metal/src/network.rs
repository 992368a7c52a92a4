//! UDP over IPv4, to the master and back.

use edgerm_driver::port::{self, NetworkError};
use edgerm_protocol::Instant;
use edgerm_protocol::limits::MAX_DATAGRAM;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::udp::{self, PacketBuffer, PacketMetadata, SendError};
use smoltcp::time;
use smoltcp::wire::{EthernetAddress, IpCidr, IpEndpoint, Ipv4Address};

use crate::clock;
use crate::ethernet::Ethernet;

/// The board's addresses; those of IP are what QEMU's user-mode network gives its first machine.
const ETHERNET: EthernetAddress = EthernetAddress([0x02, 0x00, 0x00, 0xed, 0x6e, 0x01]);
const ADDRESS: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const PREFIX: u8 = 24;
const GATEWAY: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

/// The port that datagrams come from.
const PORT: u16 = 5683;

/// Datagrams that wait each way, and bytes of them: one of the longest, or a few others.
const WAITING: usize = 4;
const BYTES: usize = 2 * MAX_DATAGRAM;

/// Memory of the socket.
pub(crate) struct Buffers {
    sockets: [SocketStorage<'static>; 1],
    received: ([PacketMetadata; WAITING], [u8; BYTES]),
    to_send: ([PacketMetadata; WAITING], [u8; BYTES]),
}

impl Buffers {
    pub(crate) const fn new() -> Self {
        Self {
            sockets: [SocketStorage::EMPTY],
            received: ([PacketMetadata::EMPTY; WAITING], [0; BYTES]),
            to_send: ([PacketMetadata::EMPTY; WAITING], [0; BYTES]),
        }
    }
}

/// A socket on the board's Ethernet.
pub(crate) struct Network {
    master: IpEndpoint,
    ethernet: Ethernet,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Network {
    /// The network, up. `None` where the socket cannot be had, which does not come about.
    pub(crate) fn new(
        master: IpEndpoint,
        seed: u64,
        buffers: &'static mut Buffers,
    ) -> Option<Self> {
        let mut ethernet = Ethernet::enable(ETHERNET);
        let mut config = Config::new(ETHERNET.into());
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut ethernet, now());
        interface.update_ip_addrs(|addresses| {
            // The list is empty, and holds one.
            let _held = addresses.push(IpCidr::new(ADDRESS.into(), PREFIX));
        });
        interface
            .routes_mut()
            .add_default_ipv4_route(GATEWAY)
            .ok()?;
        let Buffers {
            sockets,
            received,
            to_send,
        } = buffers;
        let buffer = |memory: &'static mut ([PacketMetadata; WAITING], [u8; BYTES])| {
            PacketBuffer::new(&mut memory.0[..], &mut memory.1[..])
        };
        let mut socket = udp::Socket::new(buffer(received), buffer(to_send));
        socket.bind(PORT).ok()?;
        let mut sockets = SocketSet::new(&mut sockets[..]);
        let socket = sockets.add(socket);
        Some(Self {
            master,
            ethernet,
            interface,
            sockets,
            socket,
        })
    }

    /// Moves frames, and tells when it wants to again, if not for one that comes in.
    pub(crate) fn poll(&mut self) -> Option<Instant> {
        let (interface, sockets) = (&mut self.interface, &mut self.sockets);
        interface.poll(now(), &mut self.ethernet, sockets);
        let at = interface.poll_at(now(), sockets)?;
        Some(Instant::from_millis(
            at.total_millis().try_into().unwrap_or(0),
        ))
    }

    fn socket(&mut self) -> &mut udp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }
}

fn now() -> time::Instant {
    time::Instant::from_millis(clock::now().as_millis().cast_signed())
}

impl port::Network for Network {
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError> {
        let master = self.master;
        let sent = self.socket().send_slice(datagram, master);
        self.poll();
        match sent {
            Ok(()) => Ok(()),
            Err(SendError::BufferFull) => Err(nb::Error::WouldBlock),
            Err(SendError::Unaddressable) => Err(nb::Error::Other(NetworkError)),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError> {
        self.poll();
        let master = self.master;
        while let Ok((datagram, from)) = self.socket().recv() {
            if from.endpoint == master {
                let length = datagram.len().min(buffer.len());
                buffer[..length].copy_from_slice(&datagram[..length]);
                return Ok(length);
            }
        }
        Err(nb::Error::WouldBlock)
    }
}
