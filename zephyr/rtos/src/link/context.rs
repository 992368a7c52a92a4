//! By a context of Zephyr's network stack.

use core::ffi::{c_int, c_void};
use core::ptr;

use edgerm_zephyr_sys as sys;

use crate::Errno;
use crate::guarded::Guarded;
use crate::semaphore::Semaphore;

/// Datagrams that wait for the agent at most. One more is lost, as on any network.
const WAITING: usize = 4;

static ARRIVED: Guarded<heapless::Deque<Packet, WAITING>> = Guarded::new(heapless::Deque::new());
static WOKEN: Semaphore = Semaphore::new();

/// A UDP context that is connected to the master, and hears nobody else. There is one at a time.
#[derive(Debug)]
pub struct Link(*mut sys::net_context);

// SAFETY: the network stack excludes one thread from another.
unsafe impl Send for Link {}

/// A datagram in buffers of the network stack.
struct Packet(*mut sys::net_pkt);

// SAFETY: whoever has it is the only one.
unsafe impl Send for Packet {}

impl Link {
    /// Connects to the master, as Kconfig names it. Where it is a name, this waits for it to be
    /// resolved.
    ///
    /// # Errors
    ///
    /// What the network says.
    pub fn connect() -> Result<Self, Errno> {
        let (address, length) = super::master()?;
        let family = address.sa_family;
        let (datagram, udp) = (sys::SOCK_DGRAM, sys::IPPROTO_UDP as u16);
        let mut context = ptr::null_mut();
        // SAFETY: writes to `context`.
        told(unsafe { sys::net_context_get(family, datagram, udp, &mut context) })?;
        let link = Self(context);
        let now = sys::k_timeout_t { ticks: 0 };
        let user = ptr::null_mut();
        // SAFETY: the context is this link's; the address has `length` bytes.
        told(unsafe { sys::net_context_connect(context, &address, length, None, now, user) })?;
        // SAFETY: as above; `on_packet` may be called from now on until the context is put back.
        told(unsafe { sys::net_context_recv(context, Some(on_packet), now, user) })?;
        Ok(link)
    }

    /// Sends a datagram, or does not, at once.
    ///
    /// # Errors
    ///
    /// `ENOMEM` where there is no buffer now, and whatever the network says.
    pub fn send(&self, datagram: &[u8]) -> Result<(), Errno> {
        let (bytes, length) = (datagram.as_ptr().cast(), datagram.len());
        let now = sys::k_timeout_t { ticks: 0 };
        // SAFETY: reads as many bytes as there are.
        told(unsafe { sys::net_context_send(self.0, bytes, length, None, now, ptr::null_mut()) })
    }

    /// Receives the next datagram, where one is here. One that does not fit is cut.
    ///
    /// # Errors
    ///
    /// `EAGAIN` where none is here.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let packet = ARRIVED.with(heapless::Deque::pop_front);
        let packet = packet.ok_or(Errno(sys::EAGAIN as i32))?;
        // SAFETY: the packet is this one's until it is dropped.
        let length = unsafe { sys::net_pkt_remaining_data(packet.0) }.min(buffer.len());
        // SAFETY: writes as many bytes as there is room for.
        told(unsafe { sys::net_pkt_read(packet.0, buffer.as_mut_ptr().cast(), length) })?;
        Ok(length)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: the context is this link's, and used no more.
        unsafe { sys::net_context_put(self.0) };
        while ARRIVED.with(heapless::Deque::pop_front).is_some() {}
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        // SAFETY: the packet is this one's, and used no more.
        unsafe { sys::net_pkt_unref(self.0) };
    }
}

/// Called on the network stack's thread.
unsafe extern "C" fn on_packet(
    _: *mut sys::net_context,
    packet: *mut sys::net_pkt,
    _: *mut sys::net_ip_header,
    _: *mut sys::net_proto_header,
    _: c_int,
    _: *mut c_void,
) {
    if packet.is_null() {
        return;
    }
    let packet = Packet(packet);
    // It is given back where there is no room, with interrupts let in again.
    let _lost = ARRIVED.with(|arrived| arrived.push_back(packet));
    WOKEN.give();
}

/// Wakes the agent's thread, from any other. Copies wake the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waker(());

impl Waker {
    /// One for as long as the image runs.
    ///
    /// # Errors
    ///
    /// None here: sockets may have no descriptor left.
    pub fn open() -> Result<Self, Errno> {
        WOKEN.reset();
        Ok(Self(()))
    }

    /// Lets the agent's thread come around, now or when it is about to wait.
    pub fn wake(self) {
        WOKEN.give();
    }
}

/// Waits for a datagram, the waker, or so many milliseconds: without an end where `None`.
pub fn wait(_: Option<&Link>, _: Waker, milliseconds: Option<u64>) {
    WOKEN.take_for(milliseconds);
}

/// An error, where there is one.
fn told(value: c_int) -> Result<(), Errno> {
    Errno::check(value).map(|_| ())
}
