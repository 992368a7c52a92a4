//! Sensors and actuators: the devicetree's, and those that the firmware registers.

use edgerm_driver::port::{Device, Devices as Port};
use edgerm_protocol::resource::{Access, DeviceClass, Name};
use edgerm_task_abi::ErrorCode;
#[cfg(CONFIG_EDGERM_ACTUATORS)]
use edgerm_zephyr_rtos::gpio::{self, Output};
use edgerm_zephyr_rtos::log::{self, Level};
#[cfg(CONFIG_EDGERM_SENSORS)]
use edgerm_zephyr_rtos::sensor::{self, Channel, Sensor};
use edgerm_zephyr_rtos::{Errno, registry};
use edgerm_zephyr_sys as sys;

use crate::config::MAX_DEVICES;

type Label = heapless::String<32>;

/// All that is offered, each under its number.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    offered: heapless::Vec<Offered, MAX_DEVICES>,
    /// Registered devices that were looked at.
    registered: usize,
}

#[derive(Debug)]
struct Offered {
    label: Label,
    kind: &'static str,
    class: DeviceClass,
    access: Access,
    source: Source,
}

#[derive(Debug)]
enum Source {
    #[cfg(CONFIG_EDGERM_SENSORS)]
    Channel(Sensor, Channel),
    #[cfg(CONFIG_EDGERM_ACTUATORS)]
    Output(Output),
    Registered(registry::Device),
}

impl Devices {
    /// What the devicetree has and the firmware has registered so far.
    pub(crate) fn new() -> Self {
        let mut devices = Self::default();
        #[cfg(CONFIG_EDGERM_SENSORS)]
        devices.add_sensors();
        #[cfg(CONFIG_EDGERM_ACTUATORS)]
        devices.add_outputs();
        devices.update();
        devices
    }

    /// Adds what the firmware has registered since.
    pub(crate) fn update(&mut self) {
        for device in registry::devices().skip(self.registered) {
            self.registered += 1;
            let (class, access) = (device.is_sensor(), device.is_exclusive());
            self.add(Offered {
                label: label(&[device.label()]),
                kind: device.kind(),
                class: if class {
                    DeviceClass::Sensor
                } else {
                    DeviceClass::Actuator
                },
                access: if access {
                    Access::Exclusive
                } else {
                    Access::Shared
                },
                source: Source::Registered(device),
            });
        }
    }

    #[cfg(CONFIG_EDGERM_SENSORS)]
    fn add_sensors(&mut self) {
        let prefix = text(sys::CONFIG_EDGERM_SENSOR_PREFIX);
        for sensor in sensor::all().filter(|sensor| sensor.label.starts_with(prefix)) {
            let channels = || {
                sensor::CHANNELS
                    .iter()
                    .filter(|(_, channel)| sensor.has(*channel))
            };
            let is_one = channels().count() == 1;
            for (kind, channel) in channels() {
                let label = match is_one {
                    true => label(&[sensor.label]),
                    false => label(&[sensor.label, "_", kind]),
                };
                self.add(Offered {
                    label,
                    kind,
                    class: DeviceClass::Sensor,
                    access: Access::Shared,
                    source: Source::Channel(sensor, *channel),
                });
            }
        }
    }

    #[cfg(CONFIG_EDGERM_ACTUATORS)]
    fn add_outputs(&mut self) {
        let prefix = text(sys::CONFIG_EDGERM_ACTUATOR_PREFIX);
        for output in gpio::all().filter(|output| output.label.starts_with(prefix)) {
            if let Err(error) = output.configure() {
                log::write(Level::Warning, format_args!("{}: {error}", output.label));
                continue;
            }
            self.add(Offered {
                label: label(&[output.label]),
                kind: output.kind,
                class: DeviceClass::Actuator,
                access: Access::Exclusive,
                source: Source::Output(output),
            });
        }
    }

    /// Offers a device, unless its name is none or is taken, or there are enough.
    fn add(&mut self, device: Offered) {
        let is_named = Name::new(&device.label).is_ok() && Name::new(device.kind).is_ok();
        let is_taken = self.offered.iter().any(|other| other.label == device.label);
        if !is_named {
            let shown = Name::cut(&device.label).map_or("", |name| name.as_str());
            log::write(
                Level::Warning,
                format_args!(
                    "\"{shown}\" is not offered: its label and kind need 1 to 32 bytes without \
                     control characters"
                ),
            );
        } else if is_taken {
            log::write(
                Level::Warning,
                format_args!("{} is there already, and not offered again", device.label),
            );
        } else if let Err(device) = self.offered.push(device) {
            log::write(
                Level::Warning,
                format_args!(
                    "{} is not offered: CONFIG_EDGERM_MAX_DEVICES is {MAX_DEVICES}",
                    device.label
                ),
            );
        }
    }
}

impl Port for Devices {
    fn device(&self, index: usize) -> Option<Device<'_>> {
        let device = self.offered.get(index)?;
        Some(Device {
            label: &device.label,
            kind: device.kind,
            class: device.class,
            access: device.access,
        })
    }

    fn read(&mut self, index: usize) -> Result<i64, ErrorCode> {
        let device = self.offered.get(index).ok_or(ErrorCode::Io)?;
        let read = match &device.source {
            #[cfg(CONFIG_EDGERM_SENSORS)]
            Source::Channel(sensor, channel) => sensor.read(*channel),
            #[cfg(CONFIG_EDGERM_ACTUATORS)]
            Source::Output(_) => Err(Errno(sys::ENOTSUP as i32)),
            Source::Registered(device) => device.read(),
        };
        read.map_err(|errno| failed(device, errno))
    }

    fn write(&mut self, index: usize, value: i64) -> Result<(), ErrorCode> {
        let device = self.offered.get(index).ok_or(ErrorCode::Io)?;
        let written = match &device.source {
            #[cfg(CONFIG_EDGERM_SENSORS)]
            Source::Channel(..) => Err(Errno(sys::ENOTSUP as i32)),
            #[cfg(CONFIG_EDGERM_ACTUATORS)]
            Source::Output(output) => output.set(value != 0),
            Source::Registered(device) => device.write(value),
        };
        written.map_err(|errno| failed(device, errno))
    }
}

fn failed(device: &Offered, errno: Errno) -> ErrorCode {
    if errno.is(sys::EINVAL) {
        return ErrorCode::InvalidArgument;
    }
    log::write(Level::Warning, format_args!("{}: {errno}", device.label));
    ErrorCode::Io
}

/// A label of these parts, cut to what a label may have.
fn label(parts: &[&str]) -> Label {
    let mut label = Label::new();
    for character in parts.iter().flat_map(|part| part.chars()) {
        if label.push(character).is_err() {
            break;
        }
    }
    label
}

/// A text of Kconfig.
#[cfg(any(CONFIG_EDGERM_SENSORS, CONFIG_EDGERM_ACTUATORS))]
fn text(kconfig: &'static [u8]) -> &'static str {
    let text = core::ffi::CStr::from_bytes_until_nul(kconfig).unwrap_or_default();
    text.to_str().unwrap_or_default()
}
