//! The one sensor: a thermometer that reads what was recorded.

use edgerm_driver::port::{Device, Devices};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_task_abi::ErrorCode;

const RECORDING: &str = include_str!("../readings.csv");

/// Reads one line of the recording after the other, anew from the end.
pub(crate) struct Thermometer(usize);

impl Thermometer {
    pub(crate) const fn new() -> Self {
        Self(0)
    }
}

impl Devices for Thermometer {
    fn device(&self, index: usize) -> Option<Device<'_>> {
        (index == 0).then_some(Device {
            label: "thermometer",
            kind: "temperature",
            class: DeviceClass::Sensor,
            access: Access::Shared,
        })
    }

    fn read(&mut self, _: usize) -> Result<i64, ErrorCode> {
        let mut readings = RECORDING.lines().filter(|line| !line.starts_with('#'));
        let line = readings.nth(self.0);
        let line = line.or_else(|| {
            self.0 = 0;
            RECORDING.lines().find(|line| !line.starts_with('#'))
        });
        self.0 += 1;
        line.and_then(millionths).ok_or(ErrorCode::Io)
    }

    fn write(&mut self, _: usize, _: i64) -> Result<(), ErrorCode> {
        Err(ErrorCode::InvalidArgument)
    }
}

/// A decimal of at most six places, in millionths.
fn millionths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let missing = 6_usize.checked_sub(places.len())?;
    let places = places.parse::<i64>().or_else(|error| match places {
        "" => Ok(0),
        _ => Err(error),
    });
    let fraction = places.ok()? * 10_i64.pow(missing as u32);
    Some(sign * (whole.parse::<i64>().ok()? * 1_000_000 + fraction))
}
