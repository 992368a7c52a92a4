//! The driver: a frame comes in, is given to the agent, and what the agent puts out goes back.
//!
//! A frame is a tag, the length of the rest in two bytes, the low first, and the rest. Numbers in it are
//! little-endian. `xtask/src/size/frame.rs` is the other end.

use core::mem::MaybeUninit;

use edgerm_agent_core::{
    Agent, Input, KillReason, ModuleCheck, Output, RecordKey, StorageError, TaskExit,
};
use edgerm_coap::oscore::Context;
use edgerm_protocol::limits::MAX_DESCRIPTION;
use edgerm_protocol::{Instant, ModuleId, TaskId};

use crate::calls::{self, TASKS};
use crate::{heap, serial, stack};

/// Every frame fits; those that come are the driver's memory, not the agent's.
static mut FRAME: [u8; MAX_DESCRIPTION] = [0; MAX_DESCRIPTION];

static mut AGENT: MaybeUninit<Agent<TASKS>> = MaybeUninit::uninit();

/// The tag of a frame that asks how much memory all this took.
const MEASURE: u8 = b'M';

/// The tag of the answer to an input that the agent refused.
const REFUSED: u8 = b'e';

pub(crate) fn run() -> ! {
    serial::enable();
    heap::init();
    // SAFETY: this function runs once, and names these statics nowhere else.
    let (frame, place) = unsafe { (&mut *(&raw mut FRAME), &mut *(&raw mut AGENT)) };
    let (_, mut body) = receive(frame);
    let credential = body.prefixed();
    let mut made = None;
    let depth_of_new = stack::depth_of(|| made = calls::new(place, credential, body.0));
    let Some(agent) = made else {
        crate::startup::halt()
    };
    let mut deepest = 0;
    loop {
        let (tag, mut body) = receive(frame);
        if tag == MEASURE {
            let (used, reach) = heap::most();
            let numbers = [
                size_of::<Agent<TASKS>>(),
                used,
                reach,
                depth_of_new,
                deepest,
                size_of::<Context>(),
            ];
            reply(MEASURE, &[numbers.map(usize::to_le_bytes).as_flattened()]);
            continue;
        }
        let now = Instant::from_millis(body.u32().into());
        let depth = stack::depth_of(|| {
            take(agent, now, tag, &mut body);
            while put_out(agent) {}
        });
        deepest = deepest.max(depth);
    }
}

/// The next frame: its tag and the rest.
fn receive(buffer: &mut [u8; MAX_DESCRIPTION]) -> (u8, Reader<'_>) {
    let tag = serial::receive();
    let length = u16::from_le_bytes([serial::receive(), serial::receive()]);
    let Some(body) = buffer.get_mut(..length.into()) else {
        crate::startup::halt()
    };
    body.fill_with(serial::receive);
    (tag, Reader(body))
}

/// Gives the agent the input of this tag.
fn take(agent: &mut Agent<TASKS>, now: Instant, tag: u8, body: &mut Reader<'_>) {
    let input = match tag {
        b'd' => Input::Datagram(body.0),
        b'c' => Input::ModuleChecked(
            body.module(),
            match body.u32() {
                u32::MAX => ModuleCheck::Verified,
                0xffff_fffe => ModuleCheck::Corrupt,
                have => ModuleCheck::Partial(have),
            },
        ),
        b'b' => Input::BlockStored(body.module()),
        b'f' => Input::StorageFailed(
            body.module(),
            match body.u32() {
                0 => StorageError::Full,
                _ => StorageError::Io,
            },
        ),
        b'p' => Input::Persisted(body.key()),
        b'q' => Input::PersistFailed(body.key(), StorageError::Io),
        b'r' => {
            let key = body.key();
            if !calls::restore(agent, key, body.0) {
                reply(REFUSED, &[&[]]);
            }
            return;
        }
        b's' => Input::TaskStarted(body.task()),
        b'n' => Input::TaskStartFailed(body.task(), body.text()),
        b'x' => Input::TaskExited(
            body.task(),
            match body.u32() {
                0 => TaskExit::Exited(body.u32().cast_signed()),
                1 => TaskExit::Trapped(body.text()),
                _ => TaskExit::Killed,
            },
        ),
        b'o' => Input::TaskOutput(body.task(), body.0),
        b'g' => Input::TaskLogged(body.task()),
        b'i' => Input::Inspected(body.task(), Some(body.0)),
        b'm' => Input::MessageTaken(body.task(), body.u32() != 0),
        b'h' => Input::DescriptionChanged(body.0),
        b'l' => Input::Leave,
        _ => Input::Timeout,
    };
    if !calls::give(agent, now, input) {
        reply(REFUSED, &[&[]]);
    }
}

