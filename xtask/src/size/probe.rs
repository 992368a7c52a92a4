//! The probe running in QEMU.

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use edgerm_coap::oscore::Credential;
use edgerm_protocol::Instant;

use super::frame::{self, Input, Output};
use super::world::World;

/// A board with a Cortex-M3, 256 KiB of flash and 64 KiB of RAM.
const MACHINE: &str = "lm3s6965evb";

const NEW: u8 = b'N';
const MEASURE: u8 = b'M';

/// Bytes of RAM that the agent took.
pub(super) struct Memory {
    /// The agent itself, with its table of four tasks.
    pub(super) agent: u64,
    /// Bytes of the heap in use at one time, at most.
    pub(super) heap: u64,
    /// The shortest heap that would have done, with the gaps that first fit left in it.
    pub(super) heap_reach: u64,
    /// Stack that `Agent::new` took.
    pub(super) stack_of_new: u64,
    /// Stack that one input took, or one output, at most.
    pub(super) stack: u64,
    /// A context of OSCORE, which is in the agent.
    pub(super) context: u64,
}

impl Memory {
    /// What a node must have: the agent, the heap with its gaps, and the deepest stack.
    pub(super) fn total(&self) -> u64 {
        self.agent + self.heap_reach + self.stack.max(self.stack_of_new)
    }
}

/// Runs the probe through the world's script, with OSCORE where there is a credential.
pub(super) fn run(image: &Path, credential: Option<&Credential>) -> anyhow::Result<Memory> {
    let mut probe = Probe::start(image)?;
    World::new(credential).run(&mut probe, credential)?;
    probe.measure()
}

/// The probe and its serial line.
pub(super) struct Probe {
    qemu: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Probe {
    pub(super) fn start(image: &Path) -> anyhow::Result<Self> {
        let mut qemu = Command::new("qemu-system-arm")
            .args(["-M", MACHINE, "-display", "none", "-monitor", "none"])
            .args(["-serial", "stdio", "-kernel"])
            .arg(image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells of timers that nobody uses.
            .stderr(Stdio::null())
            .spawn()
            .context("starting qemu-system-arm, which is in Debian's package of that name")?;
        let to = qemu.stdin.take().context("QEMU's standard input")?;
        let from = qemu.stdout.take().context("QEMU's standard output")?;
        let from = BufReader::new(from);
        Ok(Self { qemu, to, from })
    }

    /// Makes the agent.
    pub(super) fn begin(
        &mut self,
        credential: Option<&Credential>,
        description: &[u8],
    ) -> anyhow::Result<()> {
        let bytes = credential.map(Credential::to_bytes);
        let bytes = bytes.as_ref().map_or(&[][..], |bytes| bytes);
        let length = u8::try_from(bytes.len())?;
        frame::send(&mut self.to, NEW, &[&[length], bytes, description])
    }

    /// Gives the agent an input, and takes all that it puts out.
    pub(super) fn give(&mut self, now: Instant, input: &Input) -> anyhow::Result<Vec<Output>> {
        input.send(now, &mut self.to)?;
        let mut outputs = Vec::new();
        loop {
            let output = Output::receive(&mut self.from)?;
            let is_last = matches!(output, Output::Timeout(_));
            outputs.push(output);
            if is_last {
                return Ok(outputs);
            }
        }
    }

    /// Says something that is not the agent's, and takes the answer of the same tag.
    fn say(&mut self, tag: u8, parts: &[&[u8]]) -> anyhow::Result<Vec<u8>> {
        frame::send(&mut self.to, tag, parts)?;
        let (answer, body) = frame::receive(&mut self.from)?;
        ensure!(answer == tag, "the probe answered something else");
        Ok(body)
    }

    fn measure(&mut self) -> anyhow::Result<Memory> {
        let body = self.say(MEASURE, &[])?;
        let mut numbers = body
            .as_chunks()
            .0
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes));
        let mut next = || numbers.next().map(u64::from).context("a number is missing");
        Ok(Memory {
            agent: next()?,
            heap: next()?,
            heap_reach: next()?,
            stack_of_new: next()?,
            stack: next()?,
            context: next()?,
        })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // It has no end of its own; where it is gone already there is nothing to do.
        let _gone = self.qemu.kill();
        let _reaped = self.qemu.wait();
    }
}
