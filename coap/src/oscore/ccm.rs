//! CCM (RFC 3610, NIST SP 800-38C) over AES-128, with a tag of 8 bytes and lengths of 2, as
//! AES-CCM-16-64-128 has them: in place, in one pass, without a table.
//!
//! The code of authentication is a chain of blocks, each of which waits for the one before it;
//! the key stream is not. So each step encrypts a block of both side by side, the one of the
//! stream for the step after: two blocks take a processor with AES instructions as long as one.

use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use aes::{Aes128Enc, Block};
use subtle::ConstantTimeEq;

/// Bytes of a key.
pub(crate) const KEY: usize = 16;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 13;

/// Bytes of a tag.
pub(crate) const TAG: usize = 8;

const BLOCK: usize = 16;

/// Bytes of the length of the additional data, and of the message: `L` of RFC 3610.
const LENGTH: usize = 2;

/// From the last byte of a block to its first, and from its last two to its first two.
const FLAGS_SHIFT: usize = 8 * (BLOCK - 1);
const LENGTH_SHIFT: usize = 8 * (BLOCK - LENGTH);

/// From here on, lengths of additional data are written otherwise.
const MAX_AAD: usize = 0xff00;

/// Flags of the blocks that make the key stream: `L - 1`.
const COUNTER: u8 = 1;

/// Flags of the first block: `(M - 2) / 2` for a tag of so many bytes, and the same; and whether
/// there is additional data.
const FLAGS: u8 = 3 << 3 | COUNTER;
const HAS_AAD: u8 = 0x40;

/// A message, its nonce or its additional data are not those that its tag was made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unauthentic;

/// Encrypts in place, and gives the tag. `None` where the message is longer than 65,535 bytes,
/// or the additional data than 65,279.
pub(crate) fn seal(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    aad: &[u8],
    message: &mut [u8],
) -> Option<[u8; TAG]> {
    pass(key, Way::Seal, nonce, aad, message)
}

/// Decrypts in place what verifies, and wipes what does not.
pub(crate) fn open(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    aad: &[u8],
    message: &mut [u8],
    tag: [u8; TAG],
) -> Result<(), Unauthentic> {
    let ours = pass(key, Way::Open, nonce, aad, message);
    if ours.is_some_and(|ours| ours.ct_eq(&tag).into()) {
        return Ok(());
    }
    message.fill(0);
    Err(Unauthentic)
}

#[derive(Clone, Copy)]
enum Way {
    Seal,
    Open,
}

/// Does the one or the other, and gives the tag that the message has then.
fn pass(
    key: &[u8; KEY],
    way: Way,
    nonce: &[u8; NONCE],
    aad: &[u8],
    message: &mut [u8],
) -> Option<[u8; TAG]> {
    let length = u16::try_from(message.len()).ok()?;
    let aad_length = u16::try_from(aad.len()).ok()?;
    if aad.len() >= MAX_AAD {
        return None;
    }
    let mut tag = [0; TAG];
    Aes128Enc::new(key.into()).encrypt_with_backend(Pass {
        way,
        nonce,
        aad,
        message,
        aad_length,
        length,
        tag: &mut tag,
    });
    Some(tag)
}

struct Pass<'a> {
    way: Way,
    nonce: &'a [u8; NONCE],
    aad: &'a [u8],
    aad_length: u16,
    message: &'a mut [u8],
    length: u16,
    /// What comes out.
    tag: &'a mut [u8; TAG],
}

impl BlockSizeUser for Pass<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Pass<'_> {
    // Into the function of the backend, which is compiled for the processor's AES instructions.
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let Self {
            way, nonce, tag, ..
        } = self;
        let (mut aad, mut message) = (self.aad, self.message);
        // To stand before the additional data.
        let mut aad_length = Some(self.aad_length);

        let counters = counters(nonce);
        let flags = if aad.is_empty() {
            FLAGS
        } else {
            FLAGS | HAS_AAD
        };
        let first = counters | u128::from(flags) << FLAGS_SHIFT | u128::from(self.length);
        let mut mac = first.to_be();
        let mut number: u16 = 1;
        loop {
            // The next block of the message meets the one of its number; the tag is last, and
            // meets the one of number 0.
            let next = if message.is_empty() { 0 } else { number };
            mac = encrypt(backend, mac);
            let stream = encrypt(backend, (counters | u128::from(next)).to_be());

            if !aad.is_empty() {
                let at = aad_length.take().map_or(0, |length| {
                    mac ^= (u128::from(length) << LENGTH_SHIFT).to_be();
                    LENGTH
                });
                let (part, rest) = aad.split_at(aad.len().min(BLOCK - at));
                mac ^= load(part, at);
                aad = rest;
            } else if !message.is_empty() {
                let (part, rest) = message.split_at_mut(message.len().min(BLOCK));
                let text = load(part, 0);
                store(part, text ^ stream);
                mac ^= match way {
                    Way::Seal => text,
                    Way::Open => load(part, 0),
                };
                message = rest;
                number = number.wrapping_add(1);
            } else {
                store(tag, mac ^ stream);
                return;
            }
        }
    }
}

/// The blocks of the key stream, but for their number, as a big-endian integer.
fn counters(nonce: &[u8; NONCE]) -> u128 {
    let mut block = [0; BLOCK];
    let (head, _) = block.split_at_mut(1 + NONCE);
    let (flags, middle) = head.split_at_mut(1);
    flags.fill(COUNTER);
    middle.copy_from_slice(nonce);
    u128::from_be_bytes(block)
}

#[inline(always)]
fn encrypt<B: BlockCipherEncBackend<BlockSize = U16>>(backend: &B, block: u128) -> u128 {
    let mut block: Block = block.to_ne_bytes().into();
    backend.encrypt_block_inplace(&mut block);
    u128::from_ne_bytes(block.into())
}

/// Up to a block of bytes that begin at a place of it, with zeros around.
#[inline]
fn load(part: &[u8], at: usize) -> u128 {
    let mut block = [0; BLOCK];
    if let Some(place) = block.get_mut(at..at + part.len()) {
        place.copy_from_slice(part);
    }
    u128::from_ne_bytes(block)
}

/// The first bytes of a block.
#[inline]
fn store(part: &mut [u8], block: u128) {
    let length = part.len();
    if let Some(bytes) = block.to_ne_bytes().get(..length) {
        part.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
