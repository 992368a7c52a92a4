//! The ports of a node on the standard library, and its loop.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant as Monotonic;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_driver::port::{
    Clock, Device, Devices, Event, Events, Network, NetworkError, Platform, Storage,
};
use edgerm_driver::{Driver, Wait};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{AgentId, Instant, ModuleId, TaskId};
use edgerm_task_abi::{ErrorCode, TaskEnd};

use crate::storage::MemoryStorage;
use crate::threads::StdThreads;

pub(crate) const SLOTS: usize = 2;

pub(crate) type Node = Driver<Std, { SLOTS + 2 }, SLOTS>;

pub(crate) struct Std;

impl Platform for Std {
    type Network = Udp;
    type Clock = Since;
    type Storage = SlowStorage;
    type Records = ();
    type Threads = StdThreads;
    type Devices = Simulated;
    type Events = Log;
}

/// What the node's thread waits for.
pub(crate) enum Wakeup {
    Datagram(Vec<u8>),
    /// A port has something to tell.
    Port,
    Leave,
    /// Power is lost.
    Stop,
}

#[derive(Clone)]
pub(crate) struct Waker(pub(crate) Sender<Wakeup>);

impl Waker {
    pub(crate) fn wake(&self) {
        // Nobody listens to a node that has stopped.
        let _stopped = self.0.send(Wakeup::Port);
    }
}

/// Runs a node until it has left or is stopped.
pub(crate) fn run(node: &mut Node, wakeups: &Receiver<Wakeup>) {
    loop {
        let wakeup = match node.poll() {
            Wait::Left => return,
            Wait::Event => wakeups.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Wait::Until(instant) => {
                let now = node.ports_mut().clock.now();
                wakeups.recv_timeout(instant.saturating_duration_since(now))
            }
        };
        match wakeup {
            Ok(Wakeup::Datagram(datagram)) => node.ports_mut().network.arrived.push_back(datagram),
            Ok(Wakeup::Port) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Wakeup::Leave) => node.leave(),
            Ok(Wakeup::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A socket, and a thread that waits for it.
pub(crate) struct Udp {
    socket: UdpSocket,
    master: SocketAddr,
    arrived: VecDeque<Vec<u8>>,
}

impl Udp {
    pub(crate) fn new(master: SocketAddr, waker: &Waker) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let listener = socket.try_clone().unwrap();
        let Waker(sender) = waker.clone();
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            loop {
                let (length, from) = listener.recv_from(&mut buffer).unwrap();
                // Empty: the node is no more.
                if length == 0 {
                    return;
                }
                if from == master {
                    let _stopped = sender.send(Wakeup::Datagram(buffer[..length].to_vec()));
                }
            }
        });
        Self {
            socket,
            master,
            arrived: VecDeque::new(),
        }
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        let own = self.socket.local_addr().unwrap();
        self.socket.send_to(&[], own).unwrap();
    }
}

impl Network for Udp {
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError> {
        let sent = self.socket.send_to(datagram, self.master);
        sent.map(|_| ()).map_err(|_| nb::Error::Other(NetworkError))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError> {
        let datagram = self.arrived.pop_front().ok_or(nb::Error::WouldBlock)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok(length)
    }
}

/// Time since the node's boot.
pub(crate) struct Since(pub(crate) Monotonic);

impl Clock for Since {
    fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.0.elapsed().as_millis()).unwrap())
    }
}

/// A storage that wakes the node when it is to be asked again.
pub(crate) struct SlowStorage {
    pub(crate) memory: MemoryStorage,
    pub(crate) waker: Waker,
}

impl SlowStorage {
    fn wake_for<T>(&self, asked: nb::Result<T, StorageError>) -> nb::Result<T, StorageError> {
        if matches!(asked, Err(nb::Error::WouldBlock)) {
            self.waker.wake();
        }
        asked
    }
}

impl Storage for SlowStorage {
    type Module = Arc<[u8]>;

    fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError> {
        let checked = self.memory.check(module, size);
        self.wake_for(checked)
    }

    fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        let stored = self.memory.store(module, offset, bytes);
        self.wake_for(stored)
    }

    fn load(&mut self, module: ModuleId) -> nb::Result<Arc<[u8]>, StorageError> {
        let loaded = self.memory.load(module);
        self.wake_for(loaded)
    }

    fn release(&mut self, module: ModuleId) {
        self.memory.release(module);
    }
}

/// A thermometer that reads 1.5, 2.5, 3.5 and so on, and a lamp that remembers.
pub(crate) struct Simulated {
    pub(crate) shed: i64,
    pub(crate) lamp: i64,
}

impl Devices for Simulated {
    fn device(&self, index: usize) -> Option<Device<'_>> {
        let devices = [
            ("shed", "temperature", DeviceClass::Sensor),
            ("lamp", "led", DeviceClass::Actuator),
        ];
        let (label, kind, class) = *devices.get(index)?;
        Some(Device {
            label,
            kind,
            class,
            access: Access::Shared,
        })
    }

    fn read(&mut self, index: usize) -> Result<i64, ErrorCode> {
        assert_eq!(index, 0, "only sensors are read");
        self.shed += 1_000_000;
        Ok(self.shed)
    }

    fn write(&mut self, index: usize, value: i64) -> Result<(), ErrorCode> {
        assert_eq!(index, 1, "only actuators are written");
        self.lamp = value;
        Ok(())
    }
}

/// What a firmware's hook was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Registered(AgentId),
    Started(TaskId),
    NotStarted(TaskId, String),
    Ended(TaskId, TaskEnd),
    StorageFailed(StorageError),
    Left,
}

pub(crate) struct Log(pub(crate) Sender<Happened>);

impl Events for Log {
    fn on_event(&mut self, event: Event<'_>) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "what no test here looks for, and events to come"
        )]
        let happened = match event {
            Event::Registered(agent) => Happened::Registered(agent),
            Event::TaskStarted(task) => Happened::Started(task),
            Event::TaskNotStarted(task, why) => Happened::NotStarted(task, why.to_owned()),
            Event::TaskEnded(task, end) => Happened::Ended(task, end),
            Event::StorageFailed(_, error) => Happened::StorageFailed(error),
            Event::Left => Happened::Left,
            _ => return,
        };
        // A test may be over before its node.
        let _over = self.0.send(happened);
    }
}
