//! Sensors and actuators of this machine: read from the kernel, or simulated.
//!
//! Values are millionths of the unit of the device's kind, as Zephyr's `sensor_value` has
//! them; `docs/resources.md` lists the kinds.

mod decimal;
mod hwmon;
mod iio;
mod simulated;
mod sysfs;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use edgerm_protocol::limits::MAX_NAME;
use edgerm_protocol::owned;
use edgerm_protocol::resource::{Access, DeviceClass, Name};
use sha2::{Digest, Sha256};

pub(crate) use decimal::parse_micro;
pub use hwmon::HWMON_ROOT;
pub use iio::IIO_ROOT;
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
    /// It is a file that containers alone are given.
    ForContainers,
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
            Self::ForContainers => f.write_str("it is a file that containers alone are given"),
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
    /// It is a file under `/dev` that a container is given; modules cannot use it.
    File(DeviceClass, PathBuf),
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sensor(_) => "Sensor",
            Self::Actuator(_) => "Actuator",
            Self::File(..) => "File",
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
            Driver::Actuator(_) | Driver::File(DeviceClass::Actuator, _) => None,
            Driver::File(DeviceClass::Sensor, _) => Some(Err(DeviceError::ForContainers)),
        }
    }

    /// Writes it; `None` where it is no actuator.
    pub fn write(&self, value: i64) -> Option<Result<(), DeviceError>> {
        match &mut *self.driver.lock().unwrap_or_else(PoisonError::into_inner) {
            Driver::Sensor(_) | Driver::File(DeviceClass::Sensor, _) => None,
            Driver::File(DeviceClass::Actuator, _) => Some(Err(DeviceError::ForContainers)),
            Driver::Actuator(actuator) => Some(actuator.write(value)),
        }
    }
}

/// Devices that discovery adds up to: leaves room for other resources among the 64 of a
/// description, and for long names in its 4,096 bytes.
const MAX_DISCOVERED: usize = 48;

/// The devices of this machine, by label.
#[derive(Clone, Debug, Default)]
pub struct Devices(BTreeMap<String, Device>);

