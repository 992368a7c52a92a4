//! What a task may grow to in wasmi.

use edgerm_task_abi::TaskLimits;
use wasmi::ResourceLimiter;
use wasmi::errors::MemoryError;
use wasmi_core::LimiterError;

/// Tables of a module at most: the validator's own limit.
const MAX_TABLES: usize = 100;

/// Holds a task to its memory and its tables, and remembers what it refused.
///
/// What a module asks for at once is refused as an error of its start. Growth beyond the limit
/// traps, rather than to return -1 to a module that may not look: the task then ends with the
/// reason, where it would otherwise trap somewhere else, or spin.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: TaskLimits,
    is_running: bool,
    refused_memory: Option<usize>,
    /// Elements of all tables together.
    table_elements: usize,
    refused_table: bool,
}

impl Limiter {
    pub(crate) const fn new(limits: TaskLimits) -> Self {
        Self {
            limits,
            is_running: false,
            refused_memory: None,
            table_elements: 0,
            refused_table: false,
        }
    }

    /// The module is instantiated: from now on it is the task that grows.
    pub(crate) const fn start(&mut self) {
        self.is_running = true;
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
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        // Beyond the module's own maximum it is told -1, as WASM says.
        if maximum.is_some_and(|maximum| desired > maximum) || desired <= self.limits.memory_bytes {
            return Ok(true);
        }
        self.refused_memory = Some(desired);
        if self.is_running {
            Err(LimiterError::ResourceLimiterDeniedAllocation)
        } else {
            Ok(false)
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let more = desired.saturating_sub(current);
        let elements = self.table_elements.saturating_add(more);
        let fits = elements <= self.limits.table_elements;
        if fits {
            self.table_elements = elements;
        }
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
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        1
    }
}
