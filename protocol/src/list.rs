//! Lists with a capacity, held in place.

use core::ops::Deref;

use crate::codec::{Decode, Decoder, Encode, Encoder, Stopped};

/// At most `N` members, held in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const N: usize>(heapless::Vec<T, N>);

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self(heapless::Vec::new())
    }
}

impl<T, const N: usize> List<T, N> {
    /// Appends `member`.
    ///
    /// # Errors
    ///
    /// Gives `member` back where the list is full.
    pub fn push(&mut self, member: T) -> Result<(), T> {
        self.0.push(member)
    }

    /// Whether the list has no members: such a list is left out of its message.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A list of the first `N` of `members`.
    pub fn from_first(members: impl IntoIterator<Item = T>) -> Self {
        Self(members.into_iter().take(N).collect())
    }
}

impl<T, const N: usize> Deref for List<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> IntoIterator for List<T, N> {
    type Item = T;
    type IntoIter = <heapless::Vec<T, N> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a List<T, N> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Encode, const N: usize> Encode for List<T, N> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(self.0.len());
        self.0.iter().for_each(|member| member.encode(encoder));
    }

    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'b, T: Decode<'b>, const N: usize> Decode<'b> for List<T, N> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let mut list = Self::default();
        for _ in 0..decoder.array()? {
            let member = decoder.read()?;
            list.push(member).or_else(|_| decoder.beyond())?;
        }
        Ok(list)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{DecodeError, decode};

    #[test]
    fn a_list_beyond_its_capacity_is_refused() {
        assert_eq!(
            decode::<List<u8, 2>>(&[0x82, 1, 2]).map(|list| list.len()),
            Ok(2)
        );
        assert_eq!(
            decode::<List<u8, 2>>(&[0x83, 1, 2, 3]),
            Err(DecodeError::OutOfRange { at: 4 })
        );
        // The promise of 2^32 members costs nothing.
        let promise = [0x9a, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(
            decode::<List<u8, 2>>(&promise),
            Err(DecodeError::Malformed { at: 5 })
        );
    }
}
