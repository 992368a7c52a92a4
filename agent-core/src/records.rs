//! What outlives a reboot: records in the driver's storage, a few bytes to a kilobyte each.
//!
//! A record is a version byte and one [`Record`] as postcard would write it: its number, how many
//! bytes it holds, and those. What it holds of a task is in the wire's own encoding, which a small
//! node has the code for anyway. Each stands under a key of its
//! own, a small number, so that any store of keys and values serves: a folder of files, settings
//! over NVS. There is one for the node's name, which is written once, and one for each place in
//! the table of tasks:
//!
//! ```text
//!            launch that says restart         the task ends
//!  nothing ──────────────────────────> Launch ─────────────> End ── acknowledged ──> erased
//!     └──────── a task ends that does not ────────────────────┘
//! ```
//!
//! The order of writes makes each step safe. A task that says `restart` is looked at only once
//! its record is written, so the master never hears of a RUNNING that a reboot would forget. An
//! end is told only once it is written over the launch, so no task starts again whose end the
//! master knows; a reboot before that starts it again, and a kill that was under way is sent
//! anew, since the master does not know it for done. Storage that fails costs what it should
//! have kept, and nothing else: the launch is REJECTED, the end is told all the same.
//!
//! Nothing else is written: neither pings, nor states on the way, nor what tasks emit.

use alloc::vec::Vec;
use core::fmt;

use edgerm_protocol::limits::{MAX_BODY, MAX_TASKS};

/// Bytes of a record at most: its head and a launch.
pub const MAX_RECORD: usize = MAX_HEAD + MAX_BODY;

/// Bytes before what a record holds, at most: the version, which record it is, and how much it
/// holds.
const MAX_HEAD: usize = 1 + 1 + 2;

/// The first byte of every record. It changes when an agent of before would get one wrong.
const VERSION: u8 = 1;

/// The records' numbers.
const IDENTITY: u8 = 0;
const LAUNCH: u8 = 1;
const END: u8 = 2;

/// Where a record stands: 0 is [`RecordKey::IDENTITY`]; tasks have 1 and up, no more of them
/// than the agent's table has places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub u8);

impl RecordKey {
    /// The record that says whose the others are.
    pub const IDENTITY: Self = Self(0);

    /// The record of the task in this place of the table.
    pub(crate) const fn of_place(place: u8) -> Self {
        Self(place + 1)
    }

    /// The place in the table whose record this is.
    pub(crate) const fn place(self) -> Option<u8> {
        match self.0 {
            0 => None,
            key => Some(key - 1),
        }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    /// The agent of this name wrote the others.
    Identity(&'a str),
    /// A task to be started after a reboot: the body of its launch.
    Launch(&'a [u8]),
    /// A task that has ended, of which the master may not know: its status update.
    End(&'a [u8]),
}

impl<'a> Record<'a> {
    /// The record's bytes; nothing where there would be more of them than [`MAX_RECORD`].
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let (number, body) = match self {
            Self::Identity(name) => (IDENTITY, name.as_bytes()),
            Self::Launch(body) => (LAUNCH, *body),
            Self::End(body) => (END, *body),
        };
        if body.len() > MAX_BODY {
            return None;
        }
        let mut bytes = Vec::with_capacity(MAX_HEAD + body.len());
        bytes.extend_from_slice(&[VERSION, number]);
        // Seven bits a byte, the lowest first; the highest bit says that more follow.
        let [low, high] = u16::try_from(body.len()).ok()?.to_le_bytes();
        if body.len() < 0x80 {
            bytes.push(low);
        } else {
            bytes.extend_from_slice(&[low | 0x80, high << 1 | low >> 7]);
        }
        bytes.extend_from_slice(body);
        Some(bytes)
    }

    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, RecordError> {
        match bytes {
            [VERSION, number, rest @ ..] => Self::of(*number, rest).ok_or(RecordError::Unreadable),
            [] | [VERSION] => Err(RecordError::Unreadable),
            [version, ..] => Err(RecordError::Version(*version)),
        }
    }

    fn of(number: u8, rest: &'a [u8]) -> Option<Self> {
        let (length, body) = match rest {
            [low @ ..0x80, body @ ..] => (usize::from(*low), body),
            [low, high @ ..0x80, body @ ..] => {
                (usize::from(*low & 0x7f) | usize::from(*high) << 7, body)
            }
            _ => return None,
        };
        match number {
            _ if body.len() != length => None,
            IDENTITY => core::str::from_utf8(body).ok().map(Self::Identity),
            LAUNCH => Some(Self::Launch(body)),
            END => Some(Self::End(body)),
            _ => None,
        }
    }
}

/// Why a record was not restored. It is erased: nobody else will read it either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes are no record, or not the one that belongs under its key.
    Unreadable,
    /// It was written by an agent of another version.
    Version(u8),
    /// The agent has no such record: its table has fewer places.
    Key(RecordKey),
    /// It is of an agent of another name, or of a task that another record is of.
    Foreign,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the record is damaged"),
            Self::Version(version) => {
                write!(f, "the record is of version {version}, known is {VERSION}")
            }
            Self::Key(key) => write!(f, "the agent keeps no record {key}"),
            Self::Foreign => f.write_str("the record is of another agent, or there twice"),
        }
    }
}

impl core::error::Error for RecordError {}

/// Which records the storage has, and which it is at: one write or erasure a key at a time.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Keys under which something stands, or may. Bit 0 is the identity's.
    written: u32,
    /// Keys at which the storage is.
    busy: u32,
    /// Of those, the ones under which something stood before.
    stood: u32,
    /// Keys at which the storage has failed, and that are left alone for a while.
    put_off: u32,
}

