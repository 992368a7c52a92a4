//! The Block2 option (RFC 7959 section 2.2), and slices of an immutable blob to answer with.

use alloc::vec::Vec;
use core::fmt;

use edgerm_protocol::words::{self, Say, Words};

use crate::option::{decode_uint, encode_uint};

/// The size of a block: 16, 32, 64, 128, 256, 512 or 1024 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockSize(u8);

impl BlockSize {
    /// 16 bytes, the smallest.
    pub const MIN: Self = Self(0);
    /// 64 bytes: one 6LoWPAN fragment or two.
    pub const B64: Self = Self(2);
    /// 512 bytes.
    pub const B512: Self = Self(5);
    /// 1024 bytes, the largest.
    pub const MAX: Self = Self(6);

    /// The size of this exponent on the wire (`SZX`): 0 to 6, as 7 is reserved.
    pub const fn from_szx(szx: u8) -> Option<Self> {
        match szx {
            0..=6 => Some(Self(szx)),
            _ => None,
        }
    }

    /// The largest size of at most so many bytes, if 16 fit at all.
    pub fn at_most(bytes: usize) -> Option<Self> {
        (0..=6)
            .rev()
            .map(Self)
            .find(|size| usize::from(size.bytes()) <= bytes)
    }

    /// The exponent on the wire, 0 to 6.
    pub const fn szx(self) -> u8 {
        self.0
    }

    /// Bytes in a block.
    pub const fn bytes(self) -> u16 {
        16 << self.0
    }
}

/// The value of a Block2 option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockOption {
    number: u32,
    more: bool,
    size: BlockSize,
}

impl BlockOption {
    /// Highest number a block can have: 20 bits.
    pub const MAX_NUMBER: u32 = (1 << 20) - 1;

    /// Block `number` of that size, unless the number is over [`Self::MAX_NUMBER`]. `more`
    /// tells in a response whether blocks follow, and is false in a request.
    pub const fn new(number: u32, more: bool, size: BlockSize) -> Option<Self> {
        if number > Self::MAX_NUMBER {
            return None;
        }
        Some(Self { number, more, size })
    }

    /// Which block, counted in its own size.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// Whether more blocks follow.
    pub const fn more(self) -> bool {
        self.more
    }

    /// The size of every block but the last.
    pub const fn size(self) -> BlockSize {
        self.size
    }

    /// Where the block begins in the body, in bytes: under 2^30.
    pub const fn offset(self) -> u32 {
        self.number << (self.size.0 + 4)
    }

    /// The value on the wire, 0 to 3 bytes.
    pub fn encode(self) -> Vec<u8> {
        encode_uint(self.bits())
    }

    /// The value as a number: the block's, whether more follow, and the size's exponent.
    pub(crate) fn bits(self) -> u32 {
        self.number << 4 | u32::from(self.more) << 3 | u32::from(self.size.0)
    }

    /// The option of a value on the wire.
    pub fn decode(value: &[u8]) -> Result<Self, BlockOptionError> {
        let too_long = BlockOptionError::TooLong(value.len());
        if value.len() > 3 {
            return Err(too_long);
        }
        let bits = decode_uint(value).ok_or(too_long)?;
        let [_, _, _, low] = bits.to_be_bytes();
        Ok(Self {
            number: bits >> 4,
            more: low & 0x8 != 0,
            size: BlockSize::from_szx(low & 0x7).ok_or(BlockOptionError::ReservedSize)?,
        })
    }
}

/// Why the value of a Block2 option says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockOptionError {
    /// It has this many bytes, over 3.
    TooLong(usize),
    /// Its size exponent is 7, which is reserved.
    ReservedSize,
}

impl Say for BlockOptionError {
    fn say(&self, words: &mut Words<'_>) {
        match *self {
            Self::TooLong(len) => words
                .text("Block2 of ")
                .length(len)
                .text(" bytes is over 3"),
            Self::ReservedSize => words.text("Block2 size exponent 7 is reserved"),
        };
    }
}

impl fmt::Display for BlockOptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

