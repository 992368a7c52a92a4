//! Ids: newtypes, so that no function takes the wrong one.
//!
//! An id is written in lower-case hexadecimal of fixed length, in JSON as in a terminal,
//! because JSON's numbers lose what lies beyond 2^53.

use core::fmt;
use core::str::FromStr;

use crate::codec::{Decode, Decoder, Encode, Encoder, Stopped};
use crate::words::{self, Say, Words};

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseIdError {
    /// The text has another length than the id's hexadecimal digits.
    Length {
        /// Digits that the id has.
        expected: usize,
        /// Bytes that the text has.
        found: usize,
    },
    /// The byte at this position is no lower-case hexadecimal digit.
    Digit {
        /// Position in the text, from 0.
        at: usize,
    },
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(
                    f,
                    "an id here has {expected} hexadecimal digits, this text {found}"
                )
            }
            Self::Digit { at } => write!(f, "character {at} is no lower-case hexadecimal digit"),
        }
    }
}

impl core::error::Error for ParseIdError {}

/// One nibble, lower case only: an id has one spelling.
fn nibble(text: &[u8], at: usize) -> Result<u8, ParseIdError> {
    match text[at] {
        digit @ b'0'..=b'9' => Ok(digit - b'0'),
        digit @ b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(ParseIdError::Digit { at }),
    }
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return Err(ParseIdError::Length {
            expected: 2 * N,
            found: text.len(),
        });
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = nibble(text, 2 * i)? << 4 | nibble(text, 2 * i + 1)?;
    }
    Ok(bytes)
}

/// Debug, Display and FromStr of an id, and its form in JSON: all the same text.
macro_rules! id_text {
    ($name:ident, $to_bytes:expr, $from_bytes:expr) => {
        impl Say for $name {
            fn say(&self, words: &mut Words<'_>) {
                words.hex(&$to_bytes(self.0));
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                words::display(self, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map($from_bytes).map($name)
            }
        }

        #[cfg(feature = "api")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "api")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident, $integer:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $integer);

        impl Encode for $name {
            fn encode(&self, encoder: &mut Encoder<'_>) {
                self.0.encode(encoder);
            }
        }

        impl Decode<'_> for $name {
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
                decoder.read().map(Self)
            }
        }

        id_text!($name, <$integer>::to_be_bytes, <$integer>::from_be_bytes);
    };
}

integer_id! {
    /// An agent, as the cluster knows it: the same after a reboot of either end. Under OSCORE it
    /// is the agent's key id, which is why it has four bytes.
    AgentId, u32
}
integer_id! {
    /// A framework, drawn at random by the master that registered it.
    FrameworkId, u64
}
integer_id! {
    /// An offer, drawn at random by the master that made it.
    OfferId, u64
}
integer_id! {
    /// A task, drawn at random by its framework, so that a launch may be asked for twice and
    /// happens once.
    TaskId, u64
}
integer_id! {
    /// One registration of an agent, drawn by the master. Every later message bears it, so
    /// that neither end takes a message meant for somebody who had the address before.
    SessionId, u32
}
integer_id! {
    /// One boot of an agent, drawn from its entropy. Output is numbered anew in each.
    BootId, u32
}

/// A module: the SHA-256 digest of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub [u8; 32]);

impl Encode for ModuleId {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.0);
    }
}

impl Decode<'_> for ModuleId {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
        let digest = decoder.bytes()?.try_into();
        digest.map(Self).or_else(|_| decoder.beyond())
    }
}

id_text!(ModuleId, core::convert::identity, core::convert::identity);

/// Bytes of a module's digest that name it in a path.
///
/// A second module with the same 64 bits costs its maker 2^64 tries to aim at another's, and
/// what is fetched is verified against the whole digest, so a shorter path risks nothing
/// and saves 48 bytes in every block's request.
pub const MODULE_KEY_BYTES: usize = 8;

/// The hexadecimal digits of [`MODULE_KEY_BYTES`].
pub type ModuleKey = heapless::String<{ 2 * MODULE_KEY_BYTES }>;

impl ModuleId {
    /// The path segment that names this module to the master.
    pub fn key(&self) -> ModuleKey {
        let mut key = ModuleKey::new();
        let said = |words: &mut Words<'_>| {
            words.hex(&self.0[..MODULE_KEY_BYTES]);
        };
        words::write(&said, &mut |digit| {
            // There is room for all of them.
            let _fits = key.push_str(digit);
        });
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_alike() {
        extern crate std;
        use std::string::ToString;

        assert_eq!(AgentId(0x2a).to_string(), "0000002a");
        assert_eq!("0000002a".parse(), Ok(AgentId(0x2a)));
        assert_eq!(TaskId(u64::MAX).to_string().parse(), Ok(TaskId(u64::MAX)));
        let module = ModuleId(core::array::from_fn(|i| u8::try_from(i).unwrap()));
        assert_eq!(module.to_string().parse(), Ok(module));
        assert_eq!(module.key(), "0001020304050607");
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_place() {
        let cases = [
            (
                "",
                ParseIdError::Length {
                    expected: 8,
                    found: 0,
                },
            ),
            (
                "0000002a0",
                ParseIdError::Length {
                    expected: 8,
                    found: 9,
                },
            ),
            ("0000002A", ParseIdError::Digit { at: 7 }),
            ("0000é2a", ParseIdError::Digit { at: 4 }),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<AgentId>(), Err(error), "{text}");
        }
    }
}
