//! Datagrams to and from the master.

use edgerm_driver::port::{Network, NetworkError};
use edgerm_zephyr_rtos::Errno;
use edgerm_zephyr_rtos::link::Link;
use edgerm_zephyr_rtos::log::{self, Level};
use edgerm_zephyr_sys::{EAGAIN, ENOBUFS, ENOMEM};

/// A link that is made when something is to be sent, and anew where the network failed: the
/// master's name may then be another address.
#[derive(Debug, Default)]
pub(crate) struct Udp {
    link: Option<Link>,
    /// What failed last, so that the log tells it once.
    failed: Option<Errno>,
}

impl Udp {
    /// The way to the master, while there is one.
    pub(crate) const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    fn connected(&mut self) -> Result<&Link, Errno> {
        match &mut self.link {
            Some(link) => Ok(link),
            none => Ok(none.insert(Link::connect()?)),
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
        self.link = None;
        nb::Error::Other(NetworkError)
    }
}

impl Network for Udp {
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError> {
        let sent = self.connected().and_then(|link| link.send(datagram));
        sent.map_err(|errno| self.on_error(errno))?;
        self.failed = None;
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError> {
        let Some(link) = &self.link else {
            return Err(nb::Error::WouldBlock);
        };
        let received = link.receive(buffer);
        received.map_err(|errno| self.on_error(errno))
    }
}