impl core::error::Error for BlockOptionError {}

/// One block of a body, ready for [`Response::block`](crate::Response::block).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSlice<'a> {
    /// Which block it is, and whether more follow.
    pub option: BlockOption,
    /// Its bytes: as many as the size says, fewer only in the last block.
    pub data: &'a [u8],
    /// Length of the whole body in bytes.
    pub total: u32,
}

/// Cuts the requested block out of `blob`, keeping nothing: any block, any time, any order.
///
/// Without a request for a particular block it is the first. A size over `max` is cut down to
/// `max` and the number scaled, so that the block begins at the byte that was asked for.
pub fn serve(
    blob: &[u8],
    requested: Option<BlockOption>,
    max: BlockSize,
) -> Result<BlockSlice<'_>, BlockError> {
    let (offset, size) = requested.map_or((0, max), |block| (block.offset(), block.size.min(max)));
    let total = u32::try_from(blob.len()).map_err(|_| BlockError::Unaddressable { size })?;
    if offset > 0 && offset >= total {
        return Err(BlockError::OutOfRange { offset, total });
    }
    let end = total.min(offset + u32::from(size.bytes()));
    let option = BlockOption::new(offset >> (size.0 + 4), end < total, size)
        .ok_or(BlockError::Unaddressable { size })?;
    let data = as_range(offset, end)
        .and_then(|range| blob.get(range))
        .ok_or(BlockError::OutOfRange { offset, total })?;
    Ok(BlockSlice {
        option,
        data,
        total,
    })
}

fn as_range(from: u32, to: u32) -> Option<core::ops::Range<usize>> {
    Some(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
}

/// Why there is no such block. Both are for a 4.00 with the `Display` as diagnostic: RFC 7959
/// gives no code for them, and 4.02 would mean that Block2 is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockError {
    /// The block would begin at or after the end of the body.
    OutOfRange {
        /// Where it would begin, in bytes.
        offset: u32,
        /// Length of the body in bytes.
        total: u32,
    },
    /// Twenty bits of number do not reach this far in blocks of this size.
    Unaddressable {
        /// The size of the blocks.
        size: BlockSize,
    },
}

impl Say for BlockError {
    fn say(&self, words: &mut Words<'_>) {
        match *self {
            Self::OutOfRange { offset, total } => words
                .text("block at byte ")
                .number(offset)
                .text(" is beyond the end at ")
                .number(total),
            Self::Unaddressable { size } => words
                .text("block is out of reach in blocks of ")
                .number(size.bytes().into())
                .text(" bytes"),
        };
    }
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

impl core::error::Error for BlockError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn option(number: u32, more: bool, bytes: usize) -> BlockOption {
        let size = BlockSize::at_most(bytes).expect("a size");
        BlockOption::new(number, more, size).expect("a number")
    }

    #[test]
    fn the_rfcs_examples_have_these_values() {
        // The Block2 options of RFC 7959 figures 2 to 4, and the ends of the ranges.
        for (block, value) in [
            (option(0, true, 128), &[0x0b][..]),
            (option(1, true, 128), &[0x1b]),
            (option(3, false, 128), &[0x33]),
            (option(0, false, 64), &[0x02]),
            (option(5, false, 64), &[0x52]),
            (option(0, false, 16), &[]),
            (option(16, false, 16), &[0x01, 0x00]),
            (option(4095, true, 1024), &[0xff, 0xfe]),
            (
                option(BlockOption::MAX_NUMBER, true, 1024),
                &[0xff, 0xff, 0xfe],
            ),
        ] {
            assert_eq!(block.encode(), value);
            assert_eq!(BlockOption::decode(value), Ok(block));
        }
    }

    #[test]
    fn values_that_say_nothing_are_refused() {
        assert_eq!(
            BlockOption::decode(&[0x07]),
            Err(BlockOptionError::ReservedSize)
        );
        assert_eq!(
            BlockOption::decode(&[0; 4]),
            Err(BlockOptionError::TooLong(4))
        );
        let over = BlockOption::MAX_NUMBER + 1;
        assert_eq!(BlockOption::new(over, false, BlockSize::MIN), None);
        assert_eq!(BlockSize::from_szx(7), None);
        assert_eq!(BlockSize::at_most(15), None);
        assert_eq!(BlockSize::at_most(1023), Some(BlockSize::B512));
        assert_eq!(BlockSize::at_most(usize::MAX), Some(BlockSize::MAX));
    }