/// Sends one output; false after the last.
fn put_out(agent: &mut Agent<TASKS>) -> bool {
    match calls::poll(agent) {
        Output::Transmit(datagram) => reply(b'd', &[datagram]),
        Output::CheckModule(module, size) => reply(b'c', &[&module.0, &size.to_le_bytes()]),
        Output::StoreBlock(module, offset, bytes) => {
            reply(b'b', &[&module.0, &offset.to_le_bytes(), bytes]);
        }
        Output::Persist(key, record) => reply(b'p', &[&[key.0], record]),
        Output::Erase(key) => reply(b'q', &[&[key.0]]),
        Output::StartTask(id) => start(agent, id),
        Output::StopTask(id, reason) => {
            let reason = match reason {
                KillReason::Requested => 0,
                KillReason::Disconnected => 1,
                KillReason::Unwanted => 2,
                KillReason::Leaving => 3,
                KillReason::Deadline => 4,
                KillReason::Silent => 5,
            };
            reply(b'x', &[&id.0.to_le_bytes(), &[reason]]);
        }
        Output::TaskLog(id, line) => reply(b'g', &[&id.0.to_le_bytes(), line.as_bytes()]),
        Output::InspectTask(id, after) => {
            let after = after.unwrap_or(u32::MAX);
            reply(b'i', &[&id.0.to_le_bytes(), &after.to_le_bytes()]);
        }
        Output::TaskMessage(id, payload) => reply(b'm', &[&id.0.to_le_bytes(), payload]),
        Output::OutputTaken(id) => reply(b'o', &[&id.0.to_le_bytes()]),
        Output::Registered(agent) => reply(b'r', &[&agent.0.to_le_bytes()]),
        Output::RegistrationRefused(code, text) => {
            reply(b'f', &[&[u8::from(code)], text.as_bytes()]);
        }
        Output::Left => reply(b'l', &[&[]]),
        Output::Timeout(at) => {
            let at = at.map_or(u64::MAX, Instant::as_millis);
            let (id, active) = calls::state(agent);
            reply(
                b't',
                &[&at.to_le_bytes(), &id.to_le_bytes(), &active.to_le_bytes()],
            );
            return false;
        }
    }
    true
}

/// Reads all that a launch says, as whoever starts a task does.
fn start(agent: &Agent<TASKS>, id: TaskId) {
    let Some(launch) = calls::launch(agent, id) else {
        return reply(REFUSED, &[&[]]);
    };
    let numbers = [
        launch.mem,
        launch.cpus.unwrap_or(0),
        launch.permissions.unwrap_or(0),
        launch
            .devices
            .iter()
            .map(|name| name.as_str().len() as u32)
            .sum(),
        launch
            .env
            .iter()
            .map(|variable| variable.value.len() as u32)
            .sum(),
    ];
    reply(
        b's',
        &[
            &id.0.to_le_bytes(),
            &launch.module.0,
            numbers.map(u32::to_le_bytes).as_flattened(),
        ],
    );
}

fn reply(tag: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [low, high, ..] = length.to_le_bytes();
    for byte in [tag, low, high] {
        serial::send(byte);
    }
    parts
        .iter()
        .copied()
        .flatten()
        .copied()
        .for_each(serial::send);
}

/// The rest of a frame. What is missing is zero: the other end is a test.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((first, rest)) = self.0.split_first_chunk() else {
            return [0; N];
        };
        self.0 = rest;
        *first
    }

    /// Bytes after their number.
    fn prefixed(&mut self) -> &'a [u8] {
        let [length] = self.array();
        let (bytes, rest) = self.0.split_at_checked(length.into()).unwrap_or_default();
        self.0 = rest;
        bytes
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn key(&mut self) -> RecordKey {
        let [key] = self.array();
        RecordKey(key)
    }

    fn task(&mut self) -> TaskId {
        TaskId(u64::from_le_bytes(self.array()))
    }

    fn module(&mut self) -> ModuleId {
        ModuleId(self.array())
    }

    fn text(&self) -> &'a str {
        core::str::from_utf8(self.0).unwrap_or_default()
    }
}