/// Bits for every key.
const _: () = assert!(MAX_TASKS < 32, "a bit for each record");

impl Kept {
    pub(crate) const fn is_written(&self, key: RecordKey) -> bool {
        self.written & bit(key) != 0
    }

    pub(crate) const fn is_busy(&self, key: RecordKey) -> bool {
        self.busy & bit(key) != 0
    }

    /// Whether the storage is at any record.
    pub(crate) const fn is_any_busy(&self) -> bool {
        self.busy != 0
    }

    /// Something stands under this key.
    pub(crate) fn on_found(&mut self, key: RecordKey) {
        self.written |= bit(key);
    }

    /// The storage is asked to write.
    pub(crate) fn on_persist(&mut self, key: RecordKey) {
        self.stood = self.stood & !bit(key) | self.written & bit(key);
        self.written |= bit(key);
        self.busy |= bit(key);
    }

    /// The storage is asked to erase.
    pub(crate) fn on_erase(&mut self, key: RecordKey) {
        self.stood |= bit(key);
        self.written &= !bit(key);
        self.busy |= bit(key);
    }

    /// The storage could not do what it was asked: what stood there stands there still.
    pub(crate) fn on_failed(&mut self, key: RecordKey) {
        self.written = self.written & !bit(key) | self.stood & bit(key);
        self.put_off |= bit(key);
    }

    /// Whether something stands under this key that may be erased by now.
    pub(crate) const fn is_erasable(&self, key: RecordKey) -> bool {
        (self.written & !self.put_off) & bit(key) != 0
    }

    /// The storage may be asked again where it failed.
    pub(crate) fn try_again(&mut self) {
        self.put_off = 0;
    }

    /// The storage has answered; false where it was not asked. A key that no agent has may
    /// have been, once, to be erased.
    pub(crate) fn on_answer(&mut self, key: RecordKey) -> bool {
        let was_busy = self.is_busy(key) || bit(key) == 0;
        self.busy &= !bit(key);
        was_busy
    }
}

/// No bit for a key that no agent has.
const fn bit(key: RecordKey) -> u32 {
    match 1_u32.checked_shl(key.0 as u32) {
        Some(bit) => bit,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use edgerm_protocol::message::{Launch, StatusUpdate};
    use edgerm_protocol::{TaskId, TaskState, decode};

    use super::*;

    /// Golden files: each record with its bytes, which never change within a version.
    const GOLDEN: [(&[u8], Record<'static>); 3] = [
        (
            include_bytes!("../records/identity.v1"),
            Record::Identity("greenhouse-7"),
        ),
        (
            include_bytes!("../records/launch.v1"),
            Record::Launch(include_bytes!("../records/launch.cbor")),
        ),
        (
            include_bytes!("../records/end.v1"),
            Record::End(include_bytes!("../records/end.cbor")),
        ),
    ];

    #[test]
    fn records_are_written_as_they_always_were() {
        for (bytes, record) in &GOLDEN {
            assert_eq!(record.to_bytes().as_deref(), Some(*bytes), "{record:?}");
            assert_eq!(Record::read(bytes).as_ref(), Ok(record));
        }
    }

    #[test]
    fn what_a_record_holds_of_a_task_is_the_wires() {
        let launch: Launch<'_> = decode(include_bytes!("../records/launch.cbor")).unwrap();
        assert_eq!(launch.task, TaskId(0x0123_4567_89ab_cdef));
        assert_eq!((launch.module_size, launch.mem), (1000, 65_536));
        assert_eq!(launch.restart, Some(true));
        let end: StatusUpdate<'_> = decode(include_bytes!("../records/end.cbor")).unwrap();
        assert_eq!(
            (end.task, end.state, end.exit_code),
            (TaskId(0x0123_4567_89ab_cdef), TaskState::Errored, Some(-3))
        );
        assert_eq!(
            end.detail.map(|detail| detail.as_str()),
            Some("out of bounds")
        );
    }

    #[test]
    fn a_record_cut_short_or_with_more_behind_it_is_damaged() {
        for (bytes, record) in &GOLDEN {
            for length in 0..bytes.len() {
                let cut = Record::read(&bytes[..length]);
                assert_eq!(cut, Err(RecordError::Unreadable), "{record:?} {length}");
            }
            let more = [bytes, &[0][..]].concat();
            assert_eq!(Record::read(&more), Err(RecordError::Unreadable));
        }
    }

    #[test]
    fn another_version_is_named() {
        for version in [0, 2, u8::MAX] {
            assert_eq!(
                Record::read(&[version, 0, 0]),
                Err(RecordError::Version(version))
            );
        }
    }

    #[test]
    fn the_longest_launch_fits_and_none_beyond() {
        let longest = Record::Launch(&[0; MAX_BODY]).to_bytes();
        assert_eq!(longest.map(|bytes| bytes.len()), Some(MAX_RECORD));
        assert_eq!(Record::Launch(&[0; MAX_BODY + 1]).to_bytes(), None);
    }

    #[test]
    fn one_thing_at_a_time_is_asked_of_a_key() {
        let (mut kept, key) = (Kept::default(), RecordKey(3));
        assert!(!kept.on_answer(key), "it was not asked");
        kept.on_persist(key);
        assert!(kept.is_written(key) && kept.is_busy(key) && !kept.is_busy(RecordKey(2)));
        assert!(kept.on_answer(key));
        kept.on_erase(key);
        assert!(!kept.is_written(key) && kept.is_any_busy());
        assert!(kept.on_answer(key) && !kept.is_any_busy());
        kept.on_erase(RecordKey(200));
        assert!(
            !kept.is_any_busy() && kept.on_answer(RecordKey(200)),
            "no agent has this key"
        );
    }
}
