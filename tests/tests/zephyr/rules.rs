//! What is done to datagrams between nodes and master.

use std::sync::{Condvar, Mutex, PoisonError};

use edgerm_coap::{BlockOption, Code, Packet};
use edgerm_framework::owned::Description;
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::message::{Register, path};
use edgerm_protocol::{decode, encode};
use edgerm_tests::firmware::PATIENCE;
use edgerm_tests::firmware::proxy::{Direction, Rule, Verdict};

/// Numbers of options (RFC 7252 section 12.2, RFC 7959 section 6).
const URI_PATH: u16 = 11;
const BLOCK2: u16 = 23;

/// What a rule notes, and a case waits for.
#[derive(Debug, Default)]
struct Noted<T> {
    noted: Mutex<T>,
    changed: Condvar,
}

impl<T> Noted<T> {
    fn new(noted: T) -> Self {
        Self {
            noted: Mutex::new(noted),
            changed: Condvar::new(),
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        // A panic of another thread fails the case.
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut noted);
        self.changed.notify_all();
        result
    }

    fn wait(&self, what: &str, is_so: impl Fn(&T) -> bool) {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let until = |noted: &mut T| !is_so(noted);
        let waited = self.changed.wait_timeout_while(noted, PATIENCE, until);
        let (_noted, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{what}: not within {PATIENCE:?}");
    }
}

/// A way that can be broken.
#[derive(Debug, Default)]
pub(crate) struct Way(Noted<State>);

#[derive(Debug, Default)]
struct State {
    is_broken: bool,
    /// Datagrams to the master that were lost since it broke.
    lost: u32,
}

impl Way {
    pub(crate) fn set_broken(&self, is_broken: bool) {
        let lost = 0;
        self.0.change(|state| *state = State { is_broken, lost });
    }

    /// Waits until the node has spoken in vain so often.
    pub(crate) fn wait_for_lost(&self, count: u32) {
        self.0.wait("the node speaks", |state| state.lost >= count);
    }
}

impl Rule for Way {
    fn judge(&self, direction: Direction, _: &mut Vec<u8>) -> Verdict {
        self.0.change(|state| {
            if !state.is_broken {
                return Verdict::Pass;
            }
            state.lost += u32::from(direction == Direction::ToMaster);
            Verdict::Drop
        })
    }
}

/// Whatever comes to a node comes several times at once.
#[derive(Debug)]
pub(crate) struct Bursts;

impl Rule for Bursts {
    fn judge(&self, direction: Direction, _: &mut Vec<u8>) -> Verdict {
        match direction {
            Direction::ToMaster => Verdict::Pass,
            Direction::ToNode => Verdict::Repeat(6),
        }
    }
}

/// Loses blocks of modules from one on, and notes which are asked for.
#[derive(Debug)]
pub(crate) struct Dam(Noted<Asked>);

#[derive(Debug)]
struct Asked {
    /// The first block that is lost.
    lost_from: Option<u32>,
    blocks: Vec<u32>,
}

impl Dam {
    pub(crate) fn from_block(number: u32) -> Self {
        Self(Noted::new(Asked {
            lost_from: Some(number),
            blocks: Vec::new(),
        }))
    }

    /// Waits until block `number` is asked for.
    pub(crate) fn wait_for(&self, number: u32) {
        self.0.wait("a block is asked for", |asked| {
            asked.blocks.contains(&number)
        });
    }

    /// Loses no more blocks. Gives those asked for so far, and begins anew to note them.
    pub(crate) fn open(&self) -> Vec<u32> {
        self.0.change(|asked| {
            asked.lost_from = None;
            std::mem::take(&mut asked.blocks)
        })
    }

    /// The blocks asked for since it was opened.
    pub(crate) fn asked(&self) -> Vec<u32> {
        self.0.change(|asked| asked.blocks.clone())
    }
}

impl Rule for Dam {
    fn judge(&self, direction: Direction, datagram: &mut Vec<u8>) -> Verdict {
        let Some((_, block)) = block(direction, datagram) else {
            return Verdict::Pass;
        };
        self.0.change(|asked| match direction {
            Direction::ToMaster => {
                asked.blocks.push(block.number());
                Verdict::Pass
            }
            Direction::ToNode if asked.lost_from.is_some_and(|from| block.number() >= from) => {
                Verdict::Drop
            }
            Direction::ToNode => Verdict::Pass,
        })
    }
}

/// Changes the bytes of each block of a module, so often.
#[derive(Debug)]
pub(crate) struct Damage {
    left: Noted<u32>,
    change: fn(&mut Vec<u8>),
}

impl Damage {
    pub(crate) fn times(left: u32, change: fn(&mut Vec<u8>)) -> Self {
        let left = Noted::new(left);
        Self { left, change }
    }

    fn is_due(&self) -> bool {
        self.left.change(|left| {
            let is_due = *left > 0;
            *left = left.saturating_sub(1);
            is_due
        })
    }
}

impl Rule for Damage {
    fn judge(&self, direction: Direction, datagram: &mut Vec<u8>) -> Verdict {
        if direction == Direction::ToNode
            && let Some((mut packet, _)) = block(direction, datagram)
            && self.is_due()
        {
            let mut payload = packet.payload().to_vec();
            (self.change)(&mut payload);
            packet.set_payload(&payload);
            *datagram = packet.into_bytes();
        }
        Verdict::Pass
    }
}

/// A node that tells of itself what is not so, and is believed.
#[derive(Debug)]
pub(crate) struct Boast(pub(crate) fn(&mut Description));

impl Boast {
    fn changed(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut packet = Packet::from_bytes(datagram).ok()?;
        let is_register = |(number, value): (u16, &[u8])| {
            number == URI_PATH && value == path::REGISTER.as_bytes()
        };
        if !packet.options().any(is_register) {
            return None;
        }
        let body = packet.payload().to_vec();
        let register: Register<'_> = decode(&body).ok()?;
        let encoded = EncodedDescription::new(register.description?).ok()?;
        let mut description = Description::try_from(encoded).ok()?;
        (self.0)(&mut description);
        let description = description.to_bytes().ok()?;
        let told = Register {
            description_length: u32::try_from(description.len()).ok()?,
            description: Some(&description),
            ..register
        };
        let mut buffer = [0; 1024];
        let body = encode(&told, &mut buffer).ok()?.to_vec();
        packet.set_payload(&body);
        Some(packet.into_bytes())
    }
}

impl Rule for Boast {
    fn judge(&self, direction: Direction, datagram: &mut Vec<u8>) -> Verdict {
        if direction == Direction::ToMaster
            && let Some(changed) = self.changed(datagram)
        {
            *datagram = changed;
        }
        Verdict::Pass
    }
}

/// The block of a module that a node asks for or is answered with.
fn block(direction: Direction, datagram: &[u8]) -> Option<(Packet, BlockOption)> {
    let packet = Packet::from_bytes(datagram).ok()?;
    let is_of_module = match direction {
        Direction::ToMaster => packet
            .options()
            .any(|(number, value)| number == URI_PATH && value == path::MODULE.as_bytes()),
        Direction::ToNode => packet.code() == Code::CONTENT,
    };
    let (_, value) = packet.options().find(|(number, _)| *number == BLOCK2)?;
    let block = BlockOption::decode(value).ok()?;
    is_of_module.then_some((packet, block))
}
