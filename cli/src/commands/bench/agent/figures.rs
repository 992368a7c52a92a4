//! What the kernel counts of a process: proc(5).

use std::fs;
use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::exit::Failure;

/// What a process has of the machine's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Memory {
    /// Its proportional set: all that is its own, and of what it shares its part.
    pub(super) pss_bytes: u64,
    /// Of that, what it has written to: nothing else than swap could take it away.
    pub(super) private_dirty_bytes: u64,
    /// All that it has, what it shares in full.
    pub(super) rss_bytes: u64,
}

impl Memory {
    /// Of the process with this id, now.
    pub(super) fn of(process: u32) -> Result<Self, Failure> {
        let path = format!("/proc/{process}/smaps_rollup");
        let read = fs::read_to_string(&path);
        read.and_then(|text| Self::parse(&text).ok_or_else(unknown))
            .map_err(|error| Failure::local(format!("cannot read {path}"), error))
    }

    fn parse(rollup: &str) -> Option<Self> {
        let bytes = |name: &str| {
            let mut lines = rollup.lines();
            let said = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kibibytes: u64 = said.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        Some(Self {
            pss_bytes: bytes("Pss")?,
            private_dirty_bytes: bytes("Private_Dirty")?,
            rss_bytes: bytes("Rss")?,
        })
    }
}

/// Processor time that the threads of a process have used which it has now.
///
/// `/proc/PID/stat` has it in hundredths of a second: too coarse for a process that does next to
/// nothing.
pub(super) fn cpu_time(process: u32) -> Result<Duration, Failure> {
    let folder = format!("/proc/{process}/task");
    let sum = || {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(&folder)? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let used = text.split_ascii_whitespace().next();
            let used: u64 = used
                .and_then(|used| used.parse().ok())
                .ok_or_else(unknown)?;
            nanoseconds += used;
        }
        Ok(Duration::from_nanos(nanoseconds))
    };
    sum().map_err(|error: io::Error| Failure::local(format!("cannot read {folder}"), error))
}

fn unknown() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "this kernel writes it otherwise",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let rollup = "556472b3b000-7ffd9c06c000 ---p 00000000 00:00 0    [rollup]\n\
                      Rss:                1700 kB\nPss:                 251 kB\n\
                      Pss_Dirty:           116 kB\nPrivate_Dirty:       115 kB\n";
        let expected = Memory {
            pss_bytes: 251 << 10,
            private_dirty_bytes: 115 << 10,
            rss_bytes: 1700 << 10,
        };
        assert_eq!(Memory::parse(rollup), Some(expected));
        assert_eq!(Memory::parse("Rss: 1 kB\nPss: many\n"), None);
    }

    #[test]
    fn this_process_has_memory_and_has_used_time() {
        let own = std::process::id();
        let memory = Memory::of(own).unwrap();
        assert!(0 < memory.private_dirty_bytes && memory.private_dirty_bytes <= memory.pss_bytes);
        assert!(memory.pss_bytes <= memory.rss_bytes);
        assert!(cpu_time(own).unwrap() > Duration::ZERO);
    }
}
