//! Declared devices, and with the kernel's all the devices of an agent.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use edgerm_protocol::resource::{DeviceClass, Name, names};
use edgerm_protocol::standard;

use super::amount::{self, Wanted};
use super::error::{ConfigError, DeviceProblem};
use super::file::{self, Scalar, Simulate, SimulateActuator};
use super::load::{Source, understood};
use super::{ActuatorConfig, Config, Reads, SensorConfig, Simulation};
use crate::devices::{
    Constant, Devices, Driver, HWMON_ROOT, IIO_ROOT, Memory, Replay, Sensor, Sine, parse_micro,
};

impl Config {
    /// The devices: those that are declared, then the kernel's where they are wanted.
    ///
    /// Reads recordings, and each sensor of the kernel once: those that cannot be read are left
    /// out, and the log tells. Of a pattern of files those are taken that are there now.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], by the first declared device that cannot be.
    pub fn devices(&self) -> Result<Devices, ConfigError> {
        let mut devices = Devices::default();
        // What is declared by itself has its label, whatever a pattern finds.
        let mut patterns = Vec::new();
        for SensorConfig {
            label,
            kind,
            access,
            reads,
        } in &self.sensors
        {
            check(&devices, DeviceClass::Sensor, label, kind)?;
            let driver = match reads {
                Reads::Simulated(simulate) => Driver::Sensor(simulate.sensor(label)?),
                Reads::File(path) if is_pattern(path) => {
                    patterns.push((DeviceClass::Sensor, label, kind, *access, path));
                    continue;
                }
                Reads::File(path) => Driver::File(DeviceClass::Sensor, path.clone()),
            };
            devices.add(label, kind, *access, driver);
        }
        for ActuatorConfig {
            label,
            kind,
            access,
            path,
        } in &self.actuators
        {
            check(&devices, DeviceClass::Actuator, label, kind)?;
            let driver = match path {
                Some(path) if is_pattern(path) => {
                    patterns.push((DeviceClass::Actuator, label, kind, *access, path));
                    continue;
                }
                Some(path) => Driver::File(DeviceClass::Actuator, path.clone()),
                None => Driver::Actuator(Box::<Memory>::default()),
            };
            devices.add(label, kind, *access, driver);
        }
        for (class, label, kind, access, path) in patterns {
            let files = files(path).map_err(|cause| ConfigError::Pattern {
                class,
                label: label.clone(),
                path: path.clone(),
                cause: cause.msg,
            })?;
            if files.is_empty() {
                let path = path.display();
                tracing::warn!(label, %path, "no file is there now that is this device");
            }
            devices.add_files(label, kind, access, class, files);
        }
        if self.hwmon {
            devices.add_hwmon(Path::new(HWMON_ROOT));
        }
        if self.iio {
            devices.add_iio(Path::new(IIO_ROOT));
        }
        Ok(devices)
    }

    /// The declared files, patterns of them among them, of which none is there now: the device's
    /// label and its path.
    pub fn missing_files(&self) -> Vec<(&str, &Path)> {
        let sensors = self
            .sensors
            .iter()
            .filter_map(|sensor| match &sensor.reads {
                Reads::File(path) => Some((&*sensor.label, &**path)),
                Reads::Simulated(_) => None,
            });
        let actuators = self.actuators.iter();
        let actuators =
            actuators.filter_map(|actuator| Some((&*actuator.label, actuator.path.as_deref()?)));
        let is_missing = |path: &Path| match is_pattern(path) {
            true => files(path).is_ok_and(|files| files.is_empty()),
            false => !path.exists(),
        };
        let all = sensors.chain(actuators);
        all.filter(|(_, path)| is_missing(path)).collect()
    }
}

/// Whether this is a pattern of files, or a part of one that is.
fn is_pattern(path: impl AsRef<OsStr>) -> bool {
    path.as_ref().to_string_lossy().contains(['*', '?', '['])
}

/// The files of a pattern, each with its name there: its path from the first part on that differs among
/// them, with - between parts. Those in folders that cannot be read are left out.
fn files(pattern: &Path) -> Result<Vec<(String, PathBuf)>, glob::PatternError> {
    let fixed = pattern.iter().take_while(|part| !is_pattern(part)).count();
    let name = |path: &Path| {
        let parts = path.iter().skip(fixed).map(OsStr::to_string_lossy);
        parts.collect::<Vec<_>>().join("-")
    };
    let paths = glob::glob(&pattern.to_string_lossy())?.flatten();
    let files = paths.filter(|path| !path.is_dir());
    Ok(files.map(|path| (name(&path), path)).collect())
}

