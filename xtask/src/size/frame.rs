//! What is said on the probe's serial line; `tests/size-probe/src/drive.rs` is the other end.
//!
//! A frame is a tag, the length of the rest in two bytes, and the rest. Numbers are
//! little-endian.

use std::io::{Read, Write};

use anyhow::{Context, bail, ensure};
use edgerm_agent_core::RecordKey;
use edgerm_protocol::{Instant, ModuleId, TaskId};

/// What the probe sends before it stops for good.
const FAULT: u8 = 0xff;

/// An input of the agent.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Datagram(Vec<u8>),
    ModulePartial(ModuleId, u32),
    ModuleVerified(ModuleId),
    ModuleCorrupt(ModuleId),
    BlockStored(ModuleId),
    StorageFull(ModuleId),
    Persisted(RecordKey),
    PersistFailed(RecordKey),
    Restore(RecordKey, Vec<u8>),
    TaskStarted(TaskId),
    TaskStartFailed(TaskId, &'static str),
    TaskExited(TaskId, i32),
    TaskTrapped(TaskId, &'static str),
    TaskKilled(TaskId),
    TaskOutput(TaskId, Vec<u8>),
    TaskLogged(TaskId),
    Inspected(TaskId, Vec<u8>),
    MessageTaken(TaskId, bool),
    DescriptionChanged(Vec<u8>),
    Leave,
    Timeout,
}

/// An output of the agent.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Transmit(Vec<u8>),
    CheckModule(ModuleId, u32),
    StoreBlock(ModuleId, u32, usize),
    Persist(RecordKey),
    Erase(RecordKey),
    StartTask(TaskId),
    StopTask(TaskId),
    TaskMessage(TaskId),
    TaskLog,
    InspectTask(TaskId),
    Taken,
    Registered,
    RegistrationRefused,
    Left,
    /// The input before was refused.
    Refused,
    Timeout(Option<Instant>),
}

const MODULE_VERIFIED: u32 = u32::MAX;
const MODULE_CORRUPT: u32 = u32::MAX - 1;

impl Input {
    pub(super) fn send(&self, now: Instant, line: &mut impl Write) -> anyhow::Result<()> {
        let (tag, body) = self.to_parts();
        let now = u32::try_from(now.as_millis()).context("the script runs for too long")?;
        send(line, tag, &[&now.to_le_bytes(), &body.concat()])
    }

    fn to_parts(&self) -> (u8, Vec<Vec<u8>>) {
        let number = |number: u32| number.to_le_bytes().to_vec();
        let task = |task: &TaskId| task.0.to_le_bytes().to_vec();
        let module = |module: &ModuleId| module.0.to_vec();
        match self {
            Self::Datagram(bytes) => (b'd', vec![bytes.clone()]),
            Self::ModulePartial(id, have) => (b'c', vec![module(id), number(*have)]),
            Self::ModuleVerified(id) => (b'c', vec![module(id), number(MODULE_VERIFIED)]),
            Self::ModuleCorrupt(id) => (b'c', vec![module(id), number(MODULE_CORRUPT)]),
            Self::BlockStored(id) => (b'b', vec![module(id)]),
            Self::StorageFull(id) => (b'f', vec![module(id), number(0)]),
            Self::Persisted(key) => (b'p', vec![vec![key.0]]),
            Self::PersistFailed(key) => (b'q', vec![vec![key.0]]),
            Self::Restore(key, record) => (b'r', vec![vec![key.0], record.clone()]),
            Self::TaskStarted(id) => (b's', vec![task(id)]),
            Self::TaskStartFailed(id, detail) => (b'n', vec![task(id), (*detail).into()]),
            Self::TaskExited(id, code) => (
                b'x',
                vec![task(id), number(0), number(code.cast_unsigned())],
            ),
            Self::TaskTrapped(id, detail) => (b'x', vec![task(id), number(1), (*detail).into()]),
            Self::TaskKilled(id) => (b'x', vec![task(id), number(2)]),
            Self::TaskOutput(id, payload) => (b'o', vec![task(id), payload.clone()]),
            Self::TaskLogged(id) => (b'g', vec![task(id)]),
            Self::Inspected(id, body) => (b'i', vec![task(id), body.clone()]),
            Self::MessageTaken(id, taken) => (b'm', vec![task(id), number((*taken).into())]),
            Self::DescriptionChanged(bytes) => (b'h', vec![bytes.clone()]),
            Self::Leave => (b'l', Vec::new()),
            Self::Timeout => (b't', Vec::new()),
        }
    }
}

impl Output {
    pub(super) fn receive(line: &mut impl Read) -> anyhow::Result<Self> {
        let (tag, body) = receive(line)?;
        let mut body = Body(&body);
        Ok(match tag {
            b'd' => Self::Transmit(body.0.to_vec()),
            b'c' => Self::CheckModule(ModuleId(body.array()?), u32::from_le_bytes(body.array()?)),
            b'b' => {
                let module = ModuleId(body.array()?);
                Self::StoreBlock(module, u32::from_le_bytes(body.array()?), body.0.len())
            }
            b'p' => Self::Persist(RecordKey(u8::from_le_bytes(body.array()?))),
            b'q' => Self::Erase(RecordKey(u8::from_le_bytes(body.array()?))),
            b's' => Self::StartTask(body.task()?),
            b'x' => Self::StopTask(body.task()?),
            b'm' => Self::TaskMessage(body.task()?),
            b'g' => Self::TaskLog,
            b'i' => Self::InspectTask(body.task()?),
            b'o' => Self::Taken,
            b'r' => Self::Registered,
            b'f' => Self::RegistrationRefused,
            b'l' => Self::Left,
            b'e' => Self::Refused,
            b't' => Self::Timeout(match u64::from_le_bytes(body.array()?) {
                u64::MAX => None,
                millis => Some(Instant::from_millis(millis)),
            }),
            other => bail!("the probe says {other:#04x}, which means nothing"),
        })
    }
}

/// Sends a frame.
pub(super) fn send(line: &mut impl Write, tag: u8, parts: &[&[u8]]) -> anyhow::Result<()> {
    let body = parts.concat();
    let length = u16::try_from(body.len()).context("a frame is too long")?;
    let head = [&[tag][..], &length.to_le_bytes()].concat();
    line.write_all(&[head, body].concat())
        .and_then(|()| line.flush())
        .context("talking to the probe")
}

/// The next frame.
pub(super) fn receive(line: &mut impl Read) -> anyhow::Result<(u8, Vec<u8>)> {
    let mut tag = [0];
    line.read_exact(&mut tag).context("the probe is gone")?;
    ensure!(
        tag != [FAULT],
        "the probe has panicked or run out of memory"
    );
    let mut length = [0; 2];
    line.read_exact(&mut length)?;
    let mut body = vec![0; u16::from_le_bytes(length).into()];
    line.read_exact(&mut body)?;
    let [tag] = tag;
    Ok((tag, body))
}

/// The rest of a frame.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn array<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk().context("a frame ends early")?;
        self.0 = rest;
        Ok(*first)
    }

    fn task(&mut self) -> anyhow::Result<TaskId> {
        Ok(TaskId(u64::from_le_bytes(self.array()?)))
    }
}
