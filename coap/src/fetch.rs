//! The client's side of a Block2 transfer: asks for block after block of a body whose length
//! is known, from wherever the last attempt stopped. It stores nothing: each block is handed
//! to the caller with its offset.
//!
//! ```text
//!              next_block                     accept
//!  Wanting(offset) ----> request, response ----> Wanting(offset + length of the block)
//!     |                                             |
//!     +--- accept: FetchError, offset unmoved       +--- offset = total: done
//! ```

use core::fmt;

use crate::block::{BlockOption, BlockSize};
use crate::code::Code;
use crate::message::ReceivedResponse;

/// A body being fetched, block after block.
///
/// The server may answer with smaller blocks than asked for (RFC 7959 section 2.4); those
/// after are then asked for in that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block2Fetch {
    total: u32,
    offset: u32,
    size: BlockSize,
}

/// A block as it came, to be put at its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedBlock<'a> {
    /// Where it begins in the body, in bytes.
    pub offset: u32,
    /// Its bytes.
    pub data: &'a [u8],
}

impl Block2Fetch {
    /// A fetch of a body of `total` bytes in blocks of `size`, that has everything before
    /// `from` already. It begins with the block that holds the byte `from`.
    pub fn new(total: u32, size: BlockSize, from: u32) -> Result<Self, FetchError> {
        let block = u32::from(size.bytes());
        let fetch = Self {
            total,
            offset: if from < total {
                from / block * block
            } else {
                total
            },
            size,
        };
        fetch.check_reach()?;
        Ok(fetch)
    }

    /// The Block2 option of the next request; `None` once everything is there.
    pub fn next_block(&self) -> Option<BlockOption> {
        let number = self.offset / u32::from(self.size.bytes());
        (!self.is_done())
            .then(|| BlockOption::new(number, false, self.size))
            .flatten()
    }

    /// Whether every byte was accepted.
    pub const fn is_done(&self) -> bool {
        self.offset >= self.total
    }

    /// Bytes accepted so far, those before the start included: what progress shows, and where
    /// a later fetch may resume.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// Length of the whole body in bytes.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// Takes the response to the request for [`Self::next_block`]. After an error nothing has
    /// moved, and the same block may be asked for again.
    pub fn accept<'a>(
        &mut self,
        response: &'a ReceivedResponse,
    ) -> Result<FetchedBlock<'a>, FetchError> {
        if response.code != Code::CONTENT {
            return Err(FetchError::Code(response.code));
        }
        if let Some(got) = response.size2.filter(|got| *got != self.total) {
            return Err(FetchError::WrongTotal {
                expected: self.total,
                got,
            });
        }
        let mut after = *self;
        let (size, more) = match response.block2 {
            Some(block) => {
                after.check_block(block)?;
                after.size = block.size();
                (u32::from(block.size().bytes()), block.more())
            }
            // A body that fits may come without the option, all of it.
            None if self.offset == 0 => (self.total, false),
            None => return Err(FetchError::NoBlock2),
        };
        let expected = size.min(self.total - self.offset);
        if u32::try_from(response.payload.len()) != Ok(expected) {
            return Err(FetchError::WrongLength {
                expected,
                got: response.payload.len(),
            });
        }
        after.offset += expected;
        if more == after.is_done() {
            return Err(FetchError::WrongMore {
                end: after.offset,
                total: self.total,
                more,
            });
        }
        after.check_reach()?;
        let block = FetchedBlock {
            offset: self.offset,
            data: &response.payload,
        };
        *self = after;
        Ok(block)
    }

    fn check_block(&self, block: BlockOption) -> Result<(), FetchError> {
        if block.size() > self.size {
            return Err(FetchError::LargerBlocks {
                asked: self.size,
                got: block.size(),
            });
        }
        if block.offset() != self.offset || self.is_done() {
            return Err(FetchError::WrongBlock {
                expected: self.offset,
                got: block.offset(),
            });
        }
        Ok(())
    }

    /// Whether the last block can be asked for in the present size.
    fn check_reach(&self) -> Result<(), FetchError> {
        let last = self.total.saturating_sub(1) / u32::from(self.size.bytes());
        if last > BlockOption::MAX_NUMBER {
            return Err(FetchError::Unaddressable {
                total: self.total,
                size: self.size,
            });
        }
        Ok(())
    }
}

/// Why a body cannot be fetched, or a response is not the block that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// The server answered with this code rather than 2.05.
    Code(Code),
    /// The server's body has another length than the one expected, in bytes.
    WrongTotal {
        /// The length expected.
        expected: u32,
        /// The length it told.
        got: u32,
    },
    /// A block in the middle was asked for, and the response names none.
    NoBlock2,
    /// The blocks are larger than asked for.
    LargerBlocks {
        /// The size asked for.
        asked: BlockSize,
        /// The size of the response.
        got: BlockSize,
    },
    /// The block begins at another byte than asked for.
    WrongBlock {
        /// The offset asked for.
        expected: u32,
        /// The offset of the response.
        got: u32,
    },
    /// The block has more or fewer bytes than its place and size make it.
    WrongLength {
        /// The bytes it should have.
        expected: u32,
        /// The bytes it has.
        got: usize,
    },
    /// It says that more follows where the body ends, or that nothing does where it goes on.
    WrongMore {
        /// Where the block ends, in bytes.
        end: u32,
        /// Length of the body in bytes.
        total: u32,
        /// What the block says.
        more: bool,
    },
    /// Twenty bits of block number do not reach the end of the body in blocks of this size.
    Unaddressable {
        /// Length of the body in bytes.
        total: u32,
        /// The size of the blocks.
        size: BlockSize,
    },
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "answered with {code}"),
            Self::WrongTotal { expected, got } => {
                write!(f, "body of {got} bytes, expected {expected}")
            }
            Self::NoBlock2 => f.write_str("response without Block2 to a request for a block"),
            Self::LargerBlocks { asked, got } => write!(
                f,
                "blocks of {} bytes, asked for {}",
                got.bytes(),
                asked.bytes()
            ),
            Self::WrongBlock { expected, got } => {
                write!(f, "block at byte {got}, asked for {expected}")
            }
            Self::WrongLength { expected, got } => {
                write!(f, "block of {got} bytes, should be {expected}")
            }
            Self::WrongMore { end, total, more } => {
                let claim = if *more {
                    "more follows"
                } else {
                    "it is the last"
                };
                write!(f, "block ending at {end} of {total} bytes says {claim}")
            }
            Self::Unaddressable { total, size } => write!(
                f,
                "body of {total} bytes is too long for blocks of {}",
                size.bytes()
            ),
        }
    }
}

impl core::error::Error for FetchError {}
