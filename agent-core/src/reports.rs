//! What the master may look at of tasks, those that ended not long ago among them: their newest log
//! lines, and what they use.

use alloc::vec::Vec;

use edgerm_protocol::limits::MAX_LOG;
use edgerm_protocol::message::{Inspection, LogLevel, LogLines};
use edgerm_protocol::{TaskId, encode};

/// What a task has used since it began in this boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Milliseconds of a core.
    pub cpu_ms: u64,
    /// Bytes of memory that it has.
    pub mem: u64,
    /// Bytes of memory that it had at most.
    pub mem_peak: u64,
}

/// What a driver keeps of tasks to answer [`crate::Output::InspectTask`]: of each its newest log
/// lines, of which no more than a number of bytes, so a chatty one costs the others nothing.
#[derive(Debug)]
pub struct Reports {
    /// Oldest first.
    kept: Vec<Report>,
    capacity: usize,
    bytes: usize,
}

/// What is kept of one task.
#[derive(Debug)]
struct Report {
    task: TaskId,
    /// The number of the next line. The first has 1.
    next: u32,
    /// As [`LogLines`] reads them.
    lines: Vec<u8>,
    usage: Option<Usage>,
}

impl Reports {
    /// Of `capacity` tasks, of each so many bytes of lines; the newest line is kept in any case.
    pub const fn new(capacity: usize, bytes: usize) -> Self {
        Self {
            kept: Vec::new(),
            capacity,
            bytes,
        }
    }

    /// Keeps a line, cut to [`MAX_LOG`] bytes, and gives its number; the task's oldest ones give way.
    /// `is_here` tells which tasks the agent still has, whose reports do not give way to this one's.
    pub fn log(
        &mut self,
        task: TaskId,
        is_here: impl Fn(TaskId) -> bool,
        level: LogLevel,
        line: &[u8],
    ) -> u32 {
        let bytes = self.bytes;
        let report = self.of(task, is_here);
        let line = cut(line);
        let length = LogLines::HEADER + line.len();
        while report.lines.len() + length > bytes
            && let Some(oldest) = LogLines(&report.lines).first_length()
        {
            report.lines.drain(..oldest);
        }
        let header = LogLines::header(level, line.len());
        report.lines.extend_from_slice(&header);
        report.lines.extend_from_slice(line);
        let number = report.next;
        report.next = number.wrapping_add(1);
        number
    }

    /// Keeps what a task uses now.
    pub fn used(&mut self, task: TaskId, is_here: impl Fn(TaskId) -> bool, usage: Usage) {
        self.of(task, is_here).usage = Some(usage);
    }

    /// What there is of a task, encoded for [`crate::Input::Inspected`], with lines after the number
    /// `after`: as many as `most` bytes hold, and one at least. With `most` and 256 bytes more the
    /// buffer is large enough. `None`: the task is not here, and nothing is kept of it.
    pub fn inspect<'b>(
        &self,
        task: TaskId,
        is_here: impl Fn(TaskId) -> bool,
        after: Option<u32>,
        most: usize,
        buffer: &'b mut [u8],
    ) -> Option<&'b [u8]> {
        let Some(report) = self.kept.iter().find(|report| report.task == task) else {
            let nothing = is_here(task).then(Inspection::default)?;
            return encode(&nothing, buffer).ok();
        };
        let (first, lines, more) = report.after(after.unwrap_or(u32::MAX), most);
        let has_lines = !lines.is_empty();
        let inspection = Inspection {
            first: has_lines.then_some(first),
            lines: has_lines.then_some(lines),
            more: more.then_some(true),
            cpu_ms: report.usage.map(|usage| usage.cpu_ms),
            mem: report.usage.map(|usage| usage.mem),
            mem_peak: report.usage.map(|usage| usage.mem_peak),
        };
        encode(&inspection, buffer).ok()
    }

    /// The report of a task, which is new where there was none: the oldest one of a task that is
    /// not here any more gives way.
    fn of(&mut self, task: TaskId, is_here: impl Fn(TaskId) -> bool) -> &mut Report {
        let at = self.kept.iter().position(|report| report.task == task);
        let at = at.unwrap_or_else(|| {
            let is_gone = |report: &Report| !is_here(report.task);
            if self.kept.len() >= self.capacity
                && let Some(at) = self.kept.iter().position(is_gone)
            {
                self.kept.remove(at);
            }
            self.kept.push(Report {
                task,
                next: 1,
                lines: Vec::new(),
                usage: None,
            });
            self.kept.len() - 1
        });
        &mut self.kept[at]
    }
}

impl Report {
    /// Lines after the number `after`, as many as `most` bytes hold and one at least; the number of
    /// the first, and whether there are more.
    fn after(&self, after: u32, most: usize) -> (u32, &[u8], bool) {
        let count = LogLines(&self.lines).count().try_into().unwrap_or(u32::MAX);
        let (mut first, mut start, mut end) = (self.next.wrapping_sub(count), 0, 0);
        while let Some(length) = LogLines(&self.lines[end..]).first_length() {
            if first <= after {
                first = first.wrapping_add(1);
                start += length;
            } else if end > start && end + length - start > most {
                break;
            }
            end += length;
        }
        (first, &self.lines[start..end], end < self.lines.len())
    }
}

