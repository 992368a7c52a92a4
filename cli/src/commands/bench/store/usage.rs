//! Processor time of a process, as its kernel counts it.

use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: `USER_HZ`, which is 100 on Linux whatever the kernel's
/// own (proc(5), sysconf(3)).
const TICKS: u64 = 100;

/// Processor time that a process had used at some time.
#[derive(Clone, Debug)]
pub(super) struct Usage {
    stat: String,
    used: Option<Duration>,
}

impl Usage {
    /// Of this process.
    pub(super) fn own() -> Self {
        Self::read("/proc/self/stat".to_owned())
    }

    /// Of the process with this id.
    pub(super) fn of(process: u32) -> Self {
        Self::read(format!("/proc/{process}/stat"))
    }

    /// What it used since then; `None` where the system does not tell.
    pub(super) fn until_now(self) -> Option<Duration> {
        let now = used(&self.stat)?;
        Some(now.saturating_sub(self.used?))
    }

    fn read(stat: String) -> Self {
        let used = used(&stat);
        Self { stat, used }
    }
}

fn used(stat: &str) -> Option<Duration> {
    ticks(&std::fs::read_to_string(stat).ok()?)
        .map(|ticks| Duration::from_millis(ticks * 1000 / TICKS))
}

/// Ticks in user and system mode: the fields 14 and 15 (proc(5)). The name, in brackets, may hold
/// blanks.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    next()?.checked_add(next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 9 9 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (short) S 1"), None);
    }
}