/// Whether a device may be declared beside those that are.
fn check(
    devices: &Devices,
    class: DeviceClass,
    label: &str,
    kind: &str,
) -> Result<(), ConfigError> {
    let problem = if Name::new(label).is_err() {
        DeviceProblem::Label
    } else if names::ALL.contains(&label) {
        DeviceProblem::Reserved
    } else if devices.get(label).is_some() {
        DeviceProblem::Duplicate
    } else if Name::new(kind).is_err() {
        DeviceProblem::Kind
    } else if standard::kind(kind).is_some_and(|kind| kind.class != class) {
        DeviceProblem::OtherClass
    } else {
        return Ok(());
    };
    Err(ConfigError::Device {
        class,
        label: label.to_owned(),
        problem,
    })
}

impl Simulation {
    fn sensor(&self, label: &str) -> Result<Box<dyn Sensor>, ConfigError> {
        Ok(match self {
            Self::Constant(value) => Box::new(Constant(*value)),
            Self::Sine {
                mean,
                amplitude,
                period,
            } => Box::new(Sine::new(*mean, *amplitude, *period)),
            Self::Replay { path, column } => {
                let text = fs::read_to_string(path).map_err(|cause| ConfigError::Recording {
                    label: label.to_owned(),
                    path: path.clone(),
                    cause,
                })?;
                let replay = Replay::from_csv(&text, *column);
                Box::new(replay.map_err(|cause| ConfigError::Replay {
                    label: label.to_owned(),
                    path: path.clone(),
                    cause,
                })?)
            }
        })
    }
}

impl Source<'_> {
    /// The tables `[[sensor]]`, understood.
    pub(super) fn sensors(
        &self,
        tables: Vec<file::Sensor>,
    ) -> Result<Vec<SensorConfig>, ConfigError> {
        let sensors = tables.into_iter().map(|table| {
            let reads = match (table.simulate, table.path) {
                (Some(simulate), None) => {
                    Reads::Simulated(self.simulation(&table.label, simulate)?)
                }
                (None, Some(path)) => Reads::File(path),
                (None, None) | (Some(_), Some(_)) => {
                    let setting = self.in_file(&format!("the sensor {:?}", table.label));
                    return Err(ConfigError::SimulatedOrFile { setting });
                }
            };
            Ok(SensorConfig {
                label: table.label,
                kind: table.kind,
                access: table.access.into(),
                reads,
            })
        });
        sensors.collect()
    }

    /// The tables `[[actuator]]`, understood.
    pub(super) fn actuators(
        &self,
        tables: Vec<file::Actuator>,
    ) -> Result<Vec<ActuatorConfig>, ConfigError> {
        let actuators = tables.into_iter().map(|table| {
            let path = match (table.simulate, table.path) {
                (Some(SimulateActuator::Memory), None) => None,
                (None, Some(path)) => Some(path),
                (None, None) | (Some(_), Some(_)) => {
                    let setting = self.in_file(&format!("the actuator {:?}", table.label));
                    return Err(ConfigError::SimulatedOrFile { setting });
                }
            };
            Ok(ActuatorConfig {
                label: table.label,
                kind: table.kind,
                access: table.access.into(),
                path,
            })
        });
        actuators.collect()
    }

    fn simulation(&self, label: &str, simulate: Simulate) -> Result<Simulation, ConfigError> {
        let setting = |key: &str| self.in_file(&format!("{key} of the sensor {label:?}"));
        let value = |key, Scalar(text)| understood(setting(key), text, micro);
        Ok(match simulate {
            Simulate::Constant(constant) => Simulation::Constant(value("constant", constant)?),
            Simulate::Sine(file::Sine {
                mean,
                amplitude,
                period,
            }) => Simulation::Sine {
                mean: value("sine.mean", mean)?,
                amplitude: value("sine.amplitude", amplitude)?,
                period: understood(setting("sine.period"), period.0, amount::duration)?,
            },
            Simulate::Replay(file::Replay { path, column }) => Simulation::Replay {
                path: self.beside(path),
                column,
            },
        })
    }
}

fn micro(text: &str) -> Result<i64, Wanted> {
    parse_micro(text).map_err(|_| "write a decimal number such as 21.5, in the unit of its kind")
}
