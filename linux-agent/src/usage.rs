//! What a task uses of its node: read at any time, kept by who runs it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use edgerm_agent_core::Usage;

/// Where the usage of one task is kept. To read it costs no more than three loads, which are not
/// of one instant.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    cpu_ms: AtomicU64,
    mem: AtomicU64,
    mem_peak: AtomicU64,
}

impl Meter {
    /// It has used so much CPU time in all. What is less than was known changes nothing.
    pub(crate) fn used(&self, cpu: Duration) {
        let cpu_ms = u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX);
        self.cpu_ms.fetch_max(cpu_ms, Ordering::Relaxed);
    }

    /// It has so many bytes of memory now.
    pub(crate) fn has(&self, mem: u64) {
        self.mem.store(mem, Ordering::Relaxed);
        self.mem_peak.fetch_max(mem, Ordering::Relaxed);
    }

    /// What is known of it.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            cpu_ms: self.cpu_ms.load(Ordering::Relaxed),
            mem: self.mem.load(Ordering::Relaxed),
            mem_peak: self.mem_peak.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_does_not_fall_and_what_was_had_at_most_stays() {
        let meter = Meter::default();
        assert_eq!(meter.usage(), Usage::default());
        meter.used(Duration::from_micros(7_999));
        meter.has(65_536);
        meter.has(4_096);
        meter.used(Duration::ZERO);
        let usage = Usage {
            cpu_ms: 7,
            mem: 4_096,
            mem_peak: 65_536,
        };
        assert_eq!(meter.usage(), usage);
        meter.has(0);
        assert_eq!(meter.usage(), Usage { mem: 0, ..usage });
    }
}
