//! What an agent tells of itself: its resources and attributes, as one immutable blob.
//!
//! The agent encodes it once and keeps the bytes. They travel inside the registration where
//! they fit, and are pulled with Block2 where they do not. Readers iterate over the bytes:
//! nobody needs a table of [`MAX_RESOURCES`] on a stack.

mod writer;

use minicbor::encode::write::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::codec::{DecodeError, out_of_range};
use crate::limits::{MAX_ATTRIBUTES, MAX_DESCRIPTION, MAX_RESOURCES};
use crate::resource::{Attribute, Name, Resource};

pub use writer::Writer;

/// Resources and attributes to be encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Description<'a> {
    /// What tasks may consume, at most [`MAX_RESOURCES`], each name once.
    pub resources: &'a [Resource<'a>],
    /// What is true, at most [`MAX_ATTRIBUTES`], each name once.
    pub attributes: &'a [Attribute<'a>],
}

const RESOURCES_KEY: i64 = 0;
const ATTRIBUTES_KEY: i64 = 1;

impl<Ctx> Encode<Ctx> for Description<'_> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder
            .map(2)?
            .i64(RESOURCES_KEY)?
            .map(self.resources.len() as u64)?;
        for resource in self.resources {
            resource.name.encode(encoder, ctx)?;
            resource.value.encode(encoder, ctx)?;
        }
        encoder
            .i64(ATTRIBUTES_KEY)?
            .map(self.attributes.len() as u64)?;
        for attribute in self.attributes {
            attribute.name.encode(encoder, ctx)?;
            attribute.value.encode(encoder, ctx)?;
        }
        Ok(())
    }
}

/// An encoded description, checked once so that it can be read without errors to handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedDescription<'b> {
    bytes: &'b [u8],
}

impl<'b> EncodedDescription<'b> {
    /// Checks every member of `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where a member is malformed, beyond its capacity, or one too many. That
    /// a name stands there twice is for whoever collects them to see.
    pub fn new(bytes: &'b [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_DESCRIPTION {
            return Err(DecodeError::OutOfRange {
                at: MAX_DESCRIPTION,
            });
        }
        let mut decoder = Decoder::new(bytes);
        walk(&mut decoder, &mut |_| ()).map_err(|error| DecodeError::new(&error, &decoder))?;
        match bytes.len() - decoder.position() {
            0 => Ok(Self { bytes }),
            bytes => Err(DecodeError::Trailing { bytes }),
        }
    }

    /// The bytes that were checked.
    pub const fn as_bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Gives each member to `visit`, in the order of the bytes.
    pub fn for_each(&self, mut visit: impl FnMut(Member<'b>)) {
        // The bytes were walked through when they were checked.
        let walked = walk(&mut Decoder::new(self.bytes), &mut visit);
        debug_assert!(walked.is_ok());
    }
}

/// One member of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// Something that tasks may consume.
    Resource(Resource<'a>),
    /// Something that is true.
    Attribute(Attribute<'a>),
}

fn walk<'b>(
    decoder: &mut Decoder<'b>,
    visit: &mut impl FnMut(Member<'b>),
) -> Result<(), minicbor::decode::Error> {
    for _ in 0..length(decoder, usize::from(u8::MAX))? {
        match decoder.i64()? {
            RESOURCES_KEY => {
                for _ in 0..length(decoder, MAX_RESOURCES)? {
                    let (name, value) = entry(decoder)?;
                    visit(Member::Resource(Resource { name, value }));
                }
            }
            ATTRIBUTES_KEY => {
                for _ in 0..length(decoder, MAX_ATTRIBUTES)? {
                    let (name, value) = entry(decoder)?;
                    visit(Member::Attribute(Attribute { name, value }));
                }
            }
            _ => decoder.skip()?,
        }
    }
    Ok(())
}

fn entry<'b, V: Decode<'b, ()>>(
    decoder: &mut Decoder<'b>,
) -> Result<(Name<'b>, V), minicbor::decode::Error> {
    Ok((decoder.decode()?, decoder.decode()?))
}

fn length(decoder: &mut Decoder<'_>, max: usize) -> Result<u64, minicbor::decode::Error> {
    match decoder.map()? {
        Some(length) if length <= max as u64 => Ok(length),
        Some(_) | None => Err(out_of_range(decoder)),
    }
}
