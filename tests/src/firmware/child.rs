//! A process that does not outlive its test, and what it prints.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::PATIENCE;

/// A command that the kernel ends where the thread that started it ends, however that comes
/// about: no emulator is left of a test that was killed.
#[must_use]
pub fn owned(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A process whose output is kept, shown where its test fails, and which ends with its handle.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    console: Console,
}

impl Process {
    /// Starts `command`, an [`owned`] one, and calls it `name` where its output is shown.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    pub fn start(name: impl Into<String>, mut command: Command) -> Self {
        command.stdin(Stdio::null());
        let mut child = spawn(&mut command);
        let console = Console::default();
        console.keep(child.stdout.take());
        console.keep(child.stderr.take());
        Self {
            name: name.into(),
            child,
            console,
        }
    }

    /// As [`Process::start`], for one that is told what to do through its standard input and
    /// answers on its standard output: only the other output is kept.
    ///
    /// # Panics
    ///
    /// As [`Process::start`].
    #[must_use]
    pub fn start_controlled(
        name: impl Into<String>,
        mut command: Command,
    ) -> (Self, ChildStdin, ChildStdout) {
        command.stdin(Stdio::piped());
        let mut child = spawn(&mut command);
        let console = Console::default();
        console.keep(child.stderr.take());
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("{command:?} has no pipes");
        };
        let process = Self {
            name: name.into(),
            child,
            console,
        };
        (process, input, output)
    }

    /// What it printed.
    #[must_use]
    pub const fn console(&self) -> &Console {
        &self.console
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        // It may have ended by itself, which is what a test may be about.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("---- {} printed:\n{}----", self.name, self.console.text());
        }
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let spawned = command.spawn();
    spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Lines that a process prints, kept as they come. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Console {
    shared: Arc<(Mutex<Kept>, Condvar)>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<String>,
    /// Streams that have not ended.
    open: usize,
}

impl Console {
    fn keep(&self, stream: Option<impl Read + Send + 'static>) {
        let Some(stream) = stream else { return };
        self.lock().open += 1;
        let console = self.clone();
        thread::spawn(move || {
            let mut lines = BufReader::new(stream).split(b'\n');
            while let Some(Ok(line)) = lines.next() {
                let line = String::from_utf8_lossy(&line);
                console.lock().lines.push(line.trim_end().to_owned());
                console.shared.1.notify_all();
            }
            console.lock().open -= 1;
            console.shared.1.notify_all();
        });
    }

    /// How many lines there are: where to go on reading from.
    #[must_use]
    pub fn position(&self) -> usize {
        self.lock().lines.len()
    }

    /// The first line from `position` on for which `wanted` has something, now or later.
    ///
    /// # Panics
    ///
    /// Where it does not come, or the process ends before it does.
    pub fn find<T>(
        &self,
        position: usize,
        what: &str,
        mut wanted: impl FnMut(&str) -> Option<T>,
    ) -> T {
        let until = Instant::now() + PATIENCE;
        let mut position = position;
        let mut kept = self.lock();
        loop {
            while let Some(line) = kept.lines.get(position) {
                if let Some(found) = wanted(line) {
                    return found;
                }
                position += 1;
            }
            assert!(kept.open > 0, "it ended without printing {what}");
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "it did not print {what}");
            kept = self
                .shared
                .1
                .wait_timeout(kept, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// As [`Console::find`], for a line that contains `text`.
    ///
    /// # Panics
    ///
    /// As [`Console::find`].
    pub fn line_with(&self, position: usize, text: &str) -> String {
        self.find(position, text, |line| {
            line.contains(text).then(|| line.to_owned())
        })
    }

    /// The address behind `field`, such as `http_addr=`, in the first line that has one there.
    ///
    /// # Panics
    ///
    /// As [`Console::find`].
    pub fn address(&self, field: &str) -> SocketAddr {
        self.find(0, field, |line| {
            let rest = line.split(field).nth(1)?;
            rest.split(' ').next()?.parse().ok()
        })
    }

    /// All of it so far.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.lock();
        kept.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Lines are only ever added: a panic beside them leaves nothing half done.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