    #[test]
    fn a_block_is_cut_where_it_was_asked_for() {
        let blob: Vec<u8> = (0..150).collect();
        for (requested, max, expected, range) in [
            (None, BlockSize::B64, option(0, true, 64), 0..64),
            (
                Some(option(1, false, 64)),
                BlockSize::B64,
                option(1, true, 64),
                64..128,
            ),
            (
                Some(option(2, false, 64)),
                BlockSize::B64,
                option(2, false, 64),
                128..150,
            ),
            // Asked in larger blocks than served: the number is scaled.
            (
                Some(option(1, false, 128)),
                BlockSize::B64,
                option(2, false, 64),
                128..150,
            ),
            (
                Some(option(0, false, 1024)),
                BlockSize::B64,
                option(0, true, 64),
                0..64,
            ),
            (
                Some(option(9, false, 16)),
                BlockSize::MAX,
                option(9, false, 16),
                144..150,
            ),
            (None, BlockSize::MAX, option(0, false, 1024), 0..150),
        ] {
            let slice = serve(&blob, requested, max).expect("in range");
            assert_eq!(slice.option, expected, "{requested:?}");
            assert_eq!(slice.data, &blob[range]);
            assert_eq!(slice.total, 150);
        }
    }

    #[test]
    fn a_block_beyond_the_end_is_refused() {
        let blob = [0; 128];
        for (number, offset) in [
            (2, 128),
            (3, 192),
            (BlockOption::MAX_NUMBER, (1 << 26) - 64),
        ] {
            assert_eq!(
                serve(&blob, Some(option(number, false, 64)), BlockSize::MAX),
                Err(BlockError::OutOfRange { offset, total: 128 })
            );
        }
    }

    #[test]
    fn an_empty_blob_has_one_empty_block() {
        let slice = serve(&[], None, BlockSize::B64).expect("its first block");
        assert_eq!((slice.option, slice.data), (option(0, false, 64), &[][..]));
        assert!(serve(&[], Some(option(1, false, 16)), BlockSize::B64).is_err());
    }

    #[test]
    fn a_number_that_does_not_fit_smaller_blocks_is_refused() {
        let size = BlockSize::MIN;
        let blob = vec![0; (16 << 20) + 2048];
        assert_eq!(
            serve(&blob, Some(option(16_384, false, 1024)), size),
            Err(BlockError::Unaddressable { size })
        );
        let last = serve(
            &blob,
            Some(option(BlockOption::MAX_NUMBER, false, 16)),
            size,
        );
        assert!(last.expect("the last number").option.more());
    }

    proptest! {
        #[test]
        fn an_option_survives_the_wire(
            number in 0..=BlockOption::MAX_NUMBER, more: bool, szx in 0..=6u8,
        ) {
            let size = BlockSize::from_szx(szx).expect("a size");
            let block = BlockOption::new(number, more, size).expect("a number");
            prop_assert_eq!(BlockOption::decode(&block.encode()), Ok(block));
        }

        #[test]
        fn serving_anything_stays_in_the_blob(
            len in 0..5000usize, value in proptest::collection::vec(any::<u8>(), 0..4), szx in 0..=6u8,
        ) {
            let blob: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let max = BlockSize::from_szx(szx).expect("a size");
            let Ok(block) = BlockOption::decode(&value) else { return Ok(()) };
            if let Ok(slice) = serve(&blob, Some(block), max) {
                let from = slice.option.offset() as usize;
                prop_assert_eq!(slice.option.offset(), block.offset());
                prop_assert_eq!(slice.data, &blob[from..from + slice.data.len()]);
                prop_assert_eq!(slice.option.more(), from + slice.data.len() < len);
            }
        }
    }
}
