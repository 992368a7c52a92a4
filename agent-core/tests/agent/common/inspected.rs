//! What the agent tells of a task when the master asks for it.

use edgerm_coap::Code;
use edgerm_protocol::message::{Inspection, LogLevel, LogLines};
use edgerm_protocol::{TaskId, decode};

use super::{Ask, World};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspected {
    pub(crate) first: Option<u32>,
    pub(crate) lines: Vec<(LogLevel, String)>,
    pub(crate) more: bool,
    /// Milliseconds of a core, bytes of memory, and of those the most.
    pub(crate) usage: Option<(u64, u64, u64)>,
}

impl World {
    /// What there is of a task, with its lines after a number; `None` where the agent does not know
    /// it.
    #[track_caller]
    pub(crate) fn inspect(&mut self, id: TaskId, after: Option<u32>) -> Option<Inspected> {
        let (code, diagnostic) = self.ask(Ask::Inspect(id, after));
        if code == Code::NOT_FOUND {
            assert_eq!(diagnostic, format!("no task {id} here"));
            return None;
        }
        assert_eq!(code, Code::CHANGED, "{diagnostic}");
        let body = &self.master.answers.last().expect("the answer").body;
        let told: Inspection<'_> = decode(body).expect("an inspection");
        let lines = LogLines(told.lines.unwrap_or_default());
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).expect("a text");
        Some(Inspected {
            first: told.first,
            lines: lines.map(|(level, line)| (level, text(line))).collect(),
            more: told.more == Some(true),
            usage: told
                .cpu_ms
                .zip(told.mem)
                .zip(told.mem_peak)
                .map(|((cpu, mem), peak)| (cpu, mem, peak)),
        })
    }
}
