//! What tasks of a node log, each line with the boot and its number, by which whoever reads it knows
//! whether it comes in its place.

use std::collections::BTreeMap;

use edgerm_agent_core::Reports;
use edgerm_protocol::TaskId;
use edgerm_protocol::api::{Output, OutputData};
use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::message::LogLevel;

/// Bytes of lines that a node keeps of a task: so few that some give way.
const KEPT: usize = 48;

/// Bytes of lines in one answer: so few that there are several.
const BLOCK: usize = 16;

/// What a node keeps of what its tasks log in one boot.
#[derive(Debug)]
pub(super) struct Log {
    boot: u32,
    reports: Reports,
    written: BTreeMap<TaskId, u32>,
}

impl Log {
    pub(super) const fn new(boot: u32) -> Self {
        Self {
            boot,
            reports: Reports::new(MAX_TASKS, KEPT),
            written: BTreeMap::new(),
        }
    }

    /// A task logs its next line.
    pub(super) fn write(&mut self, task: TaskId, is_here: impl Fn(TaskId) -> bool) {
        let number = self.written.entry(task).or_default();
        *number += 1;
        let line = format!("{} {number}", self.boot);
        let reports = &mut self.reports;
        reports.log(task, is_here, LogLevel::Info, line.as_bytes());
    }

    /// What there is of a task after this line.
    pub(super) fn inspect<'b>(
        &self,
        task: TaskId,
        is_here: impl Fn(TaskId) -> bool,
        after: Option<u32>,
        buffer: &'b mut [u8],
    ) -> Option<&'b [u8]> {
        self.reports.inspect(task, is_here, after, BLOCK, buffer)
    }
}

/// Somebody who reads what a task logs.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The last output that was read.
    pub(super) after: u64,
    /// The boot and the number of the last line.
    last: Option<(u32, u32)>,
}

impl Reader {
    /// Takes what was read; gives how many lines.
    ///
    /// # Panics
    ///
    /// Where one comes twice, not in its place, or one before it is missing that is not told to be.
    pub(super) fn take(&mut self, outputs: &[Output]) -> u64 {
        let mut lines = 0;
        for output in outputs {
            let Output {
                task, index, lost, ..
            } = output;
            assert!(*index > self.after, "{task}: {index} after {}", self.after);
            self.after = *index;
            if output.level.is_none() {
                continue;
            }
            let line = match &output.data {
                OutputData::Text(line) => read(line),
                OutputData::Hex(_) => None,
            };
            let line = line.unwrap_or_else(|| panic!("{task} never logged {output:?}"));
            let (boot, number) = line;
            let before = match self.last {
                Some((last, before)) if last == boot => before,
                Some((last, _)) => {
                    assert!(last < boot, "{task}: boot {boot} after {last}");
                    0
                }
                None => 0,
            };
            assert_eq!(number, before + lost + 1, "{task}: {output:?}");
            self.last = Some(line);
            lines += 1;
        }
        lines
    }
}

/// The boot and the number of a line.
fn read(line: &str) -> Option<(u32, u32)> {
    let (boot, number) = line.split_once(' ')?;
    Some((boot.parse().ok()?, number.parse().ok()?))
}