impl Devices {
    /// Adds a device under `label`, or where that is taken under `label-2`, `label-3`, ..., of
    /// which `label` is cut so that the whole is a name.
    pub fn add(&mut self, label: &str, kind: &str, access: Access, driver: Driver) {
        let class = match driver {
            Driver::Sensor(_) => DeviceClass::Sensor,
            Driver::Actuator(_) => DeviceClass::Actuator,
            Driver::File(class, _) => class,
        };
        let mut free = label.to_owned();
        let mut number = 1;
        while self.0.contains_key(&free) {
            number += 1;
            let suffix = format!("-{number}");
            let end = label.floor_char_boundary(MAX_NAME - suffix.len());
            free = format!("{}{suffix}", &label[..end]);
        }
        let description = owned::Device {
            class,
            kind: kind.into(),
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

    /// Adds files under `/dev`, each a device of this class and kind that is labelled by `prefix` and
    /// the name that comes with it, as in `radio-ttyUSB0`: it has its label whichever others there
    /// are. One that is a device already, by this path or another, or whose label is another's, is
    /// left out, and the log tells.
    pub fn add_files(
        &mut self,
        prefix: &str,
        kind: &str,
        access: Access,
        class: DeviceClass,
        files: impl IntoIterator<Item = (String, PathBuf)>,
    ) {
        for (name, path) in files {
            let label = file_label(prefix, &name, &path);
            if self.has_file(&path) {
                let path = path.display();
                tracing::warn!(%path, label, "it is a device already: left out");
            } else if self.0.contains_key(&label) {
                let path = path.display();
                tracing::warn!(%path, label, "another device has this label: left out");
            } else if self.has_room_for(&path) {
                self.add(&label, kind, access, Driver::File(class, path));
            }
        }
    }

    /// Whether this file is a device, by this name or another.
    fn has_file(&self, path: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let wanted = real(path);
        let mut labels = self.0.keys();
        labels.any(|label| self.path(label).is_some_and(|path| real(&path) == wanted))
    }

    /// Adds the sensors of the kernel's hardware monitoring class, whose folder is `root`, each
    /// labelled by its chip and channel, as in `coretemp-core-0`. One that cannot be read is
    /// left out, and the log tells why.
    pub fn add_hwmon(&mut self, root: &Path) {
        self.add_found(hwmon::discover(root));
    }

    /// The same for the kernel's industrial I/O class.
    pub fn add_iio(&mut self, root: &Path) {
        self.add_found(iio::discover(root));
    }

    fn add_found(&mut self, found: Vec<Found>) {
        for Found {
            label,
            kind,
            path,
            sensor,
        } in found
        {
            if self.has_room_for(&path) {
                self.add(&label, kind, Access::Shared, Driver::Sensor(sensor));
            }
        }
    }

    /// Whether one more may be added that was found; the log tells of one that may not.
    fn has_room_for(&self, path: &Path) -> bool {
        let has_room = self.0.len() < MAX_DISCOVERED;
        if !has_room {
            let path = path.display();
            tracing::warn!(%path, "{MAX_DISCOVERED} devices are enough: one is left out");
        }
        has_room
    }

    /// The file of the device of this label, where it is one that containers are given.
    pub fn path(&self, label: &str) -> Option<PathBuf> {
        let driver = self.get(label)?.driver.lock();
        match &*driver.unwrap_or_else(PoisonError::into_inner) {
            Driver::File(_, path) => Some(path.clone()),
            Driver::Sensor(_) | Driver::Actuator(_) => None,
        }
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

/// The label of a file: that of its pattern and its name there. Where both are too long, the end gives
/// way to some digits of the whole path's digest, by which it is no other's.
fn file_label(prefix: &str, name: &str, path: &Path) -> String {
    let label = format!("{prefix}-{name}");
    if Name::new(&label).is_ok() {
        return label;
    }
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let digits: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let printable: String = label.chars().filter(|c| !c.is_control()).collect();
    let end = printable.floor_char_boundary(MAX_NAME - digits.len() - 1);
    format!("{}-{digits}", &printable[..end])
}

/// A sensor that the kernel has.
struct Found {
    label: String,
    kind: &'static str,
    path: PathBuf,
    sensor: Box<dyn Sensor>,
}

/// Reads a sensor once, to see whether it works.
fn found_if_readable(
    label: String,
    kind: &'static str,
    mut sensor: impl Sensor + 'static,
    path: &Path,
) -> Option<Found> {
    if let Err(error) = sensor.read() {
        tracing::warn!(path = %path.display(), %error, "a sensor cannot be read and is left out");
        return None;
    }
    Some(Found {
        label,
        kind,
        path: path.to_owned(),
        sensor: Box::new(sensor),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn labels_are_unique_and_discovery_leaves_room_for_other_resources() {
        let root = tempfile::tempdir().unwrap();
        let chip = root.path().join("hwmon0");
        fs::create_dir(&chip).unwrap();
        for number in 1..100 {
            let milli = format!("{number}000");
            fs::write(chip.join(format!("temp{number}_input")), milli).unwrap();
        }
        let mut devices = Devices::default();
        let constant = || Driver::Sensor(Box::new(Constant(0)));
        devices.add("hwmon0-temp2", "temperature", Access::Shared, constant());
        devices.add_hwmon(root.path());
        assert_eq!(devices.iter().count(), MAX_DISCOVERED);
        let reading = |label| devices.get(label).unwrap().read().unwrap().unwrap();
        assert_eq!(reading("hwmon0-temp2"), 0);
        assert_eq!(reading("hwmon0-temp2-2"), 2_000_000);
        assert_eq!(reading("hwmon0-temp47"), 47_000_000);
        assert!(devices.get("hwmon0-temp48").is_none());
    }

    #[test]
    fn a_label_that_is_taken_is_numbered_and_stays_a_name() {
        let mut devices = Devices::default();
        let label = "é".repeat(MAX_NAME / 2);
        for value in 0..11 {
            let constant = Driver::Sensor(Box::new(Constant(value)));
            devices.add(&label, "light", Access::Shared, constant);
        }
        let reading = |label: &str| devices.get(label).unwrap().read().unwrap().unwrap();
        assert_eq!(reading(&label), 0);
        assert_eq!(reading(&format!("{}-2", "é".repeat(15))), 1);
        assert_eq!(reading(&format!("{}-11", "é".repeat(14))), 10);
    }

    #[test]
    fn a_sensor_is_not_written_and_an_actuator_not_read() {
        let mut devices = Devices::default();
        let constant = Driver::Sensor(Box::new(Constant(7)));
        devices.add("sensor", "light", Access::Shared, constant);
        let memory = Driver::Actuator(Box::<Memory>::default());
        devices.add("actuator", "led", Access::Exclusive, memory);
        let (sensor, actuator) = (devices.get("sensor"), devices.get("actuator"));
        let (sensor, actuator) = (sensor.unwrap(), actuator.unwrap());
        assert!(matches!(sensor.read(), Some(Ok(7))));
        assert!(sensor.write(1).is_none());
        assert!(matches!(actuator.write(1), Some(Ok(()))));
        assert!(actuator.read().is_none());
    }
}
