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

use edgerm_protocol::words::{self, Say, Words};

use crate::block::{BlockOption, BlockSize};
use crate::code::Code;
use crate::response::ReceivedResponse;

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

impl Say for FetchError {
    fn say(&self, words: &mut Words<'_>) {
        match *self {
            Self::Code(code) => words.text("answered with ").of(&code),
            Self::WrongTotal { expected, got } => words
                .text("body of ")
                .number(got)
                .text(" bytes, expected ")
                .number(expected),
            Self::NoBlock2 => words.text("response without Block2 to a request for a block"),
            Self::LargerBlocks { asked, got } => words
                .text("blocks of ")
                .number(got.bytes().into())
                .text(" bytes, asked for ")
                .number(asked.bytes().into()),
            Self::WrongBlock { expected, got } => words
                .text("block at byte ")
                .number(got)
                .text(", asked for ")
                .number(expected),
            Self::WrongLength { expected, got } => words
                .text("block of ")
                .length(got)
                .text(" bytes, should be ")
                .number(expected),
            Self::WrongMore { end, total, more } => words
                .text("block ending at ")
                .number(end)
                .text(" of ")
                .number(total)
                .text(if more {
                    " bytes says more follows"
                } else {
                    " bytes says it is the last"
                }),
            Self::Unaddressable { total, size } => words
                .text("body of ")
                .number(total)
                .text(" bytes is too long for blocks of ")
                .number(size.bytes().into()),
        };
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

impl core::error::Error for FetchError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::serve;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const TOTAL: u32 = 150;

    fn option(number: u32, more: bool, size: BlockSize) -> BlockOption {
        BlockOption::new(number, more, size).expect("a number")
    }

    fn response(block2: Option<BlockOption>, len: usize) -> ReceivedResponse {
        ReceivedResponse {
            code: Code::CONTENT,
            content_format: None,
            block2,
            size2: None,
            echo: None,
            payload: vec![7; len],
        }
    }

    #[test]
    fn a_wrong_response_is_refused_and_moves_nothing() {
        let (b64, b128) = (BlockSize::B64, BlockSize::from_szx(3).expect("a size"));
        let not_found = ReceivedResponse {
            code: Code::NOT_FOUND,
            ..response(None, 0)
        };
        let another = ReceivedResponse {
            size2: Some(151),
            echo: None,
            ..response(Some(option(1, true, b64)), 64)
        };
        let wrong_length = |got| FetchError::WrongLength { expected: 64, got };
        let wrong_block = |got| FetchError::WrongBlock { expected: 64, got };
        for (response, error) in [
            (not_found, FetchError::Code(Code::NOT_FOUND)),
            (
                another,
                FetchError::WrongTotal {
                    expected: TOTAL,
                    got: 151,
                },
            ),
            (response(None, 64), FetchError::NoBlock2),
            (
                response(Some(option(0, true, b128)), 128),
                FetchError::LargerBlocks {
                    asked: b64,
                    got: b128,
                },
            ),
            (response(Some(option(0, true, b64)), 64), wrong_block(0)),
            (response(Some(option(2, false, b64)), 22), wrong_block(128)),
            (
                response(Some(option(1, true, BlockSize::MIN)), 16),
                wrong_block(16),
            ),
            (response(Some(option(1, true, b64)), 63), wrong_length(63)),
            (response(Some(option(1, true, b64)), 65), wrong_length(65)),
            (response(Some(option(1, true, b64)), 0), wrong_length(0)),
            (
                response(Some(option(1, false, b64)), 64),
                FetchError::WrongMore {
                    end: 128,
                    total: TOTAL,
                    more: false,
                },
            ),
        ] {
            let mut fetch = Block2Fetch::new(TOTAL, b64, 64).expect("in reach");
            assert_eq!(fetch.accept(&response), Err(error));
            assert_eq!(fetch.next_block(), Some(option(1, false, b64)));
        }
    }

    #[test]
    fn the_last_block_ends_it() {
        let mut fetch = Block2Fetch::new(TOTAL, BlockSize::B64, 149).expect("in reach");
        let last = option(2, false, BlockSize::B64);
        assert_eq!(fetch.next_block(), Some(last));
        let lies = response(Some(option(2, true, BlockSize::B64)), 22);
        let more = FetchError::WrongMore {
            end: TOTAL,
            total: TOTAL,
            more: true,
        };
        assert_eq!(fetch.accept(&lies), Err(more));
        let response = response(Some(last), 22);
        let block = fetch.accept(&response).expect("the last block");
        assert_eq!((block.offset, block.data.len()), (128, 22));
        assert!(fetch.is_done());
        assert_eq!(fetch.next_block(), None);
        assert!(fetch.accept(&response).is_err(), "nothing more to take");

        let mut whole = Block2Fetch::new(128, BlockSize::B64, 128).expect("in reach");
        let beyond = ReceivedResponse {
            payload: Vec::new(),
            ..response
        };
        let got = FetchError::WrongBlock {
            expected: 128,
            got: 128,
        };
        assert_eq!(whole.accept(&beyond), Err(got));
    }

    #[test]
    fn a_body_that_fits_may_come_without_the_option() {
        let mut fetch = Block2Fetch::new(10, BlockSize::B64, 0).expect("in reach");
        let whole = response(None, 10);
        assert_eq!(fetch.accept(&whole).map(|block| block.data.len()), Ok(10));
        assert!(fetch.is_done());
    }

    #[test]
    fn nothing_is_asked_for_where_nothing_is_missing() {
        for (total, from) in [(0, 0), (10, 10), (10, 11), (10, u32::MAX)] {
            let fetch = Block2Fetch::new(total, BlockSize::MIN, from).expect("in reach");
            assert!(fetch.is_done());
            assert_eq!(fetch.next_block(), None);
        }
    }

    #[test]
    fn a_body_out_of_reach_is_refused() {
        let size = BlockSize::MIN;
        let total = (16 << 20) + 1;
        let error = FetchError::Unaddressable { total, size };
        assert_eq!(Block2Fetch::new(total, size, 0), Err(error));
        assert!(Block2Fetch::new(total - 1, size, 0).is_ok());
        let mut fetch = Block2Fetch::new(total, BlockSize::B64, 0).expect("in reach");
        let shrunk = response(Some(option(0, true, size)), 16);
        assert_eq!(
            fetch.accept(&shrunk),
            Err(error),
            "the server shrinks the blocks"
        );
        assert_eq!(fetch.offset(), 0);
    }

    proptest! {
        /// Whatever sizes the two sides have, and wherever it resumes, the body arrives whole,
        /// also when the server shrinks its blocks on the way.
        #[test]
        fn a_fetch_meets_serve(
            len in 0..3000u32, asked in 0..=6u8, from in 0..3000u32,
            served in proptest::collection::vec(0..=6u8, 1..4),
        ) {
            let blob: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let asked = BlockSize::from_szx(asked).expect("a size");
            let mut fetch = Block2Fetch::new(len, asked, from).expect("in reach");
            let mut got = blob[..fetch.offset() as usize].to_vec();
            let mut sizes = served.iter().cycle();
            while let Some(block) = fetch.next_block() {
                let max = sizes.next().copied().and_then(BlockSize::from_szx).expect("a size");
                let slice = serve(&blob, Some(block), max).expect("in range");
                let response = ReceivedResponse {
                    code: Code::CONTENT,
                    content_format: None,
                    block2: Some(slice.option),
                    size2: Some(slice.total),
                    echo: None,
                    payload: slice.data.to_vec(),
                };
                let taken = fetch.accept(&response).expect("the block asked for");
                prop_assert_eq!(taken.offset as usize, got.len());
                got.extend(taken.data);
            }
            prop_assert_eq!(got, blob);
        }

        #[test]
        fn hostile_responses_never_pass_the_end(
            total in 0..2000u32, from in 0..2000u32,
            responses in proptest::collection::vec(
                (proptest::option::of(proptest::collection::vec(any::<u8>(), 0..3)), 0..130usize),
                0..50,
            ),
        ) {
            let mut fetch = Block2Fetch::new(total, BlockSize::B64, from).expect("in reach");
            for (value, len) in responses {
                let block2 = value.and_then(|value| BlockOption::decode(&value).ok());
                let before = fetch;
                match fetch.accept(&response(block2, len)) {
                    Ok(block) => {
                        prop_assert_eq!(block.offset, before.offset());
                        prop_assert!(fetch.offset() <= total);
                    }
                    Err(_) => prop_assert_eq!(fetch, before),
                }
            }
        }
    }
}
