//! What is encoded is decoded to the same value.

use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::owned::Description;
use proptest::prelude::*;

use super::samples::{description, sample};

proptest! {
    /// That the value is the same is asserted where it is drawn; here, that the bytes are.
    #[test]
    fn a_message_comes_back(sample in sample()) {
        prop_assert_eq!((sample.kind.reencode)(&sample.bytes), Ok(sample.bytes));
    }

    #[test]
    fn a_description_comes_back(description in description()) {
        let bytes = description.to_bytes().unwrap();
        let encoded = EncodedDescription::new(&bytes).unwrap();
        prop_assert_eq!(encoded.as_bytes(), &bytes);
        prop_assert_eq!(Description::try_from(encoded), Ok(description));
    }
}

#[test]
fn a_name_that_stands_twice_is_told() {
    let bytes = b"\xa1\x00\xa2\x63mem\x01\x63mem\x02";
    let encoded = EncodedDescription::new(bytes).unwrap();
    let error = Description::try_from(encoded).unwrap_err();
    assert_eq!(error.to_string(), "mem stands twice in the description");
}
