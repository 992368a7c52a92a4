//! Runs children, and hears what becomes of each module, a crash and a hang included.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::CHILD;
use crate::figures::Figures;

/// Modules by their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) seed: u64,
    pub(crate) first: u64,
    pub(crate) count: u64,
}

/// A bound on failure: a step of a module takes milliseconds, or hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tries every module of `range`.
pub(crate) fn run(range: Range) -> Figures {
    let mut figures = Figures::default();
    let end = range.first + range.count;
    let mut first = range.first;
    while first < end {
        let rest = Range {
            first,
            count: end - first,
            ..range
        };
        let mut child = Judge::start(rest);
        let last = child.hear(&mut figures);
        // Where the child has come to the end, the last is the last of all.
        first = last.map_or(end, |last| last + 1);
    }
    figures
}

struct Judge {
    child: Child,
    lines: Receiver<String>,
}

impl Judge {
    fn start(range: Range) -> Self {
        let program = std::env::current_exe().expect("a test knows its own program");
        let mut child = Command::new(program)
            .arg(CHILD)
            .args(["--seed", &range.seed.to_string()])
            .args(["--first", &range.first.to_string()])
            .args(["--count", &range.count.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a test can run its own program");
        let output = child.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        // It ends with the child's output.
        let _reader = thread::spawn(move || {
            let told = BufReader::new(output).lines().map_while(Result::ok);
            told.for_each(|line| drop(sender.send(line)));
        });
        Self { child, lines }
    }

    /// The module that the child has crashed or hung in; `None` where it came to its end.
    fn hear(&mut self, figures: &mut Figures) -> Option<u64> {
        let mut at = (0, "start".to_owned());
        let fault = loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let (index, step) = line.split_once(' ').expect("a number and a step");
                    at = (index.parse().expect("a number"), step.to_owned());
                    figures.count(at.0, &at.1);
                }
                Err(RecvTimeoutError::Timeout) => break "hangs",
                Err(RecvTimeoutError::Disconnected) => break "crashes",
            }
        };
        if fault == "hangs" {
            let _ended_meanwhile = self.child.kill();
        }
        let status = self.child.wait().expect("it is our child");
        if status.success() {
            return None;
        }
        let (index, step) = at;
        figures.failed(index, format!("{fault} at `{step}` ({status})"));
        Some(index)
    }
}
