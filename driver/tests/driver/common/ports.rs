//! The ports of a node that is data.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use edgerm_agent_core::{RecordKey, StorageError};
use edgerm_driver::Platform;
use edgerm_driver::port::{
    Answer, Clock, Device, Devices, Event, Events, Network, NetworkError, Records, ThreadEvent,
    Threads,
};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{Instant, TaskId};
use edgerm_task_abi::{Call, ErrorCode, TaskEnd, TaskLimits};

use super::MemoryStorage;

pub(crate) struct Fake;

impl Platform for Fake {
    type Network = Wire;
    type Clock = Virtual;
    type Storage = MemoryStorage;
    type Records = MemoryRecords;
    type Threads = FakeThreads;
    type Devices = Boards;
    type Events = Hook;
}

/// The wire's two ends.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    pub(crate) to_node: Rc<RefCell<VecDeque<Vec<u8>>>>,
    pub(crate) to_master: Rc<RefCell<VecDeque<Vec<u8>>>>,
}

impl Network for Wire {
    fn send(&mut self, datagram: &[u8]) -> nb::Result<(), NetworkError> {
        self.to_master.borrow_mut().push_back(datagram.to_vec());
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> nb::Result<usize, NetworkError> {
        let datagram = self.to_node.borrow_mut().pop_front();
        let datagram = datagram.ok_or(nb::Error::WouldBlock)?;
        buffer[..datagram.len()].copy_from_slice(&datagram);
        Ok(datagram.len())
    }
}

#[derive(Clone, Default)]
pub(crate) struct Virtual(pub(crate) Rc<Cell<u64>>);

impl Clock for Virtual {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.get())
    }
}

/// Records that outlive the node.
#[derive(Clone, Default)]
pub(crate) struct MemoryRecords(pub(crate) Rc<RefCell<BTreeMap<RecordKey, Vec<u8>>>>);

impl Records for MemoryRecords {
    fn read(&mut self, key: RecordKey, buffer: &mut [u8]) -> Result<Option<usize>, StorageError> {
        let kept = self.0.borrow();
        let record = kept.get(&key);
        Ok(record.map(|record| {
            buffer[..record.len()].copy_from_slice(record);
            record.len()
        }))
    }

    fn write(&mut self, key: RecordKey, record: &[u8]) -> nb::Result<(), StorageError> {
        self.0.borrow_mut().insert(key, record.to_vec());
        Ok(())
    }

    fn erase(&mut self, key: RecordKey) -> nb::Result<(), StorageError> {
        self.0.borrow_mut().remove(&key);
        Ok(())
    }
}

/// Threads of which the test says what they do.
#[derive(Default)]
pub(crate) struct FakeThreads {
    pub(crate) slots: BTreeMap<usize, FakeThread>,
    pub(crate) aborted: Vec<usize>,
    /// A call that a thread makes in the moment in which it is aborted.
    pub(crate) late_call: Option<Call>,
    /// Calls that were answered, of all slots.
    pub(crate) answers: usize,
}

pub(crate) struct FakeThread {
    pub(crate) limits: TaskLimits,
    pub(crate) events: VecDeque<ThreadEvent>,
    pub(crate) memory: [u8; 256],
    pub(crate) answer: Option<Answer>,
}

impl Threads for FakeThreads {
    type Module = Arc<[u8]>;

    fn start(&mut self, slot: usize, _: Arc<[u8]>, limits: TaskLimits) {
        let thread = FakeThread {
            limits,
            events: VecDeque::new(),
            memory: [0; 256],
            answer: None,
        };
        assert!(
            self.slots.insert(slot, thread).is_none(),
            "the slot is free"
        );
    }

    fn poll(&mut self, slot: usize) -> Option<ThreadEvent> {
        let thread = self.slots.get_mut(&slot).expect("a slot in use");
        let event = thread.events.pop_front()?;
        if matches!(event, ThreadEvent::NotStarted(_) | ThreadEvent::Ended(_)) {
            self.slots.remove(&slot);
        }
        Some(event)
    }

    fn memory(&mut self, slot: usize) -> &mut [u8] {
        &mut self.slots.get_mut(&slot).expect("a slot in use").memory
    }

    fn answer(&mut self, slot: usize, answer: Answer) {
        let thread = self.slots.get_mut(&slot).expect("a slot in use");
        let before = thread.answer.replace(answer);
        assert_eq!(before, None, "a call is answered once");
        self.answers += 1;
    }

    fn abort(&mut self, slot: usize) {
        let thread = self.slots.get_mut(&slot).expect("a slot in use");
        let call = self.late_call.map(ThreadEvent::Called);
        thread.events.extend(call);
        thread.events.push_back(ThreadEvent::Ended(TaskEnd::Killed));
        self.aborted.push(slot);
    }
}

/// `room` and `attic` (temperature), `lamp` (led); what is read is the device's number.
#[derive(Default)]
pub(crate) struct Boards {
    pub(crate) written: Vec<(usize, i64)>,
}

impl Devices for Boards {
    fn device(&self, index: usize) -> Option<Device<'_>> {
        let devices = [
            ("room", "temperature", DeviceClass::Sensor),
            ("attic", "temperature", DeviceClass::Sensor),
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
        Ok(i64::try_from(index).expect("a small number"))
    }

    fn write(&mut self, index: usize, value: i64) -> Result<(), ErrorCode> {
        self.written.push((index, value));
        Ok(())
    }
}

/// What a hook was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Starting(TaskId),
    Ended(TaskId, TaskEnd),
}

/// A hook that remembers.
#[derive(Clone, Default)]
pub(crate) struct Hook(pub(crate) Rc<RefCell<Vec<Happened>>>);

impl Events for Hook {
    fn on_event(&mut self, event: Event<'_>) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "what no test here looks for, and events to come"
        )]
        self.0.borrow_mut().push(match event {
            Event::TaskStarting(task) => Happened::Starting(task),
            Event::TaskEnded(task, end) => Happened::Ended(task, end),
            _ => return,
        });
    }
}
