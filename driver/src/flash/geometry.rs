//! A partition of flash, and what of it is relied upon.

use core::fmt;

use super::header::HEADER;

/// A partition of NOR flash. Offsets are bytes from its start.
///
/// The traits of `embedded-storage` have the units in constants; Zephyr tells them when it runs.
pub trait Flash {
    /// Its sizes, the same at each call.
    fn geometry(&self) -> Geometry;

    /// Reads from this offset on.
    ///
    /// # Errors
    ///
    /// [`FlashError`] where the device does not answer.
    fn read(&self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError>;

    /// Writes whole write units, which are erased.
    ///
    /// # Errors
    ///
    /// [`FlashError`] where the device does not take them.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError>;

    /// Erases one erase unit, which then reads as [`Geometry::erased`].
    ///
    /// # Errors
    ///
    /// [`FlashError`] where the device does not do it.
    fn erase(&mut self, offset: u32) -> Result<(), FlashError>;

    /// All of the partition, where it can be read as memory.
    fn mapped(&self) -> Option<&'static [u8]>;
}

/// The flash does not work: the device said no, or did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashError;

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the flash does not work")
    }
}

impl core::error::Error for FlashError {}

/// The sizes of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of the partition.
    pub bytes: u32,
    /// Bytes of an erase unit: at least a header's 64.
    pub erase_unit: u32,
    /// Bytes of a write unit: a power of two, 1 to 64, and not above the size of the blocks in
    /// which modules are fetched.
    pub write_unit: u32,
    /// What an erased byte reads as.
    pub erased: u8,
}

impl Geometry {
    pub(super) fn checked(self) -> Result<Self, GeometryError> {
        if !self.write_unit.is_power_of_two() || self.write_unit > HEADER {
            return Err(GeometryError::WriteUnit(self.write_unit));
        }
        if self.erase_unit < HEADER || !self.erase_unit.is_multiple_of(self.write_unit) {
            return Err(GeometryError::EraseUnit(self.erase_unit));
        }
        if self.units() == 0 {
            return Err(GeometryError::Size(self.bytes));
        }
        Ok(self)
    }

    /// Erase units, at most 65,535: what lies behind them is not used.
    pub(super) fn units(self) -> u16 {
        u16::try_from(self.bytes / self.erase_unit).unwrap_or(u16::MAX)
    }

    /// Erase units that a module of so many bytes takes with its header.
    pub(super) fn units_for(self, module_bytes: u32) -> u32 {
        module_bytes
            .saturating_add(HEADER)
            .div_ceil(self.erase_unit)
    }
}

/// Why a partition cannot keep modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeometryError {
    /// Bytes of its write unit, which is no power of two up to 64.
    WriteUnit(u32),
    /// Bytes of its erase unit, which has no room for a header or is no multiple of a write unit.
    EraseUnit(u32),
    /// Bytes of it, which are fewer than one erase unit.
    Size(u32),
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, bytes) = match self {
            Self::WriteUnit(bytes) => ("a write unit", bytes),
            Self::EraseUnit(bytes) => ("an erase unit", bytes),
            Self::Size(bytes) => ("a partition", bytes),
        };
        write!(f, "{what} of {bytes} bytes suits no modules")
    }
}

impl core::error::Error for GeometryError {}
