//! What an agent tells of itself: its resources and attributes, as one immutable blob.
//!
//! The agent encodes it once and keeps the bytes. They travel inside the registration where
//! they fit, and are pulled with Block2 where they do not. Readers iterate over the bytes:
//! nobody needs a table of [`MAX_RESOURCES`] on a stack.

mod writer;

use crate::codec::{Decode, DecodeError, Decoder, Encode, Encoder, Stopped};
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

const RESOURCES_KEY: u8 = 0;
const ATTRIBUTES_KEY: u8 = 1;

impl Encode for Description<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.map(2);
        RESOURCES_KEY.encode(encoder);
        encoder.map(self.resources.len());
        for resource in self.resources {
            resource.name.encode(encoder);
            resource.value.encode(encoder);
        }
        ATTRIBUTES_KEY.encode(encoder);
        encoder.map(self.attributes.len());
        for attribute in self.attributes {
            attribute.name.encode(encoder);
            attribute.value.encode(encoder);
        }
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
        let walked = walk(&mut decoder, &mut |_| ());
        decoder.finish(walked).map(|()| Self { bytes })
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

fn walk<'b>(decoder: &mut Decoder<'b>, visit: &mut dyn FnMut(Member<'b>)) -> Result<(), Stopped> {
    for _ in 0..length(decoder, usize::from(u8::MAX))? {
        match decoder.key()? {
            Some(RESOURCES_KEY) => {
                for _ in 0..length(decoder, MAX_RESOURCES)? {
                    let (name, value) = entry(decoder)?;
                    visit(Member::Resource(Resource { name, value }));
                }
            }
            Some(ATTRIBUTES_KEY) => {
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

fn entry<'b, V: Decode<'b>>(decoder: &mut Decoder<'b>) -> Result<(Name<'b>, V), Stopped> {
    Ok((decoder.read()?, decoder.read()?))
}

fn length(decoder: &mut Decoder<'_>, max: usize) -> Result<u64, Stopped> {
    match decoder.map()? {
        length if length <= max as u64 => Ok(length),
        _ => decoder.beyond(),
    }
}