/// At most [`MAX_LOG`] bytes, cut where a character of UTF-8 begins.
fn cut(line: &[u8]) -> &[u8] {
    let is_start = |at: &usize| line.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (0..=line.len().min(MAX_LOG))
        .rev()
        .find(is_start)
        .unwrap_or(0);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use edgerm_protocol::decode;

    use super::*;

    const TASK: TaskId = TaskId(1);

    fn nobody(_: TaskId) -> bool {
        false
    }

    fn log(reports: &mut Reports, task: TaskId, line: &str) -> u32 {
        reports.log(task, nobody, LogLevel::Info, line.as_bytes())
    }

    /// The number of the first line, the lines, and whether there are more.
    fn told(reports: &Reports, after: u32, most: usize) -> (Option<u32>, Vec<String>, bool) {
        let report = reports.kept.iter().find(|report| report.task == TASK);
        let (first, lines, more) = report.unwrap().after(after, most);
        let first = (!lines.is_empty()).then_some(first);
        let lines = LogLines(lines).map(|(_, text)| String::from_utf8(text.to_vec()).unwrap());
        (first, lines.collect(), more)
    }

    /// What is kept of a task; `None` where nothing is.
    fn inspect(reports: &Reports, task: TaskId, after: Option<u32>) -> Option<Inspection<'static>> {
        let buffer: &'static mut [u8] = Vec::leak(alloc::vec![0; 512]);
        let body = reports.inspect(task, nobody, after, 256, buffer)?;
        Some(decode(body).unwrap())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.into()).collect()
    }

    #[test]
    fn a_log_line_is_cut_between_characters() {
        assert_eq!(cut(b"short"), b"short");
        let long = "ä".repeat(MAX_LOG);
        assert_eq!(cut(long.as_bytes()).len(), MAX_LOG);
        let odd = alloc::format!("x{long}");
        assert_eq!(cut(odd.as_bytes()).len(), MAX_LOG - 1);
    }

    #[test]
    fn lines_are_told_after_a_number_and_as_many_as_fit() {
        let mut reports = Reports::new(4, 100);
        for line in ["one", "two", "three"] {
            log(&mut reports, TASK, line);
        }
        let cases = [
            (0, 100, (Some(1), texts(&["one", "two", "three"]), false)),
            (0, 11, (Some(1), texts(&["one", "two"]), true)),
            (0, 0, (Some(1), texts(&["one"]), true)),
            (1, 100, (Some(2), texts(&["two", "three"]), false)),
            (2, 6, (Some(3), texts(&["three"]), false)),
            (3, 100, (None, texts(&[]), false)),
            // Numbers of an earlier boot.
            (9, 100, (None, texts(&[]), false)),
        ];
        for (after, most, expected) in cases {
            assert_eq!(told(&reports, after, most), expected, "{after} {most}");
        }
        assert_eq!(inspect(&reports, TASK, None), Some(Inspection::default()));
        assert_eq!(inspect(&reports, TaskId(2), Some(0)), None);
    }

    #[test]
    fn a_tasks_oldest_lines_give_way_to_its_own() {
        let mut reports = Reports::new(4, 12);
        log(&mut reports, TaskId(2), "other");
        for line in ["one", "two", "three", "four"] {
            log(&mut reports, TASK, line);
        }
        // Seven bytes and six: one more than there is room for.
        assert_eq!(told(&reports, 0, 100), (Some(4), texts(&["four"]), false));
        assert_eq!(log(&mut reports, TASK, "5"), 5);
        assert_eq!(
            told(&reports, 1, 100),
            (Some(4), texts(&["four", "5"]), false)
        );
        assert!(
            inspect(&reports, TaskId(2), Some(0))
                .unwrap()
                .lines
                .is_some()
        );
    }

    #[test]
    fn a_line_longer_than_all_room_is_kept_alone() {
        let mut reports = Reports::new(1, 8);
        log(&mut reports, TASK, "one");
        log(&mut reports, TASK, "longer than eight");
        assert_eq!(
            told(&reports, 0, 8),
            (Some(2), texts(&["longer than eight"]), false)
        );
    }

    #[test]
    fn tasks_that_are_gone_give_way_oldest_first() {
        let mut reports = Reports::new(2, 100);
        let here = |task: TaskId| task == TASK;
        for task in [TASK, TaskId(2), TaskId(3)] {
            reports.log(task, here, LogLevel::Info, b"line");
        }
        let kept = |reports: &Reports, task| inspect(reports, TaskId(task), None).is_some();
        assert_eq!(
            [1, 2, 3].map(|task| kept(&reports, task)),
            [true, false, true]
        );
        // More tasks than there is room for are here: all are kept.
        let all = |_: TaskId| true;
        for task in [4, 5] {
            reports.used(TaskId(task), all, Usage::default());
        }
        assert_eq!([1, 3, 4, 5].map(|task| kept(&reports, task)), [true; 4]);
    }

    #[test]
    fn the_last_usage_is_told() {
        let mut reports = Reports::new(1, 8);
        for cpu_ms in [1, 2] {
            let usage = Usage {
                cpu_ms,
                mem: 3,
                mem_peak: 4,
            };
            reports.used(TASK, nobody, usage);
        }
        let expected = Inspection {
            cpu_ms: Some(2),
            mem: Some(3),
            mem_peak: Some(4),
            ..Inspection::default()
        };
        assert_eq!(inspect(&reports, TASK, Some(0)), Some(expected));
    }
}
