//! By a socket, and an eventfd beside it.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// A UDP socket that is connected to the master, and hears nobody else.
#[derive(Debug)]
pub struct Link(i32);

impl Link {
    /// Connects to the master, as Kconfig names it. Where it is a name, this waits for it to be
    /// resolved.
    ///
    /// # Errors
    ///
    /// What the network says.
    pub fn connect() -> Result<Self, Errno> {
        let (address, length) = super::master()?;
        let family = i32::from(address.sa_family);
        let (datagram, udp) = (sys::SOCK_DGRAM as i32, sys::IPPROTO_UDP as i32);
        // SAFETY: takes numbers alone.
        let socket =
            Self(told(unsafe { sys::zsock_socket(family, datagram, udp) } as isize)? as i32);
        // SAFETY: `address` has at least `length` bytes.
        told(unsafe { sys::zsock_connect(socket.0, &address, length) } as isize)?;
        Ok(socket)
    }

    /// Sends a datagram, or does not, at once.
    ///
    /// # Errors
    ///
    /// `EAGAIN` or `ENOMEM` where there is no buffer now, and whatever the network says.
    pub fn send(&self, datagram: &[u8]) -> Result<(), Errno> {
        let flags = sys::ZSOCK_MSG_DONTWAIT as i32;
        // SAFETY: reads as many bytes as there are.
        let sent =
            unsafe { sys::zsock_send(self.0, datagram.as_ptr().cast(), datagram.len(), flags) };
        told(sent as isize).map(|_| ())
    }

    /// Receives the next datagram, where one is here. One that does not fit is cut.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where none is here, and whatever the network says.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let flags = sys::ZSOCK_MSG_DONTWAIT as i32;
        // SAFETY: writes as many bytes as there is room for.
        let length =
            unsafe { sys::zsock_recv(self.0, buffer.as_mut_ptr().cast(), buffer.len(), flags) };
        told(length as isize)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this socket's, and used no more.
        unsafe { sys::zsock_close(self.0) };
    }
}

/// Wakes the agent's thread, from any other. Copies wake the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waker(i32);

impl Waker {
    /// One for as long as the image runs.
    ///
    /// # Errors
    ///
    /// Where there is no descriptor left (`CONFIG_EVENTFD_MAX`).
    pub fn open() -> Result<Self, Errno> {
        // SAFETY: takes nothing.
        Errno::check(unsafe { sys::edgerm_waker_open() }).map(Self)
    }

    /// Lets the agent's thread come around, now or when it is about to wait.
    pub fn wake(self) {
        // SAFETY: the descriptor is open for ever.
        unsafe { sys::edgerm_waker_wake(self.0) };
    }
}

/// Waits for a datagram, the waker, or so many milliseconds: without an end where `None`.
pub fn wait(socket: Option<&Link>, waker: Waker, milliseconds: Option<u64>) {
    let readable = |descriptor| sys::zsock_pollfd {
        fd: descriptor,
        events: sys::ZSOCK_POLLIN as _,
        revents: 0,
    };
    // One that is below 0 is passed over.
    let socket = socket.map_or(-1, |socket| socket.0);
    let mut waited = [readable(waker.0), readable(socket)];
    let timeout = milliseconds.map_or(-1, |time| i32::try_from(time).unwrap_or(i32::MAX));
    // SAFETY: there are as many as it is told.
    unsafe { sys::zsock_poll(waited.as_mut_ptr(), waited.len() as i32, timeout) };
    // SAFETY: the descriptor is open for ever.
    unsafe { sys::edgerm_waker_clear(waker.0) };
}

/// What a call of a socket gave, or its error.
fn told(value: isize) -> Result<usize, Errno> {
    usize::try_from(value).map_err(|_| {
        // SAFETY: reads the thread's own errno.
        Errno(unsafe { sys::edgerm_errno() })
    })
}
