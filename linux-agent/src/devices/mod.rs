//! Sensors and actuators of this machine: read from the kernel, or simulated.
//!
//! Values are millionths of the unit of the device's kind, as Zephyr's `sensor_value` has
//! them; `docs/resources.md` lists the kinds.

mod decimal;
mod simulated;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use edgerm_protocol::owned;
use edgerm_protocol::resource::DeviceClass;

pub use simulated::{Constant, Memory, Replay, ReplayError, Sine};

/// Something that is read.
pub trait Sensor: Send {
    /// The value now, in millionths of the unit.
    ///
    /// # Errors
    ///
    /// [`DeviceError`] where there is no value now.
    fn read(&mut self) -> Result<i64, DeviceError>;
}

/// Something that is written.
pub trait Actuator: Send {
    /// Sets the value, in millionths of the unit.
    ///
    /// # Errors
    ///
    /// [`DeviceError`] where it was not set.
    fn write(&mut self, value: i64) -> Result<(), DeviceError>;
}

/// Why a device could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeviceError {
    /// The kernel said no.
    Io(io::Error),
    /// The kernel gave a text that is no number.
    NotANumber(String),
    /// The value is beyond what millionths in 64 bits hold.
    OutOfRange(String),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NotANumber(text) => write!(f, "{text:?} is no number"),
            Self::OutOfRange(text) => write!(f, "{text:?} is out of range"),
        }
    }
}

impl std::error::Error for DeviceError {}

impl From<io::Error> for DeviceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How a device is reached.
pub enum Driver {
    /// It is read.
    Sensor(Box<dyn Sensor>),
    /// It is written.
    Actuator(Box<dyn Actuator>),
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sensor(_) => "Sensor",
            Self::Actuator(_) => "Actuator",
        })
    }
}

/// One device, shared by the tasks that opened it.
#[derive(Clone, Debug)]
pub struct Device {
    /// What is told of it.
    pub description: owned::Device,
    driver: Arc<Mutex<Driver>>,
}

impl Device {
    /// Reads it; `None` where it is no sensor.
    pub fn read(&self) -> Option<Result<i64, DeviceError>> {
        // A driver that panicked may have left nothing half-done but its own reading.
        match &mut *self.driver.lock().unwrap_or_else(PoisonError::into_inner) {
            Driver::Sensor(sensor) => Some(sensor.read()),
            Driver::Actuator(_) => None,
        }
    }

    /// Writes it; `None` where it is no actuator.
    pub fn write(&self, value: i64) -> Option<Result<(), DeviceError>> {
        match &mut *self.driver.lock().unwrap_or_else(PoisonError::into_inner) {
            Driver::Sensor(_) => None,
            Driver::Actuator(actuator) => Some(actuator.write(value)),
        }
    }
}

/// The devices of this machine, by label.
#[derive(Clone, Debug, Default)]
pub struct Devices(BTreeMap<String, Device>);

impl Devices {
    /// Adds a device under `label`, or where that is taken under `label-2`, `label-3`, ...
    pub fn add(
        &mut self,
        label: &str,
        kind: &str,
        access: edgerm_protocol::resource::Access,
        driver: Driver,
    ) {
        let class = match driver {
            Driver::Sensor(_) => DeviceClass::Sensor,
            Driver::Actuator(_) => DeviceClass::Actuator,
        };
        let mut free = label.to_owned();
        let mut number = 1;
        while self.0.contains_key(&free) {
            number += 1;
            free = format!("{label}-{number}");
        }
        let description = owned::Device {
            class,
            kind: kind.to_owned(),
            access,
        };
        self.0.insert(
            free,
            Device {
                description,
                driver: Arc::new(Mutex::new(driver)),
            },
        );
    }

    /// The device of this label.
    pub fn get(&self, label: &str) -> Option<&Device> {
        self.0.get(label)
    }

    /// The devices by label.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Device)> {
        self.0
            .iter()
            .map(|(label, device)| (label.as_str(), device))
    }
}
