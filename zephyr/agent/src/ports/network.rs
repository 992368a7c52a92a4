//! Datagrams to and from the master.

use edgerm_driver::port::{Network, NetworkError};
use edgerm_zephyr_rtos::Errno;
use edgerm_zephyr_rtos::log::{self, Level};
use edgerm_zephyr_rtos::socket::Socket;
use edgerm_zephyr_sys::{EAGAIN, ENOBUFS, ENOMEM};

/// A socket that is made when something is to be sent, and anew where the network failed: the
/// master's name may then be another address.
#[derive(Debug, Default)]
pub(crate) struct Udp {
    socket: Option<Socket>,
    /// What failed last, so that the log tells it once.
    failed: Option<Errno>,
}

impl Udp {
    /// The socket, while there is one.
    pub(crate) const fn socket(&self) -> Option<&Socket> {
        self.socket.as_ref()
    }

    fn connected(&mut self) -> Result<&Socket, Errno> {
        match &mut self.socket {
            Some(socket) => Ok(socket),
            none => Ok(none.insert(Socket::connect()?)),
        }
    }

    fn on_error(&mut self, errno: Errno) -> nb::Error<NetworkError> {
        if errno.is(EAGAIN) || errno.is(ENOMEM) || errno.is(ENOBUFS) {
            return nb::Error::WouldBlock;
        }
        if self.failed != Some(errno) {
            log::write(
                Level::Warning,
                format_args!("no way to the master: {errno}"),
            );
        }
        self.failed = Some(errno);
        self.socket = None;
        nb::Error::Other(NetworkError)
    }
}

impl Network for Udp {
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError> {
        let sent = self.connected().and_then(|socket| socket.send(datagram));
        sent.map_err(|errno| self.on_error(errno))?;
        self.failed = None;
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError> {
        let Some(socket) = &self.socket else {
            return Err(nb::Error::WouldBlock);
        };
        let received = socket.receive(buffer);
        received.map_err(|errno| self.on_error(errno))
    }
}
