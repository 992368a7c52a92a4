//! Sensors of the kernel's industrial I/O class (`Documentation/ABI/testing/sysfs-bus-iio`).

use std::path::{Path, PathBuf};

use super::decimal::Decimal;
use super::sysfs::{entries, label, read_number, split_number};
use super::{DeviceError, Found, Sensor, found_if_readable};

/// Where Linux has the class.
pub const IIO_ROOT: &str = "/sys/bus/iio/devices";

/// Channels by type and modifier, without `in_` and their number: what they measure, and the
/// unit of the channel's value in the kind's.
const CHANNELS: [(&str, &str, Decimal); 16] = [
    ("temp", "temperature", Decimal::MILLI),
    ("temp_ambient", "temperature", Decimal::MILLI),
    ("temp_object", "temperature", Decimal::MILLI),
    ("humidityrelative", "humidity", Decimal::MILLI),
    ("pressure", "pressure", Decimal::ONE),
    ("illuminance", "light", Decimal::ONE),
    // Percent of the air, in parts of a million and of a milliard.
    ("concentration_co2", "co2", Decimal::new(10_000, 0)),
    ("concentration_voc", "voc", Decimal::new(10_000_000, 0)),
    ("massconcentration_pm2p5", "pm2_5", Decimal::ONE),
    ("distance", "distance", Decimal::ONE),
    ("accel_x", "acceleration_x", Decimal::ONE),
    ("accel_y", "acceleration_y", Decimal::ONE),
    ("accel_z", "acceleration_z", Decimal::ONE),
    ("voltage", "voltage", Decimal::MILLI),
    ("current", "current", Decimal::MILLI),
    ("power", "power", Decimal::MILLI),
];

/// One channel, processed by the kernel (`_input`) or to be scaled here (`_raw`).
#[derive(Clone, Debug)]
struct Channel {
    value: PathBuf,
    scaling: Option<Scaling>,
    unit: Decimal,
}

/// The attributes that make a value out of a raw one. Both may change while the sensor runs.
#[derive(Clone, Debug)]
struct Scaling {
    scale: PathBuf,
    offset: Option<PathBuf>,
}

impl Sensor for Channel {
    /// `(raw + offset) * scale`, as the kernel's ABI says.
    fn read(&mut self) -> Result<i64, DeviceError> {
        let value = read_number(&self.value)?;
        let scaled = match &self.scaling {
            None => Some(value),
            Some(Scaling { scale, offset }) => {
                let scale = read_number(scale)?;
                let offset = offset.as_deref().map_or(Ok(Decimal::ZERO), read_number)?;
                value.plus(offset).and_then(|sum| sum.times(scale))
            }
        };
        scaled
            .and_then(|value| value.times(self.unit)?.millionths())
            .ok_or_else(|| DeviceError::OutOfRange(self.value.display().to_string()))
    }
}

/// The sensors under `root` that can be read, in the order of the kernel's numbers.
pub(super) fn discover(root: &Path) -> Vec<Found> {
    let devices = entries(root)
        .into_iter()
        .filter(|name| name.starts_with("iio:device"))
        .map(|name| root.join(name));
    devices.flat_map(|device| of_device(&device)).collect()
}

fn of_device(device: &Path) -> Vec<Found> {
    let names = entries(device);
    let has = |name: String| names.contains(&name).then(|| device.join(name));
    let channels = names.iter().filter_map(|name| {
        let (channel, raw) = match name.strip_prefix("in_")?.rsplit_once('_')? {
            (channel, "input") => (channel, false),
            (channel, "raw") => (channel, true),
            _ => return None,
        };
        if raw && has(format!("in_{channel}_input")).is_some() {
            return None;
        }
        let (class, modifier) = class_and_modifier(channel);
        let key = format!("{class}{modifier}");
        let (_, kind, unit) = CHANNELS.iter().find(|(channel, ..)| *channel == key)?;
        // An attribute may be one channel's, or shared by all of its type.
        let attribute = |what| {
            has(format!("in_{channel}_{what}")).or_else(|| has(format!("in_{class}_{what}")))
        };
        let scaling = if raw {
            // Without a scale nobody knows what a raw value means.
            let scale = attribute("scale")?;
            let offset = attribute("offset");
            Some(Scaling { scale, offset })
        } else {
            None
        };
        let value = device.join(name);
        let sensor = Channel {
            value: value.clone(),
            scaling,
            unit: *unit,
        };
        let labels = [&*format!("in_{channel}_label")];
        let label = label(device, &["label", "name"], channel, &labels);
        found_if_readable(label, kind, sensor, &value)
    });
    channels.collect()
}

