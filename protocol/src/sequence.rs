//! Lists that are read where they are wanted, out of the bytes that they came in.

use core::marker::PhantomData;

use crate::codec::{Decode, Decoder, Stopped};

/// At most `N` members that were checked once and are read anew each time: two words, where a
/// [`crate::codec::List`] holds them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence<'b, T, const N: usize> {
    /// The array; no bytes where it is absent.
    bytes: &'b [u8],
    members: PhantomData<T>,
}

impl<'b, T: Decode<'b>, const N: usize> Sequence<'b, T, N> {
    /// The members one by one.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'b, T, N> {
        let mut decoder = Decoder::new(self.bytes);
        let length = decoder.array().unwrap_or(0);
        // All of them could be read before.
        (0..length).map_while(move |_| decoder.read().ok())
    }
}

impl<'b, T: Decode<'b>, const N: usize> Decode<'b> for Sequence<'b, T, N> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let start = decoder.position();
        for count in 0..decoder.array()? {
            let _checked: T = decoder.read()?;
            if count >= N as u64 {
                return decoder.beyond();
            }
        }
        Ok(Self {
            bytes: decoder.since(start),
            members: PhantomData,
        })
    }

    fn absent() -> Option<Self> {
        Some(Self {
            bytes: &[],
            members: PhantomData,
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;
    use crate::codec::{DecodeError, List, decode};

    #[test]
    fn it_takes_what_a_list_takes_and_has_the_same_members() {
        for bytes in [
            &[0x80][..],
            &[0x82, 1, 2],
            &[0x83, 1, 2, 3],
            &[0x82, 1],
            &[0x82, 1, 0x20],
            &[0x9a, 0xff, 0xff, 0xff, 0xff],
            &[0xa0],
        ] {
            let list: Result<Vec<u8>, DecodeError> =
                decode::<List<u8, 2>>(bytes).map(|list| list.to_vec());
            let sequence = decode::<Sequence<'_, u8, 2>>(bytes);
            assert_eq!(sequence.map(|members| members.iter().collect()), list);
        }
        let absent = Sequence::<u8, 2>::absent().map(|members| members.iter().count());
        assert_eq!(absent, Some(0));
    }
}
