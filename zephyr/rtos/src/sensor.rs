//! Sensors of the devicetree.

use core::ffi::CStr;
use core::ptr;

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// A sensor.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    device: &'static sys::device,
    /// What it is called.
    pub label: &'static str,
}

// SAFETY: a device is there at all times, and Zephyr's drivers exclude one thread from another.
unsafe impl Send for Sensor {}

/// A channel of Zephyr's sensor API.
pub type Channel = sys::sensor_channel;

/// Standard kinds of EdgeRM, and the channel that each is: `docs/resources.md`.
pub const CHANNELS: [(&str, Channel); 19] = [
    ("temperature", sys::SENSOR_CHAN_AMBIENT_TEMP),
    ("die_temperature", sys::SENSOR_CHAN_DIE_TEMP),
    ("humidity", sys::SENSOR_CHAN_HUMIDITY),
    ("pressure", sys::SENSOR_CHAN_PRESS),
    ("light", sys::SENSOR_CHAN_LIGHT),
    ("co2", sys::SENSOR_CHAN_CO2),
    ("voc", sys::SENSOR_CHAN_VOC),
    ("pm2_5", sys::SENSOR_CHAN_PM_2_5),
    ("distance", sys::SENSOR_CHAN_DISTANCE),
    ("proximity", sys::SENSOR_CHAN_PROX),
    ("acceleration_x", sys::SENSOR_CHAN_ACCEL_X),
    ("acceleration_y", sys::SENSOR_CHAN_ACCEL_Y),
    ("acceleration_z", sys::SENSOR_CHAN_ACCEL_Z),
    ("rotation", sys::SENSOR_CHAN_ROTATION),
    ("speed", sys::SENSOR_CHAN_RPM),
    ("voltage", sys::SENSOR_CHAN_VOLTAGE),
    ("current", sys::SENSOR_CHAN_CURRENT),
    ("power", sys::SENSOR_CHAN_POWER),
    ("charge", sys::SENSOR_CHAN_GAUGE_STATE_OF_CHARGE),
];

/// The sensors that are enabled and ready.
pub fn all() -> impl Iterator<Item = Sensor> {
    (0..).map_while(|index| {
        let mut label = ptr::null();
        // SAFETY: writes to the label.
        let device = unsafe { sys::edgerm_sensor(index, &mut label).as_ref() }?;
        // SAFETY: a text that ends with a NUL, for as long as the image runs.
        let label = unsafe { CStr::from_ptr(label) }
            .to_str()
            .unwrap_or_default();
        Some(Sensor { device, label })
    })
}

impl Sensor {
    /// Whether its driver knows the channel. Nothing is measured for that.
    pub fn has(&self, channel: Channel) -> bool {
        let unknown = |errno: Errno| errno.is(sys::ENOTSUP) || errno.is(sys::EINVAL);
        !matches!(self.get(channel), Err(errno) if unknown(errno))
    }

    /// Measures, and gives the channel's value in millionths of its unit.
    ///
    /// # Errors
    ///
    /// What its driver says.
    pub fn read(&self, channel: Channel) -> Result<i64, Errno> {
        let all = sys::SENSOR_CHAN_ALL;
        // SAFETY: the device is a sensor that is ready.
        Errno::check(unsafe { sys::sensor_sample_fetch_chan(self.device, all) })?;
        self.get(channel)
    }

    fn get(&self, channel: Channel) -> Result<i64, Errno> {
        let mut value = sys::sensor_value::default();
        // SAFETY: the device is a sensor that is ready; writes to the value.
        Errno::check(unsafe { sys::sensor_channel_get(self.device, channel, &mut value) })?;
        Ok(i64::from(value.val1) * 1_000_000 + i64::from(value.val2))
    }
}
