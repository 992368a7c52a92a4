//! A description written member by member, for a node that has no room to collect them first.

use minicbor::encode::write::{Cursor, EndOfSlice};
use minicbor::{Encode, Encoder};

use super::{ATTRIBUTES_KEY, RESOURCES_KEY};
use crate::codec::EncodeError;
use crate::resource::{AttributeValue, Name, Value};

/// Writes a description into a buffer: as many resources as were announced, then as many
/// attributes. Others than those make bytes that [`super::EncodedDescription::new`] refuses.
#[derive(Debug)]
pub struct Writer<'b> {
    encoder: Encoder<Cursor<&'b mut [u8]>>,
    capacity: usize,
}

type Encoded = Result<(), minicbor::encode::Error<EndOfSlice>>;

impl<'b> Writer<'b> {
    /// Begins a description of so many resources.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] where the buffer is full, as in every method here.
    pub fn new(buffer: &'b mut [u8], resources: usize) -> Result<Self, EncodeError> {
        let mut writer = Self {
            capacity: buffer.len(),
            encoder: Encoder::new(Cursor::new(buffer)),
        };
        let begun = writer.encoder.map(2).map(|_| ());
        writer.fits(begun)?;
        writer.section(RESOURCES_KEY, resources)?;
        Ok(writer)
    }

    /// Writes one resource.
    ///
    /// # Errors
    ///
    /// See [`Self::new`].
    pub fn resource(&mut self, name: Name<'_>, value: &Value<'_>) -> Result<(), EncodeError> {
        self.member(name, value)
    }

    /// Goes on to so many attributes.
    ///
    /// # Errors
    ///
    /// See [`Self::new`].
    pub fn attributes(&mut self, attributes: usize) -> Result<(), EncodeError> {
        self.section(ATTRIBUTES_KEY, attributes)
    }

    /// Writes one attribute.
    ///
    /// # Errors
    ///
    /// See [`Self::new`].
    pub fn attribute(
        &mut self,
        name: Name<'_>,
        value: &AttributeValue<'_>,
    ) -> Result<(), EncodeError> {
        self.member(name, value)
    }

    /// The encoded description.
    pub fn finish(self) -> &'b [u8] {
        let cursor = self.encoder.into_writer();
        let length = cursor.position();
        let written: &'b [u8] = cursor.into_inner();
        &written[..length]
    }

    fn section(&mut self, key: i64, members: usize) -> Result<(), EncodeError> {
        let begun = self.encoder.i64(key).and_then(|at| at.map(members as u64));
        let begun = begun.map(|_| ());
        self.fits(begun)
    }

    fn member(&mut self, name: Name<'_>, value: &impl Encode<()>) -> Result<(), EncodeError> {
        let written = self.encoder.encode(name).and_then(|at| at.encode(value));
        let written = written.map(|_| ());
        self.fits(written)
    }

    fn fits(&self, encoded: Encoded) -> Result<(), EncodeError> {
        let capacity = self.capacity;
        encoded.map_err(|_| EncodeError::TooLarge { capacity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Description;
    use crate::encode;
    use crate::resource::{Attribute, Resource};

    fn name(text: &str) -> Name<'_> {
        Name::new(text).unwrap()
    }

    fn write<'b>(
        buffer: &'b mut [u8],
        description: &Description<'_>,
    ) -> Result<&'b [u8], EncodeError> {
        let mut writer = Writer::new(buffer, description.resources.len())?;
        for resource in description.resources {
            writer.resource(resource.name, &resource.value)?;
        }
        writer.attributes(description.attributes.len())?;
        for attribute in description.attributes {
            writer.attribute(attribute.name, &attribute.value)?;
        }
        Ok(writer.finish())
    }

    #[test]
    fn members_one_by_one_are_the_description_at_once() {
        let resources = [
            Resource {
                name: name("cpus"),
                value: Value::Scalar(1000),
            },
            Resource {
                name: name("mem"),
                value: Value::Scalar(1 << 40),
            },
        ];
        let attributes = [Attribute {
            name: name("max_task_mem"),
            value: AttributeValue::Number(8192),
        }];
        let description = Description {
            resources: &resources,
            attributes: &attributes,
        };
        let mut expected = [0; 64];
        let expected = encode(&description, &mut expected).unwrap();
        for capacity in 0..64 {
            let written = write(&mut [0; 64][..capacity], &description).map(<[u8]>::len);
            let result = if capacity < expected.len() {
                Err(EncodeError::TooLarge { capacity })
            } else {
                Ok(expected.len())
            };
            assert_eq!(written, result, "{capacity} bytes");
        }
        assert_eq!(write(&mut [0; 64], &description), Ok(expected));
    }
}
