//! What a task may grow to in wasmi.

use edgerm_task_abi::TaskLimits;
use wasmi::ResourceLimiter;
use wasmi::errors::MemoryError;
use wasmi_core::LimiterError;

/// Holds a task to its memory and its tables, and remembers what it refused.
///
/// What a module asks for at once is refused as an error of its start. Growth beyond the limit
/// traps, rather than to return -1 to a module that may not look: the task then ends with the
/// reason, where it would otherwise trap somewhere else, or spin.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: TaskLimits,
    refused_memory: Option<usize>,
    refused_table: bool,
}

impl Limiter {
    pub(crate) const fn new(limits: TaskLimits) -> Self {
        Self {
            limits,
            refused_memory: None,
            refused_table: false,
        }
    }

    /// Bytes that were asked for and refused.
    pub(crate) fn refused_memory(&self) -> Option<u64> {
        self.refused_memory.map(|bytes| bytes as u64)
    }

    /// Whether a table was refused.
    pub(crate) const fn refused_table(&self) -> bool {
        self.refused_table
    }

    /// Bytes that may be had.
    pub(crate) const fn memory_bytes(&self) -> u64 {
        self.limits.memory_bytes as u64
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        // Beyond the module's own maximum it is told -1, as WASM says.
        if maximum.is_some_and(|maximum| desired > maximum) || desired <= self.limits.memory_bytes {
            return Ok(true);
        }
        self.refused_memory = Some(desired);
        if current == 0 {
            Ok(false)
        } else {
            Err(LimiterError::ResourceLimiterDeniedAllocation)
        }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let fits = desired <= self.limits.table_elements;
        self.refused_table |= !fits;
        Ok(fits)
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), LimiterError> {
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}