/// `voltage0` is `voltage`; `accel_x` is `accel` and `_x`; `concentration0_co2` is
/// `concentration` and `_co2`.
fn class_and_modifier(channel: &str) -> (&str, &str) {
    let (class, modifier) = channel.split_at(channel.find('_').unwrap_or(channel.len()));
    (split_number(class).0, modifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What is found where a device has these attributes.
    fn readings(attributes: &[(&str, &str)]) -> Vec<(&'static str, i64)> {
        let root = tempfile::tempdir().unwrap();
        let device = root.path().join("iio:device0");
        fs::create_dir(&device).unwrap();
        for (name, text) in attributes {
            fs::write(device.join(name), format!("{text}\n")).unwrap();
        }
        let read = |mut found: Found| (found.kind, found.sensor.read().unwrap());
        discover(root.path()).into_iter().map(read).collect()
    }

    #[test]
    fn processed_values_are_taken_in_the_unit_of_their_kind() {
        let cases = [
            ("in_temp_input", "21500", ("temperature", 21_500_000)),
            ("in_temp_ambient_input", "-40", ("temperature", -40_000)),
            (
                "in_humidityrelative_input",
                "45312",
                ("humidity", 45_312_000),
            ),
            ("in_pressure_input", "101.325000", ("pressure", 101_325_000)),
            ("in_illuminance0_input", "120", ("light", 120_000_000)),
            ("in_concentration_co2_input", "0.0417", ("co2", 417_000_000)),
            (
                "in_concentration0_voc_input",
                "0.00001",
                ("voc", 100_000_000),
            ),
            (
                "in_massconcentration_pm2p5_input",
                "7.25",
                ("pm2_5", 7_250_000),
            ),
            ("in_voltage3_input", "3300", ("voltage", 3_300_000)),
        ];
        for (name, text, expected) in cases {
            assert_eq!(readings(&[(name, text)]), [expected], "{name}");
        }
    }

    #[test]
    fn raw_values_are_scaled_exactly_by_their_own_or_the_shared_attribute() {
        let bmp = [
            ("in_temp_raw", "-1063"),
            ("in_temp_scale", "0.250000"),
            ("in_temp_offset", "86000"),
        ];
        assert_eq!(readings(&bmp), [("temperature", 21_234_250)]);
        let accelerometer = [
            ("in_accel_scale", "0.009576807"),
            ("in_accel_x_raw", "1024"),
            ("in_accel_y_raw", "-3"),
            ("in_accel_z_raw", "0"),
            ("in_accel_z_offset", "2"),
        ];
        let expected = [
            ("acceleration_x", 9_806_650),
            ("acceleration_y", -28_730),
            ("acceleration_z", 19_153),
        ];
        assert_eq!(readings(&accelerometer), expected);
        let converter = [
            ("in_voltage0_raw", "2048"),
            ("in_voltage1_raw", "2048"),
            ("in_voltage1_scale", "1"),
            ("in_voltage_scale", "0.805664062"),
        ];
        let expected = [("voltage", 1_649_999), ("voltage", 2_048_000)];
        assert_eq!(readings(&converter), expected);
    }

    #[test]
    fn what_has_no_meaning_is_left_out() {
        let attributes = [
            ("in_voltage0_raw", "2048"),
            ("in_anglvel_x_input", "1"),
            ("in_temp_input", "warm"),
            ("in_pressure_raw", "1"),
            ("in_pressure_scale", "no number"),
            ("in_temp0_label", "case"),
            ("in_", "1"),
            ("out_voltage0_raw", "1"),
            ("name", "bme280"),
        ];
        assert_eq!(readings(&attributes), []);
    }

    #[test]
    fn labels_are_the_devices_and_the_channels() {
        let root = tempfile::tempdir().unwrap();
        let device = root.path().join("iio:device0");
        fs::create_dir(&device).unwrap();
        for (name, text) in [
            ("name", "bme280"),
            ("in_temp_input", "21500"),
            ("in_voltage0_input", "3300"),
            ("in_voltage0_label", "VBAT"),
        ] {
            fs::write(device.join(name), format!("{text}\n")).unwrap();
        }
        let labels: Vec<_> = discover(root.path())
            .into_iter()
            .map(|found| found.label)
            .collect();
        assert_eq!(labels, ["bme280-temp", "bme280-vbat"]);
    }

    #[test]
    fn a_processed_value_is_preferred_to_a_raw_one() {
        let attributes = [
            ("in_temp_input", "20000"),
            ("in_temp_raw", "1"),
            ("in_temp_scale", "1"),
        ];
        assert_eq!(readings(&attributes), [("temperature", 20_000_000)]);
    }
}
