//! Sensors and actuators.

use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_task_abi::ErrorCode;

/// The sensors and actuators of a node, by a number from 0 on that each keeps while the node
/// runs.
pub trait Devices {
    /// The device of this number; `None` beyond the last one.
    fn device(&self, index: usize) -> Option<Device<'_>>;

    /// Reads a sensor: millionths of the unit of its kind.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Io`] where there is no value now.
    fn read(&mut self, index: usize) -> Result<i64, ErrorCode>;

    /// Writes an actuator: millionths of the unit of its kind; what is on or off is on at any
    /// value but 0.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Io`] where it could not be set, [`ErrorCode::InvalidArgument`] where it has no
    /// such value.
    fn write(&mut self, index: usize, value: i64) -> Result<(), ErrorCode>;
}

/// What is told of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    /// What it is called, in 1 to 32 bytes without control characters, unique on the node.
    pub label: &'a str,
    /// What it measures or moves, by its standard name ([`edgerm_protocol::standard`]).
    pub kind: &'a str,
    /// Which way it works.
    pub class: DeviceClass,
    /// How many tasks may use it at once.
    pub access: Access,
}
