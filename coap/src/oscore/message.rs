//! A message in a buffer: where its parts are, of what class its options are, and how options
//! are read at one place of the buffer while they are written at another.

use core::ops::Range;

use crate::code::{Class as CodeClass, Code};
use crate::codec::{
    HEADER, IN_BYTE, IN_NIBBLE, Layout, Malformed, Options, PAYLOAD_MARKER, nibble,
};
use crate::option::{PROXY_SCHEME, PROXY_URI, URI_HOST, URI_PORT};

/// Observe (RFC 7641).
pub(crate) const OBSERVE: u16 = 6;
/// OSCORE (RFC 8613 section 2).
pub(crate) const OSCORE: u16 = 9;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
}

impl Kind {
    /// Whether a message of this kind may have this code.
    pub(crate) fn has(self, code: Code) -> bool {
        code.kind()
            == match self {
                Self::Request => CodeClass::Request,
                Self::Response => CodeClass::Response,
            }
    }

    /// The code that everybody sees (RFC 8613 section 4.2): POST and 2.04 Changed; FETCH and
    /// 2.05 Content where there is Observe.
    pub(crate) const fn outer_code(self, observe: bool) -> Code {
        match (self, observe) {
            (Self::Request, false) => Code::new(0, 2),
            (Self::Request, true) => Code::new(0, 5),
            (Self::Response, false) => Code::CHANGED,
            (Self::Response, true) => Code::CONTENT,
        }
    }
}

/// How an option is protected (RFC 8613 figure 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Encrypted: E. All that is not listed is, Echo for one.
    Encrypted,
    /// Left for proxies to see: U.
    Unprotected,
    /// Observe, which is inside and outside.
    Both,
    /// The OSCORE option itself, which is outside.
    Oscore,
}

impl Class {
    pub(crate) const fn of(number: u16) -> Self {
        match number {
            OBSERVE => Self::Both,
            OSCORE => Self::Oscore,
            URI_HOST | URI_PORT | PROXY_URI | PROXY_SCHEME => Self::Unprotected,
            _ => Self::Encrypted,
        }
    }
}

/// Where the parts of a well-formed message are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) code: Code,
    pub(crate) options: usize,
    /// Where the options end: at the marker of the payload, or where the message ends.
    pub(crate) options_end: usize,
    /// Where the payload begins, after its marker.
    pub(crate) payload: usize,
}

impl Parts {
    pub(crate) fn of(message: &[u8]) -> Result<Self, Malformed> {
        let layout = Layout::of(message)?;
        let byte = |at| message.get(at).copied().unwrap_or(0);
        Ok(Self {
            code: byte(1).into(),
            options: HEADER + usize::from(byte(0) & 0x0f),
            options_end: marker(layout.payload, message.len()),
            payload: layout.payload,
        })
    }

    /// The parts of a plaintext that begins at `start`: a code, options and a payload.
    pub(crate) fn of_plaintext(plaintext: &[u8], start: usize) -> Result<Self, Malformed> {
        let truncated = Malformed::Truncated(plaintext.len());
        let (code, body) = plaintext.split_first().ok_or(truncated)?;
        let layout = Layout::of_body(body, plaintext.len())?;
        let options = start + 1;
        Ok(Self {
            code: (*code).into(),
            options,
            options_end: options + marker(layout.payload, body.len()),
            payload: options + layout.payload,
        })
    }

    pub(crate) const fn reader(&self) -> Reader {
        Reader {
            at: self.options,
            end: self.options_end,
            number: 0,
        }
    }
}

/// Where the marker of a payload is that begins here.
const fn marker(payload: usize, end: usize) -> usize {
    if payload < end {
        payload.saturating_sub(1)
    } else {
        end
    }
}

/// An option, with its value by its place in the buffer.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) number: u16,
    pub(crate) value: Range<usize>,
}

/// Reads options at a place of a buffer that may change under it elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) at: usize,
    pub(crate) end: usize,
    number: u16,
}

impl Reader {
    pub(crate) fn next(&mut self, buffer: &[u8]) -> Option<Found> {
        let rest = buffer.get(self.at..self.end)?;
        let mut options = Options::resumed(rest, self.number);
        let (number, value) = options.next()?;
        self.number = number;
        self.at = self.end.checked_sub(options.left())?;
        Some(Found {
            number,
            value: self.at.checked_sub(value.len())?..self.at,
        })
    }

    /// Goes on in the same options at another place.
    pub(crate) const fn shift(&mut self, by: usize) {
        self.at += by;
        self.end += by;
    }
}

/// Writes options and a payload into a buffer, of which a later part is still to be read.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) at: usize,
    last: u16,
}

/// What is written would go over what is still to be read, or out of the buffer.
#[derive(Debug)]
pub(crate) struct NoRoom;

impl Writer {
    pub(crate) const fn new(at: usize) -> Self {
        Self { at, last: 0 }
    }

