//! The part of CBOR (RFC 8949) that the wire uses: integers, byte and text strings, arrays and
//! maps of definite length, `false` and `true`; the rest is passed over where a key is unknown.
//!
//! It is here, and not taken from a library, because a node has 32 KiB of flash for the whole
//! agent: see `docs/decisions/cbor-codec.md`.

mod decoder;
mod encoder;
mod map;

pub(crate) use decoder::Kind;
pub use decoder::{Decoder, Stopped};
pub use encoder::Encoder;
pub(crate) use map::{cbor_map, cbor_numbers};

/// A value that can be written.
pub trait Encode {
    /// Writes it.
    fn encode(&self, encoder: &mut Encoder<'_>);

    /// Whether it says what the absence of its key would say: the key is then left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A value that can be read, and borrows from what it is read from.
pub trait Decode<'b>: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Stopped`]; the decoder knows why.
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped>;

    /// What the absence of its key says, where it may be absent.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        (**self).encode(encoder);
    }

    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = self {
            value.encode(encoder);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<'b, T: Decode<'b>> Decode<'b> for Option<T> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        T::decode(decoder).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

macro_rules! unsigned {
    ($($integer:ty),*) => {
        $(
            impl Encode for $integer {
                fn encode(&self, encoder: &mut Encoder<'_>) {
                    encoder.unsigned(u64::from(*self));
                }
            }

            impl Decode<'_> for $integer {
                fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
                    decoder.unsigned()
                }
            }
        )*
    };
}

unsigned!(u8, u16, u32, u64);

impl Encode for i32 {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.signed(*self);
    }
}

impl Decode<'_> for i32 {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
        decoder.signed()
    }
}

impl Encode for bool {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bool(*self);
    }
}

impl Decode<'_> for bool {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
        decoder.bool()
    }
}

impl Encode for str {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(self);
    }
}

impl<'b> Decode<'b> for &'b str {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        decoder.text()
    }
}

/// As a byte string.
impl Encode for [u8] {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(self);
    }
}

/// As a byte string.
impl<'b> Decode<'b> for &'b [u8] {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        decoder.bytes()
    }
}
