//! What the node does for the task whose call is being answered.
//!
//! Nothing of a launch is copied: its environment and its devices are read out of the body that
//! the agent keeps, when a task asks for them.

use core::task::Poll;

use edgerm_agent_core::{Agent, Input, InputError, Reports};
use edgerm_protocol::message;
use edgerm_protocol::resource::DeviceClass;
use edgerm_task_abi::{ErrorCode, Handle, Host, LogLevel};

use crate::port::{Clock, Devices};
use crate::slot::Slot;

/// A task's node, for one call.
pub(crate) struct SlotHost<'a, C, D, const TASKS: usize> {
    pub(crate) agent: &'a mut Agent<TASKS>,
    pub(crate) reports: &'a mut Reports,
    pub(crate) slot: &'a mut Slot,
    pub(crate) clock: &'a C,
    pub(crate) devices: &'a mut D,
    pub(crate) value_bytes: usize,
}

impl<C: Clock, D: Devices, const TASKS: usize> SlotHost<'_, C, D, TASKS> {
    /// Opens a device of the launch by its label or, the first one of it, by its kind. A device
    /// that is open already keeps its handle.
    fn open(&mut self, name: &str, class: DeviceClass) -> Result<Handle, ErrorCode> {
        let Some(index) = self.granted(name, class) else {
            return Err(if self.exists(name, class) {
                ErrorCode::NotPermitted
            } else {
                ErrorCode::NotFound
            });
        };
        let index = u16::try_from(index).map_err(|_| ErrorCode::TooMany)?;
        let open = &mut self.slot.open;
        let handle = match open.iter().position(|own| *own == index) {
            Some(handle) => handle,
            None => {
                open.push(index).map_err(|_| ErrorCode::TooMany)?;
                open.len() - 1
            }
        };
        u16::try_from(handle)
            .map(Handle)
            .map_err(|_| ErrorCode::TooMany)
    }

    fn granted(&self, name: &str, class: DeviceClass) -> Option<usize> {
        let launch = self.agent.launch(self.slot.task)?;
        let mut by_kind = None;
        for label in launch.devices.iter() {
            let Some(index) = self.find(label.as_str(), class) else {
                continue;
            };
            if label.as_str() == name {
                return Some(index);
            }
            let is_of_kind = |device: crate::port::Device<'_>| device.kind == name;
            if by_kind.is_none() && self.devices.device(index).is_some_and(is_of_kind) {
                by_kind = Some(index);
            }
        }
        by_kind
    }

    fn find(&self, label: &str, class: DeviceClass) -> Option<usize> {
        (0..)
            .map_while(|index| self.devices.device(index))
            .position(|device| device.label == label && device.class == class)
    }

    fn exists(&self, name: &str, class: DeviceClass) -> bool {
        (0..)
            .map_while(|index| self.devices.device(index))
            .any(|device| device.label == name || device.class == class && device.kind == name)
    }

    /// The device behind a handle.
    fn opened(&self, handle: Handle, class: DeviceClass) -> Result<usize, ErrorCode> {
        let index = self.slot.open.get(usize::from(handle.0));
        let index = index.map(|index| usize::from(*index));
        index
            .filter(|index| {
                let device = self.devices.device(*index);
                device.is_some_and(|device| device.class == class)
            })
            .ok_or(ErrorCode::InvalidArgument)
    }

    fn tell(&mut self, input: Input<'_>) -> Result<(), InputError> {
        let now = self.clock.now();
        self.agent.handle_input(now, input)
    }
}

impl<C: Clock, D: Devices, const TASKS: usize> Host for SlotHost<'_, C, D, TASKS> {
    fn monotonic_ms(&mut self) -> u64 {
        self.clock.now().as_millis()
    }

    fn unix_ms(&mut self) -> Option<u64> {
        self.clock.unix_ms()
    }

    fn log(&mut self, level: LogLevel, line: &str) {
        let level = match level {
            LogLevel::Error => message::LogLevel::Error,
            LogLevel::Warning => message::LogLevel::Warning,
            LogLevel::Info => message::LogLevel::Info,
            LogLevel::Debug => message::LogLevel::Debug,
        };
        let task = self.slot.task;
        // The task is over as far as the agent goes, where it is refused.
        if self.tell(Input::TaskLogged(task)).is_ok() {
            let is_here = |id| self.agent.has_task(id);
            self.reports.log(task, is_here, level, line.as_bytes());
        }
    }

    fn env(&mut self, key: &str) -> Option<&str> {
        let launch = self.agent.launch(self.slot.task)?;
        // One that is given twice has its last value, as on Linux.
        let own = launch.env.iter().filter(|own| own.key.as_str() == key);
        Some(own.last()?.value)
    }

    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.open(name, DeviceClass::Sensor)
    }

    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode> {
        let index = self.opened(sensor, DeviceClass::Sensor)?;
        self.devices.read(index)
    }

    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        self.open(name, DeviceClass::Actuator)
    }

    fn actuator_write(&mut self, actuator: Handle, value: i64) -> Result<(), ErrorCode> {
        let index = self.opened(actuator, DeviceClass::Actuator)?;
        self.devices.write(index, value)
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        match self.tell(Input::TaskOutput(self.slot.task, payload)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(InputError::OutputQueueFull { .. }) => Poll::Pending,
            // The task is over as far as the agent goes.
            Err(_) => Poll::Ready(Err(ErrorCode::Io)),
        }
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        let Some(message) = self.slot.messages.front() else {
            return Poll::Pending;
        };
        let length = message.len();
        let Some(room) = buffer.get_mut(..length) else {
            return Poll::Ready(Err(ErrorCode::BufferTooSmall));
        };
        room.copy_from_slice(message);
        self.slot.messages.pop_front();
        Poll::Ready(Ok(length))
    }

    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        let value = self.slot.values.get(key).ok_or(ErrorCode::NotFound)?;
        buffer
            .get_mut(..value.len())
            .ok_or(ErrorCode::BufferTooSmall)?
            .copy_from_slice(value);
        Ok(value.len())
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        self.slot.values.set(key, value, self.value_bytes)
    }

    fn coap_post(&mut self, _uri: &str, _payload: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        Poll::Ready(Err(ErrorCode::NotSupported))
    }
}
