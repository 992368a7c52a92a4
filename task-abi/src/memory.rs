//! A task's memory, where pointers are the task's own and may be anything.

use core::ops::Range;

use crate::ErrorCode;
use crate::function::Args;
use crate::limits::MAX_NAME;

/// A name copied out of a task's memory, so that the memory can be written meanwhile.
pub(crate) struct Name {
    bytes: [u8; MAX_NAME],
    length: usize,
}

impl Name {
    fn new(name: &str) -> Result<Self, ErrorCode> {
        if name.is_empty() {
            return Err(ErrorCode::InvalidArgument);
        }
        let mut bytes = [0; MAX_NAME];
        bytes
            .get_mut(..name.len())
            .ok_or(ErrorCode::TooLong)?
            .copy_from_slice(name.as_bytes());
        Ok(Self {
            bytes,
            length: name.len(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        // It was made of a whole `&str`, so the default is never taken.
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// The bytes that the pointer at `index` and the length after it name.
pub(crate) fn bytes<'m>(
    memory: &'m [u8],
    args: &Args,
    index: usize,
) -> Result<&'m [u8], ErrorCode> {
    let range = range(args.u32(index), args.u32(index + 1))?;
    memory.get(range).ok_or(ErrorCode::OutOfBounds)
}

/// The same, of at most `limit` bytes.
pub(crate) fn bytes_within<'m>(
    memory: &'m [u8],
    args: &Args,
    index: usize,
    limit: usize,
) -> Result<&'m [u8], ErrorCode> {
    let bytes = bytes(memory, args, index)?;
    if bytes.len() > limit {
        return Err(ErrorCode::TooLong);
    }
    Ok(bytes)
}

/// The bytes for the node to write that the pointer at `index` and the length after it name.
pub(crate) fn buffer<'m>(
    memory: &'m mut [u8],
    args: &Args,
    index: usize,
) -> Result<&'m mut [u8], ErrorCode> {
    let range = range(args.u32(index), args.u32(index + 1))?;
    memory.get_mut(range).ok_or(ErrorCode::OutOfBounds)
}

/// The 8 bytes for the node to write at the pointer at `index`.
pub(crate) fn out_i64<'m>(
    memory: &'m mut [u8],
    args: &Args,
    index: usize,
) -> Result<&'m mut [u8; 8], ErrorCode> {
    let range = range(args.u32(index), 8)?;
    memory
        .get_mut(range)
        .and_then(|slice| slice.try_into().ok())
        .ok_or(ErrorCode::OutOfBounds)
}

/// A name of 1 to [`MAX_NAME`] bytes of UTF-8 at the pointer at `index`.
pub(crate) fn name(memory: &[u8], args: &Args, index: usize) -> Result<Name, ErrorCode> {
    Name::new(utf8(bytes_within(memory, args, index, MAX_NAME)?)?)
}

/// The first `limit` bytes, or fewer so as to end with a whole character, of the UTF-8 at the
/// pointer at `index`.
pub(crate) fn text_cut<'m>(
    memory: &'m [u8],
    args: &Args,
    index: usize,
    limit: usize,
) -> Result<&'m str, ErrorCode> {
    let text = bytes(memory, args, index)?;
    match text.get(..limit) {
        None => utf8(text),
        Some(cut) => match core::str::from_utf8(cut) {
            Ok(line) => Ok(line),
            // The cut went through a character: without an `error_len` the bytes are right as
            // far as they go.
            Err(error) if error.error_len().is_none() => utf8(&cut[..error.valid_up_to()]),
            Err(_) => Err(ErrorCode::InvalidArgument),
        },
    }
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, ErrorCode> {
    core::str::from_utf8(bytes).map_err(|_| ErrorCode::InvalidArgument)
}

fn range(pointer: u32, length: u32) -> Result<Range<usize>, ErrorCode> {
    let start = usize::try_from(pointer).map_err(|_| ErrorCode::OutOfBounds)?;
    let length = usize::try_from(length).map_err(|_| ErrorCode::OutOfBounds)?;
    let end = start.checked_add(length).ok_or(ErrorCode::OutOfBounds)?;
    Ok(start..end)
}
