//! The partition of modules.

use core::ptr;

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// The partition with the node label `edgerm_modules_partition`. Offsets are bytes from its start.
#[derive(Debug)]
pub struct Partition {
    area: &'static sys::flash_area,
    erase_unit: u32,
}

// SAFETY: Zephyr's flash drivers exclude one thread from another.
unsafe impl Send for Partition {}

impl Partition {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Where its flash does not work.
    pub fn open() -> Result<Self, Errno> {
        let mut area = ptr::null();
        let mut erase_unit = 0;
        // SAFETY: writes to both.
        Errno::check(unsafe { sys::edgerm_modules_open(&mut area, &mut erase_unit) })?;
        // SAFETY: Zephyr's table of partitions is there at all times.
        let area = unsafe { area.as_ref() }.ok_or(Errno(0))?;
        let erase_unit = erase_unit.try_into().map_err(|_| Errno(0))?;
        Ok(Self { area, erase_unit })
    }

    /// Bytes of it.
    pub fn bytes(&self) -> u32 {
        self.area.fa_size.try_into().unwrap_or(u32::MAX)
    }

    /// Bytes that are erased at once.
    pub const fn erase_unit(&self) -> u32 {
        self.erase_unit
    }

    /// Bytes that are written at once.
    pub fn write_unit(&self) -> u32 {
        // SAFETY: the area is open.
        unsafe { sys::flash_area_align(self.area) }
    }

    /// What an erased byte reads as.
    pub fn erased(&self) -> u8 {
        // SAFETY: the area is open.
        unsafe { sys::edgerm_modules_erased(self.area) }
    }

    /// Reads from an offset on.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub fn read(&self, offset: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        let (start, length) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: writes as many bytes as there is room for.
        Errno::check(unsafe { sys::flash_area_read(self.area, offset as _, start, length) })?;
        Ok(())
    }

    /// Writes whole write units, which are erased.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Errno> {
        let (start, length) = (bytes.as_ptr().cast(), bytes.len());
        // SAFETY: reads as many bytes as there are.
        Errno::check(unsafe { sys::flash_area_write(self.area, offset as _, start, length) })?;
        Ok(())
    }

    /// Erases one erase unit.
    ///
    /// # Errors
    ///
    /// What the driver says.
    pub fn erase(&mut self, offset: u32) -> Result<(), Errno> {
        let unit = self.erase_unit as usize;
        // SAFETY: takes numbers alone.
        Errno::check(unsafe { sys::flash_area_erase(self.area, offset as _, unit) })?;
        Ok(())
    }

    /// All of it, where it can be read as memory.
    pub fn mapped(&self) -> Option<&'static [u8]> {
        // SAFETY: the area is open.
        let start = unsafe { sys::edgerm_modules_mapped(self.area) };
        // SAFETY: flash that is mapped is there at all times. What is written to it while a slice
        // of it is held lies elsewhere: a module is not written to while it is loaded.
        (!start.is_null())
            .then(|| unsafe { core::slice::from_raw_parts(start, self.bytes() as usize) })
    }
}
