//! What this agent does for one of its tasks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use edgerm_protocol::TaskId;
use edgerm_protocol::resource::DeviceClass;
use edgerm_task_abi::{ErrorCode, Handle, Host, LogLevel};

use super::mailbox::Mailbox;
use super::{EventSink, TaskEvent, TaskSpec};
use crate::devices::{Device, DeviceError, Devices};

/// Devices that a task may have open at once.
const MAX_HANDLES: usize = 16;

/// Keys in a task's store at most; each value has at most `MAX_VALUE` bytes.
const MAX_KEYS: usize = 64;

/// The host of one task. Its key-value store lives as long as the task.
pub(super) struct TaskHost {
    id: TaskId,
    epoch: Instant,
    env: BTreeMap<String, String>,
    granted: Vec<(String, Device)>,
    /// All that this agent has, to tell what is refused from what is absent.
    devices: Devices,
    open: Vec<Device>,
    /// Whether the log tells already that a device does not work: a task may try for ever.
    told_of_device: bool,
    store: BTreeMap<String, Vec<u8>>,
    events: EventSink,
    mailbox: Arc<Mailbox>,
}

impl TaskHost {
    pub(super) fn new(
        spec: &TaskSpec,
        devices: &Devices,
        events: EventSink,
        mailbox: Arc<Mailbox>,
        epoch: Instant,
    ) -> Self {
        let granted = spec.devices.iter().filter_map(|label| {
            let device = devices.get(label)?;
            Some((label.clone(), device.clone()))
        });
        Self {
            id: spec.id,
            epoch,
            env: spec.env.clone(),
            granted: granted.collect(),
            devices: devices.clone(),
            open: Vec::new(),
            told_of_device: false,
            store: BTreeMap::new(),
            events,
            mailbox,
        }
    }

    /// Opens a granted device by its label or, the first one of it, by its kind.
    fn open(&mut self, name: &str, class: DeviceClass) -> Result<Handle, ErrorCode> {
        let is = |device: &Device, kind: &str| {
            device.description.class == class && device.description.kind == kind
        };
        let granted = self.granted.iter();
        let by_label = granted
            .clone()
            .find(|(label, device)| label == name && device.description.class == class);
        let found = by_label.or_else(|| granted.clone().find(|(_, device)| is(device, name)));
        let Some((_, device)) = found else {
            let exists = |(label, device): (&str, &Device)| label == name || is(device, name);
            let exists = self.devices.iter().any(exists);
            return Err(if exists {
                ErrorCode::NotPermitted
            } else {
                ErrorCode::NotFound
            });
        };
        if self.open.len() >= MAX_HANDLES {
            return Err(ErrorCode::TooMany);
        }
        let handle = u16::try_from(self.open.len()).map_err(|_| ErrorCode::TooMany)?;
        self.open.push(device.clone());
        Ok(Handle(handle))
    }

    fn device(&self, handle: Handle) -> Result<&Device, ErrorCode> {
        self.open
            .get(usize::from(handle.0))
            .ok_or(ErrorCode::InvalidArgument)
    }

    fn io_failed(&mut self, error: &DeviceError) -> ErrorCode {
        if !std::mem::replace(&mut self.told_of_device, true) {
            tracing::warn!(task = %self.id, %error, "a device does not work");
        }
        ErrorCode::Io
    }
}

impl Host for TaskHost {
    fn monotonic_ms(&mut self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn unix_ms(&mut self) -> Option<u64> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok()
    }

    fn log(&mut self, level: LogLevel, line: &str) {
        (self.events)(TaskEvent::Log(self.id, level, line.to_owned()));
    }

    fn env(&mut self, key: &str) -> Option<&str> {
        self.env.get(key).map(String::as_str)
    }

    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.open(name, DeviceClass::Sensor)
    }

    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode> {
        let reading = self
            .device(sensor)?
            .read()
            .ok_or(ErrorCode::InvalidArgument)?;
        reading.map_err(|error| self.io_failed(&error))
    }

    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.open(name, DeviceClass::Actuator)
    }

    fn actuator_write(&mut self, actuator: Handle, value: i64) -> Result<(), ErrorCode> {
        let written = self
            .device(actuator)?
            .write(value)
            .ok_or(ErrorCode::InvalidArgument)?;
        written.map_err(|error| self.io_failed(&error))
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        if !self.mailbox.reserve_output() {
            return Poll::Pending;
        }
        (self.events)(TaskEvent::Output(self.id, payload.to_vec()));
        Poll::Ready(Ok(()))
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        let taken = self
            .mailbox
            .take(|message| match buffer.get_mut(..message.len()) {
                Some(room) => {
                    room.copy_from_slice(message);
                    (true, Ok(message.len()))
                }
                None => (false, Err(ErrorCode::BufferTooSmall)),
            });
        taken.map_or(Poll::Pending, Poll::Ready)
    }

    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        let value = self.store.get(key).ok_or(ErrorCode::NotFound)?;
        let room = buffer
            .get_mut(..value.len())
            .ok_or(ErrorCode::BufferTooSmall)?;
        room.copy_from_slice(value);
        Ok(value.len())
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        if value.is_empty() {
            self.store.remove(key);
            return Ok(());
        }
        if self.store.len() >= MAX_KEYS && !self.store.contains_key(key) {
            return Err(ErrorCode::TooMany);
        }
        self.store.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn coap_post(&mut self, _uri: &str, _payload: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        Poll::Ready(Err(ErrorCode::NotSupported))
    }
}
