//! A description written member by member, for a node that has no room to collect them first.

use super::{ATTRIBUTES_KEY, RESOURCES_KEY};
use crate::codec::{Encode, EncodeError, Encoder};
use crate::resource::{AttributeValue, Name, Value};

/// Writes a description into a buffer: as many resources as were announced, then as many
/// attributes. Others than those make bytes that [`super::EncodedDescription::new`] refuses.
#[derive(Debug)]
pub struct Writer<'b> {
    encoder: Encoder<'b>,
}

impl<'b> Writer<'b> {
    /// Begins a description of so many resources.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] where the buffer is full, as in every method here.
    pub fn new(buffer: &'b mut [u8], resources: usize) -> Result<Self, EncodeError> {
        let mut writer = Self {
            encoder: Encoder::new(buffer),
        };
        writer.encoder.map(2);
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
        // Each method told whether it fits.
        self.encoder.finish().unwrap_or(&[])
    }

    fn section(&mut self, key: u8, members: usize) -> Result<(), EncodeError> {
        self.encoder.unsigned(key.into());
        self.encoder.map(members);
        self.encoder.fits()
    }

    fn member(&mut self, name: Name<'_>, value: &impl Encode) -> Result<(), EncodeError> {
        name.encode(&mut self.encoder);
        value.encode(&mut self.encoder);
        self.encoder.fits()
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
