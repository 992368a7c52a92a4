//! Sensors of the kernel's hardware monitoring class (`Documentation/hwmon/sysfs-interface.rst`).

use std::path::{Path, PathBuf};

use super::decimal::Decimal;
use super::sysfs::{entries, label, read_number, split_number};
use super::{DeviceError, Found, Sensor, found_if_readable};

/// Where Linux has the class.
pub const HWMON_ROOT: &str = "/sys/class/hwmon";

/// Attributes `<name>N_input`: what they measure, and the attribute's unit in the kind's.
const CHANNELS: [(&str, &str, Decimal); 6] = [
    ("temp", "temperature", Decimal::MILLI),
    ("humidity", "humidity", Decimal::MILLI),
    ("in", "voltage", Decimal::MILLI),
    ("curr", "current", Decimal::MILLI),
    ("power", "power", Decimal::MICRO),
    ("fan", "speed", Decimal::ONE),
];

/// One `_input` attribute.
#[derive(Clone, Debug)]
struct Input {
    path: PathBuf,
    unit: Decimal,
}

impl Sensor for Input {
    fn read(&mut self) -> Result<i64, DeviceError> {
        let value = read_number(&self.path)?.times(self.unit);
        value
            .and_then(Decimal::millionths)
            .ok_or_else(|| DeviceError::OutOfRange(self.path.display().to_string()))
    }
}

/// The sensors under `root` that can be read, in the order of the kernel's numbers.
pub(super) fn discover(root: &Path) -> Vec<Found> {
    let chips = entries(root).into_iter().map(|chip| root.join(chip));
    chips.flat_map(|chip| of_chip(&chip)).collect()
}

fn of_chip(chip: &Path) -> Vec<Found> {
    let inputs = entries(chip).into_iter().filter_map(|name| {
        let (head, Some(_), "_input") = split_number(&name) else {
            return None;
        };
        let channel = name.strip_suffix("_input")?;
        let (_, kind, unit) = CHANNELS.iter().find(|(channel, ..)| *channel == head)?;
        let path = chip.join(&name);
        let input = Input {
            path: path.clone(),
            unit: *unit,
        };
        let label = label(chip, &["name"], channel, &[&format!("{channel}_label")]);
        found_if_readable(label, kind, input, &path)
    });
    inputs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_channel_is_read_in_the_unit_of_its_kind() {
        let root = tempfile::tempdir().unwrap();
        let chip = root.path().join("hwmon0");
        fs::create_dir(&chip).unwrap();
        for (name, text) in [
            ("temp1_input", "21500\n"),
            ("temp2_input", "-250\n"),
            ("humidity1_input", "45300\n"),
            ("in0_input", "3300\n"),
            ("curr1_input", "1250\n"),
            ("power1_input", "4200001\n"),
            ("fan1_input", "1200\n"),
            ("temp1_crit", "100000\n"),
            ("temp1_label", "Core 0\n"),
            ("temp_input", "1\n"),
            ("energy1_input", "1\n"),
            ("name", "coretemp\n"),
        ] {
            fs::write(chip.join(name), text).unwrap();
        }
        let mut found = discover(root.path());
        let readings: Vec<_> = found
            .iter_mut()
            .map(|found| (&found.label[..], found.kind, found.sensor.read().unwrap()))
            .collect();
        let expected = [
            ("coretemp-curr1", "current", 1_250_000),
            ("coretemp-fan1", "speed", 1_200_000_000),
            ("coretemp-humidity1", "humidity", 45_300_000),
            ("coretemp-in0", "voltage", 3_300_000),
            ("coretemp-power1", "power", 4_200_001),
            ("coretemp-core-0", "temperature", 21_500_000),
            ("coretemp-temp2", "temperature", -250_000),
        ];
        assert_eq!(readings, expected);
    }

    #[test]
    fn a_sensor_that_cannot_be_read_is_left_out_and_later_failures_are_told() {
        let root = tempfile::tempdir().unwrap();
        for (chip, text) in [("hwmon0", "not a number"), ("hwmon1", "20000")] {
            fs::create_dir(root.path().join(chip)).unwrap();
            fs::write(root.path().join(chip).join("temp1_input"), text).unwrap();
        }
        fs::write(root.path().join("a file"), "").unwrap();
        fs::create_dir_all(root.path().join("hwmon2/temp1_input")).unwrap();
        let [found] = &mut discover(root.path())[..] else {
            panic!("one sensor can be read");
        };
        assert_eq!(found.sensor.read().unwrap(), 20_000_000);
        fs::remove_dir_all(root.path().join("hwmon1")).unwrap();
        assert!(matches!(found.sensor.read(), Err(DeviceError::Io(_))));
    }

    #[test]
    fn a_machine_without_the_class_has_none() {
        assert!(discover(Path::new("/nonexistent")).is_empty());
    }
}
