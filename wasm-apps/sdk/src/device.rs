//! Sensors and actuators among the devices of the launch.

use edgerm_task_abi::ErrorCode;

use crate::call::number;
use crate::imports;

/// An open sensor.
#[derive(Clone, Copy, Debug)]
pub struct Sensor(i32);

impl Sensor {
    /// Opens a sensor by its label or its kind.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`], [`ErrorCode::NotPermitted`] where it is not of this launch.
    pub fn open(name: &str) -> Result<Self, ErrorCode> {
        // SAFETY: the pointer and the length are those of `name`, which is only read.
        let handle = unsafe { imports::sensor_open(name.as_ptr(), name.len()) };
        number(handle).map(|_| Self(handle))
    }

    /// Reads it: millionths of the unit of its kind.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Io`] where the sensor does not answer.
    pub fn read(self) -> Result<i64, ErrorCode> {
        let mut value = 0;
        // SAFETY: the pointer is to `value`, 8 bytes that this function alone may write.
        let result = unsafe { imports::sensor_read(self.0, &raw mut value) };
        number(result).map(|_| value)
    }
}

/// An open actuator.
#[derive(Clone, Copy, Debug)]
pub struct Actuator(i32);

impl Actuator {
    /// Opens an actuator by its label or its kind.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`], [`ErrorCode::NotPermitted`] where it is not of this launch.
    pub fn open(name: &str) -> Result<Self, ErrorCode> {
        // SAFETY: the pointer and the length are those of `name`, which is only read.
        let handle = unsafe { imports::actuator_open(name.as_ptr(), name.len()) };
        number(handle).map(|_| Self(handle))
    }

    /// Sets it: millionths of the unit of its kind; 0 is off.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Io`] where the actuator does not answer.
    pub fn write(self, value: i64) -> Result<(), ErrorCode> {
        number(imports::actuator_write(self.0, value)).map(drop)
    }
}