    /// Writes an option whose value is elsewhere in the buffer, before `limit`.
    pub(crate) fn copy(
        &mut self,
        buffer: &mut [u8],
        limit: usize,
        option: &Found,
    ) -> Result<(), NoRoom> {
        let place = self.reserve(buffer, limit, option.number, option.value.len())?;
        copy_within(buffer, option.value.clone(), place.start)?;
        self.write_head(buffer, place.start, option.number, option.value.len())?;
        self.at = place.end;
        Ok(())
    }

    /// Writes an option of this value, before `limit`.
    pub(crate) fn write(
        &mut self,
        buffer: &mut [u8],
        limit: usize,
        number: u16,
        value: &[u8],
    ) -> Result<(), NoRoom> {
        let place = self.reserve(buffer, limit, number, value.len())?;
        self.write_head(buffer, place.start, number, value.len())?;
        let place_end = place.end;
        buffer.get_mut(place).ok_or(NoRoom)?.copy_from_slice(value);
        self.at = place_end;
        Ok(())
    }

    /// Writes one byte that is no option, after which options begin anew.
    pub(crate) fn byte(&mut self, buffer: &mut [u8], byte: u8) -> Result<(), NoRoom> {
        *buffer.get_mut(self.at).ok_or(NoRoom)? = byte;
        self.at += 1;
        self.last = 0;
        Ok(())
    }

    /// Writes the payload that is elsewhere in the buffer, with its marker, if there is one.
    pub(crate) fn payload(
        &mut self,
        buffer: &mut [u8],
        payload: Range<usize>,
    ) -> Result<(), NoRoom> {
        if payload.is_empty() {
            return Ok(());
        }
        let start = self.at + 1;
        let length = payload.len();
        copy_within(buffer, payload, start)?;
        self.byte(buffer, PAYLOAD_MARKER)?;
        self.at = start + length;
        Ok(())
    }

    /// Bytes that an option would take here.
    pub(crate) fn size(&self, number: u16, length: usize) -> usize {
        head(number.saturating_sub(self.last), clamp(length))
            .as_bytes()
            .len()
            .saturating_add(length)
    }

    /// Counts an option as if it were written.
    pub(crate) fn count(&mut self, number: u16, length: usize) {
        self.at = self.at.saturating_add(self.size(number, length));
        self.last = number;
    }

    /// Where the value of an option goes.
    fn reserve(
        &self,
        buffer: &[u8],
        limit: usize,
        number: u16,
        length: usize,
    ) -> Result<Range<usize>, NoRoom> {
        let end = self.at.saturating_add(self.size(number, length));
        if end > limit || end > buffer.len() {
            return Err(NoRoom);
        }
        Ok(end - length..end)
    }

    fn write_head(
        &mut self,
        buffer: &mut [u8],
        end: usize,
        number: u16,
        length: usize,
    ) -> Result<(), NoRoom> {
        let head = head(number.saturating_sub(self.last), clamp(length));
        let place = buffer.get_mut(self.at..end).ok_or(NoRoom)?;
        if place.len() != head.as_bytes().len() {
            return Err(NoRoom);
        }
        place.copy_from_slice(head.as_bytes());
        self.last = number;
        Ok(())
    }
}

/// The head of an option, as `codec::push_head` writes it where there is a heap.
struct Head {
    bytes: [u8; 5],
    length: usize,
}

impl Head {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }
}

/// The head of an option: its number less the one before, and the length of its value.
fn head(delta: u16, length: u16) -> Head {
    let mut head = Head {
        bytes: [0; 5],
        length: 0,
    };
    head.push(nibble(delta) << 4 | nibble(length));
    for value in [delta, length] {
        if let Some(value) = value.checked_sub(IN_BYTE) {
            let [high, low] = value.to_be_bytes();
            head.push(high);
            head.push(low);
        } else if let Some(value) = value.checked_sub(IN_NIBBLE) {
            head.push(value.to_be_bytes()[1]);
        }
    }
    head
}

/// An option of a message is never longer than this.
fn clamp(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Moves bytes of a buffer, as `copy_within` does that panics.
pub(crate) fn copy_within(buffer: &mut [u8], from: Range<usize>, to: usize) -> Result<(), NoRoom> {
    let end = to.checked_add(from.len()).ok_or(NoRoom)?;
    if from.end > buffer.len() || end > buffer.len() || from.start > from.end {
        return Err(NoRoom);
    }
    buffer.copy_within(from, to);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::push_head;
    use alloc::vec::Vec;

    #[test]
    fn a_head_is_the_one_that_a_packet_would_have() {
        let edges = [0, 12, 13, 268, 269, 300, u16::MAX];
        for (delta, length) in edges
            .into_iter()
            .flat_map(|one| edges.map(|other| (one, other)))
        {
            let mut bytes = Vec::new();
            push_head(&mut bytes, delta, length);
            assert_eq!(head(delta, length).as_bytes(), bytes);
        }
    }
}
